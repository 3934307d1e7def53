"""A request on the wire, in the words of none."""

from __future__ import annotations

from dataclasses import dataclass

from ..config import Caching
from ..media import Media


@dataclass(frozen=True)
class WireRequest:
    """An attempt's request as it goes to the provider.

    Attributes:
        size: bytes of all that becomes the prompt, at most as many tokens (see ``bounds.text_bound``).
        max_tokens: output tokens allowed in each choice.
        hidden: whether the model may reason in tokens that the answer does not show.
        caching: the longest life of a cache entry that the request asks for: None, "5m" or "1h".
        body: what is sent: LiteLLM's request without what names a customer.
    """

    model: str
    stream: bool
    max_tokens: int
    choices: int
    size: int
    hidden: bool
    caching: Caching | None
    body: bytes
    # Names of what it asks for.
    keys: frozenset[str]
    # Its images and documents, which are not in ``size``.
    media: tuple[Media, ...] = ()
    # The most tokens of each text that a vector is made of; empty where the answer is text.
    texts: tuple[int, ...] = ()
    # Which of several requests of the call it is.
    part: int = 0

    @property
    def has_documents(self) -> bool:
        return any(each.pages for each in self.media)


class UnboundedRequest(Exception):
    """A request whose cost has no bound; the message says what is missing."""

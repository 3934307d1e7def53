"""Where the providers are, and the credentials for them. Both are known to the meter alone.

LiteLLM's configuration has addresses that do not exist (``https://anthropic.meter.invalid``, RFC 2606) and no key, so
that a client which goes around the meter reaches no provider, and would be refused if it did.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

Wire = Literal["openai", "anthropic", "vertex"]

# What LiteLLM has in the place of every key and token.
PLACEHOLDER = "held-by-the-meter"

_DOMAIN = ".meter.invalid"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_LOCATION = re.compile(r"/locations/([a-z0-9-]+)/")


@dataclass(frozen=True)
class Provider:
    """A provider as the meter reaches it.

    Attributes:
        name: the first part of its address in LiteLLM's configuration, ``<name>.meter.invalid``.
        serves: the definitions' provider whose models it answers for; None for all of them.
        address: its real base address for a path, without a slash at the end.
        key: its key, None where it wants none; for Vertex AI a fixed token in place of Google's credentials.
    """

    name: str
    wire: Wire
    serves: str | None
    address: Callable[[str], str]
    key: str | None


class Providers:
    """The providers of a process, and what authorizes a request to them."""

    def __init__(self, every: tuple[Provider, ...]) -> None:
        self._by_host = {f"{each.name}{_DOMAIN}": each for each in every}
        self._google = _GoogleToken()

    def at(self, host: str) -> Provider | None:
        """The provider behind a host of LiteLLM's configuration; None for any other host.

        Raises:
            LookupError: the host is in the meter's domain, or is a provider's own, but is not one to be used.
        """
        provider = self._by_host.get(host)
        if provider is None and (host.endswith(_DOMAIN) or _is_a_providers(host)):
            raise LookupError(f"{host} is reached through the meter only")
        return provider

    async def headers(self, provider: Provider) -> dict[str, str]:
        """The authorization of a request. Raises google.auth's errors when Google issues no token."""
        if provider.wire == "anthropic":
            return {"x-api-key": provider.key or ""}
        key = provider.key
        if provider.wire == "vertex" and key is None:
            key = await self._google.get()
        return {"authorization": f"Bearer {key}"} if key else {}


def _is_a_providers(host: str) -> bool:
    return host in ("api.anthropic.com", "api.openai.com") or host.endswith(
        ("aiplatform.googleapis.com", ".rep.googleapis.com")
    )


class _GoogleToken:
    """Workload Identity's token, or that of whatever Google's default credentials are."""

    def __init__(self) -> None:
        self._credentials: Any = None
        self._lock = asyncio.Lock()

    async def get(self) -> str:
        if self._credentials is None or not self._credentials.valid:
            async with self._lock:
                if self._credentials is None or not self._credentials.valid:
                    self._credentials = await asyncio.to_thread(self._refreshed)
        return str(self._credentials.token)

    def _refreshed(self) -> Any:
        # Slow to import, and not needed where no model is at Vertex AI.
        import google.auth
        from google.auth.transport.requests import Request

        credentials = self._credentials or google.auth.default(scopes=[_SCOPE])[0]
        credentials.refresh(Request())
        return credentials


def _fixed(url: str) -> Callable[[str], str]:
    base = url.rstrip("/")
    return lambda path: base


def _vertex(url: str | None) -> Callable[[str], str]:
    if url:
        return _fixed(url)

    def address(path: str) -> str:
        found = _LOCATION.search(path)
        location = found.group(1) if found else "global"
        return f"https://{'' if location == 'global' else location + '-'}aiplatform.googleapis.com"

    return address


def _take(name: str) -> str | None:
    """A secret, taken out of the environment: LiteLLM reads keys from there by itself."""
    return os.environ.pop(name, None) or None


def from_environment() -> Providers:
    """The providers by the variables of docs/interfaces.md. Takes the keys out of the environment.

    Raises:
        SystemExit: an address is not an http or https URL.
    """
    every = [
        Provider(
            "anthropic",
            "anthropic",
            "anthropic",
            _fixed(_url("TOLLGATE_ANTHROPIC_URL") or "https://api.anthropic.com"),
            _take("ANTHROPIC_API_KEY"),
        ),
        Provider("vertex", "vertex", "vertex", _vertex(_url("TOLLGATE_VERTEX_URL")), _take("TOLLGATE_VERTEX_TOKEN")),
    ]
    key = _take("SELF_HOSTED_API_KEY")
    if url := _url("SELF_HOSTED_URL"):
        every.append(Provider("self-hosted", "openai", "self_hosted", _fixed(url), key))
    key = _take("TOLLGATE_PROVIDER_KEY")
    if url := _url("TOLLGATE_PROVIDER_URL"):
        every.append(Provider("provider-url", "openai", None, _fixed(url), key))
    return Providers(tuple(every))


def _url(name: str) -> str | None:
    value = os.environ.get(name)
    if value and (urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).hostname):
        raise SystemExit(f"{name} is {value!r}: set it to an address that begins with http:// or https://")
    return value or None

"""The provider's counters: what it reported so far, and which of that may be believed."""

from __future__ import annotations

from dataclasses import dataclass

# How many times its bound a counter may be. Tokenizers and frames that a provider changes stay far below; a count beyond
# this is a fault of the report (2^31 has been seen) and is taken for none.
BELIEVABLE = 4


def count(value: object) -> int | None:
    """A counter's value: a whole number, also as a float, and not negative; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if isinstance(value, float):
        if not value.is_integer():
            return None
        value = int(value)
    return value if value >= 0 else None


@dataclass
class Counters:
    """The largest reports of an attempt, in tokens; None where there was none. ``prompt`` includes the four after it.

    ``cached`` is the part that costs less, so its smallest report counts. ``written`` is all that was written to the cache; the
    two after it, what of it was reported with its lifetime.
    """

    prompt: int | None = None
    cached: int | None = None
    written: int | None = None
    cache_write_5m: int | None = None
    cache_write_1h: int | None = None
    completion: int | None = None
    # Tokens of the answer's beginning, where a stream counts those apart.
    begun: int = 0
    # Bytes of the answer that came before the last report of ``completion``, and whether any were more than reasoning.
    came_at_report: int = 0
    answering_at_report: bool = False

    @property
    def complete(self) -> bool:
        """Whether nothing more needs to be reported."""
        return self.prompt is not None and self.completion is not None

    def report(
        self,
        *,
        prompt: int | None = None,
        cached: int | None = None,
        written: int | None = None,
        cache_write_5m: int | None = None,
        cache_write_1h: int | None = None,
        completion: int | None = None,
        came: int = 0,
        answering: bool = False,
    ) -> None:
        """Takes a report; ``came`` is how many bytes of the answer have come, ``answering`` that not all is reasoning."""
        self.prompt = _most(self.prompt, prompt)
        self.written = _most(self.written, written)
        self.cache_write_5m = _most(self.cache_write_5m, cache_write_5m)
        self.cache_write_1h = _most(self.cache_write_1h, cache_write_1h)
        if cached is not None:
            self.cached = cached if self.cached is None else min(self.cached, cached)
        if completion is not None:
            self.completion = _most(self.completion, completion)
            self.came_at_report = came
            self.answering_at_report = answering


def _most(before: int | None, now: int | None) -> int | None:
    return now if before is None else before if now is None else max(before, now)


def believable(value: int | None, bound: int, at_least: int = 0) -> int | None:
    """A counter that can be true: above zero and not beyond its bound by more than ``BELIEVABLE`` (or ``at_least``)."""
    return value if value is not None and 0 < value <= max(BELIEVABLE * bound, at_least) else None

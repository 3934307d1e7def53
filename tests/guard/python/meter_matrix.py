"""The matrix of the rule of charging: wire x plain or stream x way of ending.

Each cell says what the provider does and what it bills; ``run_cell`` asks the gateway and returns what was held, charged and
counted. ``python tests/guard/python/meter_matrix.py`` prints the table (with ``TOLLGATE_TEST_LEDGER_URL`` set).
"""

from __future__ import annotations

import codecs
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from metered_gateway import MODELS, Answered, MeteredGateway
from wire_provider import Reply, sse
from wire_shapes import SHAPES, TEXT, Shape

STREAM = "text/event-stream"

# What the models of the matrix bill, in nano-dollars a token, by their providers' price lists.
PRICES = {
    "hosted-model": (2_000, 10_000),
    "claude-sonnet-5-5": (2_000, 10_000),
    "claude-haiku-4-5": (1_000, 5_000),
    "gemini-3.1-pro-preview": (2_000, 12_000),
}

# A model that thinks only when it is asked to; the others of the matrix may always have thought unseen.
UNTHINKING = "claude-haiku-4-5"

PROMPT, COMPLETION = 20, 9


@dataclass(frozen=True)
class Cell:
    """One way of ending.

    Attributes:
        reply: the provider's answer on a wire, plain or streamed; None where the wire cannot do this.
        billed: tokens that the provider bills for it, prompt and completion; None for nothing.
        charge: ``exact`` (all was reported), ``free``, ``bound`` (nothing is known: all that was held), ``prompt`` (the
            prompt was reported: exactly that, and a bound of the answer).
        ending: the metric's label; by wire and mode where they differ.
        status: of the client's answer; None where it may be any.
        asked: how often the provider was asked.
    """

    name: str
    reply: Callable[[Shape, bool], Reply | None]
    charge: str
    ending: str
    billed: tuple[int, int] | None = (PROMPT, COMPLETION)
    status: int | None = 503
    asked: int = 1
    body: tuple[tuple[str, Any], ...] = ()
    # In place of the wire's model of ``MODELS``.
    model: str | None = None
    # Seconds after which the gateway cuts the call, in place of those of its configuration.
    cut_after: float | None = None

    def asks(self, wire: str) -> str:
        return self.model or MODELS[wire]


def answered(shape: Shape, stream: bool, usage: Any, *, text: str = TEXT, end: str = "") -> Reply:
    if stream:
        return Reply(shape.events([text] if text else [], usage, end), content_type=STREAM)
    return Reply((shape.body(text, usage, end or None),))


def usage_of(prompt: Any, completion: Any) -> Callable[[Shape, bool], Reply]:
    return lambda shape, stream: answered(shape, stream, shape.usage(prompt, completion))


def partial(counter: int) -> Callable[[Shape, bool], Reply]:
    def reply(shape: Shape, stream: bool) -> Reply:
        usage = shape.usage(PROMPT, COMPLETION)
        return answered(shape, stream, {shape.counters[counter]: usage[shape.counters[counter]]})

    return reply


def cut(shape: Shape, stream: bool) -> Reply:
    """After its text, before its tokens."""
    if stream:
        return Reply(shape.events([TEXT], shape.usage(PROMPT, COMPLETION), None), content_type=STREAM)
    body = shape.body(usage=shape.usage(PROMPT, COMPLETION))
    return Reply((body[: body.index(b'"usage')],))


def cut_after_usage(shape: Shape, stream: bool) -> Reply | None:
    if stream:
        return None
    whole = shape.plain(TEXT, shape.usage(PROMPT, COMPLETION), shape.stop)
    first = next(key for key in whole if "usage" in key.lower())
    body = json.dumps({first: whole.pop(first), **whole}).encode()
    return Reply((body[:-12],))


def stream_only(
    events: Callable[[Shape], tuple[bytes, ...]], ending: str = "end"
) -> Callable[[Shape, bool], Reply | None]:
    return lambda shape, stream: Reply(events(shape), content_type=STREAM, ending=ending) if stream else None


def begun(shape: Shape, *texts: str) -> tuple[bytes, ...]:
    return shape.events(list(texts), shape.usage(PROMPT, COMPLETION), None)


def error_event(shape: Shape, *texts: str) -> tuple[bytes, ...]:
    return begun(shape, *texts) + sse(shape.error("overloaded_error"), named=shape.name == "anthropic")


def shrinking(shape: Shape, stream: bool) -> Reply | None:
    """Reports the whole usage, and then once more with smaller numbers."""
    if not stream:
        return None
    events = list(shape.stream([TEXT], shape.usage(PROMPT, COMPLETION), shape.stop))
    again = dict(shape.stream([], shape.usage(3, 1), shape.stop)[-2 if shape.name != "vertex" else -1])  # type: ignore[call-overload]
    place = len(events) - (0 if shape.name == "vertex" else 1)
    return Reply(sse(*events[:place], again, *events[place:], named=shape.name == "anthropic"), content_type=STREAM)


def both(body: bytes, kind: str) -> Callable[[Shape, bool], Reply]:
    return lambda shape, stream: Reply((body,), content_type=kind)


def error_body(shape: Shape, stream: bool) -> Reply:
    return Reply((json.dumps(shape.error("overloaded_error")).encode(),))


def status(code: int) -> Callable[[Shape, bool], Reply]:
    def reply(shape: Shape, stream: bool) -> Reply:
        return Reply((json.dumps(shape.error("an_error")).encode(),), status=code)

    return reply


def wires(reply: Callable[[Shape, bool], Reply | None], *names: str) -> Callable[[Shape, bool], Reply | None]:
    return lambda shape, stream: reply(shape, stream) if shape.name in names else None


def whole(**how: Any) -> Callable[[Shape, bool], Reply]:
    """A whole answer, sent in an unusual way."""
    return lambda shape, stream: replace(answered(shape, stream, shape.usage(PROMPT, COMPLETION)), **how)


def marked(shape: Shape, stream: bool) -> Reply:
    """With a byte order mark."""
    first, *rest = answered(shape, stream, shape.usage(PROMPT, COMPLETION)).pieces
    return Reply((codecs.BOM_UTF8 + first, *rest), content_type=STREAM if stream else "application/json")


def halved(half: bytes) -> Callable[[Shape, bool], Reply]:
    """With half a character in its text."""

    def reply(shape: Shape, stream: bool) -> Reply:
        given = answered(shape, stream, shape.usage(PROMPT, COMPLETION))
        return replace(given, pieces=tuple(piece.replace(b"rose", half) for piece in given.pieces))

    return reply


def growing(shape: Shape, stream: bool) -> Reply | None:
    """Reports its usage with each text, more each time."""
    if not stream or shape.name == "anthropic":
        return None
    early = [shape.stream([TEXT[:9]], shape.usage(PROMPT, at), None)[0] for at in (1, 4)]
    for each, at in zip(early, (1, 4), strict=True):
        assert isinstance(each, dict)
        each["usage" if shape.name == "openai" else "usageMetadata"] = shape.usage(PROMPT, at)
    return Reply(sse(*early, *shape.stream([TEXT], shape.usage(PROMPT, COMPLETION), shape.stop)), content_type=STREAM)


def headed(*headers: tuple[str, str], status: int = 200) -> Callable[[Shape, bool], Reply]:
    return whole(headers=headers, status=status)


INFORMED = b"".join(b"HTTP/1.1 %d X\r\nlink: </a>\r\n\r\n" % status for status in (100, 102, 103))


def kept_alive(shape: Shape, stream: bool) -> Reply | None:
    """Sends comments (Anthropic: pings too) for ever."""
    if not stream:
        return None
    ping = sse({"type": "ping"}, named=True) if shape.name == "anthropic" else ()
    return Reply((*begun(shape), b": keep-alive\n\n" + b"".join(ping)), content_type=STREAM, ending="forever")


def endless(shape: Shape, stream: bool) -> Reply:
    return Reply((shape.body()[:-40], b" word" * 400), ending="forever")


THINKING = (("reasoning_effort", "low"), ("max_tokens", 2_000))

CELLS = [
    Cell("whole", usage_of(PROMPT, COMPLETION), "exact", "complete", status=200),
    Cell("whole, cut at the limit", lambda s, st: answered(s, st, s.usage(PROMPT, 100), end=s.limit), "exact", "complete", (PROMPT, 100), 200),
    Cell("refused by the model", lambda s, st: answered(s, st, s.usage(PROMPT, COMPLETION), end=s.refused), "exact", "complete", status=None),
    Cell("longer than allowed", usage_of(PROMPT, 3_000), "exact", "complete", (PROMPT, 3_000), 200),
    Cell("whole numbers as floats", usage_of(float(PROMPT), float(COMPLETION)), "exact", "complete", status=None),
    Cell("no usage", lambda s, st: answered(s, st, None), "bound", "no_usage", status=None),
    Cell("usage null", usage_of(None, None), "bound", "no_usage", status=None),
    Cell("usage negative", usage_of(-5, -5), "bound", "no_usage", status=None),
    Cell("usage zero", usage_of(0, 0), "bound", "no_usage", status=None),
    Cell("usage beyond belief", usage_of(2**31, 2**31), "bound", "no_usage", status=None),
    Cell("usage of the prompt only", partial(0), "prompt", "no_usage", status=None),
    Cell("usage of the answer only", partial(1), "bound of the prompt", "no_usage", status=None),
    Cell("usage that shrinks", shrinking, "exact", "complete", status=200),
    Cell("cut before its usage", wires(cut, "openai", "vertex"), "bound", "cut", status=None),
    Cell("cut before its usage ", lambda s, st: cut(s, st) if s.name == "anthropic" and st else None, "prompt", "cut", status=None),
    Cell("cut before its usage  ", lambda s, st: cut(s, st) if s.name == "anthropic" and not st else None, "bound", "cut"),
    Cell("cut after its usage", cut_after_usage, "exact", "cut"),
    Cell("empty", both(b"", "application/json"), "bound", "empty"),
    Cell("HTML", both(b"<html><body>Bad gateway</body></html>", "text/html"), "bound", "unreadable"),
    Cell("an error as the answer", error_body, "bound", "error_in_answer"),
    Cell("an error before the text", wires(stream_only(error_event), "anthropic"), "prompt", "error_in_answer", (PROMPT, 1), model=UNTHINKING),
    Cell("an error before the text ", wires(stream_only(error_event), "openai", "vertex"), "bound", "error_in_answer", (PROMPT, 0)),
    Cell("an error after some text", wires(stream_only(lambda s: error_event(s, TEXT)), "anthropic"), "prompt", "error_in_answer", status=None),
    Cell("an error after some text ", wires(stream_only(lambda s: error_event(s, TEXT)), "openai", "vertex"), "bound", "error_in_answer", status=None),
    Cell("broken before the text", wires(stream_only(begun, "break"), "anthropic"), "prompt", "broken", (PROMPT, 1), model=UNTHINKING),
    Cell("broken after some text", wires(stream_only(lambda s: begun(s, TEXT), "break"), "anthropic"), "prompt", "broken", status=None),
    Cell("broken after some text ", wires(stream_only(lambda s: begun(s, TEXT), "break"), "openai", "vertex"), "bound", "broken", status=None),
    Cell("broken while it reasons unseen", wires(stream_only(begun, "break"), "anthropic"), "prompt", "broken", (PROMPT, 1_500), body=THINKING),
    Cell("broken while it reasons unasked", wires(stream_only(begun, "break"), "anthropic"), "prompt", "broken", (PROMPT, 100)),
    Cell("an error while it reasons unasked", wires(stream_only(error_event), "anthropic"), "prompt", "error_in_answer", (PROMPT, 100)),
    Cell("broken in its text, having reasoned unasked", wires(stream_only(lambda s: begun(s, TEXT), "break"), "anthropic"), "prompt", "broken", (PROMPT, 100), None),
    Cell("broken without an answer", lambda s, st: Reply(silent=True, ending="break"), "bound", "broken"),
    Cell("no answer in time", lambda s, st: Reply(silent=True, ending="hang"), "bound", "timeout", status=504),
    Cell("stops in its stream", stream_only(lambda s: begun(s, TEXT), "hang"), "any", "timeout", status=None),
    Cell("informational answers first", whole(before=INFORMED), "exact", "complete", status=200),
    Cell("chunked, with trailers", whole(framing="trailers"), "exact", "complete", status=200),
    Cell("a byte at a time", whole(pause=0.001), "exact", "complete", status=200),
    Cell("HTTP/1.0 without a length", whole(framing="closed"), "exact", "complete", status=200),
    Cell("with a length", whole(framing="length"), "exact", "complete", status=200),
    Cell("a length beyond the body", whole(framing=25, ending="close"), "exact", "complete", status=200),
    Cell("a length below the body", lambda s, st: None if st else whole(framing=-60)(s, st), "bound", "broken"),
    Cell("closed without its last chunk", whole(ending="close"), "exact", "complete", status=200),
    Cell("closed after its head", lambda s, st: Reply(ending="close"), "bound", "broken"),
    Cell("closed after its head, HTTP/1.0", lambda s, st: Reply(framing="closed"), "bound", "empty"),
    Cell("a byte order mark", marked, "exact", "complete", status=200),
    Cell("half a surrogate pair", halved(b"\\ud83d"), "exact", "complete", status=200),
    Cell("half a character in bytes", halved(b"\xed\xa0\xbd \xf0\x9f"), "exact", "complete", status=200),
    Cell("usage that grows", growing, "exact", "complete", status=200),
    Cell("headers twice", headed(("content-type", "text/plain"), ("x-request-id", "a"), ("x-request-id", "b"), ("retry-after", "9")), "exact", "complete", status=200),
    Cell("two lengths", lambda s, st: headed(("content-length", "3"))(s, st), "bound", "broken"),
    Cell("status 206", whole(status=206), "exact", "complete", status=200),
    Cell("status 204", lambda s, st: Reply(status=204, framing="length"), "bound", "empty"),
    Cell("keep-alives for ever", wires(kept_alive, "openai", "vertex"), "bound", "timeout", status=504, cut_after=1.5),
    Cell("keep-alives for ever ", wires(kept_alive, "anthropic"), "prompt", "timeout", status=504, cut_after=1.5),
    Cell("a plain answer for ever", lambda s, st: None if st else endless(s, st), "bound", "timeout", status=504, cut_after=1.5),
    Cell("a stream for ever", wires(stream_only(lambda s: begun(s, TEXT, "word " * 2_000), "forever"), "openai", "vertex"), "bound", "unreadable", (PROMPT, 100), 200),
    Cell("a stream for ever ", wires(stream_only(lambda s: begun(s, TEXT, "word " * 2_000), "forever"), "anthropic"), "prompt", "unreadable", (PROMPT, 100), 200),
    Cell("an error for ever", lambda s, st: None if st else wires(lambda s, st: Reply((b" " * 100,), status=500, ending="forever"), "vertex")(s, st), "free", "status_5xx", None, 503, 2),
    *(
        Cell(f"status {code} with an answer", wires(headed(("location", "http://127.0.0.1:1/"), status=code), "vertex"), "free", "status_5xx", None, 503, 2)
        for code in (300, 301, 302, 303, 308)
    ),
    *(
        Cell(f"status {code}", status(code), "free", ending, None, client, asked)
        for code, ending, client, asked in [
            (400, "status_4xx", 400, 1),
            (401, "status_4xx", 503, 1),
            (404, "status_4xx", 503, 1),
            (408, "status_4xx", 503, 1),
            (413, "status_4xx", 413, 1),
            (425, "status_4xx", 503, 1),
            (429, "status_429", 503, 2),
            (500, "status_5xx", 503, 2),
            (503, "status_5xx", 503, 2),
            (529, "status_5xx", 503, 2),
        ]
    ),
    Cell("a redirection", lambda s, st: Reply(status=307, headers=(("location", "http://127.0.0.1:1/"),)), "free", "status_5xx", None, 503, 2),
]  # fmt: skip


@dataclass(frozen=True)
class Row:
    cell: Cell
    wire: str
    stream: bool
    billed: int
    answer: Answered

    @property
    def held(self) -> int:
        return int(self.answer.row["held_nanos"]) if self.answer.row else 0

    @property
    def charged(self) -> int:
        return int(self.answer.row["cost_nanos"]) if self.answer.row else 0


def cases() -> list[tuple[Cell, str, bool]]:
    """Every cell on every wire that can do it."""
    return [
        (cell, name, stream)
        for cell in CELLS
        for name, shape in SHAPES.items()
        for stream in (False, True)
        if cell.reply(shape, stream) is not None
    ]


def run_cell(gateway: MeteredGateway, cell: Cell, wire: str, stream: bool) -> Row:
    """Asks a model of the wire by its name (a route without fallback) while its provider does what the cell says."""
    input_price, output_price = PRICES[cell.asks(wire)]
    with gateway.cut_after(cell.cut_after):
        answer = gateway.ask(cell.asks(wire), cell.reply(SHAPES[wire], stream), stream=stream, **dict(cell.body))
    prompt, completion = cell.billed or (0, 0)
    return Row(cell, wire, stream, prompt * input_price + completion * output_price, answer)


def line(row: Row) -> str:
    endings = ", ".join(f"{ending} x{count}" for (_, ending), count in row.answer.endings.items())
    mode = "stream" if row.stream else "plain"
    return f"{row.cell.name:34}{row.wire:11}{mode:8}{row.billed:>12}{row.held:>12}{row.charged:>12}  {endings}"


def main() -> None:
    """Prints the table; what LiteLLM and the guard log meanwhile goes nowhere."""
    table = os.fdopen(os.dup(1), "w")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    gateway = MeteredGateway(os.environ["TOLLGATE_TEST_LEDGER_URL"], Path(tempfile.mkdtemp()))
    gateway.start()
    heading = ("billed", "held", "charged")
    print(f"{'ending':34}{'wire':11}{'mode':8}" + "".join(f"{each:>12}" for each in heading) + "  metric", file=table)
    for case in cases():
        print(line(run_cell(gateway, *case)), file=table, flush=True)
    print("Money in nano-dollars.", file=table)
    gateway.stop()


if __name__ == "__main__":
    main()

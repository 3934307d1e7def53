"""Images have a bound by their pixels, documents by their provider's count; nothing else that is a file gets through."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from math import ceil, sqrt
from typing import Any
from uuid import uuid4

import litellm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_requests import request
from media_files import asked, document, gif, image, jpeg, pdf, png, url, webp
from tollgate_guard import media
from tollgate_guard.bounds import make_plans, prompt_bound, reachable_models
from tollgate_guard.call import Call, NotSent
from tollgate_guard.config import Config, ImageTokens
from tollgate_guard.counting import wire_body
from tollgate_guard.dialects.anthropic import Messages
from tollgate_guard.dialects.responses import Responses
from tollgate_guard.ledger import Decision
from tollgate_guard.media import described, image_tokens
from tollgate_guard.meter.wire_request import UnboundedRequest
from tollgate_guard.meter.wires import measure, read_wire_request
from tollgate_guard.refusals import Refusal

PATHS = {
    "openai": "/v1/chat/completions",
    "anthropic": "/v1/messages",
    "vertex": "/v1/projects/p/locations/global/publishers/google/models/gemini-3.8-flash:generateContent",
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.parametrize(
    ("raw", "media_type"),
    [
        (png(640, 480), "image/png"),
        (jpeg(640, 480), "image/jpeg"),
        (jpeg(640, 480), "image/jpg"),
        (gif(640, 480), "image/gif"),
        (webp(640, 480), "image/webp"),
    ],
)
def test_an_image_is_read_by_its_pixels(raw: bytes, media_type: str) -> None:
    (read,) = request(messages=asked(image(raw, media_type))).media
    assert (read.width, read.height, read.pages, read.size) == (640, 480, 0, len(raw))


def test_a_document_is_read_by_its_pages() -> None:
    (read,) = request(messages=asked(document(pdf(3)))).media
    assert (read.type, read.pages) == ("application/pdf", 3)


IMAGE, FILE = "messages.0.content.1.image_url.url", "messages.0.content.1.file.file_data"


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}, IMAGE),
        ({"type": "image_url", "image_url": {"url": "gs://bucket/a.png"}}, IMAGE),
        ({"type": "image_url", "image_url": {"url": "data:image/png,raw"}}, IMAGE),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,@@@"}}, IMAGE),
        ({"type": "image_url", "image_url": {"url": None}}, IMAGE),
        (image(b"\x89PNG\r\n\x1a\n"), IMAGE),
        (image(jpeg(9, 9), "image/png"), IMAGE),
        (image(b"<svg/>", "image/svg+xml"), IMAGE),
        (image(b"II*\0", "image/tiff"), IMAGE),
        (image(pdf(1), "application/pdf"), IMAGE),
        (image(png(8_001, 1)), IMAGE),
        (image(png(9, 9, b"x" * 4_000_000)), IMAGE),
        (image(png(9, 9), detail="ultra_high"), "messages.0.content.1.image_url.detail"),
        (image(png(9, 9), format="image/png"), "messages.0.content.1.image_url.format"),
        ({"type": "file", "file": {"file_id": "file-1"}}, "messages.0.content.1.file.file_id"),
        ({"type": "file", "file": {"file_data": "https://example.com/a.pdf"}}, FILE),
        ({"type": "file", "file": {"file_data": url(b"text", "text/plain")}}, FILE),
        ({"type": "file", "file": {"file_data": url(b"%PDF-1.7 nothing", "application/pdf")}}, FILE),
        (document(pdf(1, "secret")), FILE),
        (document(b"%PDF-" + b" " * 7_000_000), FILE),
        ({"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}, "messages.0.content.1.type"),
        ({"type": "video_url", "video_url": {"url": "data:video/mp4;base64,AA=="}}, "messages.0.content.1.type"),
    ],
)
def test_what_has_no_bound_is_refused_by_name(part: dict[str, Any], field: str) -> None:
    with pytest.raises(Refusal) as refused:
        request(messages=asked(part))
    assert (refused.value.status, refused.value.field) == (400, field)
    assert len(refused.value.message) < 400


@pytest.mark.parametrize(
    "parts",
    [
        [image(gif(9, 9), "image/gif")] * 101,
        [image(png(2_001, 9))] + [image(png(9, 9))] * 20,
        [document(pdf(60)), document(pdf(41))],
    ],
)
def test_too_many_together_are_refused(parts: list[dict[str, Any]]) -> None:
    with pytest.raises(Refusal) as refused:
        request(messages=asked(*parts))
    assert refused.value.field == "messages"


@pytest.mark.parametrize("role", ["system", "developer", "assistant"])
def test_only_a_user_and_a_tool_send_files(role: str) -> None:
    message = {"role": role, "content": [image(png(9, 9))]}
    with pytest.raises(Refusal) as refused:
        request(messages=[message, {"role": "user", "content": "x"}])
    assert refused.value.field == "messages.0.content.0.type"


@settings(deadline=None, max_examples=300)
@given(width=st.integers(1, 8_000), height=st.integers(1, 8_000))
def test_an_image_has_no_more_tokens_than_its_bound(config: Config, width: int, height: int) -> None:
    """Against the providers' pages: patches of 28 pixels after scaling, 750 pixels a token, 1,120 at Gemini 3."""
    for name, edge, most in (("claude-sonnet-5-5", 2_576, 4_784), ("claude-haiku-4-5", 1_568, 1_600)):
        scale = min(1, edge / max(width, height), sqrt(most * 784 / (width * height)))
        patches = ceil(max(1, width * scale) / 28) * ceil(max(1, height * scale) / 28)
        bound = config.models[name].images
        assert bound is not None
        assert bound.most_tokens(width, height) >= min(patches, most)
        assert bound.most_tokens(width, height) >= min(width * height / 750, most)
    gemini = config.models["gemini-3.8-flash"].images
    assert gemini is not None and gemini.most_tokens(width, height) == 1_120


def test_a_model_takes_what_the_price_list_says(config: Config) -> None:
    for name, model in config.models.items():
        known = litellm.model_cost[name]
        assert (model.images is not None) == bool(known.get("supports_vision")), name
        assert model.documents == bool(known.get("supports_pdf_input")), name


def test_tiles_have_a_base_and_a_price_each() -> None:
    tiles = ImageTokens(most=1_445, tile=512, tile_tokens=170, base=85)
    assert [tiles.most_tokens(*size) for size in ((1, 1), (512, 513), (8_000, 8_000))] == [255, 425, 1_445]


def test_the_hold_has_the_images_at_the_most_expensive_model(config: Config) -> None:
    plain, shown = (request(messages=asked(*parts)) for parts in ([], [image(png(1_000, 1_000))] * 2))
    more = make_plans(shown, config).prompt_tokens - make_plans(plain, config).prompt_tokens
    images = max(image_tokens(model, shown.media) for model in reachable_models(shown, config))
    # And what replaces each in the text.
    assert images == 2 * (38 * 38 + 16) and images < more < images + 200
    assert prompt_bound(shown) < prompt_bound(plain) + 200


def test_a_model_that_takes_no_images_is_named(config: Config) -> None:
    blind = replace(config.models["gemini-3.1-pro-preview"], images=None, documents=False)
    route = replace(config.routes["analysis"], models=(config.routes["analysis"].models[0], blind))
    changed = replace(config, routes={**config.routes, "analysis": route, blind.name: replace(route, name=blind.name)})
    for part in (image(png(9, 9)), document(pdf(1))):
        with pytest.raises(Refusal) as refused:
            make_plans(request(messages=asked(part)), changed)
        assert refused.value.field == "model" and "gemini-3.1-pro-preview" in refused.value.message


def test_a_gif_is_not_moved_to_gemini(config: Config) -> None:
    chat = request(model="claude-sonnet-5-5", messages=asked(image(gif(9, 9), "image/gif")))
    assert {model.name for model in make_plans(chat, config).models} == {"claude-sonnet-5-5"}
    with pytest.raises(Refusal) as refused:
        make_plans(request(model="simple", messages=asked(image(gif(9, 9), "image/gif"))), config)
    assert refused.value.field == "model"


@pytest.mark.parametrize("model", ["claude-sonnet-5-5", "claude-haiku-4-5", "gemini-3.8-flash"])
def test_what_litellm_sends_holds_the_same_files(config: Config, model: str) -> None:
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
    called = {"id": "t1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    messages = [
        *asked(image(png(64, 32), detail="low"), image(jpeg(300, 200), "image/jpeg"), document(pdf(2))),
        {"role": "assistant", "content": None, "tool_calls": [called]},
        {"role": "tool", "tool_call_id": "t1", "content": [{"type": "text", "text": "seen"}, image(png(10, 20))]},
    ]
    chat = request(model=model, messages=messages, tools=[tool])
    size, media = measure(dict(wire_body(config.models[model], chat)))
    assert sorted(media, key=repr) == sorted(chat.media, key=repr)
    assert size < 500


def test_a_file_that_is_data_is_text(config: Config) -> None:
    """What a model said, or a tool returned, may look like a part of a message."""
    data = base64.b64encode(png(9, 9, b"x" * 3_000)).decode()
    part = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}
    blob = {"inlineData": {"mimeType": "image/png", "data": data}}
    for body in (
        {"messages": [{"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": part}]}]},
        {"contents": [{"role": "model", "parts": [{"functionCall": {"name": "f", "args": blob}}]}]},
        {"contents": [{"role": "user", "parts": [{"functionResponse": {"name": "f", "response": blob}}]}]},
    ):
        size, media = measure(body)
        assert media == () and size > len(data)


@pytest.mark.parametrize(
    ("wire", "part"),
    [
        ("openai", {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}),
        ("openai", {"type": "file", "file": {"file_id": "f"}}),
        ("anthropic", {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}),
        ("anthropic", {"type": "document", "source": {"type": "file", "file_id": "f"}}),
        ("vertex", {"fileData": {"fileUri": "gs://bucket/a.png", "mimeType": "image/png"}}),
        ("vertex", {"inline_data": {"mime_type": "video/mp4", "data": "AAAA"}}),
        (
            "vertex",
            {
                "inline_data": {"mime_type": "image/png", "data": base64.b64encode(png(9, 9)).decode()},
                "media_resolution": {"level": "MEDIA_RESOLUTION_ULTRA_HIGH"},
            },
        ),
    ],
)
def test_a_file_without_a_bound_is_not_sent(wire: Any, part: dict[str, Any]) -> None:
    body = {
        "model": "m",
        "max_tokens": 5,
        "messages": [{"role": "user", "content": [part]}],
        "contents": [{"role": "user", "parts": [part]}],
        "generationConfig": {"maxOutputTokens": 5},
    }
    with pytest.raises(UnboundedRequest):
        read_wire_request(wire, PATHS[wire], json.dumps(body).encode())


@pytest.mark.anyio
async def test_a_document_that_is_not_counted_is_not_sent(config: Config) -> None:
    chat = request(model="claude-sonnet-5-5", messages=asked(document(pdf(2))))
    model = config.models["claude-sonnet-5-5"]
    plan = make_plans(chat, config, 5_000).plans[0]
    allowed = Decision("allowed", "ok", "tier_3", plan, 10**12, 50, None, 10**12, 10**12, ())
    sent = {**wire_body(model, chat), "max_tokens": 5}
    wire = read_wire_request("anthropic", PATHS["anthropic"], json.dumps(sent).encode())

    async def more(call: object, nanos: int) -> bool:
        return True

    call = Call(uuid4(), chat, allowed, prompt_tokens=5_000, extend=more, exact=True)
    with pytest.raises(NotSent):
        await call.begin(model, wire)
    assert call.refusal is not None and call.refusal.code == "document_uncounted"


def test_a_trace_names_a_file_and_does_not_hold_it() -> None:
    shown = json.dumps(described(asked(image(png(9, 9, b"x" * 3_000)), document(pdf(1)))))
    assert "image/png" in shown and "application/pdf" in shown and len(shown) < 400


def test_messages_and_responses_send_files_too() -> None:
    data = base64.b64encode(png(64, 32)).decode()
    source = {"type": "base64", "media_type": "image/png", "data": data}
    paper = {"type": "base64", "media_type": "application/pdf", "data": base64.b64encode(pdf(1)).decode()}
    result = {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "image", "source": source}]}
    blocks = [
        {"type": "image", "source": source, "cache_control": {"type": "ephemeral"}},
        {"type": "document", "source": paper, "title": "The bill", "citations": {"enabled": False}},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "a text"}},
        result,
    ]
    read = Messages().read({"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": blocks}]})
    tool, user = read["messages"]
    assert tool["content"] == [{"type": "image_url", "image_url": {"url": url(png(64, 32))}}]
    assert [part["type"] for part in user["content"]] == ["image_url", "text", "file", "text"]
    assert user["content"][0]["cache_control"] == {"type": "ephemeral"}
    parts = [
        {"type": "input_image", "image_url": url(png(64, 32)), "detail": "high"},
        {"type": "input_file", "filename": "a.pdf", "file_data": url(pdf(1), "application/pdf")},
    ]
    read = Responses().read({"model": "m", "input": [{"role": "user", "content": parts}]})
    assert [part["type"] for part in read["messages"][0]["content"]] == ["image_url", "file"]
    for kind, key in (("input_image", "file_id"), ("input_file", "file_url")):
        with pytest.raises(Refusal) as refused:
            Responses().read({"model": "m", "input": [{"role": "user", "content": [{"type": kind, key: "x"}]}]})
        assert refused.value.field == f"input.0.content.0.{key}"


def test_a_file_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[bytes] = []
    document = media._document
    monkeypatch.setattr(media, "_READ", {})
    monkeypatch.setattr(media, "_document", lambda raw, where: parsed.append(raw) or document(raw, where))
    data = base64.b64encode(pdf(pages=2)).decode()
    first = media.read_media(media.PDF, data, "a")
    assert (media.read_media(media.PDF, data, "b"), first.pages, len(parsed)) == (first, 2, 1)
    # What is refused is refused each time, with the field it came in.
    for where in ("a", "b"):
        with pytest.raises(Refusal) as refused:
            media.read_media("image/png", data, where)
        assert refused.value.field == where

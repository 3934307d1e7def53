"""The meter in front of LiteLLM's clients: nothing goes around it, and nothing that names a customer goes through it."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import zlib
from typing import Any

import aiohttp
import httpcore
import httpx
import pytest
import yaml
from aiohttp.client_reqrep import ConnectionKey

from conftest import GUARD_JSON, REPOSITORY
from meter_matrix import COMPLETION, PROMPT, answered
from metered_gateway import KEYS, MODELS, MeteredGateway
from tollgate_guard.meter import answers
from tollgate_guard.meter.endings import Ending
from tollgate_guard.meter.transport import _ending_of
from wire_provider import Asked, Reply
from wire_shapes import SHAPES, TEXT

CONFIGS = sorted((REPOSITORY / "generated" / "gateway").glob("config*.yaml"))
DEPLOYMENTS = [
    pytest.param(each["litellm_params"], id=f"{path.stem}:{each['model_info']['id']}")
    for path in CONFIGS
    for each in yaml.safe_load(path.read_text("utf-8"))["model_list"]
]
STREAMED = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
WIRES = pytest.mark.parametrize("wire", sorted(SHAPES))


def whole(wire: str, stream: bool) -> Reply:
    return answered(SHAPES[wire], stream, SHAPES[wire].usage(PROMPT, COMPLETION))


class TestNothingGoesAround:
    @pytest.mark.parametrize("params", DEPLOYMENTS)
    def test_litellm_knows_no_address_and_no_key_of_a_model(
        self, gateway: MeteredGateway, params: dict[str, Any]
    ) -> None:
        """A client that goes around the meter would find no server at this address, and have no key for it."""
        host = httpx.URL(params["api_base"]).host
        assert host.endswith(".meter.invalid")
        assert params.get("api_key") == ("held-by-the-meter" if not params["model"].startswith("vertex_ai/") else None)

        async def ask_unreserved(transport: httpx.AsyncBaseTransport | None) -> None:
            async with httpx.AsyncClient(transport=transport) as client:
                await client.post(f"{params['api_base']}/v1/messages", json={"model": "x"})

        from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler

        for transport in (None, AsyncHTTPHandler.create_async_transport()):
            with pytest.raises(LookupError):
                gateway.run(ask_unreserved(transport))
        with pytest.raises(LookupError), httpx.Client() as client:
            client.post(f"{params['api_base']}/v1/messages", json={})

    def test_no_key_is_left_in_the_environment_or_in_litellm(self, gateway: MeteredGateway) -> None:
        from litellm.llms.vertex_ai.vertex_llm_base import VertexBase
        from litellm.proxy import proxy_server

        assert not set(KEYS.values()) & set(os.environ.values())
        assert not any(key in repr(proxy_server.llm_router.model_list) for key in KEYS.values())
        token = gateway.run(VertexBase().get_access_token_async(None, "p"))
        assert token == VertexBase().get_access_token(None, "p") == ("held-by-the-meter", "p")

    @pytest.mark.parametrize("host", ["api.anthropic.com", "europe-west1-aiplatform.googleapis.com", "api.openai.com"])
    def test_a_providers_real_address_is_closed(self, gateway: MeteredGateway, host: str) -> None:
        async def ask() -> None:
            async with httpx.AsyncClient() as client:
                await client.post(f"https://{host}/v1/messages", json={})

        with pytest.raises(LookupError):
            gateway.run(ask())

    def test_what_has_no_bound_or_no_price_is_not_sent(self, gateway: MeteredGateway) -> None:
        from tollgate_guard.meter.wire_request import UnboundedRequest
        from tollgate_guard.meter.wires import read_wire_request

        for wire, path, body in [
            ("openai", "/embeddings", {"model": "m", "max_tokens": 5}),
            ("openai", "/chat/completions", {"model": "m"}),
            ("anthropic", "/v1/messages", {"model": "m", "max_tokens": 0}),
            ("vertex", "/v1/x/models/gemini:predict", {"generationConfig": {"maxOutputTokens": 5}}),
            ("vertex", "/v1/x/models/gemini:generateContent", {}),
        ]:
            with pytest.raises(UnboundedRequest):
                read_wire_request(wire, path, json.dumps(body).encode())  # type: ignore[arg-type]


class TestWhatIsSent:
    @WIRES
    @STREAMED
    def test_the_providers_key_and_no_name_of_a_customer(
        self, gateway: MeteredGateway, wire: str, stream: bool
    ) -> None:
        names = {"trace_id": "a1" * 16, "gcp_project": "customers-project", "environment": "somewhere"}
        seen: list[Asked] = []

        def answer(asked: Asked) -> Reply:
            seen.append(asked)
            return whole(wire, stream)

        reply = gateway.ask(MODELS[wire], answer, session="a-session", metadata=names, stream=stream, user="someone")
        assert (reply.status, len(seen)) == (200, 1)
        key = seen[0].headers["x-api-key" if wire == "anthropic" else "authorization"]
        assert key == (KEYS[wire] if wire == "anthropic" else f"Bearer {KEYS[wire]}")
        sent = json.dumps([seen[0].path, seen[0].headers, seen[0].body])
        for word in (
            "acme",
            "a-session",
            "a1a1",
            "customers-project",
            "somewhere",
            "someone",
            "labels",
            "held-by",
            "cost_analysis",
        ):
            assert word not in sent
        assert seen[0].headers["accept-encoding"] == "identity"

    def test_what_litellm_writes_out_is_held_before_it_is_sent(self, gateway: MeteredGateway) -> None:
        """Definitions that a schema names often are small at the client and large at Gemini."""
        part = {
            "type": "object",
            "properties": {f"field_{at}": {"type": "string", "description": "x" * 40} for at in range(6)},
        }
        schema = {
            "type": "object",
            "properties": {f"part_{at}": {"$ref": "#/$defs/Part"} for at in range(40)},
            "$defs": {"Part": part},
        }
        tool = {"type": "function", "function": {"name": "f", "description": "d", "parameters": schema}}
        usage = SHAPES["vertex"].usage(9_000, COMPLETION)
        reply = gateway.ask(MODELS["vertex"], answered(SHAPES["vertex"], False, usage), tools=[tool])
        sent = len(json.dumps(gateway.provider.asked[0].body["tools"]))
        assert reply.status == 200 and sent > 5 * len(json.dumps(tool))
        assert reply.row is not None
        assert reply.row["held_nanos"] >= sent * 2_000
        assert reply.row["cost_nanos"] == 9_000 * 2_000 + COMPLETION * 12_000

    def test_what_litellm_adds_to_a_history_of_tools_is_held(self, gateway: MeteredGateway) -> None:
        call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        messages = [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": "done"},
        ]
        reply = gateway.ask(MODELS["anthropic"], whole("anthropic", False), messages=messages)
        assert reply.status == 200 and reply.row is not None
        body = gateway.provider.asked[0].body
        assert "tools" in body
        assert reply.row["held_nanos"] > len(json.dumps(body["tools"])) * 2_000 + 100 * 10_000

    def test_a_parameter_that_a_model_does_not_take_is_named(self, gateway: MeteredGateway) -> None:
        reply = gateway.ask(MODELS["anthropic"], whole("anthropic", False), seed=7, temperature=0.5)
        assert (reply.status, reply.asked) == (200, 1)
        assert reply.headers["x-tollgate-dropped"] == "temperature, seed"
        assert reply.headers["x-tollgate-model"] == MODELS["anthropic"]
        kept = gateway.ask(MODELS["vertex"], whole("vertex", False), seed=7, stop=["x"])
        assert "x-tollgate-dropped" not in kept.headers


class TestAnswers:
    @WIRES
    @STREAMED
    def test_a_good_answer_is_cached_and_the_second_is_free(
        self, gateway: MeteredGateway, wire: str, stream: bool
    ) -> None:
        question = {"messages": [{"role": "user", "content": f"cache {wire} {stream}"}], "stream": stream}
        assert gateway.ask(MODELS[wire], whole(wire, stream), **question).asked == 1
        gateway.run(asyncio.sleep(0.2))
        again = gateway.ask(MODELS[wire], whole(wire, stream), **question)
        assert (again.asked, again.status) == (0, 200)
        assert again.row is not None
        assert (again.row["cache_hit"], again.row["cost_nanos"], again.row["outcome"]) == (True, 0, "success")

    @WIRES
    @STREAMED
    @pytest.mark.parametrize("kind", ["limit", "refused", "nothing"])
    def test_what_is_cut_refused_or_empty_is_not_cached(
        self, gateway: MeteredGateway, wire: str, stream: bool, kind: str
    ) -> None:
        shape = SHAPES[wire]
        text, end = ("", shape.stop) if kind == "nothing" else (TEXT, getattr(shape, kind))
        reply = answered(shape, stream, shape.usage(PROMPT, COMPLETION), text=text, end=end)
        question = {"messages": [{"role": "user", "content": f"not cached {wire} {stream} {kind}"}], "stream": stream}
        for _ in range(2):
            assert gateway.ask(MODELS[wire], reply, **question).asked >= 1
            gateway.run(asyncio.sleep(0.1))

    @STREAMED
    def test_a_failed_answer_is_paid_once_and_the_fallback_answers(self, gateway: MeteredGateway, stream: bool) -> None:
        def answer(asked: Asked) -> Reply:
            if asked.body["model"] == "hosted-model":
                return Reply((b"<html>",), content_type="text/html")
            return whole("anthropic", stream)

        reply = gateway.ask("hosted", answer, stream=stream)
        assert reply.status == 200 and TEXT.split()[0] in reply.text
        assert reply.endings == {("hosted-model", "unreadable"): 1, ("claude-haiku-4-5", "complete"): 1}
        assert reply.row is not None
        own = json.loads(GUARD_JSON.read_text("utf-8"))["models"]["claude-haiku-4-5"]
        haiku = PROMPT * own["input_nanos"] + COMPLETION * own["output_nanos"]
        assert haiku < reply.row["cost_nanos"] <= reply.row["held_nanos"]
        assert reply.row["model_used"] == "claude-haiku-4-5"
        if not stream:
            assert reply.headers["x-tollgate-model"] == "claude-haiku-4-5"

    @STREAMED
    def test_a_budget_without_money_for_the_fallback_answers_with_its_code(
        self, gateway: MeteredGateway, stream: bool
    ) -> None:
        session = f"nearly-used-up-{stream}"
        shape = SHAPES["anthropic"]
        gateway.ask("claude-opus-5-5", answered(shape, stream, shape.usage(10, 24_400)), session=session, stream=stream)
        reply = gateway.ask("hosted", Reply((b"<html>",)), session=session, max_tokens=900, stream=stream)
        error = reply.json["error"]
        assert (reply.status, error["code"], error["type"]) == (429, "budget_held", "rate_limit_error")
        assert reply.headers["retry-after"] and reply.headers["x-tollgate-reason"] == "budget_held"
        assert reply.endings[("claude-haiku-4-5", "not_paid_for")] == 1
        assert reply.row is not None and reply.row["cost_nanos"] <= reply.row["held_nanos"]

    @STREAMED
    def test_a_long_retry_after_is_not_slept_and_goes_to_the_client(
        self, gateway: MeteredGateway, stream: bool
    ) -> None:
        loop = asyncio.new_event_loop()
        began = loop.time()
        busy = Reply((b"{}",), status=429, headers=(("retry-after", "40"),))
        reply = gateway.ask(MODELS["anthropic"], busy, stream=stream)
        assert (reply.status, reply.json["error"]["code"], reply.asked) == (503, "provider_overloaded", 1)
        assert 30 <= int(reply.headers["retry-after"]) <= 40
        assert loop.time() - began < 20
        loop.close()

    def test_a_short_retry_after_is_waited_for_once(self, gateway: MeteredGateway) -> None:
        replies = [Reply((b"{}",), status=429, headers=(("retry-after", "0.3"),)), whole("anthropic", False)]
        reply = gateway.ask(MODELS["anthropic"], lambda asked: replies.pop(0))
        assert (reply.status, reply.asked) == (200, 2)
        assert reply.endings == {("claude-sonnet-5-5", "status_429"): 1, ("claude-sonnet-5-5", "complete"): 1}


class TestErrorsOfTheTransport:
    """Free is only what was certainly not sent."""

    def raised(self, error: BaseException, cause: BaseException | None, before: BaseException | None = None) -> Ending:
        try:
            try:
                raise before or ValueError()
            except BaseException:
                raise error from cause
        except BaseException as caught:
            return _ending_of(caught)

    def test_by_what_raised_them(self) -> None:
        key = ConnectionKey("h", 1, False, True, None, None, None)
        refused = aiohttp.ClientConnectorError(key, OSError())
        broken, none = httpx.ReadError("x"), httpx.ConnectError("x")
        assert self.raised(none, refused) is Ending.UNSENT
        assert self.raised(none, httpcore.ConnectError()) is Ending.UNSENT
        assert self.raised(httpx.ConnectTimeout("x"), aiohttp.ConnectionTimeoutError()) is Ending.UNSENT
        # A reset after the request was sent, which LiteLLM's transport calls a ConnectError too.
        assert self.raised(none, aiohttp.ClientOSError()) is Ending.BROKEN
        assert self.raised(none, asyncio.CancelledError()) is not Ending.UNSENT
        assert self.raised(broken, aiohttp.ServerDisconnectedError()) is Ending.BROKEN
        assert self.raised(httpx.ReadTimeout("x"), aiohttp.SocketTimeoutError()) is Ending.TIMEOUT
        assert self.raised(asyncio.CancelledError(), None) is Ending.TIMEOUT

    def test_an_earlier_attempt_that_was_not_sent_says_nothing_of_this_one(self) -> None:
        refused = httpx.ConnectError("x")
        refused.__cause__ = httpcore.ConnectError()
        assert self.raised(httpx.ReadError("x"), aiohttp.ServerDisconnectedError(), before=refused) is Ending.BROKEN

    @WIRES
    @STREAMED
    def test_a_provider_that_cannot_be_reached_is_free(self, gateway: MeteredGateway, wire: str, stream: bool) -> None:
        gateway.run(gateway.provider.stop())
        try:
            reply = gateway.ask(MODELS[wire], stream=stream)
        finally:
            gateway.run(gateway.restart_provider())
        assert (reply.status, reply.json["error"]["code"]) == (503, "provider_unavailable")
        assert reply.row is not None and reply.row["cost_nanos"] == 0
        assert {ending for _, ending in reply.endings} == {"unsent"}
        assert "x-should-retry" not in reply.headers

    def test_a_compressed_answer_is_read_all_the_same(self, gateway: MeteredGateway) -> None:
        body = SHAPES["openai"].body(usage=SHAPES["openai"].usage(PROMPT, COMPLETION))
        zipped = gzip.compress(body)
        for encoding, data, ending in (
            ("gzip", zipped, "complete"),
            ("GZip", zipped, "complete"),
            ("deflate", zlib.compress(body), "complete"),
            ("br", body, "unreadable"),
        ):
            reply = gateway.ask(MODELS["openai"], Reply((data,), headers=(("content-encoding", encoding),)))
            assert reply.endings == {("hosted-model", ending): 1}
            assert reply.status == (200 if ending == "complete" else 503)

    @STREAMED
    def test_a_plain_answer_longer_than_any_models_is_given_up(
        self, gateway: MeteredGateway, monkeypatch: pytest.MonkeyPatch, stream: bool
    ) -> None:
        monkeypatch.setattr(answers, "MOST_BYTES", 1_000)
        shape = SHAPES["openai"]
        reply = answered(shape, stream, shape.usage(PROMPT, COMPLETION), text="word " * 500)
        given = gateway.ask(MODELS["openai"], reply, stream=stream)
        assert given.row is not None and given.row["cost_nanos"] == given.row["held_nanos"]
        # A stream is passed on as it comes, and need not be kept.
        assert (given.status, given.asked) == ((200, 1) if stream else (503, 1))

"""``POST /v1/embeddings``: what is read, what is sent for each text, and what is charged however an answer ends."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable
from typing import Any

import pytest

from metered_gateway import MeteredGateway
from tollgate_guard.bounds import make_plans
from tollgate_guard.config import Config
from tollgate_guard.dialects.embeddings import Embeddings
from tollgate_guard.embeddings import MOST_TEXTS, answer_bytes, read_embeddings
from tollgate_guard.meter.wire_request import UnboundedRequest
from tollgate_guard.meter.wires import read_wire_request
from tollgate_guard.refusals import Refusal
from wire_provider import Asked, Reply

MODEL = "gemini-embedding-001"
WHO = {"x-tollgate-customer": "acme", "x-tollgate-session": "s1"}
VECTOR = [0.25, -0.5, 1.0]
TOKENS = 5


def read(config: Config, **changes: Any) -> Any:
    body = {key: value for key, value in {"model": MODEL, "input": "hello", **changes}.items() if value != "absent"}
    return read_embeddings(Embeddings().read(body), config, WHO)


class TestReading:
    @pytest.mark.parametrize(
        ("given", "texts"),
        [
            ("one", ("one",)),
            (["one", "two"], ("one", "two")),
            # Token ids of cl100k_base, of one text and of several, as LangChain sends them.
            ([15339, 1917], ("hello world",)),
            ([[15339, 1917], [15339]], ("hello world", "hello")),
            (["one", [15339]], ("one", "hello")),
        ],
    )
    def test_texts(self, config: Config, given: Any, texts: tuple[str, ...]) -> None:
        request = read(config, input=given, encoding_format="base64", user="u", dimensions=None)
        assert (request.texts, request.left_out, request.params) == (texts, ("user",), {})
        assert request.identity.query_type == "embedding"
        assert read(config, metadata={"query_type": "action"}).identity.query_type == "action"

    @pytest.mark.parametrize(
        ("field", "changes"),
        [
            ("input", {"input": "absent"}),
            ("input", {"input": ""}),
            ("input", {"input": []}),
            ("input", {"input": [1, -2]}),
            ("input", {"input": [100_256]}),
            ("input.1", {"input": [[1], [100_257]]}),
            ("input.0", {"input": [[]]}),
            ("input.0", {"input": [1, "x"]}),
            ("input", {"input": {"text": "x"}}),
            ("input.1", {"input": ["x", ""]}),
            ("input.1", {"input": ["x", [1, "x"]]}),
            ("input.0", {"input": [[1.5]]}),
            ("input.0", {"input": [None]}),
            ("input", {"input": ["x"] * (MOST_TEXTS + 1)}),
            ("model", {"model": 5}),
            ("encoding_format", {"encoding_format": "int8"}),
            ("dimensions", {"dimensions": 0}),
            ("dimensions", {"dimensions": True}),
            ("dimensions", {"dimensions": "768"}),
            ("task_type", {"task_type": "anything"}),
            ("task_type", {"task_type": ["CLUSTERING"]}),
            ("title", {"title": "A title", "task_type": "RETRIEVAL_DOCUMENT"}),
            ("user", {"user": 5}),
            ("stream", {"stream": True}),
            ("messages", {"messages": []}),
            ("metadata.query_type", {"metadata": {"query_type": "anything"}}),
        ],
    )
    def test_what_is_refused_by_name(self, config: Config, field: str, changes: dict[str, Any]) -> None:
        with pytest.raises(Refusal) as refused:
            read(config, **changes)
        assert (refused.value.status, refused.value.field) == (400, field)
        assert field in refused.value.message

    @pytest.mark.parametrize(
        ("field", "changes", "words"),
        [
            ("model", {"model": "simple"}, MODEL),
            ("model", {"model": "gemini-3.8-flash"}, MODEL),
            ("model", {"model": "text-embedding-3-small"}, "no price"),
            ("dimensions", {"dimensions": 3_073}, "at most 3072"),
        ],
    )
    def test_what_a_model_does_not_do(self, config: Config, field: str, changes: Any, words: str) -> None:
        with pytest.raises(Refusal) as refused:
            make_plans(read(config, **changes), config)
        assert refused.value.field == field and words in refused.value.message

    def test_a_text_is_held_by_its_bytes_and_by_no_more_than_its_model_takes(self, config: Config) -> None:
        plans = make_plans(read(config, input=["hello", "x" * 50_000]), config)
        assert plans.prompt_tokens == 5 + 16 + 2_048
        [plan] = plans.plans
        assert (plan.prompt_nanos, plan.token_nanos, plan.max_tokens) == (plans.prompt_tokens * 150, 0, 0)
        # Another model's vectors cannot be compared: nothing to degrade to.
        assert set(plans.by_tier) == {1}

    def test_the_size_of_an_answer_is_known_before_it_comes(self, config: Config) -> None:
        assert answer_bytes(read(config, input=["x"] * 3), config) == 3 * 3_072 * 24
        assert answer_bytes(read(config, dimensions=10), config) == 240
        assert answer_bytes(read(config, model="nothing"), config) == 0

    @pytest.mark.parametrize(
        ("wire", "path", "body"),
        [
            ("vertex", "/models/m:predict", {}),
            ("vertex", "/models/m:predict", {"instances": []}),
            ("vertex", "/models/m:predict", {"instances": [{"content": "x", "title": "y"}]}),
            ("vertex", "/models/m:predict", {"instances": [{"image": {"gcsUri": "gs://x"}}]}),
            ("openai", "/v1/embeddings", {"model": "m"}),
            ("openai", "/v1/embeddings", {"model": "m", "input": [1, 2]}),
            ("anthropic", "/v1/embeddings", {"model": "m", "input": "x", "max_tokens": 5}),
        ],
    )
    def test_what_has_no_bound_on_the_wire(self, wire: Any, path: str, body: Any) -> None:
        with pytest.raises(UnboundedRequest):
            read_wire_request(wire, path, json.dumps(body).encode())


def vertex(tokens: Any = TOKENS, vector: Any = VECTOR) -> dict[str, Any]:
    statistics = {} if tokens is None else {"statistics": {"token_count": tokens, "truncated": False}}
    return {
        "predictions": [{"embeddings": {"values": vector, **statistics}}],
        "metadata": {"billableCharacterCount": 9},
    }


def openai(tokens: Any = TOKENS, vector: Any = VECTOR) -> dict[str, Any]:
    usage = {} if tokens is None else {"usage": {"prompt_tokens": tokens, "total_tokens": tokens}}
    data = [{"object": "embedding", "index": 0, "embedding": vector}]
    return {"object": "list", "data": data, "model": "hosted-embedding", **usage}


WIRES: dict[str, tuple[str, int, Callable[..., dict[str, Any]]]] = {
    "vertex": (MODEL, 150, vertex),
    "openai": ("hosted-embedding", 20, openai),
}


def body(content: dict[str, Any]) -> Reply:
    return Reply((json.dumps(content).encode(),))


def cut(content: dict[str, Any]) -> Reply:
    return Reply((json.dumps(content).encode()[:-300],))


# How an answer ends: what the provider sends, what is charged, the metric's label, the client's status, how often it is asked.
ENDINGS: dict[str, tuple[Callable[..., Reply], str, str, int, int]] = {
    "whole": (lambda of: body(of()), "exact", "complete", 200, 1),
    "tokens as a float": (lambda of: body(of(float(TOKENS))), "exact", "complete", 200, 1),
    "no usage": (lambda of: body(of(None)), "bound", "no_usage", 200, 1),
    "usage zero": (lambda of: body(of(0)), "bound", "no_usage", 200, 1),
    "usage beyond belief": (lambda of: body(of(2**31)), "bound", "no_usage", 200, 1),
    "no vector": (lambda of: body(of(vector=[])), "charged", "cut", 503, 1),
    "cut": (lambda of: cut(of(vector=[0.1] * 900)), "bound", "unreadable", 503, 1),
    "empty": (lambda of: Reply((b"",)), "bound", "empty", 503, 1),
    "HTML": (lambda of: Reply((b"<html>",), content_type="text/html"), "bound", "unreadable", 503, 1),
    "an error as the answer": (
        lambda of: body({"error": {"code": 500, "message": "it failed", "status": "INTERNAL"}}),
        "bound", "error_in_answer", 503, 1,
    ),
    "broken": (lambda of: Reply(silent=True, ending="break"), "bound", "broken", 503, 1),
    "no answer in time": (lambda of: Reply(silent=True, ending="hang"), "bound", "timeout", 504, 1),
    "status 400": (lambda of: Reply((b"{}",), status=400), "free", "status_4xx", 400, 1),
    "status 401": (lambda of: Reply((b"{}",), status=401), "free", "status_4xx", 503, 1),
    "status 429": (lambda of: Reply((b"{}",), status=429), "free", "status_429", 503, 2),
    "status 500": (lambda of: Reply((b"{}",), status=500), "free", "status_5xx", 503, 2),
}  # fmt: skip


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("wire", WIRES)
def test_the_rule_of_charging(gateway: MeteredGateway, wire: str, ending: str) -> None:
    model, price, of = WIRES[wire]
    reply, charge, label, status, asked = ENDINGS[ending]
    answer = gateway.embed(model, f"a text of {ending}", reply(of))
    assert answer.row is not None
    held, charged = answer.row["held_nanos"], answer.row["cost_nanos"]
    expected = {"exact": TOKENS * price, "bound": held, "free": 0, "charged": charged}[charge]
    assert (answer.status, charged, answer.row["completion_tokens"]) == (status, expected, 0)
    assert charged >= (0 if charge == "free" else TOKENS * price) and charged <= held
    assert answer.endings == {(model, label): asked} and answer.asked == asked
    if status == 200:
        assert [each["embedding"] for each in answer.json["data"]] == [VECTOR]
    else:
        assert set(answer.json["error"]) <= {"type", "code", "message", "param"}
        assert answer.headers.get("x-should-retry") == ("false" if charged else None)
    for word in ("litellm", "LiteLLM", "Traceback", "127.0.0.1", "meter.invalid"):
        assert word not in answer.text


class TestSeveralTexts:
    TEXTS = ("first", "second", "third")

    def place(self, asked: Asked) -> int:
        return self.TEXTS.index(asked.body["instances"][0]["content"])

    def test_each_is_sent_by_itself_and_comes_back_in_its_place(self, gateway: MeteredGateway) -> None:
        sent: list[Asked] = []

        def reply(asked: Asked) -> Reply:
            sent.append(asked)
            return body(vertex(TOKENS + self.place(asked), [float(self.place(asked))] * 2))

        asks = {"dimensions": 2, "encoding_format": "base64", "task_type": "CLUSTERING", "user": "someone"}
        answer = gateway.embed(MODEL, list(self.TEXTS), reply, **asks)
        vectors = [struct.unpack("<2f", base64.b64decode(each["embedding"])) for each in answer.json["data"]]
        assert vectors == [(0.0, 0.0), (1.0, 1.0), (2.0, 2.0)]
        assert [each["index"] for each in answer.json["data"]] == [0, 1, 2]
        assert answer.json["usage"]["prompt_tokens"] == answer.row["prompt_tokens"] == 3 * TOKENS + 3  # type: ignore[index]
        assert answer.row["cost_nanos"] == 150 * (3 * TOKENS + 3)  # type: ignore[index]
        assert answer.endings == {(MODEL, "complete"): 3}
        for asked in sent:
            assert asked.path.endswith(f"/locations/global/publishers/google/models/{MODEL}:predict")
            assert asked.body["parameters"] == {"autoTruncate": False, "outputDimensionality": 2}
            assert asked.body["instances"][0]["task_type"] == "CLUSTERING"
            assert asked.headers["authorization"] == "Bearer vertex-secret"
            assert set(asked.body) == {"instances", "parameters"} and "acme" not in json.dumps(asked.body)

    def test_what_has_its_vector_is_not_sent_again(self, gateway: MeteredGateway) -> None:
        refusals = [Reply((b"{}",), status=429, headers=(("retry-after", "0.2"),))]

        def reply(asked: Asked) -> Reply:
            return refusals.pop() if self.place(asked) == 1 and refusals else body(vertex())

        answer = gateway.embed(MODEL, list(self.TEXTS), reply)
        assert (answer.status, answer.asked) == (200, 4)
        assert answer.endings == {(MODEL, "complete"): 3, (MODEL, "status_429"): 1}
        assert answer.row is not None and answer.row["cost_nanos"] == 3 * TOKENS * 150
        assert answer.row["outcome"] == "success"

    def test_one_that_fails_fails_the_call_and_the_others_are_paid(self, gateway: MeteredGateway) -> None:
        def reply(asked: Asked) -> Reply:
            return body(vertex()) if self.place(asked) != 1 else Reply((b"{}",), status=400)

        answer = gateway.embed(MODEL, list(self.TEXTS), reply)
        assert (answer.status, answer.json["error"]["code"]) == (400, "provider_rejected")
        assert answer.headers["x-should-retry"] == "false"
        assert answer.row is not None and answer.row["outcome"] == "refused_by_provider"
        assert answer.row["cost_nanos"] == answer.endings[(MODEL, "complete")] * TOKENS * 150 > 0

    def test_where_the_first_is_refused_no_other_is_sent(self, gateway: MeteredGateway) -> None:
        answer = gateway.embed(MODEL, list(self.TEXTS), Reply((b"{}",), status=400))
        assert (answer.asked, answer.status) == (1, 400)
        assert answer.row is not None and answer.row["cost_nanos"] == 0

    def test_the_openai_wire_takes_them_together(self, gateway: MeteredGateway) -> None:
        def reply(asked: Asked) -> Reply:
            data = [{"object": "embedding", "index": at, "embedding": VECTOR} for at in range(len(asked.body["input"]))]
            return body({**openai(9), "data": data})

        refused = gateway.embed("hosted-embedding", list(self.TEXTS), reply, task_type="CLUSTERING")
        assert (refused.status, refused.json["error"]["param"], refused.asked) == (400, "task_type", 0)
        answer = gateway.embed("hosted-embedding", list(self.TEXTS), reply, user="someone")
        assert (answer.status, answer.asked, len(answer.json["data"])) == (200, 1, 3)
        assert answer.row is not None and answer.row["cost_nanos"] == 9 * 20
        assert "user" not in gateway.provider.asked[0].body

    def test_chat_completions_of_an_embedding_model_are_refused(self, gateway: MeteredGateway) -> None:
        answer = gateway.ask(MODEL, Reply(status=500))
        assert (answer.status, answer.asked, answer.json["error"]["param"]) == (400, 0, "model")
        assert "/v1/embeddings" in answer.json["error"]["message"]

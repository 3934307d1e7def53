"""The request that LiteLLM gets: of the gate's making, with nothing of the client's but what was checked."""

from __future__ import annotations

import json
from typing import Any

from .asgi import Headers, Scope
from .call import Call
from .log import tags
from .request import ChatRequest
from .traces import span_id_of

CHAT_PATH = "/v1/chat/completions"
EMBEDDINGS_PATH = "/v1/embeddings"


def base_headers(key: bytes) -> Headers:
    """The headers of every request to LiteLLM."""
    return [(b"host", b"gateway"), (b"content-type", b"application/json"), (b"authorization", b"Bearer " + key)]


def request_scope(scope: Scope, headers: Headers, request: ChatRequest) -> Scope:
    """The client's request as LiteLLM sees it: another path, query and headers, and no state."""
    path = EMBEDDINGS_PATH if request.texts else CHAT_PATH
    return {
        **scope,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
        "state": dict(scope.get("state") or {}),
    }


def trace_headers(call: Call) -> Headers:
    """W3C trace context: LiteLLM's spans join the agent's trace."""
    who = call.request.identity
    return [(b"traceparent", f"00-{who.trace_id}-{span_id_of(who)}-01".encode())] if who.trace_id else []


def request_body(call: Call) -> bytes:
    """The body: the route that was decided, the output that is paid for, and the tags for the trace."""
    return json.dumps(_body(call), ensure_ascii=False).encode()


def _body(call: Call) -> dict[str, Any]:
    request, decision = call.request, call.decision
    assert decision.plan is not None
    return {
        "model": decision.plan.route.name,
        **request.params,
        **(
            {"input": list(request.texts)}
            if request.texts
            else {"messages": request.messages, "max_tokens": decision.max_tokens}
        ),
        **({"stream": True, "stream_options": {"include_usage": True}} if request.stream else {}),
        # One key that holds an object: LiteLLM sends texts on to Vertex AI as billing labels.
        "metadata": {"tollgate": known_of(call)},
    }


def known_of(call: Call) -> dict[str, Any]:
    """What the call's generations in the trace say of it (generations.py)."""
    who, decision = call.request.identity, call.decision
    return {
        "tags": {key: value for key, value in tags(who, decision.tier, None).items() if key != "trace_id"},
        "trace_id": who.trace_id,
        "parent": who.parent_observation_id,
        "prompt": who.prompt,
        "route": decision.plan.route.name if decision.plan else None,
        "call_id": str(call.id),
        "decision": decision.decision,
    }

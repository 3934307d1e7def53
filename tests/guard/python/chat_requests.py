"""Requests for the tests, as a client would send them."""

from __future__ import annotations

import json
from typing import Any

from tollgate_guard.request import ChatRequest, read_body, read_request

QUERY_TYPES = ("cost_analysis", "recommendation")


def body(**changes: Any) -> bytes:
    whole = {
        "model": "analysis",
        "messages": [{"role": "user", "content": "hello"}],
        "metadata": {"customer_id": "acme", "session_id": "s1", "query_type": "cost_analysis"},
        **changes,
    }
    return json.dumps({key: value for key, value in whole.items() if value is not ...}).encode()


def request(**changes: Any) -> ChatRequest:
    return read_request(read_body(body(**changes)), QUERY_TYPES)

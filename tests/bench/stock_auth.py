"""Who a request of the benchmark's stock LiteLLM is from.

LiteLLM enforces `max_budget_per_session` for the agent of a key, and without a database only `custom_auth` can name one.
"""

import hashlib
import os

from fastapi import HTTPException, Request
from litellm.proxy._types import UserAPIKeyAuth

AGENT = "bench"


async def authenticate(request: Request, api_key: str) -> UserAPIKeyAuth:
    """The one agent, whose budget a session is config.yaml's. An id of config.yaml's is the hash of the agent's name."""
    if api_key.removeprefix("Bearer ") != os.environ["TOLLGATE_AGENT_KEY"]:
        raise HTTPException(401)
    return UserAPIKeyAuth(api_key=api_key, agent_id=hashlib.sha256(AGENT.encode()).hexdigest())

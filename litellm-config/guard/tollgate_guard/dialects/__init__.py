"""The APIs that the gateway speaks beside chat completions.

Each is translated to a chat completion at the gate and back, so that one path is checked, held, clamped, charged and traced,
whatever the client speaks. LiteLLM's own ``/v1/messages`` and ``/v1/responses`` stay closed: they reach OpenAI-compatible models
by another endpoint, skip the cache and the hooks, and take parameters that nothing bounds.
"""

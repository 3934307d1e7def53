"""The APIs that the gateway serves besides chat completions.

Each is translated to a chat completion at the gate and back, so that one path is checked, held, clamped, charged and traced,
whichever API the client uses. Why LiteLLM's own routes of these names stay closed is in the guard's README.
"""

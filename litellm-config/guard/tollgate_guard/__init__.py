"""Tollgate's guard: the LiteLLM plug-in that pays for every call from a budget before the call is made."""

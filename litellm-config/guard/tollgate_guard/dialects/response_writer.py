"""An answer in the words of OpenAI's Responses."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from ..refusals import Refusal
from .dialect import Json, event, usage_of
from .sealed import seal


class ResponseWriter:
    """An answer as a response, or as the events of one."""

    def __init__(self, body: Json) -> None:
        self._asked = body
        self._sequence = -1
        self._answer: Json = {}
        self._output: list[Json] = []
        # What the item in progress has said, and the whole message for `seal`.
        self._said = ""
        self._kept: Json = {}
        self._call = -1
        self._usage: Json = {}
        self._finish: str | None = None
        self._ended = False

    def whole(self, answer: Json) -> Json:
        choice = (answer.get("choices") or [{}])[0]
        message = choice.get("message") or {}
        output: list[Json] = []
        sealed = seal(message)
        if message.get("reasoning_content") or sealed:
            output.append(self._reasoning(answer, 0, message.get("reasoning_content") or "", sealed))
        if message.get("content"):
            output.append(self._message(answer, len(output), message["content"], "completed"))
        for call in message.get("tool_calls") or []:
            function = call.get("function") or {}
            output.append(self._function(answer, len(output), call, function.get("arguments") or "", "completed"))
        return self._response(answer, output, choice.get("finish_reason"), usage_of(answer))

    def chunk(self, chunk: Json) -> Iterator[bytes]:
        if not self._answer:
            self._answer = chunk
            response = {**self._response(chunk, [], None, None), "status": "in_progress"}
            yield self._event("response.created", response=response)
            yield self._event("response.in_progress", response=response)
        if chunk.get("usage"):
            self._usage = usage_of(chunk)
        for choice in chunk.get("choices") or []:
            yield from self._delta(choice.get("delta") or {})
            self._finish = choice.get("finish_reason") or self._finish

    def end(self) -> Iterator[bytes]:
        yield from self._done()
        response = self._response(self._answer, self._output, self._finish, self._usage)
        name = "incomplete" if response["status"] == "incomplete" else "completed"
        yield self._event(f"response.{name}", response=response)

    def failed(self, refusal: Refusal) -> bytes:
        return self._event("error", code=refusal.code, message=refusal.message, param=refusal.field)

    def _delta(self, delta: Json) -> Iterator[bytes]:
        self._keep(delta)
        if delta.get("reasoning_content"):
            if not self._in("reasoning"):
                yield from self._begin(self._reasoning(self._answer, len(self._output), None, None))
                yield self._piece(
                    "reasoning_summary_part.added", summary_index=0, part={"type": "summary_text", "text": ""}
                )
            self._said += delta["reasoning_content"]
            yield self._piece("reasoning_summary_text.delta", summary_index=0, delta=delta["reasoning_content"])
        if delta.get("content"):
            if not self._in("message"):
                yield from self._begin(self._message(self._answer, len(self._output), None, "in_progress"))
                yield self._piece("content_part.added", content_index=0, part=_part(""))
            self._said += delta["content"]
            yield self._piece("output_text.delta", content_index=0, delta=delta["content"], logprobs=[])
        for call in delta.get("tool_calls") or []:
            if call.get("id") or call.get("index", 0) != self._call:
                self._call = call.get("index", 0)
                yield from self._begin(self._function(self._answer, len(self._output), call, "", "in_progress"))
            arguments = (call.get("function") or {}).get("arguments")
            if arguments:
                self._said += arguments
                yield self._piece("function_call_arguments.delta", delta=arguments)

    def _keep(self, delta: Json) -> None:
        for key in ("thinking_blocks", "reasoning_content"):
            if delta.get(key):
                self._kept[key] = self._kept[key] + delta[key] if key in self._kept else delta[key]
        signatures = (delta.get("provider_specific_fields") or {}).get("thought_signatures")
        if signatures:
            self._kept["provider_specific_fields"] = {"thought_signatures": signatures}

    def _in(self, kind: str) -> bool:
        return not self._ended and bool(self._output) and self._output[-1]["type"] == kind

    def _begin(self, item: Json) -> Iterator[bytes]:
        yield from self._done()
        self._output.append(item)
        self._said, self._ended = "", False
        yield self._event("response.output_item.added", output_index=len(self._output) - 1, item=item)

    def _done(self) -> Iterator[bytes]:
        """Ends the item in progress."""
        if not self._output or self._ended:
            return
        item, said = self._output[-1], self._said
        if item["type"] == "reasoning":
            part = {"type": "summary_text", "text": said}
            yield self._piece("reasoning_summary_text.done", summary_index=0, text=said)
            yield self._piece("reasoning_summary_part.done", summary_index=0, part=part)
            item = {**item, "summary": [part], "encrypted_content": seal(self._kept)}
        elif item["type"] == "message":
            yield self._piece("output_text.done", content_index=0, text=said, logprobs=[])
            yield self._piece("content_part.done", content_index=0, part=_part(said))
            item = {**item, "content": [_part(said)], "status": "completed"}
        else:
            yield self._piece("function_call_arguments.done", name=item["name"], arguments=said)
            item = {**item, "arguments": said, "status": "completed"}
        self._output[-1], self._ended = item, True
        yield self._event("response.output_item.done", output_index=len(self._output) - 1, item=item)

    def _piece(self, kind: str, **fields: Any) -> bytes:
        place = {"item_id": self._output[-1]["id"], "output_index": len(self._output) - 1}
        return self._event(f"response.{kind}", **place, **fields)

    def _event(self, kind: str, **fields: Any) -> bytes:
        self._sequence += 1
        return event({"type": kind, "sequence_number": self._sequence, **fields})

    def _id(self, prefix: str, answer: Json, index: int) -> str:
        return f"{prefix}_{str(answer.get('id', '')).replace('-', '')}{index}"

    def _reasoning(self, answer: Json, index: int, text: str | None, sealed: str | None) -> Json:
        summary = [{"type": "summary_text", "text": text}] if text else []
        return {
            "id": self._id("rs", answer, index),
            "type": "reasoning",
            "summary": summary,
            "encrypted_content": sealed,
        }

    def _message(self, answer: Json, index: int, text: str | None, status: str) -> Json:
        content = [] if text is None else [_part(text)]
        said = {"role": "assistant", "content": content, "status": status}
        return {"id": self._id("msg", answer, index), "type": "message", **said}

    def _function(self, answer: Json, index: int, call: Json, arguments: str, status: str) -> Json:
        named = {"call_id": call.get("id"), "name": (call.get("function") or {}).get("name")}
        return {
            "id": self._id("fc", answer, index), "type": "function_call", **named, "arguments": arguments, "status": status,
        }  # fmt: skip

    def _response(self, answer: Json, output: list[Json], finish: str | None, used: Json | None) -> Json:
        asked = self._asked
        why = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(str(finish))
        return {
            "id": self._id("resp", answer, 0),
            "object": "response",
            "created_at": answer.get("created") or int(time.time()),
            "status": "incomplete" if why else "completed",
            "error": None,
            "incomplete_details": {"reason": why} if why else None,
            "instructions": asked.get("instructions"),
            "max_output_tokens": asked.get("max_output_tokens"),
            "model": asked.get("model"),
            "output": output,
            "parallel_tool_calls": asked.get("parallel_tool_calls", True),
            "previous_response_id": None,
            "reasoning": asked.get("reasoning"),
            "store": False,
            "temperature": asked.get("temperature"),
            "text": asked.get("text") or {"format": {"type": "text"}},
            "tool_choice": asked.get("tool_choice") or "auto",
            "tools": asked.get("tools") or [],
            "top_p": asked.get("top_p"),
            "truncation": "disabled",
            "metadata": None,
            "usage": _usage(used) if used else None,
        }


def _part(text: str) -> Json:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _usage(used: Json) -> Json:
    return {
        "input_tokens": used["prompt"],
        "input_tokens_details": {"cached_tokens": used["cached"]},
        "output_tokens": used["completion"],
        "output_tokens_details": {"reasoning_tokens": used["reasoning"]},
        "total_tokens": used["prompt"] + used["completion"],
    }

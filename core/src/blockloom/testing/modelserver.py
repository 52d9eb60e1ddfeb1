"""A model server that answers as a test says: it speaks the chat interface of OpenAI over real HTTP on loopback."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from .aside import Gate
from .webserver import Answer, Asked, Reply, ScriptedServer

Tool: TypeAlias = tuple[str, Mapping[str, Any]]
"""A tool that a model calls, and the arguments."""


class ModelServer(ScriptedServer):
    """A scripted server with an address for a client of OpenAI; `says` and `refuses` make its answers."""

    @property
    def base_url(self) -> str:
        """What a client takes as its `base_url`."""
        return f"{self.url}/v1"

    @property
    def questions(self) -> list[dict[str, Any]]:
        """The bodies of the chat requests."""
        return [asked.json for asked in self.asked if asked.target.endswith("/chat/completions")]


def says(
    *pieces: str | Gate,
    tools: Sequence[Tool] = (),
    usage: Mapping[str, Any] | None = None,
    finish: str | None = "stop",
    **how: Any,
) -> Answer:
    """An answer in these pieces, each a token, streamed if it was asked for so; a Gate among them is waited for.

    `tools` are called after them, as `("weather", {"city": "Oslo"})`. `usage` is told at the end, by default a token
    of prompt each message. `finish=None` leaves the end out, as a server does that breaks off; `how` is as in Reply:
    `pause`, `cut`, `never`. With `cut` and `never` the end is left out too.
    """
    finish = None if how.get("cut") or how.get("never") else "tool_calls" if tools and finish == "stop" else finish
    said = _Said(pieces, tools, usage, finish)
    return lambda asked: replace(said.streamed(asked) if asked.json.get("stream") else said.whole(asked), **how)


def refuses(status: int, message: str = "no", *, code: str | None = None, retry_after: str | None = None) -> Reply:
    """A refusal as OpenAI's API words it."""
    headers = {} if retry_after is None else {"retry-after": retry_after}
    body = {"error": {"message": message, "type": "error", "code": code, "param": None}}
    return Reply(status=status, body=body, headers=headers)


@dataclass(frozen=True, slots=True)
class _Said:
    """What a model says, in whichever form it is asked for."""

    pieces: Sequence[str | Gate]
    tools: Sequence[Tool]
    usage: Mapping[str, Any] | None
    finish: str | None

    def whole(self, asked: Asked) -> Reply:
        """All at once."""
        text = "".join(self._words())
        message: dict[str, Any] = {"role": "assistant", "content": text or (None if self.tools else "")}
        if self.tools:
            message["tool_calls"] = [_call(number, *tool) for number, tool in enumerate(self.tools)]
        choice = {"index": 0, "message": message, "finish_reason": self.finish}
        told = {**_facts(asked, "chat.completion"), "choices": [choice], "usage": self._usage(asked)}
        gates = [piece for piece in self.pieces if isinstance(piece, Gate)]
        return Reply(pieces=[*gates, json.dumps(told)], headers={"content-type": "application/json"})

    def streamed(self, asked: Asked) -> Reply:
        """Piece by piece, as server-sent events."""
        return Reply(pieces=list(self._events(asked)), headers={"content-type": "text/event-stream"})

    def _events(self, asked: Asked) -> Iterator[str | Gate]:
        facts = _facts(asked, "chat.completion.chunk")

        def event(delta: Mapping[str, Any], finish: str | None = None) -> str:
            return _event({**facts, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

        yield event({"role": "assistant", "content": ""})
        for piece in self.pieces:
            yield piece if isinstance(piece, Gate) else event({"content": piece})
        for number, tool in enumerate(self.tools):
            call = _call(number, *tool)
            arguments = call["function"]["arguments"]
            call["function"]["arguments"] = ""
            yield event({"tool_calls": [{"index": number, **call}]})
            yield event({"tool_calls": [{"index": number, "function": {"arguments": arguments}}]})
        if self.finish is not None:
            yield event({}, self.finish)
            usage = self._usage(asked)
            if usage and (asked.json.get("stream_options") or {}).get("include_usage"):
                yield _event({**facts, "choices": [], "usage": usage})
            yield "data: [DONE]\n\n"

    def _words(self) -> list[str]:
        return [piece for piece in self.pieces if isinstance(piece, str)]

    def _usage(self, asked: Asked) -> Mapping[str, Any]:
        if self.usage is not None:
            return self.usage
        read, written = len(asked.json["messages"]), len(self._words())
        return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def _facts(asked: Asked, kind: str) -> dict[str, Any]:
    return {"id": "chat-1", "object": kind, "created": 0, "model": asked.json["model"]}


def _event(told: Mapping[str, Any]) -> str:
    return f"data: {json.dumps(told)}\n\n"


def _call(number: int, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": f"call-{number}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}

"""A model server for tests: it speaks the chat interface of OpenAI over real HTTP and says what the test wants."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from blockloom.testing import Answer, Asked, Reply, ScriptedServer

__all__ = ["ModelServer", "refuses", "says"]


class ModelServer(ScriptedServer):
    """A scripted server with an address for the SDK; `says` and `refuses` make its answers."""

    @property
    def base_url(self) -> str:
        """What a client takes as its `base_url`."""
        return f"{self.url}/v1"

    @property
    def questions(self) -> list[dict[str, Any]]:
        """The bodies of the chat requests."""
        return [asked.json for asked in self.asked if asked.target.endswith("/chat/completions")]


def says(*pieces: str, usage: Mapping[str, Any] | None = None, finish: str | None = "stop", **how: Any) -> Answer:
    """An answer in these pieces, each a token; `usage` is told at its end, by default a token of prompt each message.

    `finish=None` leaves the end out, as a server does that breaks off; `how` is as in Reply: `pause`, `cut`, `never`,
    `hold`. With `cut` and `never` the end is left out too.
    """
    finish = None if how.get("cut") or how.get("never") else finish

    def answer(asked: Asked) -> Reply:
        question = asked.json
        read, written = len(question["messages"]), len(pieces)
        total = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
        told = dict(total if usage is None else usage)
        if not question.get("stream"):
            return Reply(body=_whole(question, "".join(pieces), told, finish), **how)
        wants = (question.get("stream_options") or {}).get("include_usage")
        sent = _pieces(question, pieces, told if wants else {}, finish)
        return replace(Reply(pieces=sent, headers={"content-type": "text/event-stream"}), **how)

    return answer


def refuses(status: int, message: str = "no", *, code: str | None = None, retry_after: str | None = None) -> Reply:
    """A refusal as OpenAI's API words it."""
    headers = {} if retry_after is None else {"retry-after": retry_after}
    body = {"error": {"message": message, "type": "error", "code": code, "param": None}}
    return Reply(status=status, body=body, headers=headers)


def _pieces(
    question: Mapping[str, Any], pieces: Sequence[str], usage: Mapping[str, Any], finish: str | None
) -> list[str]:
    def event(delta: Mapping[str, Any] | None, **more: Any) -> str:
        choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": more.pop("finish", None)}]
        facts = {"id": "chat-1", "object": "chat.completion.chunk", "created": 0, "model": question["model"]}
        return f"data: {json.dumps({**facts, 'choices': choices, **more})}\n\n"

    events = [event({"role": "assistant", "content": ""}), *(event({"content": piece}) for piece in pieces)]
    if finish is None:
        return events
    events.append(event({}, finish=finish))
    return [*events, *([event(None, usage=usage)] if usage else []), "data: [DONE]\n\n"]


def _whole(question: Mapping[str, Any], text: str, usage: Mapping[str, Any], finish: str | None) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    return {
        "id": "chat-1",
        "object": "chat.completion",
        "created": 0,
        "model": question["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": usage,
    }

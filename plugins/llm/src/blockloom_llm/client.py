"""Asks models over the OpenAI SDK, streaming. The SDK's own retries are off: the engine counts attempts."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import httpx2
import openai
from blockloom import File, TaskContext, TaskFailed

from .faults import failure_of
from .prompt import Message
from .settings import HOSTED, Place, Settings
from .usage import Usage

CONNECTING: Final = 10.0
"""Seconds to reach a server."""


class _NoStream(Exception):
    """What a server sent is not what the SDK can read."""


class Client:
    """The connections of one engine, one SDK client for each server and key."""

    def __init__(self) -> None:
        self._clients: dict[tuple[str, str], openai.AsyncOpenAI] = {}

    async def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            await client.close()

    async def ask(
        self, task: TaskContext, place: Place, messages: Sequence[Message], shape: dict[str, Any] | None, usage: Usage
    ) -> str:
        """What the model answers, told piece by piece as it comes; raises TaskFailed."""
        settings: Settings = task.config
        key = task.idempotency_key if not usage.calls else f"{task.idempotency_key}:{usage.calls}"
        limit = "max_completion_tokens" if place.base_url == HOSTED else "max_tokens"
        given = {"temperature": settings.temperature, limit: settings.max_tokens, "response_format": shape}
        async with task.call():
            try:
                stream = await self._of(place).chat.completions.create(  # type: ignore[call-overload]
                    model=place.model,
                    messages=list(messages),
                    stream=True,
                    stream_options={"include_usage": True},
                    timeout=openai.Timeout(settings.timeout, connect=CONNECTING),
                    extra_headers={"Idempotency-Key": key},
                    extra_body=settings.options or None,
                    **{name: value for name, value in given.items() if value is not None},
                )
                return await _read(task, stream, usage)
            except (openai.OpenAIError, httpx2.TransportError, _NoStream) as error:
                raise failure_of(error, place, settings.timeout) from error

    @asynccontextmanager
    async def uploaded(self, task: TaskContext, place: Place, files: Sequence[File]) -> AsyncIterator[dict[str, str]]:
        """Files given to the server for one attempt, as ids by hash; raises TaskFailed where it takes none."""
        client = self._of(place)
        ids: dict[str, str] = {}
        try:
            for file in files:
                ids[file.sha256] = await self._upload(task, place, file)
            yield ids
        finally:
            for id in ids.values():
                with suppress(openai.OpenAIError, httpx2.TransportError):
                    await client.files.delete(id)

    async def _upload(self, task: TaskContext, place: Place, file: File) -> str:
        """The id under which a server keeps a file."""
        sent = (file.name or "file", file.data, file.media_type)
        try:
            async with task.call():
                return (await self._of(place).files.create(file=sent, purpose="user_data")).id
        except openai.NotFoundError:
            why = f"{place.base_url} takes no files: set files to inline."
            raise TaskFailed("refused", why, retry=False) from None
        except (openai.OpenAIError, httpx2.TransportError) as error:
            raise failure_of(error, place, task.config.timeout) from error

    def _of(self, place: Place) -> openai.AsyncOpenAI:
        known = self._clients.get((place.base_url, place.key))
        if known is None:
            limits = httpx2.Limits(max_connections=None, max_keepalive_connections=100)
            http = openai.DefaultAsyncHttpxClient(follow_redirects=False, limits=limits)
            known = self._clients[place.base_url, place.key] = openai.AsyncOpenAI(
                base_url=place.base_url, api_key=place.key or "none", max_retries=0, http_client=http
            )
        return known


async def _read(task: TaskContext, stream: Any, usage: Usage) -> str:
    text: list[str] = []
    refused: list[str] = []
    finish = told = None
    try:
        async for chunk in stream:
            usage.model = chunk.model or usage.model
            told = chunk.usage or told
            for choice in chunk.choices[:1]:
                finish = choice.finish_reason or finish
                refused.append(choice.delta.refusal or "")
                if choice.delta.content:
                    text.append(choice.delta.content)
                    task.emit(choice.delta.content)
                    task.spend(tokens=1)
    except (ValueError, AttributeError, TypeError) as error:
        raise _NoStream(f"this is no stream of a chat: {error}") from error
    finally:
        await stream.close()
    usage.finish = finish or ""
    task.spend(tokens=usage.add(told, len(text)))
    if finish is None:
        raise TaskFailed("cut-off", f"The answer ended in its middle, after {len(text)} pieces.", retry=True)
    if (why := "".join(refused)) or finish == "content_filter":
        raise TaskFailed(
            "refused", f"The model does not answer: {why or 'its filter held the answer back'}", retry=False
        )
    return "".join(text)

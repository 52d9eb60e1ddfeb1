"""The task type http."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from blockloom import BlockSpec, Embedded, Port, PortSet, Problem, Retry, TaskContext, TaskFailed, TaskType

from .settings import Settings, problems_of, texts_with_places

if TYPE_CHECKING:
    from .client import Client

_TEXT = {"type": ["string", "null"]}
_OBJECT = {"type": ["object", "null"]}


class Http(TaskType):
    """Calls an interface over HTTP and gives what it answers."""

    name = "http"
    title: ClassVar = {"en": "HTTP call", "zh": "HTTP 调用"}
    description: ClassVar = {
        "en": "Calls an interface over HTTP and gives its answer. Addresses of private networks are not called.",
        "zh": "通过 HTTP 调用接口并返回其应答。不会调用私有网络的地址。",
    }
    icon = "🌐"
    category: ClassVar = {"en": "Calls", "zh": "调用"}
    examples = (
        {"url": "https://api.example.com/items", "query": {"q": "{{ words }}"}},
        {
            "method": "POST",
            "url": "https://api.example.com/items",
            "auth": {"bearer": {"$secret": "example_token"}},
            "body": {"name": "{{ name }}"},
        },
    )
    retry = Retry()
    Config = Settings

    def __init__(self) -> None:
        self._client: Client | None = None

    def ports(self, config: Any, blocks: Sequence[BlockSpec]) -> PortSet:
        """What the settings say may also arrive; any other input is for the places in texts."""
        return PortSet(
            inputs={
                "url": Port(schema=_TEXT, required=not config.url),
                "query": Port(schema=_OBJECT),
                "headers": Port(schema={**_OBJECT, "additionalProperties": {"type": "string"}}),
                "body": Port(),
                "file": Port(schema=_OBJECT),
            },
            outputs={
                "body": Port(),
                "status": Port(schema={"type": "integer"}),
                "headers": Port(schema={"type": "object"}),
            },
            open_inputs=True,
        )

    def check(self, config: Any, id: str, tasks: Any) -> Iterable[Problem]:
        """An address that cannot be called."""
        return problems_of(config)

    def embedded(self, config: Any) -> Iterable[Embedded]:
        """The texts with places in them."""
        return texts_with_places(config)

    async def run(self, task: TaskContext) -> Mapping[str, Any]:
        """The answer; raises TaskFailed for whatever else comes of the call."""
        from .client import Client
        from .request import compose

        if self._client is None:
            self._client = Client()
        order = await compose(task)
        async with task.call():
            try:
                async with asyncio.timeout(task.config.timeout):
                    return await self._client.call(order, task.config)
            except TimeoutError:
                why = f"{order.told} did not answer within {task.config.timeout:g} seconds"
                raise TaskFailed("timeout", why, retry=order.repeatable) from None

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()

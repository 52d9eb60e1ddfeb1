"""What a test of the server needs: a server on a free port, and tasks that go on when the test says so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import blockloom
from blockloom import MemoryStore, Plugins, Ports, TaskContext, TaskType

from .limits import Limits
from .server import Server


class Gates:
    """Gates by name, each closed at first; `type` is a task type, `test.gate`, that waits at one."""

    def __init__(self) -> None:
        self.entered: dict[str, asyncio.Event] = {}
        self.opened: dict[str, asyncio.Event] = {}
        self.type = _gate_type(self)

    async def wait_for(self, name: str) -> None:
        """Wait until a task has come to the gate."""
        await self.entered.setdefault(name, asyncio.Event()).wait()

    def open(self, name: str) -> None:
        """Let the tasks at the gate go on."""
        self.opened.setdefault(name, asyncio.Event()).set()


@asynccontextmanager
async def serving(
    *types: type[TaskType], token: str | None = None, limits: Limits | None = None
) -> AsyncIterator[Server]:
    """A server on a free port of this machine, with the installed types and some more."""
    plugins = Plugins.load()
    for type in types:
        plugins.registry.add("task", type)
    async with Server(plugins, MemoryStore(), port=0, token=token, limits=limits) as server:
        yield server


def socket_of(server: Server) -> str:
    """Where the WebSocket of a server is."""
    return f"ws://127.0.0.1:{server.port}/ws"


def _gate_type(gates: Gates) -> type[TaskType]:
    class Gate(TaskType):
        """Waits at a gate, then gives back its input."""

        name = "test.gate"

        class Config(blockloom.Config):
            """Which gate."""

            gate: str = "main"

        class Inputs(Ports):
            """What to give back."""

            value: Any = None

        class Outputs(Ports):
            """The same again."""

            value: Any

        async def run(self, task: TaskContext) -> Any:
            """Wait."""
            name = task.config.gate
            gates.entered.setdefault(name, asyncio.Event()).set()
            await gates.opened.setdefault(name, asyncio.Event()).wait()
            return self.Outputs(value=task.inputs.value)

    return Gate

"""The contract of an executor, which runs tasks, and the kind that runs them in this process."""

import asyncio
from collections.abc import Awaitable
from typing import Any, Protocol, runtime_checkable

from .task import TaskContext, TaskType


@runtime_checkable
class Executor(Protocol):
    """What runs a task. It gives the outputs at once, or something to await for them."""

    def run(self, type: TaskType, task: TaskContext) -> Any | Awaitable[Any]:
        """Run one task; canceling what is awaited must end it."""

    async def close(self) -> None:
        """Let go of everything that is open."""


class InProcessExecutor:
    """Runs tasks in this process: in place, awaited, or in a thread where the type is `blocking`."""

    name = "in-process"

    def run(self, type: TaskType, task: TaskContext) -> Any | Awaitable[Any]:
        """See Executor."""
        return asyncio.to_thread(_run_blocking, type, task) if type.blocking else type.run(task)

    async def close(self) -> None:
        """Nothing is open."""


def _run_blocking(type: TaskType, task: TaskContext) -> Any:
    """Run a task in a thread; StopIteration, which no future may carry, becomes another error."""
    try:
        return type.run(task)
    except StopIteration as error:
        raise RuntimeError(f"StopIteration: {error}") from error

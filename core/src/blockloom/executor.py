"""The contract of an executor, which runs tasks, and the kind that runs them in this process."""

import asyncio
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, Final, Protocol, runtime_checkable

from .task import TaskContext, TaskType

MAX_THREADS: Final = 256
"""Tasks of blocking types that run at a time; further ones wait."""


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

    def __init__(self) -> None:
        self._threads: ThreadPoolExecutor | None = None

    def run(self, type: TaskType, task: TaskContext) -> Any | Awaitable[Any]:
        """See Executor."""
        if not type.blocking:
            return type.run(task)
        if self._threads is None:
            self._threads = ThreadPoolExecutor(MAX_THREADS, "blockloom")
        return _in_thread(self._threads, _Job(type, task))

    async def close(self) -> None:
        """See Executor; a thread that was left behind ends when it does."""
        if self._threads is not None:
            self._threads.shutdown(wait=False)


class _Job:
    """One task for a thread."""

    def __init__(self, type: TaskType, task: TaskContext) -> None:
        self._type = type
        self._task = task
        self.canceled = False

    def run(self) -> Any:
        """Run it, unless it was canceled before; StopIteration, which no future may carry, becomes another error."""
        try:
            return None if self.canceled else self._type.run(self._task)
        except StopIteration as error:
            raise RuntimeError(f"StopIteration: {error}") from error


async def _in_thread(threads: ThreadPoolExecutor, job: _Job) -> Any:
    """The result of a job. Nothing can end a thread but itself: being canceled waits until it has ended."""
    running = asyncio.get_running_loop().run_in_executor(threads, copy_context().run, job.run)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        job.canceled = True
        await asyncio.wait([running])
        raise

"""The tasks of a run that are awaited: each can be canceled, can run out of time, and can be left behind."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from .bodies import Key
from .errors import TaskFailed

GRACE: Final = 5.0
"""Seconds that a canceled task has to end; then it is left behind."""


class _Wait:
    """One task that is awaited, by which worker, and whether its time has run out."""

    __slots__ = ("expired", "timer", "worker")

    def __init__(self, worker: "asyncio.Task[Any]") -> None:
        self.worker = worker
        self.expired = False
        self.timer: asyncio.TimerHandle | None = None


class Waits:
    """What the workers of a run await.

    `on_left` is told of a task that does not end: the task, and if it timed out. One that still `holds` bodies is
    not left: what is in them has its own time to end.
    """

    def __init__(self, on_left: Callable[[Key, bool], None], holds: Callable[[Key], bool]) -> None:
        self._on_left = on_left
        self._holds = holds
        self._waits: dict[Key, _Wait] = {}
        self.left: set[asyncio.Task[Any]] = set()
        """Workers whose task was left behind; what they still bring is dropped."""

    async def wait(self, key: Key, result: Awaitable[Any], timeout: float | None) -> Any:
        """Await a task's result in this worker; raises TaskFailed where it takes longer than `timeout` seconds."""
        worker = asyncio.current_task()
        assert worker is not None
        wait = self._waits[key] = _Wait(worker)
        if timeout is not None:
            wait.timer = worker.get_loop().call_later(timeout, self._expire, key)
        value = None
        try:
            value = await result
        except (Exception, asyncio.CancelledError):
            if not wait.expired:
                raise
        finally:
            if wait.timer is not None:
                wait.timer.cancel()
            if self._waits.get(key) is wait:
                del self._waits[key]
        if wait.expired:
            raise timed_out(timeout)
        return value

    def end(self, key: Key) -> None:
        """Cancel a task, if it is awaited; leave it behind if it does not end."""
        wait = self._waits.get(key)
        if wait is not None and not wait.expired:  # one whose time has run out is ending already
            wait.worker.cancel()
            self._give_grace(key, wait)

    def _expire(self, key: Key) -> None:
        wait = self._waits[key]
        wait.expired = True
        wait.worker.cancel()
        self._give_grace(key, wait)

    def _give_grace(self, key: Key, wait: _Wait) -> None:
        if wait.timer is not None:
            wait.timer.cancel()
        wait.timer = wait.worker.get_loop().call_later(GRACE, self._leave, key)

    def _leave(self, key: Key) -> None:
        if self._holds(key):
            self._give_grace(key, self._waits[key])
            return
        wait = self._waits.pop(key)
        self.left.add(wait.worker)
        self._on_left(key, wait.expired)


def timed_out(timeout: float | None) -> TaskFailed:
    """The failure of a task that took too long."""
    return TaskFailed("timeout", f"it took longer than {timeout or 0:g} seconds", retry=True)

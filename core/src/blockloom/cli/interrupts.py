"""Ctrl-C while a run goes on: the first stops the run in good order, the second leaves at once."""

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Any, Final

from .speech import say

_SIGNALS: Final = [number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None))]


class Interrupts(AbstractContextManager["Interrupts"]):
    """Calls `stop` in the running loop at the first signal, and tells so. What the parent had ignored stays so."""

    def __init__(self, stop: Callable[[], Awaitable[None]], tell: Callable[[str], None]) -> None:
        self._stop = stop
        self._tell = tell
        self._stopping: asyncio.Future[None] | None = None
        self._received = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Interrupts":
        self._loop = asyncio.get_running_loop()
        if threading.current_thread() is threading.main_thread():
            heeded = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
            self._before = {number: signal.signal(number, self._receive) for number in heeded}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _receive(self, number: int, frame: object) -> None:
        # Runs between two bytecodes of the main thread, so that the second signal helps where the loop is stuck.
        if self._received:
            raise KeyboardInterrupt
        self._received = True
        self._loop.call_soon_threadsafe(self._begin)

    def _begin(self) -> None:
        self._tell(say("Stopping; press Ctrl-C again to leave at once.", "正在停止；再按一次 Ctrl-C 立即退出。"))
        self._stopping = asyncio.ensure_future(self._stop())

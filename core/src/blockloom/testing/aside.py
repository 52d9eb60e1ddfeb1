"""What goes on beside a test: a server in a thread of its own, and a gate at which it waits for the test."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager, suppress
from typing import Any, Final, TypeVar

_T = TypeVar("_T")

GRACE: Final = 0.5
"""Seconds that what was canceled has to end."""

PATIENCE: Final = 60.0
"""Seconds that a server has to open and to close."""


class Gate:
    """Closed until a test opens it, from whatever thread or event loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._opened = False
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def open(self) -> None:
        """Let pass who waits, and whoever comes later."""
        with self._lock:
            self._opened = True
            waiting, self._waiting = self._waiting, []
        for loop, event in waiting:
            with suppress(RuntimeError):  # its loop is closed: nobody waits any more
                loop.call_soon_threadsafe(event.set)

    async def passed(self) -> None:
        """Wait until it is open."""
        event = asyncio.Event()
        with self._lock:
            if self._opened:
                return
            self._waiting.append((asyncio.get_running_loop(), event))
        await event.wait()


async def all_ended() -> bool:
    """Whether nothing goes on in this loop beside the caller, or ends within a moment."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    return not others or not (await asyncio.wait(others, timeout=GRACE))[1]


def run_leaving(main: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
    """Run a coroutine function in a loop of its own; what does not end, though it is canceled, is left behind."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(main())
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.wait(left, timeout=GRACE))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.set_exception_handler(lambda loop, context: None)  # it would tell of each task that is left
        loop.close()


@contextmanager
def in_background(server: AbstractAsyncContextManager[_T]) -> Iterator[_T]:
    """A server in an event loop and a thread of its own, as long as the `with` lasts: for tests that need no loop."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="blockloom-aside", daemon=True)
    thread.start()
    try:
        stack = AsyncExitStack()
        opened = asyncio.run_coroutine_threadsafe(stack.enter_async_context(server), loop).result(PATIENCE)
        try:
            yield opened
        finally:
            asyncio.run_coroutine_threadsafe(stack.aclose(), loop).result(PATIENCE)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        loop.close()

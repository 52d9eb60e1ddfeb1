"""An event loop for tests: waiting costs nothing, and a seed decides what goes first of all that could."""

import asyncio
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from contextvars import Context
from functools import partial
from heapq import heappop
from typing import Any, Final, TypeVar, TypeVarTuple

_T = TypeVar("_T")
_Args = TypeVarTuple("_Args")

EPOCH: Final = 1_767_225_600.0
"""When a simulation begins, in seconds since 1970: the first of January 2026, 00:00 UTC."""


class Deadlock(AssertionError):
    """A simulation in which nothing can happen any more, though it has not ended; it names what waits."""

    def __init__(self, waiting: list[str]) -> None:
        names = "".join(f"\n  {line}" for line in waiting) or " nothing that is known"
        super().__init__(f"Nothing is ready and no timer is set; still waiting:{names}")
        self.waiting = tuple(waiting)


class NotSimulated(RuntimeError):
    """Something that a simulation cannot do, because it happens outside the loop: threads, sockets, processes."""


class _Bag(deque[asyncio.Handle]):
    """What is ready to run; the one taken next is drawn by chance."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance = chance

    def draw(self) -> asyncio.Handle:
        last = self.pop()
        place = self._chance.randrange(len(self) + 1)
        if place == len(self):
            return last
        drawn, self[place] = self[place], last
        return drawn


class SimLoop(asyncio.BaseEventLoop):
    """An event loop with a time of its own, which jumps to the next timer as soon as nothing is ready.

    Of all that is ready at one moment, `seed` decides the order: the same seed gives the same trace, other seeds
    other interleavings. It raises Deadlock where a real loop would wait for ever, and NotSimulated for threads.
    It replaces one step of the standard loop, which has kept its names (`_ready`, `_scheduled`) since Python 3.4.
    """

    _scheduled: list[asyncio.TimerHandle]
    _thread_id: int | None

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self._now = 0.0
        self._ready = _Bag(random.Random(seed))

    def time(self) -> float:
        """Seconds since the simulation began."""
        return self._now

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*_Args], _T], *args: *_Args
    ) -> asyncio.Future[_T]:
        """Refuse: a thread has a time of its own."""
        asked: Any = func.args[0] if isinstance(func, partial) and func.args else func
        name = getattr(asked, "__qualname__", repr(asked))
        raise NotSimulated(f"A simulation has no threads, and {name} asks for one: use asyncio.run for this test.")

    def call_soon_threadsafe(
        self, callback: Callable[[*_Args], object], *args: *_Args, context: Context | None = None
    ) -> asyncio.Handle:
        """Refuse what comes from another thread, at whatever moment that is."""
        if self._thread_id not in (None, threading.get_ident()):
            raise NotSimulated("A simulation has no threads, and one calls into it: use asyncio.run for this test.")
        return self.call_soon(callback, *args, context=context)

    def _run_once(self) -> None:
        """Move to the next timer if nothing is ready, then run one thing that is."""
        if not self._ready:
            self._advance()
        handle = self._ready.draw()
        if not handle.cancelled():
            handle._run()

    def _advance(self) -> None:
        """Let the time jump to the next timer that still counts; all timers of that moment become ready."""
        timers = self._scheduled
        while timers and not (self._ready and timers[0].when() > self._now):
            timer = heappop(timers)
            if not timer.cancelled():
                self._now = max(self._now, timer.when())
                self._ready.append(timer)
        if not self._ready:
            raise Deadlock(sorted(map(_told, asyncio.all_tasks(self))))

    def _write_to_self(self) -> None:
        """Nothing has to be woken: no loop of this kind ever sleeps."""


def simulate(main: Callable[[], Coroutine[Any, Any, _T]], seed: int = 0) -> _T:
    """Run a coroutine function to its end in a SimLoop and return its result; the module `random` is seeded too."""
    before = random.getstate()
    random.seed(seed)
    try:
        with asyncio.Runner(loop_factory=lambda: SimLoop(seed)) as runner:
            return runner.run(main())
    finally:
        random.setstate(before)


def virtual_clock() -> float:
    """Seconds since 1970, for `Engine(clock=…)`: the virtual time in a simulation, the real one elsewhere."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:  # in a thread, or outside any loop
        return time.time()
    return EPOCH + loop.time() if isinstance(loop, SimLoop) else time.time()


def _told(task: asyncio.Task[Any]) -> str:
    """A task and the line where it waits."""
    stack = task.get_stack(limit=1)
    place = f" at {stack[0].f_code.co_filename}:{stack[0].f_lineno}" if stack else ""
    name = getattr(task.get_coro(), "__qualname__", repr(task.get_coro()))
    return f"{name}{place}"

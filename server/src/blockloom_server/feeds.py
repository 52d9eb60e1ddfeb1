"""Subscriptions: what a client follows, read by a cursor, so that a slow client costs no memory."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import aclosing
from typing import Any, Final

from blockloom.events import Event
from blockloom.live import RunView

from .hub import Hub
from .notices import TooFarBehind
from .outbox import Outbox
from .telling import Telling
from .wire import opening

MOST_BEHIND: Final = 2000
"""Runs of one client that may wait for room to tell of themselves; more, and it is too slow."""

PATIENCE: Final = 1.0
"""Seconds that a client has to make room before what may be dropped is."""


class Feed:
    """One subscription of one client. It holds a task for every run that it follows.

    It tells nothing before it is opened, and misses nothing of what happens meanwhile.
    """

    def __init__(self, id: str, outbox: Outbox, telling: Telling, too_slow: Callable[[], None]) -> None:
        self.id = id
        self._head = opening(id)
        self._outbox = outbox
        self._telling = telling
        self._too_slow = too_slow
        self._tasks: set[asyncio.Task[None]] = set()
        self._opened = asyncio.Event()
        self._slow = False
        self._later: deque[tuple[RunView, int]] = deque()
        self._stop_listening: Callable[[], object] = lambda: None

    @property
    def over(self) -> bool:
        """Whether nothing can come any more."""
        return self._opened.is_set() and not self._tasks

    def open(self) -> None:
        """Begin to tell."""
        self._opened.set()

    def follow_run(self, view: RunView, after: int) -> None:
        """Tell of one run, from the event after `after` to its end."""
        self._spawn(self._run(view.id, view.follow(after)))

    def follow_all(self, hub: Hub, workflow: str | None = None) -> None:
        """Tell of every run (of one workflow) and of changes, from now on and without end."""

        def started(view: RunView) -> None:
            if workflow in (None, view.workflow):
                self._begin(view)

        for view in hub.engine.live:
            if workflow in (None, view.workflow):
                self.follow_run(view, view.seq)
        self._stop_listening = hub.engine.listen(started)
        self._spawn(self._notices(hub, workflow, hub.notices.seq))

    def close(self) -> None:
        """Tell nothing any more, what waits to be sent included."""
        self._stop_listening()
        self._later.clear()
        for task in self._tasks:
            task.cancel()
        self._outbox.events.drop(self.id)

    def _begin(self, view: RunView) -> None:
        """Tell of a run that has just started; of a client that is behind, it is only noted that there is one."""
        if not self._later and not self._outbox.events.waiting:
            self.follow_run(view, view.seq)
            return
        self._later.append((view, view.seq))
        if len(self._later) == 1:
            self._spawn(self._catch_up())
        elif len(self._later) >= MOST_BEHIND:
            self._too_slow()

    async def _catch_up(self) -> None:
        """Tell of the runs that were only noted, one after the other, as the client makes room."""
        while self._later:
            if await self._outbox.events.calms(PATIENCE) and self._later:
                self.follow_run(*self._later.popleft())
                await asyncio.sleep(0)

    async def _run(self, run: str, following: AsyncIterator[list[Event]]) -> None:
        await self._opened.wait()
        told, outbox = self._telling.told, self._outbox
        async with aclosing(following) as batches:  # type: ignore[type-var]
            async for batch in batches:
                for event in batch:
                    if event.seq:
                        await self._send(told(run, event))
                        continue
                    if outbox.events.crowded:
                        await self._give_time()
                    else:
                        self._slow = False
                    if outbox.keeps_up:
                        outbox.put(self._head, told(run, event), self.id)

    async def _give_time(self) -> None:
        """Let the client make room for what may be dropped; one that did not is not waited for again until it has."""
        if not self._slow:
            self._slow = not await self._outbox.events.calms(PATIENCE)

    async def _notices(self, hub: Hub, workflow: str | None, after: int) -> None:
        await self._opened.wait()
        try:
            async with aclosing(hub.notices.follow(after)) as notices:  # type: ignore[type-var]
                async for event in notices:
                    if workflow in (None, event.data.get("workflow")):
                        await self._send(self._telling.told(None, event))
        except TooFarBehind:
            self._too_slow()

    async def _send(self, text: bytes) -> None:
        if len(self._outbox.events.waiting) >= MOST_BEHIND:
            self._too_slow()
        await self._outbox.event(self._head, text, self.id)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

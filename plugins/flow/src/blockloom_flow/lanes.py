"""Runs the items of a `foreach`, as many at a time as there is use for."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from blockloom import BodyFailed, TaskContext


class Lanes:
    """The items of one `foreach`: a lane takes the next item, runs it, and takes the next.

    A lane more is opened whenever the run has room for it. So bodies that never wait are run by one lane, and
    bodies that wait all overlap, up to the limit.
    """

    def __init__(self, task: TaskContext) -> None:
        self.results: list[Any] = [None] * len(task.values["items"])
        self.errors: dict[int, dict[str, Any]] = {}
        self._task = task
        self._items = task.values["items"]
        whole = "items" in task.config.body.inputs
        self._shared = {name: value for name, value in task.values.items() if name != "items" or whole}
        self._next = 0
        self._done = 0
        self._enough = False
        self._lanes: dict[asyncio.Task[None], None] = {}
        self._opener: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Run until all items are done, or enough of them; the rest is canceled."""
        self._opener = asyncio.create_task(self._open_lanes())
        try:
            while (self._more or self._lanes) and not self._failure:
                self._changed.clear()
                await self._changed.wait()
        finally:
            await _cancel([self._opener, *self._lanes])
        if self._failure:
            raise self._failure

    async def _open_lanes(self) -> None:
        for number in range(self._task.config.concurrency or len(self._items)):
            if number:
                await self._task.room()
            begun = asyncio.Event()
            self._start(self._lane(begun))
            await begun.wait()

    def _start(self, lane: Coroutine[Any, Any, None]) -> None:
        started = asyncio.create_task(lane)
        self._lanes[started] = None
        started.add_done_callback(self._close)

    def _close(self, lane: "asyncio.Task[None]") -> None:
        del self._lanes[lane]
        if not lane.cancelled() and (error := lane.exception()):
            self._failure = self._failure or error
        self._changed.set()

    @property
    def _more(self) -> bool:
        return self._next < len(self._items) and not self._enough

    async def _lane(self, begun: asyncio.Event) -> None:
        begun.set()
        while self._more:
            index = self._next
            self._next += 1
            self._stop_opening()
            await self._one(index)

    async def _one(self, index: int) -> None:
        task = self._task
        inputs = {**self._shared, "item": self._items[index], "index": index}
        try:
            result = await task.run_body(task.config.body, inputs, index)
        except BodyFailed as error:
            if self._enough:
                return
            if task.config.on_error == "fail":
                self._failure = error
                self._end()
                return
            self.errors[index] = {"index": index, "type": error.type, "message": error.message}
            return
        if self._enough:  # it ended in the same moment as the last one that was needed
            return
        self.results[index] = result
        self._done += 1
        if await self._is_enough():
            self._end()

    def _end(self) -> None:
        """Begin no item more, and end those that run."""
        self._enough = True
        self._stop_opening()
        self._task.end_bodies()

    def _stop_opening(self) -> None:
        """Once there is nothing more to begin, seek no place for it, so that others find it."""
        if not self._more and self._opener is not None:
            self._opener.cancel()

    async def _is_enough(self) -> bool:
        config = self._task.config
        if config.need is not None and self._done >= config.need:
            return True
        return config.until is not None and bool(await self._task.evaluate_at("until", names={"results": self.results}))


async def _cancel(lanes: "list[asyncio.Task[None]]") -> None:
    """Cancel what still runs, and wait for its end."""
    for lane in lanes:
        lane.cancel()
    if lanes:
        await asyncio.wait(lanes)

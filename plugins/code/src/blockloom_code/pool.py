"""The zygotes of one event loop: started when first needed, at most one a core, given jobs in order."""

import asyncio
import json
import os
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

from blockloom import TaskFailed

from .limits import Limits
from .order import Order, resumed, together
from .outcome import Job, failed
from .wire import Wire

_REAP: Final = 0.01


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Pool:
    """Zygotes and the jobs that wait for one; bound to the loop that runs when it is made."""

    def __init__(self, size: int, limits: Limits) -> None:
        self.loop = asyncio.get_running_loop()
        self.size = size
        self.limits = limits
        self.closed = False
        self._wires: set[Wire] = set()
        self._idle: list[Wire] = []
        self._waiting: deque[asyncio.Future[Wire]] = deque()
        self._dying: set[Wire] = set()

    async def run(self, orders: Sequence[Order]) -> list[Any]:
        """The values of some sources, in order; raises TaskFailed. When this is cancelled, the job is dead before."""
        values: list[Any] = []
        while len(values) < len(orders):
            known = {order.id: value for order, value in zip(orders, values, strict=False)}
            job = await self._do(together([resumed(order, known) for order in orders[len(values) :]]))
            made, error = _results(job)
            values += made
            # What blocks before it left in memory may have been what was too much: it gets a process of its own.
            if error and not (made and isinstance(error, TaskFailed) and error.type == "memory_limit"):
                raise error
        return values

    async def _do(self, orders: Sequence[Order]) -> Job:
        while (wire := await self._take()).dead:
            pass
        job = wire.start(orders)
        try:
            await asyncio.shield(job.ended)
        except asyncio.CancelledError:
            wire.stop(job)
            await asyncio.shield(job.ended)
            raise
        return job

    async def layers(self) -> dict[str, bool]:
        """Which layers of the cage hold here, as a zygote found them."""
        await self.run([Order(source="None", limits=self.limits, log=lambda line: None)])
        return next((dict(wire.layers) for wire in self._wires), {})

    def end(self) -> None:
        """Kill all zygotes; what runs or waits fails."""
        self.closed = True
        while turn := self._next():
            turn.set_exception(failed("sandbox_crashed", "closed"))
        for wire in tuple(self._wires):
            wire.kill("closed")

    async def close(self) -> None:
        """Kill all zygotes and wait until they are gone."""
        self.end()
        for wire in tuple(self._dying):
            await wire.gone()
        self._dying.clear()

    async def _take(self) -> Wire:
        if self.closed:
            raise failed("sandbox_crashed", "closed")
        if self._idle:
            return self._idle.pop()
        if len(self._wires) < self.size:
            return self._grow()
        turn: asyncio.Future[Wire] = self.loop.create_future()
        self._waiting.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            # Cancelled just after its turn had come: the next one gets it.
            if turn.done() and not turn.cancelled() and not turn.exception():
                self._free(turn.result())
            raise

    def _grow(self) -> Wire:
        if not hasattr(os, "fork"):
            raise failed("sandbox_crashed", "start", " (code blocks need Linux or another Unix)")
        try:
            wire = Wire(self.loop, self._free)
        except OSError as error:
            raise failed("sandbox_crashed", "start", f" ({error.strerror})") from None
        self._wires.add(wire)
        return wire

    def _free(self, wire: Wire) -> None:
        """A zygote has no job any more, or is dead; whoever waits longest gets it, or a new one."""
        if wire.dead:
            self._bury(wire)
        elif turn := self._next():
            turn.set_result(wire)
        else:
            self._idle.append(wire)

    def _bury(self, wire: Wire) -> None:
        if wire not in self._wires:
            return
        self._wires.discard(wire)
        self._dying.add(wire)
        if wire in self._idle:
            self._idle.remove(wire)
        if not self.loop.is_closed():
            self.loop.call_later(_REAP, self._reap)
        turn = self._next()
        # One that worked is replaced at once, so that the next job finds it warm; one that never did, only on demand.
        if not (turn or (wire.layers and not self.closed and not self.loop.is_closed())):
            return
        try:
            fresh = self._grow()
        except TaskFailed as error:
            if turn:
                turn.set_exception(error)
            return
        if turn:
            turn.set_result(fresh)
        else:
            self._idle.append(fresh)

    def _next(self) -> "asyncio.Future[Wire] | None":
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                return turn
        return None

    def _reap(self) -> None:
        """Forget the processes that are gone; those that die but slowly are looked at again."""
        self._dying = {wire for wire in self._dying if not wire.is_gone()}
        if self._dying:
            self.loop.call_later(_REAP, self._reap)


def _results(job: Job) -> tuple[list[Any], BaseException | None]:
    """The values that a job came to, and what ended it before its end."""
    made: list[Any] = []
    for body in job.values:
        try:
            made.append(json.loads(body, parse_constant=_refuse))
        except (ValueError, RecursionError):
            return made, failed("sandbox_crashed")
    return made, job.error


def _refuse(constant: str) -> Any:
    raise ValueError(constant)

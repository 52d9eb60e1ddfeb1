"""The zygotes of one event loop: started when first needed, at most one a core, given jobs in order."""

import asyncio
import json
import os
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

from blockloom import TaskFailed

from .limits import MAX_INPUT, Limits
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

    async def run(self, source: str, names: Sequence[str], values: dict[str, Any], log: Callable[[str], None]) -> Any:
        """The value of a source; raises TaskFailed. When this is cancelled, the job is dead before it ends."""
        data = _encode(values)
        while (wire := await self._take()).dead:
            pass
        job = wire.start(source, names, data, self.limits, log)
        try:
            await asyncio.shield(job.ended)
        except asyncio.CancelledError:
            wire.stop(job)
            await asyncio.shield(job.ended)
            raise
        return _value(job)

    async def layers(self) -> dict[str, bool]:
        """Which layers of the cage hold here, as a zygote found them."""
        await self.run("None", (), {}, lambda line: None)
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
        if turn := self._next():
            try:
                turn.set_result(self._grow())
            except TaskFailed as error:
                turn.set_exception(error)

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


def _encode(values: dict[str, Any]) -> bytes:
    try:
        data = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass")
    except (TypeError, ValueError, RecursionError) as error:
        raise failed("memory_limit", "input", f" ({error})") from None
    if len(data) > MAX_INPUT:
        raise failed("memory_limit", "input")
    return data


def _value(job: Job) -> Any:
    if isinstance(job.outcome, BaseException):
        raise job.outcome
    try:
        return json.loads(job.outcome or b"", parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise failed("sandbox_crashed") from None


def _refuse(constant: str) -> Any:
    raise ValueError(constant)

"""The zygotes of one event loop: started when first needed, at most one a core, given jobs in order."""

import asyncio
import json
import os
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from .limits import MAX_INPUT, Limits
from .outcome import Job, failed
from .wire import Wire


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
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._dying: set[Wire] = set()

    async def run(self, source: str, names: Sequence[str], values: dict[str, Any], log: Callable[[str], None]) -> Any:
        """The value of a source; raises TaskFailed. When this is cancelled, the job is dead before it ends."""
        data = _encode(values)
        wire = await self._take()
        job = wire.start(source, names, data, self.limits, log)
        try:
            await asyncio.shield(job.ended)
        except asyncio.CancelledError:
            wire.stop()
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
        for wire in tuple(self._wires):
            wire.kill("closed")
        while self._waiting:
            _wake(self._waiting.popleft())

    async def close(self) -> None:
        """Kill all zygotes and wait until they are gone."""
        self.end()
        for wire in tuple(self._dying):
            await wire.gone()
        self._dying.clear()

    async def _take(self) -> Wire:
        while not self._idle and len(self._wires) >= self.size:
            await self._turn()
        if self.closed:
            raise failed("sandbox_crashed", "closed")
        self._reap()
        return self._idle.pop() if self._idle else self._grow()

    async def _turn(self) -> None:
        """Wait until a zygote is free or one may be started."""
        turn = self.loop.create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._wake_next()
            raise

    def _grow(self) -> Wire:
        try:
            wire = Wire(self.loop, self._free)
        except OSError as error:
            raise failed("sandbox_crashed", "start", f" ({error.strerror})") from None
        self._wires.add(wire)
        return wire

    def _free(self, wire: Wire) -> None:
        if wire.dead:
            self._wires.discard(wire)
            self._dying.add(wire)
            if wire in self._idle:
                self._idle.remove(wire)
        else:
            self._idle.append(wire)
        self._wake_next()

    def _wake_next(self) -> None:
        while self._waiting:
            if _wake(self._waiting.popleft()):
                return

    def _reap(self) -> None:
        self._dying = {wire for wire in self._dying if wire.process.poll() is None}


def _wake(turn: "asyncio.Future[None]") -> bool:
    if turn.done():
        return False
    turn.set_result(None)
    return True


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

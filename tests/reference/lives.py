"""Engines that follow each other on one store, each ended as by a kill; and tasks that note that they were there."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from blockloom import (
    Engine,
    Event,
    MemoryStore,
    Ports,
    RunView,
    TaskContext,
    TaskFailed,
    TaskType,
)
from blockloom.testing import engine_with

_T = TypeVar("_T")
Done = list[tuple[str, int, str]]


class Note(TaskType):
    """Notes that it was there, and takes a second."""

    name = "t.note"
    done: Done = []

    async def run(self, task: TaskContext) -> None:
        self.done.append((task.id, task.attempt, task.idempotency_key))
        await asyncio.sleep(1)


class Once(Note):
    """May not be tried again."""

    name = "t.once"
    rerun = False


class Broken(Note):
    """Fails until it is mended."""

    name = "t.broken"
    broken = True

    async def run(self, task: TaskContext) -> None:
        await super().run(task)
        if Broken.broken:
            raise TaskFailed("broken", "it is broken")


class Twice(TaskType):
    """Waits for two answers."""

    name = "t.twice"

    class Outputs(Ports):
        """The sum of both."""

        sum: int

    async def run(self, task: TaskContext) -> dict[str, Any]:
        form = {"schema": {"type": "integer"}}
        return {"sum": (await task.ask(form)).value + (await task.ask(form)).value}


class Lives:
    """One store, and an engine after the other on it, each ended as by a kill."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.done: Done = []
        Broken.broken = True

    async def live(
        self, act: Callable[[Engine], Coroutine[Any, Any, _T]], clean: bool = False, flush: bool = True
    ) -> _T:
        """Let one engine carry on what is open and do something; then nothing more of it reaches the store."""
        kept = mortal(self.store)
        types = [type(kind.__name__, (kind,), {"done": self.done}) for kind in (Note, Once, Broken)]
        engine = engine_with(*types, Twice, store=kept)
        await engine.recover()
        try:
            result = await act(engine)
            if flush:
                await asyncio.gather(*(run._journal.flush() for run in engine.live))
            return result
        finally:
            kept.dead = not clean
            await engine.close()


class _Mortal:
    """Another store; once it is dead, no event reaches that, and closing it does no harm."""

    def __init__(self, other: MemoryStore) -> None:
        self._other = other
        self.dead = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._other, name)

    async def append(self, run: str, events: Sequence[Event]) -> None:
        """See Store."""
        if not self.dead:
            await self._other.append(run, events)


def mortal(other: MemoryStore) -> Any:
    """The contents of a store, for one engine."""
    return _Mortal(other)


def graph(*tasks: Mapping[str, Any], lines: str = "") -> dict[str, Any]:
    """A graph of these tasks; `lines` are `a.p -> b.q; …`."""
    pairs = (line.split("->") for line in lines.split(";") if line)
    connections = [{"from": start.strip(), "to": end.strip()} for start, end in pairs]
    return {"blockloom": 1, "tasks": list(tasks), "connections": connections}


def wait(trigger: str, **config: Any) -> dict[str, Any]:
    """A task that waits."""
    return {"id": "w", "type": "wait", "config": {"trigger": {"type": trigger, "config": config}}}


async def started(engine: Engine, document: Mapping[str, Any], **settings: Any) -> str:
    """The id of a run that has begun and done all that it can do at once."""
    run = await engine.start(document, **settings)
    await asyncio.sleep(0.5)
    return run.id


async def ended(engine: Engine, id: str) -> RunView:
    """A run at its end."""
    return await (await engine.run(id)).wait()


def now() -> float:
    return asyncio.get_running_loop().time()

"""A plugin for servers that are to be killed: its store and its tasks pass named points, and the process dies at one.

`KILL_AT` says at which: `point:n` is its n-th passing in this process. `WITNESS` is a file of every task that worked.
"""

import asyncio
import os
import signal
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, NamedTuple, TypeVar

import blockloom
from blockloom import Event, Published, RunHead, RunState, StoredRun
from blockloom_sqlite import SqliteStore

_T = TypeVar("_T")


class Point(NamedTuple):
    """A place that a server passes."""

    about: str
    most: int = 1
    """How often it is sure to be passed in the life of a server."""
    when: str = "soon"
    """In whose life: `soon` in any, `again` in that of one that finds an open run, `asked` of one asked to end."""
    row: int = 4
    """How often in a row a server may die here until it gets on: what runs at five deaths in a row is set aside."""


POINTS: Final[Mapping[str, Point]] = {
    "accept-before": Point("A run is asked for, and nothing of it is kept."),
    "accept-in": Point("A run is in the file, and its transaction is not committed."),
    "accept-after": Point("A run is kept, and nobody was told so."),
    "begin-before": Point("A run is accepted, and its first event is not on record."),
    "append-before": Point("Some events have happened, and none is in the file.", 5),
    "append-in": Point("Some events are in the file, and their transaction is not committed.", 5),
    "append-after": Point("Some events are on record, and nobody was told.", 5),
    "large-in": Point("A large value is in the file beside its event, and neither is committed."),
    "told": Point("An event is on record, and is being told to those who watch.", 20),
    "end-before": Point("A run has come to its end, and that is not on record."),
    "end-after": Point("The end of a run is on record, and nobody was told."),
    "task-begins": Point("A task has begun, and has not done its work.", 5),
    "task-worked": Point("A task has done its work, and has not handed over its result.", 5),
    "body-worked": Point("A task in a body has done its work, and has not handed over its result.", 3),
    "cache-after": Point("A result is kept for others, and it is not yet noted how old it is."),
    "publish-in": Point("A published event is in the file, and its transaction is not committed."),
    "publish-after": Point("A published event is kept, and nobody has heard it."),
    "wait-before": Point("What a task waited for has come, and that is not on record."),
    "wait-after": Point("What a task waited for is on record, and the task does not know of it."),
    "firing-before": Point("An event fits a trigger, and its firing is not kept."),
    "firing-after": Point("A firing is kept, and its run is not begun."),
    "outcome-before": Point("The run of a firing is over, and its outcome is not kept."),
    "outcome-after": Point("The outcome of a firing is kept, and the firing still stands among the open ones."),
    "opened": Point("The file is open and locked, and nothing was read.", when="again", row=5),
    "listed": Point("It is known which runs are open, and none is carried on.", when="again", row=5),
    "read": Point("The journal of an open run was read, and the run does not go on yet.", when="again", row=5),
    "carried-before": Point("A run is carried on, and that is not on record.", when="again", row=5),
    "carried-after": Point("It is on record that a run is carried on, and which task is next.", when="again", row=2),
    "drained": Point("What ran has ended in order, and what waits is not left yet.", when="asked"),
    "closing": Point("All runs are left, and the file is not closed.", when="asked"),
    "closed": Point("The file is closed, and the process has not ended.", when="asked"),
}

_NAME, _, _COUNT = os.environ.get("KILL_AT", "").partition(":")
_left = int(_COUNT or 0)
_inside: ContextVar[Sequence[str]] = ContextVar("_inside", default=())


def passing(name: str) -> None:
    """Be at a point."""
    global _left
    assert name in POINTS, name
    if name == _NAME:
        _left -= 1
        if not _left:
            os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def within(*points: str) -> Iterator[None]:
    """What is written here passes points before it is committed."""
    token = _inside.set(points)
    try:
        yield
    finally:
        _inside.reset(token)


class MortalStore(SqliteStore):
    """The store in a file of SQLite; what it is asked to do passes points."""

    name = "mortal"
    default = False

    def __init__(self, url: str, readonly: bool = False) -> None:
        super().__init__(url, readonly)
        passing("opened")

    async def close(self) -> None:
        """See Store."""
        passing("closing")
        await super().close()
        passing("closed")

    async def write(self, work: Callable[[Any], _T]) -> _T:
        """See SqliteStore."""
        points = _inside.get()

        def then(db: Any) -> _T:
            result = work(db)
            for point in points:
                passing(point)
            return result

        return await super().write(then)

    async def create_run(self, run: StoredRun) -> StoredRun:
        """See Store."""
        passing("accept-before")
        with within("accept-in"):
            kept = await super().create_run(run)
        passing("accept-after")
        return kept

    async def append(self, run: str, events: Sequence[Event]) -> None:
        """See Store."""
        passing("append-before")
        own = _points_of(events)
        for point in own:
            passing(f"{point}-before")
        large = any(len(value) > 65536 for event in events for value in _texts(event))
        with within("append-in", *(["large-in"] if large else [])):
            await super().append(run, events)
        passing("append-after")
        for point in own - {"begin"}:
            passing(f"{point}-after")

    async def runs(
        self,
        workflow: str | None = None,
        states: Collection[RunState] | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> list[RunHead]:
        """See Store."""
        found = await super().runs(workflow, states, limit, after)
        passing("listed")
        return found

    async def events(self, run: str, after: int = 0, limit: int | None = None) -> list[Event]:
        """See Store."""
        found = await super().events(run, after, limit)
        passing("read")
        return found

    async def publish(self, event: Published, run: str | None = None) -> int:
        """See Store."""
        with within("publish-in"):
            number = await super().publish(event, run)
        passing("publish-after")
        return number

    async def put(self, shelf: str, id: str, value: Any) -> None:
        """See Store."""
        if shelf == "fired":
            passing("outcome-before")
        await super().put(shelf, id, value)
        if shelf == "fired":
            passing("outcome-after")
        if shelf == "results":
            passing("cache-after")

    async def add(self, shelf: str, id: str, value: Any) -> bool:
        """See Store."""
        if shelf == "firings":
            passing("firing-before")
        kept = await super().add(shelf, id, value)
        if shelf == "firings":
            passing("firing-after")
        return kept

    async def drop(self, shelf: str, prefix: str, exactly: bool = True) -> int:
        """See Store."""
        if shelf == "server":
            passing("drained")
        return await super().drop(shelf, prefix, exactly)


def _points_of(events: Sequence[Event]) -> set[str]:
    found = set()
    for event in events:
        if event.type == "run.started":
            found.add("begin")
        elif event.type == "run.completed":
            found.add("end")
        elif event.type == "task.waiting" and {"time", "answer"} & event.data.keys():
            found.add("wait")
        elif event.type == "run.resumed" and "recovered" in event.data:
            found.add("carried")
    return found


def _texts(event: Event) -> list[str]:
    return [value for value in (event.data.get("outputs") or {}).values() if isinstance(value, str)]


def note(key: str) -> None:
    """Write down that a task works."""
    with open(os.environ["WITNESS"], "a") as witness:
        witness.write(key + "\n")


class Step(blockloom.TaskType):
    """Writes down that it works, and gives a token that no other call of it gives."""

    name = "kills.step"

    class Config(blockloom.Config):
        """What is to happen."""

        kills: bool = False
        """Whether it ends the process."""
        size: int = 0

    class Outputs(blockloom.Ports):
        """What it gives."""

        token: str
        padding: str

    async def run(self, task: blockloom.TaskContext) -> dict[str, Any]:
        """See TaskType."""
        passing("task-begins")
        note(task.idempotency_key)
        if task.config.kills:
            os.kill(os.getpid(), signal.SIGKILL)
        await asyncio.sleep(0.003)
        passing("body-worked" if "[" in task.id else "task-worked")
        return {"token": uuid.uuid4().hex, "padding": "x" * task.config.size}


class Once(Step):
    """The same; it may not run twice."""

    name = "kills.once"
    rerun = False


@blockloom.hookimpl
def blockloom_task_types() -> list[type[blockloom.TaskType]]:
    """Both types."""
    return [Step, Once]


@blockloom.hookimpl
def blockloom_stores() -> list[type[SqliteStore]]:
    """The store."""
    return [MortalStore]


@blockloom.hookimpl
def blockloom_event(run: str, event: Event) -> None:
    """An event is on record."""
    passing("told")

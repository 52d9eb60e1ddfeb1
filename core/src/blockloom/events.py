"""The facts of a run: small, frozen, numbered; everything shown about a run is derived from them."""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple, overload

VERSION: Final = 1
"""The version of the events' shape, written beside a journal."""

RUN_STARTED: Final = "run.started"
RUN_PAUSED: Final = "run.paused"
RUN_RESUMED: Final = "run.resumed"
RUN_EDITED: Final = "run.edited"
RUN_COMPLETED: Final = "run.completed"
RUN_FAILED: Final = "run.failed"
RUN_STOPPED: Final = "run.stopped"
TASK_WAITING: Final = "task.waiting"
TASK_READY: Final = "task.ready"
TASK_STARTED: Final = "task.started"
TASK_RETRYING: Final = "task.retrying"
TASK_COMPLETED: Final = "task.completed"
TASK_FAILED: Final = "task.failed"
TASK_CANCELED: Final = "task.canceled"
TASK_PROGRESS: Final = "task.progress"
TASK_OUTPUT: Final = "task.output"

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
"""The data of an event that needs none."""

FLEETING: Final = frozenset({TASK_PROGRESS, TASK_OUTPUT})
"""Types that are never journaled and carry no `seq`."""


class Event(NamedTuple):
    """One fact about a run.

    `seq` counts 1, 2, 3… within the run (0 for fleeting events); `time` is seconds since 1970, UTC;
    `task` is the id of the task it is about, or None where it is about the run.
    """

    seq: int
    time: float
    type: str
    task: str | None
    data: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """The event as it travels, but for the run it belongs to."""
        told: dict[str, Any] = {"time": moment(self.time), "type": self.type, "data": dict(self.data)}
        if self.seq:
            told["seq"] = self.seq
        if self.task is not None:
            told["task"] = self.task
        return told


class EventLog(Sequence[Event]):
    """The events of one run, kept in columns: an Event is made when somebody reads it.

    A run has a few events a task; kept as objects, they would be most of what the garbage collector walks. For the
    same reason a task that completed has its outputs kept bare, unless its event says more than them.
    """

    __slots__ = ("_data", "_say_more", "_tasks", "_times", "_types")

    def __init__(self) -> None:
        self._times = array("d")
        self._types: list[str] = []
        self._tasks: list[str | None] = []
        self._data: list[Mapping[str, Any]] = []
        self._say_more: set[int] = set()

    def add(self, time: float, type: str, task: str | None, data: Mapping[str, Any]) -> None:
        """Take in one more event; its `seq` is the new length."""
        if type == TASK_COMPLETED:
            if len(data) == 1:
                data = data["outputs"]
            else:
                self._say_more.add(len(self._types))
        self._times.append(time)
        self._types.append(type)
        self._tasks.append(task)
        self._data.append(data)

    def __len__(self) -> int:
        return len(self._types)

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> list[Event]: ...
    def __getitem__(self, index: int | slice) -> Event | list[Event]:
        if isinstance(index, slice):
            return list(self._events(index))
        index = range(len(self))[index]
        return next(self._events(slice(index, index + 1)))

    def __iter__(self) -> Iterator[Event]:
        return self._events(slice(None))

    def _events(self, which: slice) -> Iterator[Event]:
        numbers = range(1, len(self) + 1)[which]
        types, kept, more = self._types[which], self._data[which], self._say_more
        data = [
            {"outputs": told} if type == TASK_COMPLETED and seq - 1 not in more else told
            for seq, type, told in zip(numbers, types, kept, strict=True)
        ]
        return map(Event._make, zip(numbers, self._times[which], types, self._tasks[which], data, strict=True))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]


def moment(seconds: float) -> str:
    """A time in UTC as ISO 8601 with microseconds, as `2026-11-24T10:05:30.000000Z`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def seconds(moment: str) -> float:
    """The time that `moment` wrote, in seconds since 1970."""
    return datetime.fromisoformat(moment).timestamp()

"""The facts of a run: small, frozen, numbered; everything shown about a run is derived from them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple

VERSION: Final = 1
"""The version of the events' shape, written beside a journal."""

RUN_STARTED: Final = "run.started"
RUN_PAUSED: Final = "run.paused"
RUN_RESUMED: Final = "run.resumed"
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


def moment(seconds: float) -> str:
    """A time in UTC as ISO 8601 with microseconds, as `2026-11-24T10:05:30.000000Z`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def seconds(moment: str) -> float:
    """The time that `moment` wrote, in seconds since 1970."""
    return datetime.fromisoformat(moment).timestamp()

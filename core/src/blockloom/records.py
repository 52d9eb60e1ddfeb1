"""What a run looks like from outside, told by its events alone: each task's state, outputs and times."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import events as e
from .events import Event, moment
from .states import RunState, TaskState

TASK_STATES: Mapping[str, TaskState] = {
    e.TASK_WAITING: TaskState.RUNNING,  # for a time, an event or a person
    e.TASK_READY: TaskState.READY,
    e.TASK_STARTED: TaskState.RUNNING,
    e.TASK_RETRYING: TaskState.WAITING,
    e.TASK_COMPLETED: TaskState.COMPLETED,
    e.TASK_FAILED: TaskState.FAILED,
    e.TASK_CANCELED: TaskState.CANCELED,
}
RUN_STATES: Mapping[str, RunState] = {
    e.RUN_STARTED: RunState.RUNNING,
    e.RUN_RESUMED: RunState.RUNNING,
    e.RUN_PAUSED: RunState.PAUSED,
    e.RUN_COMPLETED: RunState.COMPLETED,
    e.RUN_FAILED: RunState.FAILED,
    e.RUN_STOPPED: RunState.STOPPED,
}


@dataclass(slots=True)
class TaskRecord:
    """One task of a run: its state and what came of it. Times are seconds since 1970, None where not yet."""

    state: TaskState = TaskState.WAITING
    outputs: Mapping[str, Any] | None = None
    reason: str | None = None
    error: Mapping[str, Any] | None = None
    started: float | None = None
    finished: float | None = None
    attempt: int = 0

    def to_json(self) -> dict[str, Any]:
        """As `{state, outputs, reason?, error?, started, finished}`."""
        told: dict[str, Any] = {"state": self.state.value, "outputs": dict(self.outputs or {})}
        if self.reason is not None:
            told["reason"] = str(self.reason)
        if self.error is not None:
            told["error"] = dict(self.error)
        told["started"] = None if self.started is None else moment(self.started)
        told["finished"] = None if self.finished is None else moment(self.finished)
        return told


class Records:
    """The tasks of a run, brought up to date event by event."""

    def __init__(self, tasks: Iterable[str]) -> None:
        self.tasks: dict[str, TaskRecord] = {id: TaskRecord() for id in tasks}
        self.state = RunState.PENDING
        self.outputs: Mapping[str, Any] = {}
        self.error: Mapping[str, Any] | None = None
        self.seen = 0

    def read(self, events: Sequence[Event], until: int | None = None) -> "Records":
        """Take in what is new in the run's events, up to the one numbered `until`."""
        until = len(events) if until is None else until
        for event in events[self.seen : until]:
            self._read_one(event)
        self.seen = max(self.seen, until)
        return self

    def current(self) -> list[str]:
        """The tasks that run."""
        return [id for id, record in self.tasks.items() if record.state is TaskState.RUNNING]

    def _edit(self, event: Event) -> None:
        for id in event.data["removed"]:
            self.tasks.pop(id, None)
        self.tasks |= {id: TaskRecord() for id in event.data["added"]}

    def _read_one(self, event: Event) -> None:
        if event.task is None:
            if event.type == e.RUN_EDITED:
                self._edit(event)
            self.state = RUN_STATES.get(event.type, self.state)
            self.outputs = event.data.get("outputs", self.outputs)
            for id in event.data.get("again", ()):
                self.tasks[id] = TaskRecord()
            self.error = event.data.get("error")
            return
        record = self.tasks.get(event.task)
        if record is None:
            record = self.tasks[event.task] = TaskRecord()
        record.state = TASK_STATES[event.type]
        if event.type == e.TASK_STARTED:
            record.started = event.time
            record.attempt = event.data["attempt"]
        elif event.type in (e.TASK_COMPLETED, e.TASK_FAILED, e.TASK_CANCELED):
            record.finished = event.time
            record.outputs = event.data.get("outputs")
            record.reason = event.data.get("reason")
            record.error = event.data.get("error")

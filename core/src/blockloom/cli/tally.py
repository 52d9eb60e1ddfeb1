"""How far a run is, counted from its events: who runs, since when and how far, and how many are done."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from .. import events as e
from ..events import Event
from ..records import TASK_STATES
from ..states import TASK_ENDS, TaskState


@dataclass(slots=True)
class Step:
    """One running task: since when, how far from 0 to 1 (None where unknown), and what it says itself."""

    started: float
    fraction: float | None = None
    message: str = ""


class Tally:
    """The counts of one run, brought up to date event by event."""

    def __init__(self, tasks: Iterable[str]) -> None:
        self.states: dict[str, TaskState] = dict.fromkeys(tasks, TaskState.WAITING)
        self.counts = Counter(self.states.values())
        self.running: dict[str, Step] = {}

    @property
    def total(self) -> int:
        """How many tasks are known; bodies add to them."""
        return len(self.states)

    @property
    def done(self) -> int:
        """How many have ended, one way or another."""
        return sum(self.counts[state] for state in TASK_ENDS)

    def take(self, event: Event) -> None:
        """Count one event."""
        if event.task is None:
            return
        if (state := TASK_STATES.get(event.type)) is not None:
            self._move(event.task, state)
        if event.type == e.TASK_STARTED:
            self.running[event.task] = Step(event.time)
        elif event.type == e.TASK_PROGRESS and (step := self.running.get(event.task)) is not None:
            step.fraction, step.message = event.data.get("fraction"), str(event.data.get("message") or "")
        elif state is not None:
            self.running.pop(event.task, None)

    def _move(self, task: str, state: TaskState) -> None:
        if (before := self.states.get(task)) is not None:
            self.counts[before] -= 1
        self.states[task] = state
        self.counts[state] += 1

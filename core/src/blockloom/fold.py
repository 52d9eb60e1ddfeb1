"""The state of one scope of a run as a fold over its events: the same events always give the same state.

A scope is one graph being executed: the run's own, or a body that one of its tasks holds.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from . import events as e
from .agenda import Agenda, Place
from .events import NOTHING, Event
from .graph import leading_only
from .plan import Line, Plan, TaskPlan
from .spec import ERROR_PORT
from .states import RUN_ENDS, TASK_ENDS, Reason, RunState, TaskState

PENDING, ALIVE, DEAD = 0, 1, 2
"""What a connection can be."""

_WAITING, _READY, _RUNNING = TaskState.WAITING, TaskState.READY, TaskState.RUNNING
_COMPLETED, _FAILED, _CANCELED = TaskState.COMPLETED, TaskState.FAILED, TaskState.CANCELED

Why = Mapping[str, Any]
"""Why a task is canceled, as its event tells it: `reason`, and `by`, the task that did it (None: somebody outside)."""

_FELL: Final = MappingProxyType({"reason": Reason.FAILED_RUN, "ends": RunState.FAILED})


class Fold:
    """What is known of one scope after its events so far.

    Tasks are spoken of by their number in `plan.tasks`. `ready` counts those that are ready; `running` holds
    those that run, `doomed` those of them that must be canceled, and why, `delayed` those that wait to be tried
    again, `losers` those that a join has no use for any more and that are not canceled yet. `rest` says how the
    scope ends, and why what is left of it is canceled, once that is certain; `swept` holds what was canceled for
    that, and the task that ended it so.
    """

    def __init__(self, plan: Plan, agenda: Agenda, prefix: str = "", place: Place = ()) -> None:
        tasks = plan.tasks
        self.plan = plan
        self.prefix = prefix
        self.ids = [prefix + task.id for task in tasks] if prefix else plan.ids
        self.place = place
        self.state = RunState.PENDING
        self.inputs: Mapping[str, Any] = NOTHING
        self.states: list[TaskState] = [_WAITING] * len(tasks)
        self.lines = bytearray(len(plan.connections))
        self.given: list[dict[str, Any] | None] = [None] * len(tasks)
        self.gave: list[Mapping[str, Any] | None] = [None] * len(tasks)
        self.reasons: dict[int, Reason] = {}
        self.errors: dict[int, Mapping[str, Any]] = {}
        self.attempts: dict[int, int] = {}
        self.ready = 0
        self.running: set[int] = set()
        self.doomed: dict[int, Why] = {}
        self.delayed: set[int] = set()
        self.losers: set[int] = set()
        self.swept: set[int] = set()
        self.rest: tuple[RunState, Why] | None = None
        self.error: Mapping[str, Any] | None = None
        self.agenda = agenda
        self._open = [task.incoming for task in tasks]
        self._undecided = [task.deciders for task in tasks]
        self._alive = [0] * len(tasks)
        self._arrived: dict[int, frozenset[int]] = {}
        self._touched: list[int] = []
        self._settled: set[int] = set()

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.state in RUN_ENDS

    @property
    def outputs(self) -> dict[str, Any]:
        """What its completed end tasks were given, merged in the order of the tasks."""
        merged: dict[str, Any] = {}
        for index in self.plan.ends:
            if self.states[index] is _COMPLETED:
                merged |= self.given[index] or {}
        return merged

    def has_begun(self, index: int) -> bool:
        """Whether a task has left the state in which it waits for the first time."""
        return self.states[index] is not _WAITING or index in self.delayed

    def arrived(self, index: int) -> list[tuple[str, Any]]:
        """The input and the value of each alive data connection into a task, in the order of `connections`."""
        numbers = self._arrived.get(index)
        return [
            (feed.input, self._value(feed.source, feed.port))
            for feed in self.plan.tasks[index].feeds
            if self.lines[feed.number] == ALIVE and (numbers is None or feed.number in numbers)
        ]

    def refold(self, events: Iterable[Event]) -> None:
        """Apply recorded events; those about tasks in bodies say nothing about this scope."""
        begin = len(self.prefix)
        for event in events:
            index = -1 if event.task is None else self.plan.index.get(event.task[begin:])
            if index is not None:
                FOLD[event.type](self, index, event.data)

    def _run_started(self, index: int, data: Mapping[str, Any]) -> None:
        self.state = RunState.RUNNING
        self.inputs = data["inputs"]

    def _run_paused(self, index: int, data: Mapping[str, Any]) -> None:
        self.state = RunState.PAUSED

    def _run_resumed(self, index: int, data: Mapping[str, Any]) -> None:
        if "recovered" in data:
            return
        if "retry" in data:
            self._reopen()
        self.state = RunState.RUNNING

    def _run_edited(self, index: int, data: Mapping[str, Any]) -> None:
        """Nothing: the plan that stands after all edits is the one that all events are folded on."""

    def _run_completed(self, index: int, data: Mapping[str, Any]) -> None:
        self.state = RunState.COMPLETED

    def _run_failed(self, index: int, data: Mapping[str, Any]) -> None:
        self.state = RunState.FAILED

    def _run_stopped(self, index: int, data: Mapping[str, Any]) -> None:
        self.state = RunState.STOPPED

    def _task_waiting(self, index: int, data: Mapping[str, Any]) -> None:
        """Nothing: it still runs."""

    def _task_ready(self, index: int, data: Mapping[str, Any]) -> None:
        task = self.plan.tasks[index]
        self.states[index] = _READY
        self.ready += 1
        self.delayed.discard(index)
        if self.given[index] is None:
            self.given[index] = self._gather(task)
            if task.join.early:
                self._arrived[index] = frozenset(f.number for f in task.feeds if self.lines[f.number] == ALIVE)
        if task.join.cancel_rest:
            plan = self.plan
            self.losers.update(leading_only(index, plan.ahead, _Done(self.states), plan.behind, self._settled))
        self.agenda.add(((*self.place, task.place), index, self))

    def _task_started(self, index: int, data: Mapping[str, Any]) -> None:
        self.states[index] = _RUNNING
        self.ready -= 1
        self.running.add(index)
        if data["attempt"] > 1:
            self.attempts[index] = data["attempt"]

    def _task_retrying(self, index: int, data: Mapping[str, Any]) -> None:
        self.states[index] = _WAITING
        self.running.discard(index)
        self.delayed.add(index)
        self.attempts.setdefault(index, 1)

    def _task_completed(self, index: int, data: Mapping[str, Any]) -> None:
        outputs = data["outputs"]
        self.states[index] = _COMPLETED
        self.running.discard(index)
        self.gave[index] = outputs
        for line in self.plan.tasks[index].lines:
            self._resolve(line, line.port is None or line.port in outputs)
        if len(data) > 1:
            self._ended_more(index, data)

    def _ended_more(self, index: int, data: Mapping[str, Any]) -> None:
        """A task that completed has canceled others, or ended the scope."""
        by = self.ids[index]
        for id in data.get("cancels", ()):
            if self.states[other := self.plan.index[id]] is _RUNNING:
                self.doomed.setdefault(other, {"reason": Reason.CANCELED, "by": by})
        if "ends" in data and self.rest is None:
            self.rest = (RunState(data["ends"]), {"reason": Reason.STOPPED, "by": by, "ends": data["ends"]})
            if self.rest[0] is RunState.FAILED:
                self.swept.add(index)
                self.error = {"type": "stopped", "message": f"the task {by!r} ended it as failed", "task": by}

    def _task_failed(self, index: int, data: Mapping[str, Any]) -> None:
        task = self.plan.tasks[index]
        self.states[index] = _FAILED
        self.running.discard(index)
        self.errors[index] = data["error"]
        for line in task.lines:
            self._resolve(line, line.port == ERROR_PORT)
        if not task.catches and self.rest is None:
            self.error = data["error"]
            self.rest = (RunState.FAILED, _FELL)

    def _task_canceled(self, index: int, data: Mapping[str, Any]) -> None:
        if self.states[index] is _READY:
            self.ready -= 1
        self.states[index] = _CANCELED
        self.running.discard(index)
        self.doomed.pop(index, None)
        self.delayed.discard(index)
        self.losers.discard(index)
        self.reasons[index] = Reason(data["reason"])
        if "ends" in data:
            self.swept.add(index)
            self.rest = self.rest or (RunState(data["ends"]), data)
        for line in self.plan.tasks[index].lines:
            self._resolve(line, False)

    def _resolve(self, line: Line, alive: bool) -> None:
        """One connection is known to be alive or dead."""
        number, _, target, decides = line
        self.lines[number] = ALIVE if alive else DEAD
        self._open[target] -= 1
        if decides:
            self._undecided[target] -= 1
            self._alive[target] += alive
        if self.states[target] is _WAITING:
            self._touched.append(target)

    def _reopen(self) -> None:
        """Forget what failed the scope and what was canceled for it: those tasks wait again."""
        for index in self._fallen():
            self.states[index] = _WAITING
            self.given[index] = self.gave[index] = None
            for known in (self.reasons, self.errors, self.attempts, self._arrived):
                known.pop(index, None)
            for line in self.plan.tasks[index].lines:
                self.lines[line.number] = PENDING
        for task in self.plan.tasks:
            self._open[task.index], self._undecided[task.index], self._alive[task.index] = (
                task.incoming,
                task.deciders,
                0,
            )
        for task in self.plan.tasks:
            for number, _, target, decides in task.lines:
                if self.lines[number] != PENDING:
                    self._open[target] -= 1
                    self._undecided[target] -= decides
                    self._alive[target] += decides and self.lines[number] == ALIVE
        self.rest = self.error = None
        self.swept.clear()

    def _fallen(self) -> list[int]:
        """The tasks that failed the scope, and those that were canceled for it."""
        return [
            index
            for index, state in enumerate(self.states)
            if (state is _FAILED and not self.plan.tasks[index].catches) or index in self.swept
        ]

    def _gather(self, task: TaskPlan) -> dict[str, Any]:
        """The inputs of a task: what is alive, the last of several winning, over literals and defaults."""
        if task.type.starts:
            return dict.fromkeys(self.plan.inputs) | dict(self.inputs)
        given = dict(task.fixed)
        lines, gave = self.lines, self.gave
        for number, source, port, name in task.feeds:
            if lines[number] == ALIVE:
                outputs = gave[source]
                given[name] = self._value(source, port) if outputs is None or port is None else outputs[port]
        return given

    def _value(self, source: int, port: str | None) -> Any:
        if port == ERROR_PORT:
            return {name: fact for name, fact in self.errors[source].items() if name != "excerpt"}
        outputs = self.gave[source] or NOTHING
        return dict(outputs) if port is None else outputs[port]


class _Done:
    """The tasks that have ended, as a container of their numbers."""

    def __init__(self, states: Sequence[TaskState]) -> None:
        self._states = states

    def __contains__(self, index: object) -> bool:
        return isinstance(index, int) and self._states[index] in TASK_ENDS


_Step = Callable[[Fold, int, Mapping[str, Any]], None]

FOLD: Final[Mapping[str, _Step]] = {
    e.RUN_STARTED: Fold._run_started,
    e.RUN_PAUSED: Fold._run_paused,
    e.RUN_RESUMED: Fold._run_resumed,
    e.RUN_EDITED: Fold._run_edited,
    e.RUN_COMPLETED: Fold._run_completed,
    e.RUN_FAILED: Fold._run_failed,
    e.RUN_STOPPED: Fold._run_stopped,
    e.TASK_WAITING: Fold._task_waiting,
    e.TASK_READY: Fold._task_ready,
    e.TASK_STARTED: Fold._task_started,
    e.TASK_RETRYING: Fold._task_retrying,
    e.TASK_COMPLETED: Fold._task_completed,
    e.TASK_FAILED: Fold._task_failed,
    e.TASK_CANCELED: Fold._task_canceled,
}

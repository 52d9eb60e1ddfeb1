"""One run: what may happen to it, and what follows from that. Pure: no waiting, no clock of its own, no world.

Every change goes through `_tell`, which records an event and applies it to the fold.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from . import events as e
from .agenda import Agenda, Place
from .budget import SPENT, Budget
from .events import NOTHING, Event, EventLog
from .fold import ALIVE, FOLD, Fold, Why
from .plan import Plan, TaskPlan
from .replan import align, changes
from .states import RUN_ENDS, TASK_ENDS, Reason, RunState, TaskState

_WAITING, _RUNNING = TaskState.WAITING, TaskState.RUNNING
_FINAL: Final = {
    RunState.COMPLETED: e.RUN_COMPLETED,
    RunState.FAILED: e.RUN_FAILED,
    RunState.STOPPED: e.RUN_STOPPED,
}
_ENDS: Final = frozenset({e.TASK_COMPLETED, e.TASK_FAILED, e.TASK_RETRYING, e.TASK_CANCELED})
"""Events that end an attempt, and say what it has spent."""
_BARE: Final = frozenset({e.TASK_READY, e.TASK_STARTED})
"""Events whose data holds nothing that came from outside."""
_FIRST: Final = MappingProxyType({"attempt": 1})
_STOPPED: Final = MappingProxyType({"reason": Reason.STOPPED, "by": None})
CANCELED: Final = MappingProxyType({"reason": Reason.CANCELED})
_RACED: Final = MappingProxyType({"reason": Reason.RACED})
_BRANCH: Final = MappingProxyType({"reason": Reason.BRANCH})
_UNREACHABLE: Final = MappingProxyType({"reason": Reason.UNREACHABLE})


class Log:
    """The events of one run, dated as they happen."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.events = EventLog()
        self.clock = clock
        self.mask: Callable[[Any], Any] = lambda data: data
        """Takes from the data of a fact what nobody may see."""
        self.budget = Budget()

    def guard(self, mask: Callable[[Any], Any], limits: Mapping[str, float]) -> None:
        """From now on, hide what `mask` hides, and keep to `limits`, of which recorded events have spent a part."""
        self.mask = mask
        self.budget = Budget(limits)
        self.budget.recall(event.data for event in self.events)

    def add(self, type: str, task: str | None, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Record a fact, and give its data as it is recorded."""
        if type not in _BARE:
            if self.budget.open and task is not None and type in _ENDS and (spent := self.budget.settle(task)):
                data = {**data, SPENT: spent}
            data = self.mask(data)
        self.events.add(self.clock(), type, task, data)
        return data


class Run(Fold):
    """One scope of a run: its state, and the decisions that follow from what happens to it.

    The scopes of a run share a log and an agenda. Only the outermost tells how it starts and ends; a body's
    scope is told of by its tasks alone, whose names begin with `prefix`. `on_end` is called when it has ended.
    """

    def __init__(self, plan: Plan, log: Log, agenda: Agenda, prefix: str = "", place: Place = ()) -> None:
        super().__init__(plan, agenda, prefix, place)
        self.log = log
        self.level = 0
        self.on_end: Callable[[], None] | None = None

    def begin(self, inputs: Mapping[str, Any]) -> None:
        """Start: what begins becomes ready, what no start task reaches is canceled."""
        self._tell_run(e.RUN_STARTED, {"inputs": inputs})
        self._touched.extend(self.plan.begin)
        for index in self.plan.unreachable:
            self._cancel(index, _UNREACHABLE)
        self._decide()

    def start(self, index: int) -> None:
        """A ready task runs from now on."""
        before = self.attempts.get(index)
        self._tell(e.TASK_STARTED, index, _FIRST if before is None else {"attempt": before + 1})

    def complete(self, index: int, outputs: Mapping[str, Any], also: Mapping[str, Any] = NOTHING) -> None:
        """A running task ended well; `outputs` holds its alive ports.

        `also` is what it has done to its scope: `ends`, the state in which the scope ends with it, and `cancels`, the
        ids of running tasks that it has canceled.
        """
        if self._is_late(index):
            return
        self._tell(e.TASK_COMPLETED, index, {"outputs": outputs, **also})
        if self.rest is not None and "ends" in also:
            self._cancel_rest()
        self._decide()

    def fail(self, index: int, error: Mapping[str, Any]) -> None:
        """A running task failed; without a connection from its `error` port the scope fails with it."""
        if self._is_late(index):
            return
        self._tell(e.TASK_FAILED, index, {"error": error})
        if self.rest is not None:
            self._cancel_rest()
        self._decide()

    def retry(self, index: int, error: Mapping[str, Any], delay: float, strikes: int | None = None) -> None:
        """A running task failed and will be tried again after `delay` seconds; see `rearm`.

        `strikes` says that it was cut off with its process, and how often that may have been its own doing by now.
        """
        if not self._is_late(index):
            more = {} if strikes is None else {"strikes": strikes}
            self._tell(e.TASK_RETRYING, index, {"error": error, "delay": delay, **more})

    def wait(self, index: int, data: Mapping[str, Any]) -> None:
        """A running task begins to wait, or what it waited for has come."""
        if index in self.running:
            self._tell(e.TASK_WAITING, index, data)

    def rearm(self, index: int) -> None:
        """The delay of a task that is retried is over: it is ready again."""
        if index in self.delayed:
            self._tell(e.TASK_READY, index, NOTHING)

    def end_canceled(self, index: int) -> None:
        """A doomed task that ran has ended."""
        if index in self.running:
            self._tell(e.TASK_CANCELED, index, self.doomed.get(index, CANCELED))
            self._decide()

    def cancel(self, index: int, by: str | None = None) -> None:
        """Cancel one task, at once if it does not run, else as soon as it has ended; None: somebody outside did it."""
        self._cancel(index, {"reason": Reason.CANCELED, "by": by})
        self._decide()

    def stop(self, state: RunState = RunState.STOPPED, why: Why = _STOPPED) -> None:
        """End the scope: what has not finished is canceled."""
        if self.rest is None and not self.over:
            self.rest = (state, {**why, "ends": state})
            self._cancel_rest()
            self._decide()

    def pause(self) -> None:
        """Start nothing new until `resume`."""
        if self.state is RunState.RUNNING:
            self._tell_run(e.RUN_PAUSED, NOTHING)

    def resume(self) -> None:
        """Go on after `pause`."""
        if self.state is RunState.PAUSED:
            self._tell_run(e.RUN_RESUMED, NOTHING)
            self._decide()

    def retry_failed(self) -> None:
        """Go on after it has failed: with what failed, and what was canceled for it."""
        if self.state is RunState.FAILED:
            self._tell_run(e.RUN_RESUMED, {"retry": True, "again": [self.ids[index] for index in self._fallen()]})
            self._touch_waiting()
            self._decide()

    def edit(self, plan: Plan) -> None:
        """Go on with another plan: see that `replan.offending` finds nothing that has begun in its way."""
        aligned = align(plan, self.plan)
        again = Fold(aligned, Agenda(), self.prefix, self.place)
        again.refold(self.log.events)
        for task in aligned.tasks:
            if task.id not in plan.index:
                again.states[task.index] = TaskState.CANCELED
        told = changes(self.plan, plan)
        again.doomed, again.agenda = self.doomed, self.agenda
        self.__dict__.update(again.__dict__)
        self._queue_ready()
        self._tell_run(e.RUN_EDITED, told)
        self.settle()

    def _queue_ready(self) -> None:
        """Put the ready tasks of this scope into the agenda anew, and no others of it."""
        own = [(self.plan.tasks[i].place, i) for i, state in enumerate(self.states) if state is TaskState.READY]
        self.agenda.replace(self, [((*self.place, place), i, self) for place, i in own])

    def replay(self, events: Iterable[Event]) -> None:
        """Apply events that were recorded earlier; `settle` then decides what was open when the record ended."""
        for _, time, type, task, data in events:
            self.log.events.add(time, type, task, data)
        self.refold(self.log.events)

    def carry_on(self, inputs: Mapping[str, Any], events: Iterable[Event]) -> None:
        """Take up a body where its record ended, given the events about its own tasks; see `settle`."""
        self._run_started(-1, {"inputs": inputs})
        self.refold(events)

    def recover(self, unclaimed: bool) -> None:
        """Tell that it is carried on by another process; `unclaimed`: the last one ended with nothing on record."""
        if self.state is RunState.RUNNING:
            self._tell_run(e.RUN_RESUMED, {"recovered": True, **({"unclaimed": True} if unclaimed else {})})

    def settle(self) -> None:
        """Decide whatever is open."""
        for index in self.plan.unreachable:
            self._cancel(index, _UNREACHABLE)
        self._cancel_losers()
        if self.rest is not None:
            self._cancel_rest()
        self._touch_waiting()
        self._decide()

    def _touch_waiting(self) -> None:
        self._touched.extend(i for i, state in enumerate(self.states) if state is _WAITING)

    def _tell(self, type: str, index: int, data: Mapping[str, Any]) -> None:
        FOLD[type](self, index, self.log.add(type, self.ids[index], data))

    def _tell_run(self, type: str, data: Mapping[str, Any]) -> None:
        """Tell of the scope itself: aloud if it is the outermost, else only to its own state."""
        if not self.prefix:
            data = self.log.add(type, None, data)
        FOLD[type](self, -1, data)

    def _decide(self) -> None:
        """Decide for every task whose connections have changed; end the scope when nothing is left to do.

        What is hopeless is canceled before anything goes on, so that a race does not hang on the order of lines.
        """
        touched = self._touched
        while touched:
            going = [self.plan.tasks[index] for index in touched if self._goes_on(index)]  # grows while it is read
            touched.clear()
            for task in going:
                if self.states[task.index] is _WAITING:
                    self._make_ready(task)
        if not self.running and not self.ready and self._is_done():
            self._end()

    def _goes_on(self, index: int) -> bool:
        """Whether a task's join lets it go on; one that it will never let go on is canceled."""
        if self.states[index] is not _WAITING or index in self.delayed:
            return False
        task = self.plan.tasks[index]
        if not task.incoming or task.type.starts:
            return True
        need, early, _ = task.join
        alive, undecided, unresolved = self._alive[index], self._undecided[index], self._open[index]
        if alive >= need and (unresolved == undecided if early else not unresolved):
            return True
        if alive + undecided < need if early else not unresolved:
            self._cancel(index, _BRANCH)
        return False

    def _make_ready(self, task: TaskPlan) -> None:
        if task.required and (missing := self._missing(task)):
            self._tell(e.TASK_CANCELED, task.index, {"reason": Reason.MISSING_INPUT, "inputs": missing})
            return
        self._tell(e.TASK_READY, task.index, NOTHING)
        if self.losers:
            self._cancel_losers()

    def _cancel_losers(self) -> None:
        for index in sorted(self.losers):
            self._cancel(index, _RACED)

    def _missing(self, task: TaskPlan) -> list[str]:
        given = {feed.input for feed in task.feeds if self.lines[feed.number] == ALIVE}
        return [name for name in task.required if name not in given]

    def _is_late(self, index: int) -> bool:
        """Whether a result comes for a task that no longer counts; a doomed one ends as canceled."""
        if index in self.doomed:
            self.end_canceled(index)
            return True
        return index not in self.running

    def _cancel(self, index: int, why: Why) -> None:
        state = self.states[index]
        if state is _RUNNING:
            if index not in self.doomed:
                self.doomed[index] = why
                self.agenda.condemned.append((self, index))
        elif state not in TASK_ENDS:
            self._tell(e.TASK_CANCELED, index, why)

    def _cancel_rest(self) -> None:
        assert self.rest is not None
        for index in range(len(self.states)):
            self._cancel(index, self.rest[1])

    def _is_done(self) -> bool:
        """Whether the scope can end, given that nothing runs and nothing is ready."""
        if self.rest is not None:
            return self.state not in RUN_ENDS
        return self.state is RunState.RUNNING and not self.delayed

    def _end(self) -> None:
        state = RunState.COMPLETED if self.rest is None else self.rest[0]
        data: dict[str, Any] = {"outputs": self.outputs}
        if self.error is not None:
            data["error"] = self.error
        self._tell_run(_FINAL[state], data)
        if self.on_end is not None:
            self.on_end()

"""The events of a run, found again by task: how each task stood at any moment, and why its connections did."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

from .. import events as e
from ..events import Event
from ..fold import ALIVE, DEAD, PENDING
from ..plan import Plan, TaskPlan
from ..records import RUN_STATES, TASK_STATES
from ..spec import ERROR_PORT, Connection
from ..states import TASK_ENDS, Reason, RunState, TaskState

_HOLDER: Final = re.compile(r"([^.\[\]]+)(?:\[(?:0|[1-9][0-9]*)\])?")
"""One that holds a body, and the number of the body where it has one."""


class History:
    """What happened in a run, by task; made in one pass over its events, which stay where they are."""

    def __init__(self, events: Sequence[Event], plan: Plan | None) -> None:
        self.events = events
        self.of: dict[str, list[int]] = {}
        """For each task, the `seq` of its events."""
        self.state = RunState.PENDING
        self.since = 0.0
        """When the run came into its state."""
        self.error: Any = None
        self.reopened: list[int] = []
        """The `seq` of the events that let the run go on after it had failed."""
        self.running: dict[str, None] = {}
        self.root = Scope(self, plan)
        self._scopes: dict[str, Scope | None] = {"": self.root}
        self._read()

    def _read(self) -> None:
        of, running = self.of, self.running
        for seq, (_, time, type, task, data) in enumerate(self.events, 1):
            if task is None:
                self.state, self.since = RUN_STATES.get(type, self.state), time
                self.error = data.get("error")
                if data.get("retry"):
                    self.reopened.append(seq)
                continue
            if (numbers := of.get(task)) is None:
                of[task] = [seq]
            else:
                numbers.append(seq)
            if type == e.TASK_STARTED:
                running[task] = None
            else:
                running.pop(task, None)

    def event(self, seq: int) -> Event:
        """The event with this number."""
        return self.events[seq - 1]

    def find(self, task: str) -> "Subject | None":
        """The task of this name, also one in a body; None where the run has none."""
        prefix, dot, id = task.rpartition(".")
        scope = self._scope(prefix + dot)
        found = scope.subject(id) if scope is not None else None
        if found is None or (not found.numbers() and not found.scope.may_begin):
            return Subject(scope or self.root, task, None) if task in self.of else None
        return found

    def _scope(self, prefix: str) -> "Scope | None":
        """The graph whose tasks have this prefix; without a plan where none is at hand."""
        if prefix not in self._scopes:
            self._scopes[prefix] = self._open(prefix)
        return self._scopes[prefix]

    def _open(self, prefix: str) -> "Scope | None":
        outer, dot, part = prefix[:-1].rpartition(".")
        scope, named = self._scope(outer + dot), _HOLDER.fullmatch(part)
        holder = scope.subject(named[1]) if scope is not None and named is not None else None
        return None if holder is None else Scope(self, self._body(holder, prefix), prefix, holder)

    def _body(self, holder: "Subject", prefix: str) -> Plan | None:
        """The plan of the body whose tasks have this prefix: of several, the one that knows most of them."""
        if holder.plan is None:
            return None
        plans = [graph.plan for _, graph in holder.plan.type.bodies(holder.plan.config) if graph.plan is not None]
        if len(plans) < 2:
            return plans[0] if plans else None
        ids = {task[len(prefix) :].partition(".")[0].partition("[")[0] for task in self.of if task.startswith(prefix)}
        return max(plans, key=lambda plan: len(ids & plan.index.keys()))


class Scope:
    """One graph of a run: its own, or a body that one of its tasks holds."""

    def __init__(
        self, history: History, plan: Plan | None, prefix: str = "", holder: "Subject | None" = None
    ) -> None:
        self.history = history
        self.plan = plan
        self.prefix = prefix
        self.holder = holder

    def subject(self, id: str) -> "Subject | None":
        """One of its tasks, by the id that it has in this graph."""
        if self.plan is None:
            task = self.prefix + id
            return Subject(self, task, None) if task in self.history.of else None
        index = self.plan.index.get(id)
        return None if index is None else self.at(index)

    def at(self, index: int) -> "Subject":
        """One of its tasks, by its number."""
        assert self.plan is not None
        task = self.plan.tasks[index]
        return Subject(self, self.prefix + task.id, task)

    @cached_property
    def since(self) -> int:
        """The number of the event from which on its events count: when its holder last started."""
        if self.holder is None:
            return 0
        starts = [s for s in self.history.of.get(self.holder.id, ()) if self.history.event(s).type == e.TASK_STARTED]
        return max([self.holder.scope.since, *starts[-1:]])

    @cached_property
    def begun(self) -> bool:
        """Whether it has begun."""
        if self.holder is None:
            return self.history.state is not RunState.PENDING
        of, since = self.history.of, self.since
        return any(task.startswith(self.prefix) and numbers[-1] > since for task, numbers in of.items())

    @property
    def may_begin(self) -> bool:
        """Whether it has begun, or may yet."""
        return self.holder is None or self.begun or self.holder.state not in TASK_ENDS

    @cached_property
    def into(self) -> list[list[tuple[int, int, str | None, bool]]]:
        """For each task, the connections into it: number, source, port, and whether its join counts it."""
        tasks = () if self.plan is None else self.plan.tasks
        into: list[list[tuple[int, int, str | None, bool]]] = [[] for _ in tasks]
        for task in tasks:
            for number, port, target, decides in task.lines:
                into[target].append((number, task.index, port, decides))
        return into

    @cached_property
    def mentions(self) -> dict[str, list[int]]:
        """For each task that stands in a list of another's settings, the others."""
        found: dict[str, list[int]] = {}
        for task in () if self.plan is None else self.plan.tasks:
            for value in getattr(task.config, "__dict__", {}).values():
                for name in value if isinstance(value, list) else ():
                    if isinstance(name, str):
                        found.setdefault(name, []).append(task.index)
        return found

    @cached_property
    def fallen(self) -> list[int]:
        """The numbers of the events by which a task failed and nothing caught it."""
        tasks = () if self.plan is None else [self.at(task.index) for task in self.plan.tasks if not task.catches]
        seqs = (seq for task in tasks for seq in self.history.of.get(task.id, ()))
        return sorted(seq for seq in seqs if self.history.event(seq).type == e.TASK_FAILED)

    @cached_property
    def stops(self) -> list[int]:
        """The numbers of the events by which a task was canceled because this graph was stopped."""
        lasts = (s for task in () if self.plan is None else self.plan.tasks if (s := self.at(task.index).last()))
        return sorted(event.seq for event in lasts if event.data.get("reason") == Reason.STOPPED)


class Inlet(NamedTuple):
    """A connection into a task as it stood at some moment, and the event that made it so."""

    line: Connection
    source: "Subject"
    decides: bool
    fate: int
    """PENDING, ALIVE or DEAD."""
    event: Event | None


@dataclass(frozen=True, slots=True)
class Subject:
    """One task of a run; without a plan where its graph is not at hand."""

    scope: Scope
    id: str
    plan: TaskPlan | None

    @property
    def state(self) -> TaskState:
        """How it stands."""
        last = self.last()
        return TaskState.WAITING if last is None else TASK_STATES[last.type]

    def numbers(self, until: int | None = None) -> Sequence[int]:
        """The numbers of its events before that of `until`, from where it last began to wait."""
        history = self.scope.history
        numbers = history.of.get(self.id, [])
        end = len(numbers) if until is None else bisect_left(numbers, until)
        begin = bisect_left(numbers, self.scope.since) if self.scope.since else 0
        if not self.scope.prefix:
            for seq in history.reopened:
                place = bisect_left(numbers, seq)
                if (until is None or seq < until) and place and self._fell(history.event(numbers[place - 1])):
                    begin = place
        return numbers[begin:end]

    def last(self, until: int | None = None) -> Event | None:
        """The event that says how it stood before that of `until`; None where it had waited from the start."""
        numbers = self.numbers(until)
        return self.scope.history.event(numbers[-1]) if numbers else None

    def events(self) -> Iterator[Event]:
        """Its events, from where it last began to wait."""
        return map(self.scope.history.event, self.numbers())

    def inlets(self, until: int | None = None) -> list[Inlet]:
        """The connections into it, in order, as they stood before the event numbered `until`."""
        plan = self.scope.plan
        if self.plan is None or plan is None:
            return []
        found = []
        for number, index, port, decides in sorted(self.scope.into[self.plan.index]):
            source = self.scope.at(index)
            event = source.last(until)
            found.append(Inlet(plan.connections[number], source, decides, fate_of(port, event), event))
        return found

    def _fell(self, event: Event) -> bool:
        """Whether it is among what is done again when the run goes on after it has failed."""
        failed = event.type == e.TASK_FAILED and not (self.plan is not None and self.plan.catches)
        return failed or event.data.get("reason") == Reason.FAILED_RUN


def fate_of(port: str | None, event: Event | None) -> int:
    """What a connection from this port is after the last event of its source."""
    if event is None:
        return PENDING
    if event.type == e.TASK_COMPLETED:
        return ALIVE if port is None or port in event.data["outputs"] else DEAD
    if event.type == e.TASK_FAILED:
        return ALIVE if port == ERROR_PORT else DEAD
    return DEAD if event.type == e.TASK_CANCELED else PENDING

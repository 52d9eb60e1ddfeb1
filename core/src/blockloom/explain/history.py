"""The events of a run, found again by task: how each task stood at any moment, and why its connections did."""

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, NamedTuple

from .. import events as e
from ..events import Event
from ..fold import ALIVE, DEAD, PENDING
from ..graph import reach
from ..plan import Plan, TaskPlan
from ..records import RUN_STATES, TASK_STATES
from ..spec import ERROR_PORT, Connection
from ..states import TASK_ENDS, RunState, TaskState

_HOLDER: Final = re.compile(r"([^.\[\]]+)(?:\[(?:0|[1-9][0-9]*)\])?")
"""One that holds a body, and the number of the body where it has one."""


def holder_of(task: str) -> str:
    """The name of the task that holds the body in which one is; of `each[2].double`, `each`."""
    outer = task.rpartition(".")[0]
    return outer[: outer.rindex("[")] if outer.endswith("]") else outer


class History:
    """What happened in a run, by task; made in one pass over its events, which stay where they are."""

    def __init__(self, events: Sequence[Event], plan: Plan | None) -> None:
        self.events = events
        self.latest: dict[str, int] = {}
        """For each task, the `seq` of its last event."""
        self._earlier = array("q", [0])
        """For each event, the `seq` of the one before it that is about the same task; else 0."""
        self.state = RunState.PENDING
        self.since = 0.0
        """When the run came into its state."""
        self.error: Any = None
        self.reopened: dict[int, frozenset[str]] = {}
        """The `seq` of the events that let the run go on after it had failed, and the tasks that wait again since."""
        self.removed: set[str] = set()
        """The tasks that an edit took out."""
        self.running: dict[str, None] = {}
        """The tasks that run."""
        self.root = Scope(self, plan)
        self._scopes: dict[str, Scope | None] = {"": self.root}
        self._read()

    def _read(self) -> None:
        latest, running, earlier = self.latest, self.running, self._earlier
        for seq, (_, time, type, task, data) in enumerate(self.events, 1):
            if task is None:
                earlier.append(0)
                self._read_of_run(seq, time, type, data)
                continue
            earlier.append(latest.get(task, 0))
            latest[task] = seq
            if type == e.TASK_STARTED:
                running[task] = None
            elif type != e.TASK_WAITING:
                running.pop(task, None)

    def _read_of_run(self, seq: int, time: float, type: str, data: Mapping[str, Any]) -> None:
        if type == e.RUN_EDITED:
            self.removed = (self.removed | set(data["removed"])) - set(data["added"])
            return
        self.state, self.since, self.error = RUN_STATES[type], time, data.get("error")
        if data.get("retry"):
            self.reopened[seq] = frozenset(data["again"])

    def numbers(self, task: str) -> list[int]:
        """The `seq` of each event about a task, in order."""
        found = []
        seq = self.latest.get(task, 0)
        while seq:
            found.append(seq)
            seq = self._earlier[seq]
        return found[::-1]

    def state_of(self, task: str) -> TaskState:
        """The state of a task as the run shows it."""
        last = self.latest.get(task, 0)
        if not last or any(seq > last and task in again for seq, again in self.reopened.items()):
            return TaskState.WAITING
        return TASK_STATES[self.event(last).type]

    def event(self, seq: int) -> Event:
        """The event with this number."""
        return self.events[seq - 1]

    def find(self, task: str) -> "Subject | None":
        """The task of this name, also one in a body; None where the run has none."""
        prefix, dot, id = task.rpartition(".")
        scope = self._scope(prefix + dot)
        found = scope.subject(id) if scope is not None else None
        if found is None or (not found.numbers() and not found.scope.may_begin):
            return Subject(scope or self.root, task, None) if task in self.latest else None
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
        plans: list[Plan] = [
            graph.plan for _, graph in holder.plan.type.bodies(holder.plan.config) if graph.plan is not None
        ]
        if len(plans) < 2:
            return plans[0] if plans else None
        ids = {
            task[len(prefix) :].partition(".")[0].partition("[")[0] for task in self.latest if task.startswith(prefix)
        }
        return max(plans, key=lambda plan: len(ids & plan.index.keys()))


class Scope:
    """One graph of a run: its own, or a body that one of its tasks holds."""

    def __init__(self, history: History, plan: Plan | None, prefix: str = "", holder: "Subject | None" = None) -> None:
        self.history = history
        self.plan = plan
        self.prefix = prefix
        self.holder = holder
        self._before: dict[int, set[int]] = {}

    def subject(self, id: str) -> "Subject | None":
        """One of its tasks, by the id that it has in this graph."""
        if self.plan is None:
            task = self.prefix + id
            return Subject(self, task, None) if task in self.history.latest else None
        index = None if not self.prefix and id in self.history.removed else self.plan.index.get(id)
        return None if index is None else self.at(index)

    def at(self, index: int) -> "Subject":
        """One of its tasks, by its number."""
        assert self.plan is not None
        task = self.plan.tasks[index]
        return Subject(self, self.prefix + task.id, task)

    @cached_property
    def since(self) -> int:
        """The number of the event from which on its events count: when its holder last started anew."""
        if self.holder is None:
            return 0
        begun, anew = 0, True
        for seq in self.history.numbers(self.holder.id):
            event = self.history.event(seq)
            if event.type == e.TASK_STARTED and anew:
                begun, anew = seq, False
            elif event.type == e.TASK_RETRYING:
                anew = "strikes" not in event.data
        return max(self.holder.scope.since, begun)

    @cached_property
    def begun(self) -> bool:
        """Whether it has begun."""
        if self.holder is None:
            return self.history.state is not RunState.PENDING
        latest = self.history.latest.items()
        return any(seq > self.since and task.startswith(self.prefix) for task, seq in latest)

    @property
    def may_begin(self) -> bool:
        """Whether it has begun, or may yet."""
        return self.holder is None or self.begun or self.holder.state not in TASK_ENDS

    def into(self, index: int) -> list[int]:
        """The numbers of the connections into a task, in order."""
        first, following = self._lines
        found = []
        line = first[index]
        while line >= 0:
            found.append(line)
            line = following[line]
        return sorted(found)

    @cached_property
    def _lines(self) -> tuple["array[int]", "array[int]"]:
        """For each task, a connection into it, and for each connection another into the same task; else -1.

        Numbers and no lists, of which there would be one a task.
        """
        assert self.plan is not None
        first = array("q", [-1]) * len(self.plan.tasks)
        following = array("q", [-1]) * len(self.plan.connections)
        for task in self.plan.tasks:
            for number, _, target, _ in task.lines:
                following[number] = first[target]
                first[target] = number
        return first, following

    @cached_property
    def fallen(self) -> list[int]:
        """The numbers of the events by which a task failed and nothing caught it."""
        tasks = () if self.plan is None else [self.at(task.index) for task in self.plan.tasks if not task.catches]
        seqs = (seq for task in tasks for seq in self.history.numbers(task.id))
        return sorted(seq for seq in seqs if self.history.event(seq).type == e.TASK_FAILED)

    @cached_property
    def races(self) -> list[tuple[int, int]]:
        """When each join became ready that cancels what it has no use for: the number of that event, and the join."""
        joins = () if self.plan is None else [task.index for task in self.plan.tasks if task.join.cancel_rest]
        seqs = ((seq, join) for join in joins for seq in self.history.numbers(self.at(join).id))
        ready = (pair for pair in seqs if self.history.event(pair[0]).type == e.TASK_READY)
        return sorted(pair for pair in ready if pair[0] > self.since)

    def before(self, index: int) -> set[int]:
        """The tasks that lead to one, and that one."""
        if index not in self._before and self.plan is not None:
            self._before[index] = reach([index], self.plan.behind)
        return self._before[index]


class Inlet(NamedTuple):
    """A connection into a task as it stood at some moment, and the event that made it so."""

    line: Connection
    source: "Subject"
    decides: bool
    fate: int
    """PENDING, ALIVE or DEAD."""
    event: Event | None


class Subject(NamedTuple):
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
        numbers = history.numbers(self.id)
        end = len(numbers) if until is None else bisect_left(numbers, until)
        begin = bisect_left(numbers, self.scope.since) if self.scope.since else 0
        for seq, again in history.reopened.items():
            if self.id in again and (until is None or seq < until):
                begin = max(begin, bisect_left(numbers, seq))
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
        all_decide = self.plan.deciders == self.plan.incoming
        for number in self.scope.into(self.plan.index):
            line = plan.connections[number]
            source = self.scope.at(plan.index[line.source])
            event = source.last(until)
            decides = all_decide or line.input is None
            found.append(Inlet(line, source, decides, fate_of(line.port, event), event))
        return found


def fate_of(port: str | None, event: Event | None) -> int:
    """What a connection from this port is after the last event of its source."""
    if event is None:
        return PENDING
    if event.type == e.TASK_COMPLETED:
        return ALIVE if port is None or port in event.data["outputs"] else DEAD
    if event.type == e.TASK_FAILED:
        return ALIVE if port == ERROR_PORT else DEAD
    return DEAD if event.type == e.TASK_CANCELED else PENDING

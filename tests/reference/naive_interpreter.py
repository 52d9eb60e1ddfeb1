"""What a run must come to, worked out slowly and plainly from the sentences of SPEC, knowing nothing of blockloom.

Time is a number that jumps from one end of a task to the next. What takes no time happens one after the other, in an
order of which SPEC says little. This goes by one rule: what has begun goes on before anything else begins, and of the
tasks that are ready the first in `tasks` begins, those of a body where its holder stands, items and passes in order.
With a `choose`, it says which of the things that could happen next does so: another order that SPEC allows too.
Where the outcome hangs on two things that happen at one moment, `Outcome.open` is set.
"""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from naive_bodies import KINDS, Act
from naive_scope import CANCELED, COMPLETED, FAILED, READY, RUNNING, WAITING, Document, Moment, Scope, Task, outputs_of

Choose = Callable[[float, list[Act]], Act]
"""Says which of the things that could happen at a time happens next."""

__all__ = ["CANCELED", "COMPLETED", "FAILED", "Outcome", "Task", "interpret"]


@dataclass
class Outcome:
    """What a run came to; tasks of bodies under names such as `each[2].double`."""

    state: str
    outputs: dict[str, Any]
    error: dict[str, Any] | None
    tasks: dict[str, Task]
    open: bool
    free: bool = False
    """Whether a task that holds bodies and something else could have gone on in either order, at one moment."""


def interpret(
    document: Document,
    inputs: Mapping[str, Any],
    max_concurrency: int | None,
    choose: Choose | None = None,
) -> Outcome:
    """Run a graph of scripted tasks to its end."""
    return Interpreter(document, inputs, max_concurrency or 10**9, choose).run()


class Interpreter:
    """One run: its scopes, its places, its time."""

    def __init__(
        self, document: Document, inputs: Mapping[str, Any], places: int, choose: Choose | None = None
    ) -> None:
        self.places = places
        self.choose = choose
        self.now = Moment()
        self.free = False
        self.tasks: dict[str, Task] = {}
        self.scopes: list[Scope] = []
        self.root = self.open_scope(document, inputs)

    def run(self) -> Outcome:
        while True:
            self.settle()
            if self.root.state is not None:
                break
            if acts := self.acts():
                self.free = self.free or (len(acts) > 1 and any(task.holding for _, task in self.all_in(RUNNING)))
                (self.choose(self.now.time, acts) if self.choose else acts[0]).do()
            elif not self.move_on():
                break
        root = self.root
        return Outcome(str(root.state), root.outputs(), root.error, self.tasks, self.now.open, self.free)

    def settle(self) -> None:
        for scope in self.scopes:
            scope.settle()
        self.scopes = [scope for scope in self.scopes if scope.state is None]

    def acts(self) -> list[Act]:
        """Everything that could happen now, what has begun before what has not."""
        going = [(scope, task) for scope in self.scopes for task in scope.tasks.values() if task.state == RUNNING]
        going.sort(key=lambda one: one[1].place)
        found: list[Act] = []
        for scope, task in going:
            if task.holding is not None:
                found += task.holding.acts()
            elif task.doomed is not None:
                found.append(Act(lambda scope=scope, task=task: scope.end_doomed(task), (task.name,)))  # type: ignore[misc]
        for _, task in going:
            found += task.holding.openings() if task.holding is not None else []
        ready = [(scope, task) for scope, task in self.all_in(READY)]
        if ready and self.taken() < self.places:
            first = min(ready, key=lambda one: one[1].place)
            found.append(Act(lambda: self.start(*first), (f"{first[1].name} starts",)))
        return found + [act for act in self.due_acts() if not found or self.choose]

    def due_acts(self) -> list[Act]:
        due = [(scope, task) for scope, task in self.all_in(RUNNING, WAITING) if task.due == self.now.time]
        due = [(scope, task) for scope, task in due if task.doomed is None]
        self.now.open = self.now.open or len(due) > 1
        return [Act(lambda one=one: self.end(*one), (one[1].name,)) for one in due]  # type: ignore[misc]

    def all_in(self, *states: str) -> list[tuple[Scope, Task]]:
        return [(scope, task) for scope in self.scopes for task in scope.tasks.values() if task.state in states]

    def taken(self) -> int:
        """5. The places that are taken; a task takes none while its bodies run."""
        return sum(task.holding is None or not task.holding.bodies for _, task in self.all_in(RUNNING))

    def has_room(self) -> bool:
        """Whether there is a free place, and nothing ready to take it (or what is ready lets others go first)."""
        return (bool(self.choose) or not self.all_in(READY)) and self.taken() < self.places

    def move_on(self) -> bool:
        """Let the time jump to the next moment at which something happens; False if there is none."""
        due = [task.due for _, task in self.all_in(RUNNING, WAITING) if task.due is not None]
        if due:
            self.now.time = min(due)
        return bool(due)

    def start(self, scope: Scope, task: Task) -> None:
        task.state = RUNNING
        task.attempt += 1
        task.started = self.now.time
        timeout = task.said.get("timeout")
        if task.type in KINDS:
            task.due = None if timeout is None else self.now.time + timeout
            task.holding = KINDS[task.type](self, scope, task)
            task.holding.begin()
        elif task.type == "sim.work" and (lasts := lasting(task)):
            task.due = self.now.time + (lasts if timeout is None else min(lasts, timeout))
        else:
            self.end(scope, task)

    def end(self, scope: Scope, task: Task) -> None:
        """What was due has come: a task ends, its time is over, or it is tried again."""
        task.due = None
        timeout = task.said.get("timeout")
        if task.state == WAITING:
            task.state = READY
        elif task.holding is not None:
            task.holding.expire()
        elif task.type == "sim.work" and timeout is not None and lasting(task) > timeout:
            scope.fail(task, {"type": "timeout", "message": f"it took longer than {timeout:g} seconds"})
        elif task.type.startswith("sim.") and task.attempt <= task.config.get("fails", 0):
            scope.fail(task, {"type": "scripted", "message": f"attempt {task.attempt}"})
        else:
            scope.complete(task, outputs_of(task))
            self.rule(scope, task)

    def rule(self, scope: Scope, task: Task) -> None:
        """What tasks do to others: `stop` ends its graph, `cancel` cancels those not finished."""
        if task.type == "stop":
            state = task.config.get("state", "stopped").upper()
            message = f"the task {task.name!r} ended it as failed"
            error = {"type": "stopped", "message": message, "task": task.name}
            scope.end_as(state, "stopped", error if state == FAILED else None)
        elif task.type == "cancel":
            for id in task.config["tasks"]:
                scope.cancel(scope.tasks[id], "canceled")

    def hold(self, task: Task, body: Document, inputs: Mapping[str, Any], key: int | None) -> Scope:
        """Begin a body of a task."""
        prefix = f"{task.name}." if key is None else f"{task.name}[{key}]."
        return self.open_scope(body, inputs, prefix, (*task.place, key or 0))

    def open_scope(
        self, document: Document, inputs: Mapping[str, Any], prefix: str = "", place: tuple[int, ...] = ()
    ) -> Scope:
        scope = Scope(document, inputs, self.now, prefix, place)
        for task in scope.tasks.values():
            task.again = task.name in self.tasks
            self.tasks[task.name] = task
        self.scopes.append(scope)
        return scope


def lasting(task: Task) -> float:
    """How long it lasts, each by its name a little longer than another."""
    lasts: float = task.config.get("lasts", 0.0)
    varies: float = task.config.get("varies", 0.0)
    return lasts + varies * zlib.crc32(task.name.encode()) / 2**32

"""What the tasks that hold bodies do, from the table of SPEC §3, knowing nothing of blockloom.

Each is told when a body of its has ended, and says what it would do next; when it does so is not its affair.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from naive_scope import FAILED, Document, Scope, Task


class Act(NamedTuple):
    """Something that could happen now, and the tasks by which one could see that it did: `a`, or all of `a[1].`.

    What is `quiet` may happen without being seen; what is `early`, long before.
    """

    do: Callable[[], None]
    shows: tuple[str, ...]
    quiet: bool = False
    early: bool = False


class World(Protocol):
    """What begins bodies and knows whether there is room for one more."""

    def hold(self, task: Task, body: Document, inputs: Mapping[str, Any], key: int | None) -> Scope:
        """Begin a body of a task."""

    def has_room(self) -> bool:
        """Whether there is a free place and nothing ready to take it."""


class Holding:
    """A task that runs and holds bodies."""

    def __init__(self, world: World, scope: Scope, task: Task) -> None:
        self.world = world
        self.scope = scope
        self.task = task
        self.bodies: list[Scope] = []
        self.closing: Callable[[], None] | None = None
        """What it will do once all its bodies have ended, if nothing more is to be done."""

    @property
    def body(self) -> Document:
        """The graph that it holds."""
        body: Document = self.task.config["body"]
        return body

    def hold(self, inputs: Mapping[str, Any], key: int | None = None) -> None:
        """Begin a body with those of `inputs` that it declares."""
        given = {name: value for name, value in inputs.items() if name in (self.body.get("inputs") or {})}
        self.bodies.append(self.world.hold(self.task, self.body, given, key))

    def begin(self) -> None:
        """Do the first thing."""

    def heard(self, body: Scope) -> None:
        """A body has ended."""

    def acts(self) -> list[Act]:
        """What it would do now, the first thing first."""
        name, ended = self.task.name, [body for body in self.bodies if body.state is not None]
        found = [Act(lambda body=body: self.hear(body), (name, *self.shown_next()), True) for body in ended]  # type: ignore[misc]
        if self.task.doomed is not None or self.closing is not None:
            alive = [body for body in self.bodies if body.state is None and body.rest is None]
            if alive:
                found.append(
                    Act(lambda: self.end_bodies(alive), tuple(f"{body.prefix} ends" for body in alive), quiet=True)
                )
            if not self.bodies:
                closing = self.closing if self.task.doomed is None else None
                found.append(Act(closing or self.end_doomed, (name,)))
        return found

    def openings(self) -> list[Act]:
        """What it would begin beside its other bodies."""
        return []

    def shown_next(self) -> tuple[str, ...]:
        """The tasks of the body that would begin next."""
        return ()

    def hear(self, body: Scope) -> None:
        self.bodies.remove(body)
        if self.task.doomed is None and self.closing is None:
            self.heard(body)

    def end_bodies(self, bodies: list[Scope]) -> None:
        """End them, for the reason for which the task itself ends, if it was canceled."""
        for body in bodies:
            body.end_as("STOPPED", self.task.doomed or "canceled")

    def end_doomed(self) -> None:
        self.scope.end_doomed(self.task)

    def complete(self, outputs: Mapping[str, Any]) -> None:
        self.scope.complete(self.task, outputs)

    def fail(self, type: str, message: str, **more: str) -> None:
        self.scope.fail(self.task, {"type": type, "message": message, **more})

    def fail_with(self, body: Scope) -> None:
        """A failure inside a body names the task that holds it; `inner` the task in it that failed."""
        error = body.error or {}
        self.fail(error["type"], error["message"], inner=error.get("inner") or error["task"])

    def expire(self) -> None:
        """Its time is over: end the bodies, and fail."""
        if self.task.doomed is None:
            timeout = self.task.said["timeout"]
            self.closing = lambda: self.fail("timeout", f"it took longer than {timeout:g} seconds")


class Workflow(Holding):
    """Runs its body once."""

    def begin(self) -> None:
        """Begin it."""
        self.hold(self.task.given or {})

    def heard(self, body: Scope) -> None:
        """Give what it gave."""
        if body.state == FAILED:
            self.fail_with(body)
        else:
            self.complete(dict.fromkeys(output_names(self.body)) | body.outputs())


class Loop(Holding):
    """Runs its body again and again."""

    def begin(self) -> None:
        """The first pass."""
        self.values = dict(self.task.given or {})
        self.passes = 0
        self.go_on()

    def heard(self, body: Scope) -> None:
        """A pass's outputs replace values of the same name, others stay."""
        if body.state == FAILED:
            self.fail_with(body)
        else:
            self.values |= body.outputs()
            self.go_on()

    def shown_next(self) -> tuple[str, ...]:
        """The next pass."""
        return (f"{self.task.name}[{self.passes}].",)

    def go_on(self) -> None:
        """One more pass, or the end."""
        config = self.task.config
        times, most = config.get("times"), config.get("max", 1000)
        if not (self.passes < times if times is not None else holds(config["while"], self.values)):
            self.complete({name: self.values.get(name) for name in output_names(self.body)})
        elif self.passes == most:
            self.fail("too-many-passes", f"it would go beyond {most} passes, which is its max")
        else:
            self.passes += 1
            self.hold(self.values, self.passes - 1)


class ForEach(Holding):
    """Runs its body for each item. One more begins beside the others when there is a place for it and nothing else."""

    def begin(self) -> None:
        """Look at the items."""
        given = dict(self.task.given or {})
        self.items = given.pop("items")
        self.shared = given
        self.results: list[Any] = [None] * len(self.items)
        self.errors: dict[int, dict[str, Any]] = {}
        self.index: dict[Scope, int] = {}
        self.next = 0
        self.done = 0
        self.lanes = 0
        self.may_open = True
        self.finish_if_done()

    def openings(self) -> list[Act]:
        """Begin one more item, if there is a place for it."""
        found: list[Act] = []
        more = self.next < len(self.items) and self.task.doomed is None and self.closing is None
        if more and self.lanes < (self.task.config.get("concurrency") or len(self.items)):
            if self.may_open:
                found.append(Act(self.open, self.shown_next()))
            elif self.world.has_room():
                found.append(Act(self.served, self.shown_next(), early=True))
        return found

    def shown_next(self) -> tuple[str, ...]:
        """The next item."""
        return (f"{self.task.name}[{self.next}].",)

    def served(self) -> None:
        self.may_open = True

    def open(self) -> None:
        """Begin an item beside those that run."""
        self.may_open = False
        self.lanes += 1
        self.one_more()

    def one_more(self) -> None:
        if self.next < len(self.items):
            index, self.next = self.next, self.next + 1
            self.hold({**self.shared, "item": self.items[index], "index": index}, index)
            self.index[self.bodies[-1]] = index

    def heard(self, body: Scope) -> None:
        """Keep what came of an item, and go on to the next, if there is any need of it."""
        index, config = self.index[body], self.task.config
        if body.state == FAILED and config.get("on_error", "fail") == "fail":
            self.closing = lambda: self.fail_with(body)
            return
        if body.state == FAILED:
            error = body.error or {}
            self.errors[index] = {"index": index, "type": error["type"], "message": error["message"]}
        else:
            self.results[index] = body.outputs()
            self.done += 1
            if self.is_enough():
                self.closing = self.finish
                return
        self.one_more()
        self.finish_if_done()

    def is_enough(self) -> bool:
        need, until = self.task.config.get("need"), self.task.config.get("until")
        if need is not None and self.done >= need:
            return True
        return until is not None and holds(until, {"results": self.results})

    def finish_if_done(self) -> None:
        if self.next == len(self.items) and not self.bodies:
            self.closing = self.finish

    def finish(self) -> None:
        self.complete({"results": self.results, "errors": [self.errors[i] for i in sorted(self.errors)]})


KINDS: Mapping[str, type[Holding]] = {"workflow": Workflow, "loop": Loop, "foreach": ForEach}


def output_names(body: Document) -> list[str]:
    """The names of what a body gives: the inputs of its end tasks."""
    ends = {task["id"]: task for task in body["tasks"] if task["type"] == "end"}
    named = [line["to"].partition(".") for line in body.get("connections", [])]
    found = [name for end, _, name in named if end in ends and name]
    return [*found, *(name for end in ends.values() for name in end.get("inputs") or {})]


def holds(condition: str, names: Mapping[str, Any]) -> bool:
    """What a condition says of these names."""
    return bool(eval(condition, {}, dict(names)))

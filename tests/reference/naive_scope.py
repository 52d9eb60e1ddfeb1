"""One graph that is being executed, the run's or a body's, worked out plainly from the sentences of SPEC §2."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Document = Mapping[str, Any]
WAITING, READY, RUNNING = "WAITING", "READY", "RUNNING"
COMPLETED, FAILED, CANCELED, STOPPED = "COMPLETED", "FAILED", "CANCELED", "STOPPED"
ENDS = (COMPLETED, FAILED, CANCELED)


@dataclass
class Line:
    """One connection: `port` None is the whole task, `input` None makes it an order connection."""

    source: str
    port: str | None
    target: str
    input: str | None


@dataclass(eq=False)
class Task:
    """One task: what the document says of it, and how it stands."""

    id: str
    name: str
    """Its id below those of the tasks that hold the bodies in which it is, as `each[1].d`."""
    place: tuple[int, ...]
    type: str
    said: Mapping[str, Any]
    state: str = WAITING
    reason: str | None = None
    given: dict[str, Any] | None = None
    arrived: list[Any] = field(default_factory=list)
    gave: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    attempt: int = 0
    started: float | None = None
    finished: float | None = None
    due: float | None = None
    """When it ends or runs out of time, if it runs; when it is ready again, if it waits to be tried again."""
    doomed: str | None = None
    """Why it must end, if it runs and was canceled."""
    holding: Any = None
    """What it does with bodies, while it runs and is of a type that holds some."""
    again: bool = False
    """Whether a task of this name was there before, in a body of an earlier attempt."""

    @property
    def config(self) -> Mapping[str, Any]:
        return self.said.get("config") or {}


@dataclass
class Moment:
    """The time, and whether the outcome would hang on an order that SPEC leaves open."""

    time: float = 0.0
    open: bool = False


class Scope:
    """One graph: its tasks, its connections, and what follows from how they stand."""

    def __init__(
        self,
        document: Document,
        inputs: Mapping[str, Any],
        now: Moment,
        prefix: str = "",
        place: tuple[int, ...] = (),
    ) -> None:
        self.document = document
        self.inputs = inputs
        self.now = now
        self.prefix = prefix
        self.tasks = {
            t["id"]: Task(t["id"], prefix + t["id"], (*place, i), t["type"], t) for i, t in enumerate(document["tasks"])
        }
        self.lines = [read_line(line) for line in document.get("connections", [])]
        self.rest: str | None = None
        """The state in which it will end, once that is certain."""
        self.state: str | None = None
        self.error: dict[str, Any] | None = None
        self.races: list[Task] = []
        self.cancel_unreachable()

    def outputs(self) -> dict[str, Any]:
        """6. The inputs of its completed end tasks, merged in the order of `tasks`."""
        merged: dict[str, Any] = {}
        for task in self.tasks.values():
            if task.type == "end" and task.state == COMPLETED:
                merged.update(task.given or {})
        return merged

    # 1. What begins

    def cancel_unreachable(self) -> None:
        """A task that no start task reaches is CANCELED (`unreachable`)."""
        reached = {task.id for task in self.tasks.values() if task.type == "start"}
        if not reached:
            return
        for _ in self.tasks:
            reached |= {line.target for line in self.lines if line.source in reached}
        for task in self.tasks.values():
            if task.id not in reached:
                self.cancel(task, "unreachable")

    # 2. Connections

    def status(self, line: Line) -> str:
        source = self.tasks[line.source]
        if source.state == COMPLETED:
            return "alive" if line.port is None or line.port in (source.gave or {}) else "dead"
        if source.state == FAILED:
            return "alive" if line.port == "error" else "dead"
        return "dead" if source.state == CANCELED else "pending"

    def carried(self, line: Line) -> Any:
        source = self.tasks[line.source]
        if line.port == "error":
            return source.error
        gave = source.gave or {}
        return dict(gave) if line.port is None else gave[line.port]

    # 3. Joins

    def settle(self) -> None:
        """Decide whatever can be decided, until nothing more can; end where nothing can run any more."""
        if self.state is not None:
            return
        races = len(self.races)
        changed = True
        while changed:
            changed = False
            for task in self.tasks.values():
                if task.state == WAITING and task.due is None:
                    verdict = self.verdict(task)
                    changed = changed or verdict != "wait"
                    if verdict == "go":
                        self.become_ready(task)
                    elif verdict == "cancel":
                        self.cancel(task, "branch")
        for join in self.races[races:]:
            self.now.open = self.now.open or bool(self.losers(join, False))
        if all(task.state in ENDS for task in self.tasks.values()):
            self.state = self.rest or COMPLETED

    def verdict(self, task: Task) -> str:
        lines = [line for line in self.lines if line.target == task.id]
        if task.type == "start" or not lines:
            return "go"
        order = [line for line in lines if line.input is None]
        deciding = order or lines
        rest = [line for line in lines if line not in deciding]
        alive = sum(self.status(line) == "alive" for line in deciding)
        pending = sum(self.status(line) == "pending" for line in deciding)
        rest_pending = any(self.status(line) == "pending" for line in rest)
        count, _ = read_join(task.said.get("join"))
        if count is not None:
            if alive + pending < count:
                return "cancel"
            return "go" if alive >= count and not rest_pending else "wait"
        if pending or rest_pending:
            return "wait"
        enough = alive == len(deciding) if task.said.get("join") == "all" else alive >= 1
        return "go" if enough else "cancel"

    def become_ready(self, task: Task) -> None:
        """4. Its inputs are fixed from what is alive now; without a required one it is CANCELED."""
        alive = [line for line in self.lines if line.target == task.id and self.status(line) == "alive"]
        fixed = fixed_inputs(task) | (task.said.get("inputs") or {})
        if any(name not in fixed and all(line.input != name for line in alive) for name in needed(task)):
            self.cancel(task, "missing-input")
            return
        task.state = READY
        task.arrived = [self.carried(line) for line in alive if line.input is not None]
        if task.type == "start":
            task.given = self.run_inputs()
        else:
            named = [line.input for line in self.lines if line.target == task.id and line.input]
            task.given = dict.fromkeys([*declared(task), *named]) | fixed
            task.given |= {line.input: self.carried(line) for line in alive if line.input is not None}
        if read_join(task.said.get("join"))[1]:
            self.cancel_rest(task)

    def run_inputs(self) -> dict[str, Any]:
        declared = self.document.get("inputs") or {}
        if declared:
            return {name: schema.get("default") for name, schema in declared.items()} | dict(self.inputs)
        starts = {task.id for task in self.tasks.values() if task.type == "start"}
        named = [line.port for line in self.lines if line.source in starts and line.port not in (None, "error")]
        return {str(name): None for name in named} | dict(self.inputs)

    def cancel_rest(self, join: Task) -> None:
        """Upstream tasks from which every path now leads only to this join or to finished tasks are `raced`."""
        raced = self.losers(join, False)
        self.now.open = self.now.open or raced != self.losers(join, True)
        self.races.append(join)
        for task in raced:
            self.cancel(task, "raced")

    def losers(self, join: Task, strict: bool) -> list[Task]:
        return [
            task
            for task in self.tasks.values()
            if task.state not in ENDS and task.doomed is None and self.only_to(task, join, strict)
        ]

    def only_to(self, task: Task, join: Task, strict: bool) -> bool:
        """`strict` does not take for finished what was canceled at this very moment."""
        ahead = [self.tasks[line.target] for line in self.lines if line.source == task.id]
        return (
            task is not join
            and bool(ahead)
            and all(
                target is join or self.is_finished(target, strict) or self.only_to(target, join, strict)
                for target in ahead
            )
            and self.leads_to(task, join)
        )

    def is_finished(self, task: Task, strict: bool) -> bool:
        just_now = task.state == CANCELED and task.finished == self.now.time and task.reason != "unreachable"
        return task.state in ENDS and not (strict and just_now)

    def leads_to(self, task: Task, join: Task) -> bool:
        ahead = [self.tasks[line.target] for line in self.lines if line.source == task.id]
        return any(target is join or self.leads_to(target, join) for target in ahead)

    # Ends

    def complete(self, task: Task, gave: Mapping[str, Any]) -> None:
        task.state, task.finished, task.gave, task.due, task.holding = COMPLETED, self.now.time, dict(gave), None, None

    def fail(self, task: Task, error: Mapping[str, Any]) -> None:
        """Try again if the document says so; else the error goes out of its port, or the graph fails."""
        retry = task.said.get("retry")
        task.holding = None
        if retry and task.attempt < retry["attempts"]:
            delay = retry["delay"] * retry["backoff"] ** (task.attempt - 1)
            task.state, task.due = WAITING, self.now.time + min(delay, retry["max_delay"])
            return
        told = {**error, "task": task.name}
        task.state, task.finished, task.error, task.due = FAILED, self.now.time, told, None
        if not any(line.source == task.id and line.port == "error" for line in self.lines):
            self.end_as(FAILED, "failed-run", told)

    def end_as(self, state: str, reason: str, error: dict[str, Any] | None = None) -> None:
        """What has not finished is canceled, and then it ends in this state."""
        if self.rest is None and self.state is None:
            self.rest, self.error = state, error
            for other in self.tasks.values():
                self.cancel(other, reason)

    def cancel(self, task: Task, reason: str) -> None:
        """Cancel what has not finished: at once, but for what runs, which has to end first."""
        if task.state == RUNNING:
            task.doomed = task.doomed or reason
        elif task.state not in ENDS:
            task.state, task.reason, task.finished, task.due = CANCELED, reason, self.now.time, None

    def end_doomed(self, task: Task) -> None:
        """One that was canceled while it ran has ended."""
        task.state, task.reason, task.finished = CANCELED, task.doomed, self.now.time
        task.due = task.holding = None


def read_line(said: Mapping[str, str]) -> Line:
    source, _, port = said["from"].partition(".")
    target, _, name = said["to"].partition(".")
    return Line(source, port or None, target, name or None)


def read_join(said: Any) -> tuple[int | None, bool]:
    """How many must be alive for it to go on early, if it does, and whether the rest is canceled."""
    if said == "first":
        return 1, False
    if isinstance(said, Mapping):
        return said["count"], said.get("cancel_rest", False)
    return None, False


# What each kind of task takes and gives


def body_inputs(task: Task) -> dict[str, Any]:
    """The inputs of a body that are ports of the task that holds it."""
    inputs = task.config["body"].get("inputs") or {}
    return {name: said for name, said in inputs.items() if task.type != "foreach" or name not in ("item", "index")}


def needed(task: Task) -> list[str]:
    """Its required inputs."""
    if task.type.startswith("sim."):
        return list(task.config.get("needs", []))
    if "body" not in task.config:
        return []
    items = ["items"] if task.type == "foreach" else []
    return items + [name for name, said in body_inputs(task).items() if "default" not in said]


def declared(task: Task) -> list[str]:
    """The inputs that its type says it has."""
    if task.type.startswith("sim."):
        return [*task.config.get("needs", []), *task.config.get("takes", [])]
    if "body" in task.config:
        return [*(["items"] if task.type == "foreach" else []), *body_inputs(task)]
    return ["value"] if task.type in ("if", "switch") else []


def fixed_inputs(task: Task) -> dict[str, Any]:
    """The defaults of its inputs."""
    if "body" not in task.config:
        return {}
    return {name: said["default"] for name, said in body_inputs(task).items() if "default" in said}


def outputs_of(task: Task) -> dict[str, Any]:
    """What each kind of task gives that holds no body."""
    given, config = task.given or {}, task.config
    if task.type == "start":
        return dict(given)
    if task.type in ("end", "stop", "cancel"):
        return {}
    if task.type == "merge":
        return {"values": list(task.arrived), "result": task.arrived[0] if task.arrived else None}
    if task.type == "if":
        return {"true" if config["condition"] == "True" else "false": given["value"]}
    if task.type == "switch":
        holds = [case["port"] for case in config["cases"] if case["when"] == "True"]
        taken = holds[:1] if config.get("mode", "first") == "first" else holds
        return dict.fromkeys(taken or ["default"], given["value"])
    mark = zlib.crc32(json.dumps(given, sort_keys=True).encode())
    return {port: [task.name, port, mark] for port in [*config.get("gives", []), *config.get("taken", [])]}

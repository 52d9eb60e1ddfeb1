"""What a run must come to, worked out slowly and plainly from the sentences of SPEC §2, knowing nothing of blockloom.

Time is a number that jumps from one end of a task to the next. Where SPEC leaves the order at one moment open, this
goes by one rule: a task that takes no time ends before another begins. Where the outcome would hang on an order that
SPEC leaves open, `Outcome.open` is set.
"""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Document = Mapping[str, Any]
WAITING, READY, RUNNING = "WAITING", "READY", "RUNNING"
COMPLETED, FAILED, CANCELED = "COMPLETED", "FAILED", "CANCELED"
ENDS = (COMPLETED, FAILED, CANCELED)


@dataclass
class Line:
    """One connection: `port` None is the whole task, `input` None makes it an order connection."""

    source: str
    port: str | None
    target: str
    input: str | None


@dataclass
class Task:
    """One task: what the document says of it, and how it stands."""

    id: str
    place: int
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
    """When it ends, if it runs; when it is ready again, if it waits to be tried again."""

    @property
    def config(self) -> Mapping[str, Any]:
        return self.said.get("config") or {}


@dataclass
class Outcome:
    """What a run came to."""

    state: str
    outputs: dict[str, Any]
    error: dict[str, Any] | None
    tasks: dict[str, Task]
    open: bool


def interpret(document: Document, inputs: Mapping[str, Any], max_concurrency: int | None) -> Outcome:
    """Run a graph of scripted tasks to its end."""
    return Interpreter(document, inputs, max_concurrency or 10**9).run()


class Interpreter:
    """One run."""

    def __init__(self, document: Document, inputs: Mapping[str, Any], places: int) -> None:
        self.document = document
        self.inputs = inputs
        self.places = places
        said = document["tasks"]
        self.tasks = {t["id"]: Task(t["id"], i, t["type"], t) for i, t in enumerate(said)}
        self.lines = [read_line(line) for line in document.get("connections", [])]
        self.time = 0.0
        self.failure: dict[str, Any] | None = None
        self.races: list[Task] = []
        self.open = False

    def run(self) -> Outcome:
        self.cancel_unreachable()
        while self.failure is None:
            self.settle()
            ready = [task for task in self.tasks.values() if task.state == READY]
            if ready and self.running() < self.places:
                self.start(min(ready, key=lambda task: task.place))
            elif not self.move_on():
                break
        state = COMPLETED if self.failure is None else FAILED
        return Outcome(state, self.outputs(), self.failure, self.tasks, self.open)

    def running(self) -> int:
        return sum(task.state == RUNNING for task in self.tasks.values())

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
        """Decide whatever can be decided, until nothing more can."""
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
            self.open = self.open or bool(self.losers(join, False))

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
        literals = task.said.get("inputs") or {}
        needed = task.config.get("needs", []) if task.type.startswith("sim.") else []
        if any(name not in literals and all(line.input != name for line in alive) for name in needed):
            self.cancel(task, "missing-input")
            return
        task.state = READY
        task.arrived = [self.carried(line) for line in alive if line.input is not None]
        if task.type == "start":
            task.given = self.run_inputs()
        else:
            task.given = dict.fromkeys(self.ports(task)) | literals
            task.given |= {line.input: self.carried(line) for line in alive if line.input is not None}
        if read_join(task.said.get("join"))[1]:
            self.cancel_rest(task)

    def ports(self, task: Task) -> list[str]:
        """The names of all its inputs: what it declares, what is written, what is connected."""
        declared: list[str] = []
        if task.type.startswith("sim."):
            declared = [*task.config.get("needs", []), *task.config.get("takes", [])]
        elif task.type in ("if", "switch"):
            declared = ["value"]
        written = list(task.said.get("inputs") or {})
        return declared + written + [line.input for line in self.lines if line.target == task.id and line.input]

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
        self.open = self.open or raced != self.losers(join, True)
        self.races.append(join)
        for task in raced:
            self.cancel(task, "raced")

    def losers(self, join: Task, strict: bool) -> list[Task]:
        return [task for task in self.tasks.values() if task.state not in ENDS and self.only_to(task, join, strict)]

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
        just_now = task.state == CANCELED and task.finished == self.time and task.reason != "unreachable"
        return task.state in ENDS and not (strict and just_now)

    def leads_to(self, task: Task, join: Task) -> bool:
        ahead = [self.tasks[line.target] for line in self.lines if line.source == task.id]
        return any(target is join or self.leads_to(target, join) for target in ahead)

    # 5. Running

    def start(self, task: Task) -> None:
        task.state = RUNNING
        task.attempt += 1
        task.started = self.time
        lasts = task.config.get("lasts", 0.0) if task.type == "sim.work" else 0.0
        task.due = self.time + min(lasts, task.said.get("timeout", lasts))
        if lasts == 0.0:
            self.end(task)

    def move_on(self) -> bool:
        """Let the time jump to the next moment at which something happens; False if there is none."""
        due = [task for task in self.tasks.values() if task.due is not None and task.state in (RUNNING, WAITING)]
        if not due:
            return False
        self.time = min(task.due for task in due if task.due is not None)
        now = [task for task in due if task.due == self.time]
        self.open = self.open or len(now) > 1
        task = now[0]
        if task.state == RUNNING:
            self.end(task)
        else:
            task.due = None
            task.state = READY
        return True

    def end(self, task: Task) -> None:
        task.due = None
        lasts, timeout = task.config.get("lasts", 0.0), task.said.get("timeout")
        if task.type == "sim.work" and timeout is not None and lasts > timeout:
            self.fail(task, {"type": "timeout", "task": task.id})
        elif task.type.startswith("sim.") and task.attempt <= task.config.get("fails", 0):
            self.fail(task, {"type": "scripted", "message": f"attempt {task.attempt}", "task": task.id})
        else:
            task.state, task.finished, task.gave = COMPLETED, self.time, outputs_of(task)

    def fail(self, task: Task, error: dict[str, Any]) -> None:
        retry = task.said.get("retry")
        if retry and task.attempt < retry["attempts"]:
            delay = retry["delay"] * retry["backoff"] ** (task.attempt - 1)
            task.state, task.due = WAITING, self.time + min(delay, retry["max_delay"])
            return
        task.state, task.finished, task.error = FAILED, self.time, error
        if not any(line.source == task.id and line.port == "error" for line in self.lines):
            self.failure = error
            for other in self.tasks.values():
                if other.state not in ENDS:
                    self.cancel(other, "failed-run")

    def cancel(self, task: Task, reason: str) -> None:
        task.state, task.reason, task.finished, task.due = CANCELED, reason, self.time, None


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


def outputs_of(task: Task) -> dict[str, Any]:
    """What each scripted kind of task gives."""
    given, config = task.given or {}, task.config
    if task.type == "start":
        return dict(given)
    if task.type == "end":
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
    return {port: [task.id, port, mark] for port in [*config.get("gives", []), *config.get("taken", [])]}

"""Workflows as Python programs write and run them."""

import asyncio
from builtins import id as builtin_id
from collections.abc import Mapping
from typing import Any

from ..check import check
from ..codec import FORMAT
from ..draw import draw
from ..engine import Engine
from ..errors import BadFormat, BadUsage, NotFound, UnknownPart
from ..explain import Explanation
from ..live import RunView
from ..plugins import installed
from ..problem import Problem
from ..requires import with_requires
from ..sentences import problem
from ..spec import Connection
from ..states import RunState
from ..store import Store
from ..stores import open_store
from ..values import copy_value
from .block import demand, mappings, read, refill, refuse_attribute, says_nothing, take_empty
from .line import Line, is_end, read_lines
from .task import Task, TaskSpec
from .trigger import Trigger
from .warm import watch


class WorkflowSpec:
    """The plan of a workflow: tasks and the lines between them. An attribute that is a task is added."""

    tasks: dict[str, Task]

    def __init__(self, name: str = "", inputs: Mapping[str, Any] | None = None) -> None:
        self.name = name
        self.inputs: dict[str, Any] = copy_value(dict(inputs or {}))
        self.connections: list[Connection] = []
        self.triggers: list[Trigger] = []
        self.extra: dict[str, Any] = {}
        """Fields of its document that blockloom does not know."""
        self.empty: dict[str, Any] | None = None
        """Fields of its document that said nothing; None if it has none."""
        self.odd_lines: list[tuple[int, Any]] = []
        """What stands among the connections of its document and is none, each with its place."""
        self.awaited: dict[int, list[Task]] = {}
        """For a task that is not in the workflow yet, by its identity, those that are connected to it."""
        self.last_run: RunView | None = None
        self.tasks = {}

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Task):
            if "tasks" not in self.__dict__:
                raise BadUsage("Call super().__init__() before the first task is added.")
            refuse_attribute(self, name, "task")
            if value not in self.tasks.values():
                WorkflowSpec.add_task(self, value, name)
        super().__setattr__(name, value)

    def add_task(self, task: Task | TaskSpec, id: str | None = None) -> Task:
        """Add a task at the end of the list, and the lines drawn from and to it so far; a spec becomes a task."""
        task = Task(task) if isinstance(task, TaskSpec) else task
        demand(task, Task, "What is added is a Task, such as Task(TaskSpec(type='if', config={…}))")
        id = id or task.id
        if id is None:
            raise BadUsage("The task needs an id: add_task(task, id).")
        if self.tasks.get(id, task) is not task:
            raise BadUsage(f"The workflow has a task {id!r} already.")
        if task.workflow not in (None, self):
            raise BadUsage(f"The task {task.id!r} is in another workflow already; make a new one from its spec.")
        if task.workflow is self and id not in self.tasks:
            raise BadUsage(f"The task {task.id!r} is in the workflow already; it cannot be {id!r} too.")
        task.id, task.workflow = id, self
        self.tasks[id] = task
        for other in dict.fromkeys([*self.awaited.pop(builtin_id(task), ()), task]):
            WorkflowSpec.settle_lines(self, other)
        return task

    def remove_task(self, id: str) -> Task:
        """Take a task out, with its connections."""
        task = self._task(id)
        del self.tasks[id]
        task.workflow = None
        self.connections[:] = [line for line in self.connections if id not in (line.source, line.target)]
        return task

    def connect(self, start: str, end: str) -> None:
        """Draw a line from `"a.p"` or `"a"` to `"b.q"` or `"b"`."""
        line = _parse(start, end)
        self._task(line.source)
        self._task(line.target)
        self.connections.append(line)

    def disconnect(self, start: str, end: str) -> None:
        """Remove a line; raises UnknownPart where there is none."""
        line = _parse(start, end)
        if line not in self.connections:
            there = [f"{c.start} → {c.end}" for c in self.connections]
            raise UnknownPart("connection", f"{start} → {end}", "The workflow", there)
        self.connections.remove(line)

    def move_task(self, id: str, index: int) -> None:
        """Give a task another place in the list, counted from 0: of ready tasks, the first in it runs next."""
        task = self._task(id)
        if not 0 <= index < len(self.tasks):
            raise BadUsage(f"The workflow has {len(self.tasks)} tasks: there is no place {index}.")
        others = [other for other in self.tasks.values() if other is not task]
        self._reorder([*others[:index], task, *others[index:]])

    def swap_tasks(self, a: str, b: str) -> None:
        """Let two tasks exchange their places in the flow: each gets the lines and the place of the other.

        Raises BadUsage, and changes nothing, where their ports do not allow it.
        """
        order = list(self.tasks.values())
        place = order.index(self._task(a)), order.index(self._task(b))
        lines = list(self.connections)
        before = {(p.code, p.message) for p in WorkflowSpec.check(self)}
        swapped = {a: b, b: a}
        order[place[0]], order[place[1]] = order[place[1]], order[place[0]]
        self.connections[:] = [Line.of(line, swapped) for line in lines]
        worse = [p for p in WorkflowSpec.check(self) if p.severity == "error" and (p.code, p.message) not in before]
        if worse:
            self.connections[:] = lines
            raise BadUsage(f"{a!r} and {b!r} cannot be swapped: " + " ".join(p.message for p in worse))
        self._reorder(order)

    def check(self) -> list[Problem]:
        """Everything that is wrong with it."""
        return check(WorkflowSpec.to_json(self), installed().registry)

    def graph(self, format: str = "mermaid") -> str:
        """Its drawing, as `mermaid`, `dot` or `json`."""
        return draw(WorkflowSpec.to_json(self), format)

    def settle_lines(self, task: Task) -> None:
        """Take over the lines of a task whose both ends are in this workflow now."""
        left = []
        for port, target, name in task.pending:
            if task.workflow is self and target.workflow is self and task.id and target.id:
                self.connections.append(Connection(task.id, port, target.id, name))
            else:
                left.append((port, target, name))
                self.awaited.setdefault(builtin_id(target), []).append(task)
        task.pending = left

    def to_json(self) -> dict[str, Any]:
        """The workflow as a document."""
        for task in self.tasks.values():
            if task.pending:
                raise BadUsage(f"The task {task.id!r} is connected to a task that is not in this workflow.")
        told: dict[str, Any] = {"blockloom": FORMAT}
        if not says_nothing(self.name):
            told["name"] = self.name
        if not says_nothing(self.inputs):
            told["inputs"] = self.inputs
        told["tasks"] = [task.to_json() for task in self.tasks.values()]
        told["connections"] = [line.to_json() for line in self.connections]
        for place, odd in self.odd_lines:
            told["connections"].insert(place, odd)
        if self.triggers:
            told["triggers"] = [trigger.to_json() for trigger in self.triggers]
        made = with_requires(refill(told, self.empty) | self.extra, installed().registry)
        copied: dict[str, Any] = copy_value(made)
        return copied

    @classmethod
    def from_json(cls, text: str | bytes | Mapping[str, Any]) -> "WorkflowSpec":
        """The workflow that a document holds; it may have problems.

        Raises BadFormat where the document cannot be read, or is of a newer format; BadUsage where a task has
        no type or no id of its own.
        """
        made = cls.__new__(cls)
        WorkflowSpec.__init__(made)
        told = read(text)
        _refuse_newer(told)
        made.empty = take_empty(told, ("name", "inputs", "tasks", "connections", "triggers"))
        made.name = told.pop("name", "")
        made.inputs = told.pop("inputs", {})
        for task in mappings(told, "tasks"):
            made.add_task(Task.from_json(task))
        made.connections, made.odd_lines = read_lines(told.pop("connections", []))
        made.triggers = [Trigger.from_json(trigger) for trigger in mappings(told, "triggers")]
        made.extra = told
        return made

    def _task(self, id: str) -> Task:
        if id not in self.tasks:
            raise UnknownPart("task", id, "The workflow", list(self.tasks))
        return self.tasks[id]

    def _reorder(self, order: list[Task]) -> None:
        self.tasks.clear()
        self.tasks.update({str(task.id): task for task in order})


def _parse(start: str, end: str) -> Connection:
    if not is_end(start) or not is_end(end):
        raise BadUsage(f"A line goes from 'task' or 'task.port' to the same, not from {start!r} to {end!r}.")
    return Connection.parse(start, end)


def _refuse_newer(told: Mapping[str, Any]) -> None:
    found = told.get("blockloom")
    if type(found) is int and found > FORMAT:
        raise BadFormat([problem("newer-version", "/blockloom", found=found, here=FORMAT)])


class Workflow(WorkflowSpec):
    """A workflow that can be run: a spec's tasks and lines, and its last run."""

    def __init__(self, spec: WorkflowSpec | None = None) -> None:
        super().__init__()
        if spec is not None:
            demand(spec, WorkflowSpec, "A workflow is made from a WorkflowSpec; Workflow.from_json reads a document")
            self.__dict__.update({name: spec.__dict__[name] for name in self.__dict__})
            for task in self.tasks.values():
                task.workflow = self

    @classmethod
    def from_json(cls, text: str | bytes | Mapping[str, Any]) -> "Workflow":
        """The workflow that a document holds."""
        return Workflow(WorkflowSpec.from_json(text))

    async def run(
        self,
        inputs: Mapping[str, Any] | None = None,
        *,
        max_concurrency: int | None = None,
        store: str | Store | None = None,
        durability: str | None = None,
        limits: Mapping[str, Any] | None = None,
    ) -> RunView:
        """Run to the end and return the finished run.

        `store` is a URL such as `memory:` or a store; without one nothing is kept. `limits`, as `{"tokens": 1000}`, go
        before those of the document. Raises InvalidGraph or
        InvalidInputs; a run that fails is returned, with the state FAILED.
        """
        # A task may be called `start`: then that attribute is the task.
        run = await Workflow.start(
            self, inputs, max_concurrency=max_concurrency, store=store, durability=durability, limits=limits
        )
        try:
            return await run.wait()
        except asyncio.CancelledError:
            await run.stop()
            raise

    async def start(
        self,
        inputs: Mapping[str, Any] | None = None,
        *,
        max_concurrency: int | None = None,
        store: str | Store | None = None,
        durability: str | None = None,
        limits: Mapping[str, Any] | None = None,
    ) -> RunView:
        """Start a run and return it at once; `await run.wait()` waits for its end."""
        plugins = installed()
        opened = open_store(store, plugins.registry) if isinstance(store, str) else store
        engine = Engine(plugins, opened, owns_store=isinstance(store, str))
        try:
            await watch()
            run = await engine.start(
                WorkflowSpec.to_json(self),
                inputs,
                max_concurrency=max_concurrency,
                durability=durability,
                limits=limits,
                then=engine.close,
            )
        except BaseException:
            await engine.close()
            raise
        self.last_run = run
        return run

    @property
    def state(self) -> RunState:
        """The state of the last run; PENDING before the first."""
        return RunState.PENDING if self.last_run is None else self.last_run.state

    def current_tasks(self) -> list[Task]:
        """The tasks that run."""
        return [self.tasks[id] for id in (self.last_run.current if self.last_run else ()) if id in self.tasks]

    async def stop(self) -> None:
        """Stop the run and wait until what ran has ended."""
        await self._run.stop()

    async def pause(self) -> None:
        """Let nothing new start until `resume`."""
        await self._run.pause()

    async def resume(self) -> None:
        """Go on after `pause`."""
        await self._run.resume()

    def explain(self, task: str) -> Explanation:
        """Why a task of the last run waits, ran, was canceled, failed or ran again; raises UnknownPart."""
        return self._run.explain(task)

    @property
    def _run(self) -> RunView:
        if self.last_run is None:
            raise NotFound("run", "of this workflow")
        return self.last_run

"""The conformance class of task types."""

import asyncio
import inspect
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar, Final, get_args

from pydantic import BaseModel

from ..check import check, prepare_task
from ..codec import FORMAT
from ..engine import Engine
from ..events import TASK_STARTED, TASK_WAITING
from ..face.task import Task
from ..kind import Effects
from ..live import RunView
from ..memory import MemoryStore
from ..problem import Problem, pointer
from ..records import TaskRecord
from ..schema import checker, flaw_of_schema
from ..spec import ERROR_PORT, PortSet
from ..states import TaskState
from ..task import TaskType
from ..values import copy_value
from ..words import tell
from .aside import all_ended, run_leaving
from .conformance import Example, Unmet, require, told
from .kindchecks import KindConformance, Settings
from .kit import engine_with
from .simulation import simulate
from .watching import blocking_calls, held_up

__tracebackhide__ = True  # a check that fails says all there is to say: pytest shows the author's own lines alone

_ODD: Final[Sequence[Any]] = ({"odd": []}, ["odd"], "odd", True)

IT: Final = "it"
"""The id of the task that is held to the checks."""

FIT: Final = "Correct the example, or `run`."

ENOUGH: Final = 30.0
"""Seconds in which an example must have ended."""

WAITS: Final = (
    "Let it end; what it waits for, `meanwhile` or `answers` give, and with `simulated = True` time is no matter."
)

_NONE: Final = object()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TaskExample(Example):
    """A task's settings, blocks and inputs, and the outputs that it gives then, by the ports that are alive.

    `fails` is the type of the error where it is to fail instead. `beside` is the rest of the graph, where it needs
    one: other `tasks`, `connections`, `inputs`; the task itself is called `it`. `answers` are what people answer, one
    each time that it asks.
    """

    config: Settings = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    blocks: Sequence[Mapping[str, Any]] = ()
    outputs: Mapping[str, Any] | None = None
    fails: str = ""
    answers: Sequence[Any] = ()
    beside: Mapping[str, Any] = field(default_factory=dict)


class TaskConformance(KindConformance):
    """The checks of a task type: a test class that inherits from it names the type and gives two examples.

    Examples that need something outside, such as a server, are made by a fixture: `self.examples = (…)`. With
    `simulated` they run in a simulated time, where waiting costs nothing and there are no threads.
    """

    task: ClassVar[type[TaskType]]
    examples: Sequence[TaskExample]
    simulated: ClassVar[bool] = False

    kind = "task"

    def engine(self) -> Engine:
        """The engine that the examples run on, with a store in memory; override it for another."""
        return engine_with(self.task, store=MemoryStore())

    async def meanwhile(self, engine: Engine, run: RunView, example: TaskExample) -> None:
        """What happens while an example runs: people answer. Override it for more, as `await engine.publish(…)`."""
        answers = iter(example.answers)
        async for batch in run.follow():
            for event in batch:
                if event.type == TASK_WAITING and event.task == IT and "form" in event.data:
                    answer = next(answers, _NONE)
                    if answer is _NONE:
                        raise Unmet(f"{example} is asked: {event.data['form']}\n→ Give it `answers`.")
                    await run.answer(IT, answer)

    @property
    def subject(self) -> type[TaskType]:
        """The task type."""
        return self.task

    @property
    def model(self) -> type[BaseModel]:
        """Its settings."""
        return self.task.Config

    def settings(self) -> Sequence[Settings]:
        """The settings of the examples."""
        return [example.config for example in self.examples]

    def problems(self, settings: Settings) -> list[Problem]:
        """What is wrong with settings."""
        example = next((e for e in self.examples if e.config == settings), self.examples[0])
        start = "/tasks/0/config"
        found = check(self._graph(example, settings), self.registry)
        return [replace(p, path=p.path.removeprefix(start)) for p in found if p.path.startswith(start)]

    def wrong(self) -> Iterator[tuple[str, list[str]]]:
        """What is wrong with each example."""
        for example in self.examples:
            found = check(self._graph(example), self.registry)
            yield str(example), [f"{p.path}: {p.message.rstrip('.')}" for p in found if p.severity == "error"]

    def test_two_examples_are_given(self) -> None:
        """The test class gives at least two examples."""
        require(len(self.examples) >= 2, "The test class gives fewer than two examples.", "Give two in `examples`.")

    def test_its_effects_are_known(self) -> None:
        """It says what running it does to the world, in one of the known words."""
        words = get_args(Effects)
        require(self.task.effects in words, f"effects is {self.task.effects!r}.", f"Use one of {', '.join(words)}.")

    def test_its_run_fits_how_it_is_called(self) -> None:
        """What runs in a thread is a plain `def`."""
        wrong = self.task.blocking and inspect.iscoroutinefunction(self.task.run)
        require(not wrong, "The type is `blocking`, and its run is an `async def`.", "Make it a plain `def`.")

    def test_its_ports_are_valid(self) -> None:
        """The ports of every example are a PortSet, the same each time, of valid schemas, without `error`."""
        self.need_examples()
        for example in self.examples:
            ports = self._ports(example)
            require(isinstance(ports, PortSet), f"ports gives {type(ports).__name__}.", "Give a PortSet.")
            require(ports == self._ports(example), "ports gives something else each time.", "Keep no state.")
            require(ERROR_PORT not in ports.outputs, "There is an output `error`.", "Every task has one already.")
            for name, port in {**ports.inputs, **ports.outputs}.items():
                flaw = tell(flaw_of_schema(dict(port.schema)) or "")
                require(not flaw, f"The schema of the port {name!r} is wrong: {flaw}.", "Correct its annotation.")

    def test_the_examples_run(self) -> None:
        """Each example gives the outputs, or fails with the error, that it says."""
        self.need_examples()
        for example in self.examples:
            done = self._run(example)
            if example.fails:
                error = (done.error or {}).get("type")
                require(error == example.fails, f"{example} ends {done.state} with {done.error}.", FIT)
            else:
                ran = done.state is TaskState.COMPLETED
                require(ran, f"{example} ends {done.state}: {_why(done)}", FIT)
                same = example.outputs is None or done.outputs == example.outputs
                require(same, f"{example} gives {done.outputs}.", FIT)

    def test_its_outputs_fit_its_ports(self) -> None:
        """What it gives is what its ports promise."""
        self.need_examples()
        for example in self.examples:
            ports = self._ports(example).outputs
            for name, value in (self._run(example).outputs or {}).items():
                fits = checker(ports[name].schema) if name in ports and value is not None else None
                flaw = tell((fits(value) if fits else None) or "")
                require(not flaw, f"The output {name!r} is {value!r}: {flaw}.", "Correct `Outputs` or `run`.")

    def test_it_is_repeatable(self) -> None:
        """What is `pure` gives the same outputs each time."""
        self.need_examples()
        for example in self.examples if self.task.effects == "pure" else ():
            first, second = self._run(example).outputs, self._run(example).outputs
            require(first == second, f"{example} gives {first}, then {second}.", 'Say effects = "effect".')

    def test_running_it_does_not_block(self) -> None:
        """Running it does not hold up the event loop, by sleeping, connecting, fetching or taking long."""
        self.need_examples()
        for example in self.examples:
            places: list[str] = []
            with blocking_calls() as calls:
                self._run(example, places)
            found = [*calls, *places]
            require(not found, f"run blocks the event loop by {', '.join(found)}.", "Await, or say blocking = True.")

    def test_stopping_ends_it(self) -> None:
        """A run that is stopped while the task runs ends promptly."""
        self.need_examples()
        for example in self.examples:
            ended = run_leaving(partial(self._stopped, example))
            require(ended, "The task goes on after its run was stopped.", "Let CancelledError pass.")

    def test_wrong_inputs_are_refused(self) -> None:
        """A value that an input cannot have is told of by `check`, where it is written."""
        self.need_examples()
        for example in self.examples:
            for name, port in self._ports(example).inputs.items():
                fits = checker(port.schema)
                odd = next((odd for odd in _ODD if fits and fits(odd)), None)
                if odd is not None:
                    graph = self._graph(example)
                    graph["tasks"][0]["inputs"] = {**example.inputs, name: odd}
                    paths = [problem.path for problem in check(graph, self.registry)]
                    there = pointer("tasks", 0, "inputs", name) in paths
                    require(there, f"{odd!r} as {name!r} is not refused.", "Correct the type of the port.")

    def test_unknown_fields_are_kept(self) -> None:
        """What a document says of the task beyond what blockloom knows is kept on a round trip."""
        self.need_examples()
        for example in self.examples:
            document = {**self._graph(example)["tasks"][0], "x-note": [1, "two"], "ui": {"x": 1}}
            kept = Task.from_json(deepcopy(document)).to_json()
            require(document.items() <= kept.items(), f"{document!r} becomes {kept!r}.", "Keep to `Config`.")

    def _ports(self, example: TaskExample) -> PortSet:
        if self.task.ports is TaskType.ports:
            return self.task().ports(None, ())
        return prepare_task(self._graph(example)["tasks"][0], self.registry).ports

    def _graph(self, example: TaskExample, config: Settings | None = None) -> dict[str, Any]:
        task: dict[str, Any] = {"id": IT, "type": self.task.name, "version": self.task.version}
        task["config"] = dict(example.config if config is None else config)
        if not self.task.starts:
            task["inputs"] = dict(example.inputs)
        if example.blocks:
            task["blocks"] = list(example.blocks)
        rest = {key: value for key, value in example.beside.items() if key != "tasks"}
        made = {"blockloom": FORMAT, **rest, "tasks": [task, *example.beside.get("tasks", ())]}
        copied: dict[str, Any] = copy_value(made)
        return copied

    def _run(self, example: TaskExample, places: list[str] | None = None) -> TaskRecord:
        async def run() -> TaskRecord:
            with held_up(self.task, [] if places is None else places):
                return await ran()

        async def ran() -> TaskRecord:
            async with self.engine() as engine:
                view = await self._begin(engine, example)
                await _under_way(view)
                await self.meanwhile(engine, view, example)
                await view.wait()
                return view.tasks[IT]

        async def soon() -> TaskRecord:
            running = asyncio.ensure_future(run())
            done, _ = await asyncio.wait([running], timeout=ENOUGH)
            if not done:
                running.cancel()
                await asyncio.wait([running])
                raise Unmet(f"{example} has not ended in {ENOUGH:g} seconds.\n→ {WAITS}")
            return running.result()

        with told():
            return simulate(run) if self.simulated else run_leaving(soon)

    async def _begin(self, engine: Engine, example: TaskExample) -> RunView:
        return await engine.start(self._graph(example), example.inputs if self.task.starts else {})

    async def _stopped(self, example: TaskExample) -> bool:
        async with self.engine() as engine:
            view = await self._begin(engine, example)
            await _under_way(view)
            await view.stop()
        return await all_ended()  # the run ends without a task that does not; but that one is still there


def _why(done: TaskRecord) -> str:
    return f"{done.error['type']}: {done.error['message']}" if done.error else f"{done.reason}"


async def _under_way(run: RunView) -> None:
    """Wait until the task has begun, or the run is over."""
    async for batch in run.follow():
        if any(event.type == TASK_STARTED and event.task == IT for event in batch):
            break

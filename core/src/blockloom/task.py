"""Task types: which ports a task has and how it runs; and what it is given to run with."""

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from inspect import isawaitable
from itertools import groupby
from typing import Any, ClassVar, NamedTuple, Protocol

from . import kind
from .block import BlockContext, BlockType
from .events import NOTHING, TASK_OUTPUT, TASK_PROGRESS
from .kind import Effects, Embedded, Kind, Ports, Retry, Secret
from .portvalues import declared_ports, read_inputs, settings_of
from .problem import Problem
from .spec import BlockSpec, Graph, PortSet, TriggerSpec
from .states import RunState
from .trigger import Fired
from .values import copy_value

NOTHING_EMBEDDED: Mapping[tuple[str | int, ...], BlockSpec] = {}


class Host(Protocol):
    """What a task reaches outside itself, given by whoever runs it."""

    run_id: str

    async def run_body(self, holder: Any, graph: Graph, inputs: Mapping[str, Any], key: int | None) -> dict[str, Any]:
        """Run a graph as a scope that `holder` holds, and give its outputs; raises BodyFailed."""

    async def find_workflow(self, name: str) -> Graph:
        """A stored workflow, by its id or unique name."""

    async def wait(self, holder: Any, number: int, trigger: TriggerSpec, fresh: bool) -> Fired:
        """Wait until a trigger fires; `number` counts the waits of `holder`."""

    async def ask(self, holder: Any, number: int, form: Mapping[str, Any]) -> "Answer":
        """Wait for the next answer of a person; `number` counts the waits of `holder`."""

    async def room(self) -> None:
        """Wait until there is a free place and nothing that is ready to take it."""

    def end_bodies(self, holder: Any) -> None:
        """End the bodies that `holder` holds."""

    def stop_scope(self, holder: Any, state: RunState) -> None:
        """End the graph that `holder` is in, once it has completed."""

    def cancel_tasks(self, holder: Any, ids: Sequence[str]) -> None:
        """Cancel other tasks of the graph that `holder` is in."""

    async def set_trigger(self, key: str, document: Mapping[str, Any]) -> str:
        """Set a trigger that stands by itself, and give its id; the same key again is the same trigger."""

    async def publish_event(self, name: str, payload: Any) -> int:
        """Publish an event, and give how many runs heard it."""

    def note(self, task: str, type: str, data: Mapping[str, Any]) -> None:
        """Tell those who watch the run; nothing is recorded."""

    def block_type(self, name: str) -> BlockType:
        """The block type of this name; raises UnknownType or TypeConflict."""

    def secret(self, name: str) -> str:
        """The value of a secret; raises TaskFailed."""

    def call(self, task: str) -> AbstractAsyncContextManager[None]:
        """Count a call of a task, and end it where the time for calls is used up; raises TaskFailed."""

    def spend(self, task: str, tokens: int) -> None:
        """Count tokens that a task has used; raises TaskFailed where they go beyond the budget."""


class Answer(NamedTuple):
    """What a person has answered, and the block that was answered, if one was named."""

    value: Any
    block: str | None = None


class Visible(NamedTuple):
    """A block of a task and the ids of the blocks that it sees."""

    block: BlockSpec
    sees: tuple[str, ...]


class TaskContext:
    """What one run of a task is given.

    `config` is the validated `Config`; `values` holds the inputs as a plain mapping, the task's own copy;
    `inputs` holds the same as the type's `Inputs`; `blocks` are in the order in which they are evaluated;
    `attempt` counts from 1; `idempotency_key` is the same for every attempt.
    """

    __slots__ = (
        "_arrived",
        "_embedded",
        "_holder",
        "_host",
        "_type",
        "_waits",
        "attempt",
        "config",
        "id",
        "sequence",
        "values",
    )

    def __init__(
        self,
        id: str,
        type: "TaskType",
        config: Any,
        values: dict[str, Any],
        host: Host,
        sequence: Sequence[Visible] = (),
        embedded: Mapping[tuple[str | int, ...], BlockSpec] = NOTHING_EMBEDDED,
        holder: Any = None,
        arrived: Callable[[], Sequence[tuple[str, Any]]] = tuple,
        attempt: int = 1,
    ) -> None:
        self.id = id
        self.config = config
        self.values = values
        self.sequence = sequence
        self._embedded = embedded
        self._holder = holder
        self._arrived = arrived
        self.attempt = attempt
        self._type = type
        self._host = host
        self._waits = 0

    @property
    def inputs(self) -> Any:
        """The inputs as an instance of the type's `Inputs`."""
        return read_inputs(self._type.Inputs, self.values)

    @property
    def blocks(self) -> tuple[BlockSpec, ...]:
        """The task's blocks, in the order in which they are evaluated."""
        return tuple(visible.block for visible in self.sequence)

    @property
    def arrived(self) -> list[tuple[str, Any]]:
        """Input and value of each alive data connection, in the order of `connections`, as copies."""
        return [(name, copy_value(value)) for name, value in self._arrived()]

    @property
    def idempotency_key(self) -> str:
        """A key for this task of this run, for services that refuse to do one thing twice."""
        return f"{self._host.run_id}:{self.id}"

    def progress(self, fraction: float | None, message: str = "") -> None:
        """Tell how far it is, from 0 to 1 (None where unknown); not recorded."""
        self._host.note(self.id, TASK_PROGRESS, {"fraction": fraction, "message": message})

    def emit(self, piece: Any) -> None:
        """Show a piece of the output before it is complete, such as a token; not recorded."""
        self._host.note(self.id, TASK_OUTPUT, {"piece": copy_value(piece)})

    def log(self, line: str) -> None:
        """Show a line of the task's log; not recorded."""
        self._host.note(self.id, TASK_OUTPUT, {"log": line})

    def secret(self, secret: Secret | str) -> str:
        """The value of a secret, to be used at once and kept nowhere; raises TaskFailed where it is not set.

        From now on it is hidden in whatever this engine records, sends or logs, outputs of tasks included.
        """
        return self._host.secret(secret.name if isinstance(secret, Secret) else secret)

    def call(self) -> AbstractAsyncContextManager[None]:
        """Around each call to something that costs: `async with task.call(): …`.

        It counts towards the `limits` of the run, with the seconds it takes. Raises TaskFailed with the type `limit`
        where they are used up, before the call or in its middle.
        """
        return self._host.call(self.id)

    def spend(self, *, tokens: int) -> None:
        """Count tokens towards the `limits` of the run; raises TaskFailed where they go beyond."""
        self._host.spend(self.id, tokens)

    async def evaluate(self, block: BlockSpec, names: Mapping[str, Any]) -> Any:
        """The value of a block that sees `names` and, beneath them, the task's inputs."""
        value = self._evaluate(block, names)
        return copy_value(await value if isawaitable(value) else value)

    def show(self, block: BlockSpec, value: Any) -> str:
        """A value of one of the task's blocks as text for a model, as the type of the block shows it."""
        return self._host.block_type(block.type).show(block.content, value)

    async def evaluate_at(self, *path: str | int, names: Mapping[str, Any] = NOTHING) -> Any:
        """The value of a content that stands in the settings, at a path that the type's `embedded` gave.

        It sees the task's inputs, and `names` over them.
        """
        return await self.evaluate(self._embedded[path], names)

    async def run_body(self, graph: Graph, inputs: Mapping[str, Any], key: int | None = None) -> dict[str, Any]:
        """Run a graph of the settings as a scope of this task, and give its outputs.

        Its tasks are called `id[key].task`, or `id.task` without a key. It is given what it declares of
        `inputs`; raises BodyFailed where it fails. Meanwhile this task takes no place.
        """
        return await self._host.run_body(self._holder, graph, inputs, key)

    async def find_workflow(self, name: str) -> Graph:
        """A stored workflow, by its id or unique name, to be run as a body; raises NotFound."""
        return await self._host.find_workflow(name)

    async def wait(self, trigger: TriggerSpec, fresh: bool = False) -> Fired:
        """Wait until a trigger of the settings fires; meanwhile this task takes no place.

        An event counts if it was published since the run began and no other task of the run has taken it; with
        `fresh`, only from now on.
        """
        self._waits += 1
        return await self._host.wait(self._holder, self._waits, trigger, fresh)

    async def ask(self, form: Mapping[str, Any]) -> "Answer":
        """Ask a person, and wait for the answer; meanwhile this task takes no place.

        `form` is shown to whoever may answer. Its `schema` is the JSON Schema that an answer must fit; where blocks may
        be answered one by one, `blocks` holds `{schema}` for each, by id. Each call takes one answer, in their order;
        one that has been given is not asked for again after a crash.
        """
        self._waits += 1
        return await self._host.ask(self._holder, self._waits, form)

    async def room(self) -> None:
        """Wait until the run has a free place and nothing ready to take it: the time to begin one more body."""
        await self._host.room()

    async def set_trigger(self, document: Mapping[str, Any]) -> str:
        """Set a trigger, `{id?, type, config, inputs?, action?, …}`, that outlives the run; give its id.

        It is set once, however often the task is tried. Without an action or a workflow of its own it runs the
        workflow that this run is of. Raises InvalidTrigger, NotFound and BadUsage.
        """
        return await self._host.set_trigger(self.idempotency_key, document)

    async def publish(self, name: str, payload: Any = None) -> int:
        """Publish an event to all runs and triggers; how many runs heard it. A task tried again publishes again."""
        return await self._host.publish_event(name, payload)

    def end_bodies(self) -> None:
        """End every body of this task that still runs; `run_body` raises BodyFailed for them."""
        self._host.end_bodies(self._holder)

    def stop(self, state: RunState = RunState.STOPPED) -> None:
        """Once this task has completed, end the graph that it is in, with this state."""
        self._host.stop_scope(self._holder, state)

    def cancel(self, ids: Sequence[str]) -> None:
        """Cancel other tasks of the graph that this task is in, those that have not finished."""
        self._host.cancel_tasks(self._holder, ids)

    async def evaluate_blocks(self, until: str | None = None) -> dict[str, Any]:
        """The values of all blocks, in order, or of those up to one; each sees the inputs and the blocks before it."""
        values: dict[str, Any] = {}
        ids = [visible.block.id for visible in self.sequence]
        wanted = self.sequence[: ids.index(until) + 1] if until in ids else self.sequence
        for type, group in groupby(wanted, key=lambda visible: visible.block.type):
            row = list(group)
            if len(row) > 1 and self._host.block_type(type).rows:
                values |= await self._evaluate_row(row, values)
                continue
            for block, sees in row:
                values[block.id] = await self.evaluate(block, {name: values[name] for name in sees})
        return values

    async def _evaluate_row(self, row: Sequence[Visible], values: Mapping[str, Any]) -> dict[str, Any]:
        """The values of blocks of one type that follow each other, evaluated at once."""
        contexts = []
        for block, sees in row:
            given = self._context(block, {name: values[name] for name in sees if name in values})
            contexts.append(replace(given, id=block.id, sees=tuple(name for name in sees if name not in values)))
        found = await self._host.block_type(row[0].block.type).evaluate_row(contexts)
        return {visible.block.id: copy_value(value) for visible, value in zip(row, found, strict=True)}

    def _evaluate(self, block: BlockSpec, names: Mapping[str, Any]) -> Any | Awaitable[Any]:
        return self._host.block_type(block.type).evaluate(self._context(block, names))

    def _context(self, block: BlockSpec, names: Mapping[str, Any]) -> BlockContext:
        seen = {name: copy_value(value) for name, value in {**self.values, **names}.items()}
        inputs = {name: copy_value(value) for name, value in self.values.items()}
        return BlockContext(content=block.content, names=seen, inputs=inputs, log=self.log)


class TaskType(Kind):
    """A kind of task. A subclass gives `name`, `Config`, `Inputs`, `Outputs` and `run`.

    A `def run` is called in place and must not block; `async def run` may wait; `blocking = True`
    runs a `def run` in a thread.
    """

    Config: ClassVar[type[kind.Config]] = kind.Config
    Inputs: ClassVar[type[Ports]] = Ports
    Outputs: ClassVar[type[Ports]] = Ports
    effects: ClassVar[Effects] = "effect"
    retry: ClassVar[Retry | None] = None
    """How often its tasks try again what may be tried again (see TaskFailed), unless their own `retry` says."""
    rerun: ClassVar[bool] = True
    """Whether it may be tried again after a crash in the middle."""
    blocking: ClassVar[bool] = False
    starts: ClassVar[bool] = False
    """It begins a graph: it is given the run's inputs, and its outputs are those."""
    ends: ClassVar[bool] = False
    """It ends a graph: what it is given becomes the run's outputs."""

    def ports(self, config: Any, blocks: Sequence[BlockSpec]) -> PortSet:
        """The ports of one task; override where they depend on its settings or blocks."""
        return declared_ports(type(self))

    def check(self, config: Any, id: str, tasks: Collection[str]) -> Iterable[Problem]:
        """What is wrong with settings that have the right shape, in the graph that they stand in.

        `id` is the task's own, `tasks` the ids of all tasks of its graph; paths are relative to the settings.
        """
        return ()

    def embedded(self, config: Any) -> Iterable[Embedded]:
        """The contents of block types that stand in the settings: `check` checks them, `evaluate_at` evaluates them."""
        return ()

    def bodies(self, config: Any) -> Iterable[tuple[tuple[str | int, ...], Graph]]:
        """The graphs that stand in the settings, each with the path to it: every field that is a Graph."""
        return [((name,), value) for name, value in settings_of(config) if isinstance(value, Graph)]

    def triggers(self, config: Any) -> Iterable[tuple[tuple[str | int, ...], TriggerSpec]]:
        """The triggers that stand in the settings, each with the path to it: every field that is a TriggerSpec."""
        return [((name,), value) for name, value in settings_of(config) if isinstance(value, TriggerSpec)]

    @abstractmethod
    def run(self, task: TaskContext) -> Any:
        """The outputs, as an `Outputs` or a mapping by port; raise TaskFailed to fail the task."""

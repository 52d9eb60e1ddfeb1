"""Tasks as Python programs write them."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Protocol, Self

from ..alone import evaluate_block
from ..errors import BadUsage, UnknownPart
from ..live import LiveRun, RunView
from ..plugins import installed
from ..records import TaskRecord
from ..requires import stamped
from ..states import TaskState
from ..values import copy_value
from .block import (
    Block,
    demand,
    mappings,
    needed,
    optional_text,
    read,
    refill,
    refuse_attribute,
    says_nothing,
    take_empty,
)
from .warm import warm_registry


class TaskSpec:
    """What a task is: its type, settings, blocks and literal inputs. An attribute that is a block is added.

    Without a type it is `blocks`, which evaluates its blocks.
    """

    SETTINGS: Final = ("title", "config", "inputs", "join", "retry", "timeout", "group", "cache", "ui")
    blocks: dict[str, Block]

    def __init__(self, type: str = "blocks", config: Mapping[str, Any] | None = None, **settings: Any) -> None:
        demand(type, str, "The type of a task is a name, such as TaskSpec(type='if', config={…})")
        self.type = type
        self.settings: dict[str, Any] = copy_value({"config": dict(config)} if config else {})
        TaskSpec.set(self, **settings)
        self.extra: dict[str, Any] = {}
        """Fields of its document that blockloom does not know."""
        self.empty: dict[str, Any] | None = None
        """Fields of its document that said nothing; None if it has none."""
        self.blocks = {}
        self._links: list[dict[str, Any]] = []

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Block):
            if "blocks" not in self.__dict__:
                raise BadUsage("Call super().__init__() before the first block is added.")
            refuse_attribute(self, name, "block")
            if value not in self.blocks.values():
                TaskSpec.add_block(self, value, name)
        super().__setattr__(name, value)

    def set(self, **settings: Any) -> None:
        """Give it settings besides those of its type, such as `join="all"`; None takes one away."""
        if unknown := sorted(set(settings) - set(self.SETTINGS)):
            raise BadUsage(f"A task has no setting {', '.join(unknown)}; it has {', '.join(self.SETTINGS)}.")
        told = self.settings | copy_value(settings)
        self.settings = {name: value for name, value in told.items() if value is not None}

    @property
    def config(self) -> dict[str, Any]:
        """The settings of the type."""
        config: dict[str, Any] = self.settings.setdefault("config", {})
        return config

    @property
    def inputs(self) -> dict[str, Any]:
        """Literal values for inputs that nothing alive feeds."""
        inputs: dict[str, Any] = self.settings.setdefault("inputs", {})
        return inputs

    def set_type(self, type: str, config: Mapping[str, Any] | None = None) -> None:
        """Make it a task of another type, with settings for it."""
        self.type = type
        self.settings["config"] = copy_value(dict(config or {}))
        self.extra = stamped(self.extra, "task", type, installed().registry)

    def add_block(self, block: Block, id: str | None = None) -> Block:
        """Add a block at the end of the list."""
        demand(block, Block, "What is added is a Block, such as Block('code', {'source': '1 + 1'})")
        id = id or block.id
        if id is None:
            raise BadUsage("The block needs an id: add_block(block, id).")
        if self.blocks.get(id, block) is not block:
            raise BadUsage(f"The task has a block {id!r} already.")
        if block in self.blocks.values() and id not in self.blocks:
            raise BadUsage(f"The block {block.id!r} is in the task already; it cannot be {id!r} too.")
        block.id = id
        self.blocks[id] = block
        return block

    def remove_block(self, id: str) -> Block:
        """Take a block out, with its links."""
        block = self.block(id)
        del self.blocks[id]
        self._links = [link for link in self._links if id not in (link.get("from"), link.get("to"))]
        for other in self.blocks.values():
            other.followers = [follower for follower in other.followers if follower is not block]
        return block

    def block(self, id: str) -> Block:
        """One block; raises UnknownPart."""
        if id not in self.blocks:
            raise UnknownPart("block", id, "The task", list(self.blocks))
        return self.blocks[id]

    def link(self, a: str, b: str) -> None:
        """Let block `b` see the value of block `a`."""
        self.block(a)
        self.block(b)
        self._links.append({"from": a, "to": b})

    @property
    def links(self) -> list[tuple[str, str]]:
        """The links between blocks, as pairs of ids."""
        return [(link.get("from", ""), link.get("to", "")) for link in self._drawn()]

    def to_json(self) -> dict[str, Any]:
        """The task as it stands in a document, but for its id."""
        told: dict[str, Any] = {"type": self.type}
        if self.empty is None:
            told = stamped(told, "task", self.type, installed().registry)
        told |= {key: value for key, value in self.settings.items() if not says_nothing(value)}
        if self.blocks:
            told["blocks"] = [{**block.to_json(), "id": id} for id, block in self.blocks.items()]
        if links := self._drawn():
            told["links"] = links
        copied: dict[str, Any] = copy_value(refill(told, self.empty) | self.extra)
        return copied

    @classmethod
    def from_json(cls, text: str | bytes | Mapping[str, Any]) -> "TaskSpec":
        """The spec that a document's task holds, its id left out.

        Raises BadFormat, or BadUsage where it has no type, or a block no id of its own.
        """
        told = read(text)
        spec = TaskSpec(needed(told, "type", "A task"))
        told.pop("id", None)
        spec.empty = take_empty(told, (*cls.SETTINGS, "blocks", "links"))
        for block in mappings(told, "blocks"):
            spec.add_block(Block.from_json(block))
        spec._links = mappings(told, "links")
        spec.settings = {key: told.pop(key) for key in cls.SETTINGS if key in told}
        spec.extra = told
        return spec

    def _drawn(self) -> list[dict[str, Any]]:
        """The links as they stand in a document: those of the task, then those that its blocks know of."""
        ids = {id(block): name for name, block in self.blocks.items()}
        pairs = ((name, follower) for name, block in self.blocks.items() for follower in block.followers)
        return [*self._links, *({"from": name, "to": ids.get(id(f), f.id or "?")} for name, f in pairs)]


class Holder(Protocol):
    """The workflow that a task is in."""

    last_run: RunView | None

    def settle_lines(self, task: "Task") -> None:
        """Take over the lines of a task that can be drawn now."""


class PortRef(NamedTuple):
    """A port of a task: where a connection begins or ends."""

    task: "Task"
    name: str

    def connect(self, other: "Task | PortRef") -> None:
        """Draw a line from this output to a task (order) or to an input of it (data)."""
        self.task._connect(self.name, other)


class Task:
    """A task in a workflow: a spec, the lines from it, and how it fared in the last run."""

    def __init__(self, spec: TaskSpec | None = None, id: str | None = None) -> None:
        self.id = id
        self.spec = TaskSpec() if spec is None else spec
        demand(self.spec, TaskSpec, "A task is made from a TaskSpec, such as Task(TaskSpec(type='if', config={…}))")
        self.workflow: Holder | None = None
        self.pending: list[tuple[str | None, Task, str | None]] = []
        """Lines drawn before both their ends were in a workflow."""

    def __getitem__(self, port: str) -> PortRef:
        return PortRef(self, port)

    def connect(self, other: "Task | PortRef") -> None:
        """Draw a line from this task to another (order) or to an input of it (the mapping of all outputs)."""
        self._connect(None, other)

    def add_block(self, block: Block, id: str | None = None) -> Block:
        """Add a block at the end of the list."""
        return self.spec.add_block(block, id)

    def remove_block(self, id: str) -> Block:
        """Take a block out, with its links."""
        return self.spec.remove_block(id)

    def link(self, a: str, b: str) -> None:
        """Let block `b` see the value of block `a`."""
        self.spec.link(a, b)

    def set_type(self, type: str, config: Mapping[str, Any] | None = None) -> None:
        """Make it a task of another type, with settings for it."""
        self.spec.set_type(type, config)

    def set(self, **settings: Any) -> Self:
        """Give it settings such as `join="all"` or `retry={"attempts": 3}`, and return it; None takes one away."""
        self.spec.set(**settings)
        return self

    async def evaluate(self, block_id: str, inputs: Mapping[str, Any] | None = None) -> Any:
        """The value of one block over `inputs`, the blocks before it being evaluated too."""
        self.spec.block(block_id)
        task = {"id": self.id or "task", **self.spec.to_json()}
        return await evaluate_block(task, block_id, inputs or {}, await warm_registry())

    @property
    def type(self) -> str:
        """The name of its type."""
        return self.spec.type

    @property
    def blocks(self) -> dict[str, Block]:
        """Its blocks by id, in order."""
        return self.spec.blocks

    @property
    def state(self) -> TaskState:
        """How it stands in the workflow's last run; WAITING before the first."""
        record = self._record()
        return record.state if record else TaskState.WAITING

    @property
    def outputs(self) -> Mapping[str, Any]:
        """What it gave in the workflow's last run."""
        record = self._record()
        return (record and record.outputs) or {}

    @property
    def inputs(self) -> Mapping[str, Any]:
        """What it was given in the workflow's last run; before the first, its literal inputs."""
        run = self.workflow and self.workflow.last_run
        if isinstance(run, LiveRun) and self.id is not None and self.id in run.run.plan.index:
            given: Mapping[str, Any] = copy_value(run.run.given[run.run.plan.index[self.id]] or {})
            return given
        return self.spec.inputs

    def to_json(self) -> dict[str, Any]:
        """The task as it stands in a document."""
        return self.spec.to_json() if self.id is None else {"id": self.id, **self.spec.to_json()}

    @classmethod
    def from_json(cls, text: str | bytes | Mapping[str, Any]) -> "Task":
        """The task that a document holds."""
        told = read(text)
        return Task(TaskSpec.from_json(told), optional_text(told, "id", "A task"))

    def _record(self) -> TaskRecord | None:
        run = self.workflow and self.workflow.last_run
        return run.tasks.get(self.id) if run and self.id else None

    def _connect(self, port: str | None, other: "Task | PortRef") -> None:
        task, name = (other.task, other.name) if isinstance(other, PortRef) else (other, None)
        demand(task, Task, "A line leads to a task or to a port of one, as in a.connect(b) and a['x'].connect(b['y'])")
        self.pending.append((port, task, name))
        if self.workflow is not None:
            self.workflow.settle_lines(self)

"""A graph made ready to run: types found, settings validated, lines numbered. It never changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from .graph import backwards
from .kind import Retry
from .schema import Check
from .spec import BlockSpec, Connection, Port, PortSet
from .task import TaskType, Visible


class Line(NamedTuple):
    """A connection seen from its source: its number, its port (None: the whole task) and where it ends.

    `decides` says whether the join of the target counts it.
    """

    number: int
    port: str | None
    target: int
    decides: bool


class Feed(NamedTuple):
    """A data connection seen from its target: its number, where it begins, and the input it fills."""

    number: int
    source: int
    port: str | None
    input: str


class Join(NamedTuple):
    """How many connections that decide must be alive, and whether to go on as soon as they are."""

    need: int
    early: bool = False
    cancel_rest: bool = False


@dataclass(slots=True, kw_only=True)
class TaskPlan:
    """One task, ready to run."""

    index: int
    place: int
    """Where it stands in `tasks`: of ready tasks, the first runs next."""
    id: str
    type: TaskType
    owner: str
    """The type and who offers it, for a sentence."""
    config: Any
    sequence: tuple[Visible, ...]
    embedded: Mapping[tuple[str | int, ...], BlockSpec]
    """The contents that stand in its settings, by the path to each."""
    ports: PortSet
    fixed: Mapping[str, Any]
    """What its inputs are where nothing arrives: literal, default, else None (but for required ones)."""
    required: tuple[str, ...]
    checks: tuple[tuple[str, bool, Check], ...]
    """For inputs with a type: the name, whether None is fine, and the check."""
    join: Join
    lines: tuple[Line, ...] = ()
    feeds: tuple[Feed, ...] = ()
    incoming: int = 0
    deciders: int = 0
    catches: bool = False
    """Whether its `error` port is connected."""
    retry: Retry | None = None
    timeout: float | None = None
    group: str | None = None
    cache: float | None = None
    """Seconds for which a recorded result may stand for a new one (infinite allowed); None for never."""


@dataclass(kw_only=True)
class Plan:
    """A graph, ready to run."""

    name: str
    document: Mapping[str, Any]
    tasks: Sequence[TaskPlan]
    connections: Sequence[Connection]
    inputs: Mapping[str, Port]
    open_inputs: bool
    """Whether any input may be given, declared or not."""
    begin: Sequence[int]
    """The tasks that begin the run."""
    unreachable: Sequence[int] = ()
    groups: Mapping[str, int] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def index(self) -> Mapping[str, int]:
        """The number of each task, by its id."""
        return {task.id: task.index for task in self.tasks}

    @cached_property
    def ids(self) -> list[str]:
        """The ids of the tasks, by number."""
        return [task.id for task in self.tasks]

    @cached_property
    def ahead(self) -> list[list[int]]:
        """For each task, those that its connections lead to."""
        return [[line.target for line in task.lines] for task in self.tasks]

    @cached_property
    def behind(self) -> list[list[int]]:
        """For each task, those whose connections lead to it."""
        return backwards(self.ahead)

    @cached_property
    def ends(self) -> Sequence[int]:
        """The tasks whose inputs are the outputs, in the order of `tasks`."""
        return [task.index for task in sorted(self.tasks, key=lambda task: task.place) if task.type.ends]

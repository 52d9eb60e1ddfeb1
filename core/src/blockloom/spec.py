"""The parts of a plan: blocks, connections and ports. They never know a run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pydantic_core import PydanticCustomError, core_schema

from .schema import Schema
from .trigger import TriggerType

ERROR_PORT = "error"
"""The extra output port of every task."""


class BlockSpec(NamedTuple):
    """One block of a task: its id, the name of its type, and its validated content (a `Content`)."""

    id: str
    type: str
    content: Any


class Connection(NamedTuple):
    """A line from an output of one task (the whole task if `port` is None) to another task.

    With an `input` it is a data connection and carries a value; without one it is an order connection.
    """

    source: str
    port: str | None
    target: str
    input: str | None

    @classmethod
    def parse(cls, start: str, end: str) -> "Connection":
        """From `"a.p"` and `"b.q"`; the parts after the dots may be missing."""
        source, _, port = start.partition(".")
        target, _, name = end.partition(".")
        return cls(source, port or None, target, name or None)

    @property
    def start(self) -> str:
        """Where it begins, as `a.p` or `a`."""
        return self.source if self.port is None else f"{self.source}.{self.port}"

    @property
    def end(self) -> str:
        """Where it ends, as `b.q` or `b`."""
        return self.target if self.input is None else f"{self.target}.{self.input}"

    def to_json(self) -> dict[str, Any]:
        """As it stands in a document."""
        return {"from": self.start, "to": self.end}


class Graph:
    """A graph that stands in a task's settings: a body. `check` fills in what it takes, what it gives and its plan.

    As a field of a `Config` it is written as a document and read as this.
    """

    __slots__ = ("document", "inputs", "outputs", "plan")

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.inputs: Mapping[str, Port] = {}
        self.outputs: tuple[str, ...] = ()
        self.plan: Any = None

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> core_schema.CoreSchema:
        return _written_as_mapping(cls, en="a body is a graph, written as a mapping", zh="子图是一个图，应写成映射")

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {"type": "object", "title": "Graph"}


class TriggerSpec:
    """A trigger that stands in a task's settings, as `{type, config}`; `check` fills in its type and settings.

    As a field of a `Config` it is written as a mapping and read as this.
    """

    __slots__ = ("conditions", "config", "document", "type")

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.type: TriggerType | None = None
        self.config: Any = None
        self.conditions: tuple[BlockSpec, ...] = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> core_schema.CoreSchema:
        return _written_as_mapping(cls, en="a trigger is written as {type, config}", zh="触发器应写成 {type, config}")

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {"type": {"type": "string"}, "config": {"type": "object"}},
            "required": ["type"],
        }


class StandingSpec(TriggerSpec):
    """A trigger that a task sets, as `{id?, type, config, inputs, action, …}`; all of it is checked."""

    __slots__ = ()


def _written_as_mapping(kind: type[Any], **complaint: str) -> core_schema.CoreSchema:
    """How pydantic reads and writes a part of a document that is kept as it came, in its `document`."""

    def read(value: Any) -> Any:
        if isinstance(value, kind):
            return value
        if not isinstance(value, Mapping):
            raise PydanticCustomError("mapping", "{en}", complaint)
        return kind(value)

    made = core_schema.no_info_plain_validator_function(read)
    written = core_schema.plain_serializer_function_ser_schema(lambda part: part.document)
    return core_schema.json_or_python_schema(made, made, serialization=written)


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A named input or output: what it accepts or offers, as JSON Schema.

    `required` and `default` are about inputs; `branch` says that an output may be not taken, `otherwise` that it is
    a branch that is taken exactly where no other branch of its task is.
    """

    schema: Schema = field(default_factory=dict)
    required: bool = False
    default: Any = None
    branch: bool = False
    otherwise: bool = False

    def to_json(self) -> dict[str, Any]:
        """As `{schema, required, default?, branch?, otherwise?}`."""
        told: dict[str, Any] = {"schema": dict(self.schema), "required": self.required}
        if self.default is not None:
            told["default"] = self.default
        if self.branch:
            told["branch"] = True
        if self.otherwise:
            told["otherwise"] = True
        return told


@dataclass(frozen=True, slots=True, kw_only=True)
class PortSet:
    """The ports of one task.

    `open_inputs` accepts any further input (optional, of any type), `open_outputs` any further output; `exclusive`
    says that at most one of the branches among the outputs is taken.
    """

    inputs: Mapping[str, Port] = field(default_factory=dict)
    outputs: Mapping[str, Port] = field(default_factory=dict)
    open_inputs: bool = False
    open_outputs: bool = False
    exclusive: bool = False

    def to_json(self) -> dict[str, Any]:
        """As `{inputs, outputs, open_inputs, open_outputs, exclusive?}`."""
        told: dict[str, Any] = {
            "inputs": {name: port.to_json() for name, port in self.inputs.items()},
            "outputs": {name: port.to_json() for name, port in self.outputs.items()},
            "open_inputs": self.open_inputs,
            "open_outputs": self.open_outputs,
        }
        return told | {"exclusive": True} if self.exclusive else told


def any_ports(names: Iterable[str], *, branch: bool = False) -> dict[str, Port]:
    """Optional ports of any type with these names."""
    return {name: Port(branch=branch) for name in names}

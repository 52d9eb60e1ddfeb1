"""blockloom, a workflow engine made of plugins: the names that plugins and programs use."""

from .block import BlockContext, BlockType
from .errors import (
    BadFormat,
    BadUsage,
    BadValue,
    BlockloomError,
    Conflict,
    InvalidGraph,
    InvalidInputs,
    NotFound,
    PluginError,
    TaskFailed,
    TypeConflict,
    UnknownPart,
    UnknownType,
    WrongState,
)
from .events import Event
from .hookspecs import hookimpl
from .kind import NOT_TAKEN, Config, Ports
from .problem import Problem
from .spec import BlockSpec, Connection, Port, PortSet
from .states import Reason, RunState, TaskState
from .task import Embedded, TaskContext, TaskType
from .trigger import Published, TriggerType
from .values import copy_value, duration

__all__ = [
    "NOT_TAKEN",
    "BadFormat",
    "BadUsage",
    "BadValue",
    "BlockContext",
    "BlockSpec",
    "BlockType",
    "BlockloomError",
    "Config",
    "Conflict",
    "Connection",
    "Embedded",
    "Event",
    "InvalidGraph",
    "InvalidInputs",
    "NotFound",
    "PluginError",
    "Port",
    "PortSet",
    "Ports",
    "Problem",
    "Published",
    "Reason",
    "RunState",
    "TaskContext",
    "TaskFailed",
    "TaskState",
    "TaskType",
    "TriggerType",
    "TypeConflict",
    "UnknownPart",
    "UnknownType",
    "WrongState",
    "copy_value",
    "duration",
    "hookimpl",
]

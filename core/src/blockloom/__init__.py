"""blockloom, a workflow engine made of plugins: the names that plugins and programs use."""

from .block import BlockContext, BlockType
from .engine import Engine
from .errors import (
    BadFormat,
    BadUsage,
    BadValue,
    BlockloomError,
    BodyFailed,
    Conflict,
    InvalidGraph,
    InvalidInputs,
    InvalidTrigger,
    NotFound,
    PluginError,
    StoreFailed,
    StoreTaken,
    StoreUnusable,
    TaskFailed,
    TypeConflict,
    UnknownPart,
    UnknownType,
    WrongState,
)
from .events import Event
from .executor import Executor, InProcessExecutor
from .explain import Cause, Explanation
from .face.block import Block
from .face.task import Task, TaskSpec
from .face.trigger import Trigger
from .face.workflow import Workflow, WorkflowSpec
from .file import File
from .finding import Finding
from .hookspecs import hookimpl
from .kind import NOT_TAKEN, Config, Duration, Embedded, Expression, Ports, Retry, Secret, WithSecrets
from .live import RunView
from .memory import MemoryStore
from .plugins import Plugins
from .problem import Problem
from .registry import Registry
from .spec import BlockSpec, Connection, Graph, Port, PortSet, StandingSpec, TriggerSpec
from .states import RUN_ENDS, Reason, RunState, TaskState
from .store import RunHead, Store, StoredRun, StoredWorkflow, state_after, unrecorded
from .task import Answer, TaskContext, TaskType
from .trigger import Fire, Fired, Published, Receipt, TriggerType
from .values import copy_value, duration, is_id, is_name, retry_after
from .words import Text, tell

__all__ = [
    "NOT_TAKEN",
    "RUN_ENDS",
    "Answer",
    "BadFormat",
    "BadUsage",
    "BadValue",
    "Block",
    "BlockContext",
    "BlockSpec",
    "BlockType",
    "BlockloomError",
    "BodyFailed",
    "Cause",
    "Config",
    "Conflict",
    "Connection",
    "Duration",
    "Embedded",
    "Engine",
    "Event",
    "Executor",
    "Explanation",
    "Expression",
    "File",
    "Finding",
    "Fire",
    "Fired",
    "Graph",
    "InProcessExecutor",
    "InvalidGraph",
    "InvalidInputs",
    "InvalidTrigger",
    "MemoryStore",
    "NotFound",
    "PluginError",
    "Plugins",
    "Port",
    "PortSet",
    "Ports",
    "Problem",
    "Published",
    "Reason",
    "Receipt",
    "Registry",
    "Retry",
    "RunHead",
    "RunState",
    "RunView",
    "Secret",
    "StandingSpec",
    "Store",
    "StoreFailed",
    "StoreTaken",
    "StoreUnusable",
    "StoredRun",
    "StoredWorkflow",
    "Task",
    "TaskContext",
    "TaskFailed",
    "TaskSpec",
    "TaskState",
    "TaskType",
    "Text",
    "Trigger",
    "TriggerSpec",
    "TriggerType",
    "TypeConflict",
    "UnknownPart",
    "UnknownType",
    "WithSecrets",
    "Workflow",
    "WorkflowSpec",
    "WrongState",
    "copy_value",
    "duration",
    "hookimpl",
    "is_id",
    "is_name",
    "retry_after",
    "state_after",
    "tell",
    "unrecorded",
]

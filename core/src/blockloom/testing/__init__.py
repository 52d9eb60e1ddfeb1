"""What tests of plugins and programs use: conformance classes, a simulated time, and short ways to a run."""

from .aside import Gate, in_background
from .blockchecks import BlockConformance, BlockExample
from .conformance import Conformance
from .executorchecks import ExecutorConformance
from .faults import FaultStore
from .kit import engine_with, error_of, outputs_of, registry_with, run_graph
from .modelserver import ModelServer, refuses, says
from .simulation import EPOCH, Deadlock, NotSimulated, SimLoop, simulate, virtual_clock
from .storechecks import StoreConformance
from .storesamples import a_journal, a_run, fill_store, on_store
from .taskchecks import TaskConformance, TaskExample
from .triggerchecks import TriggerConformance, TriggerExample
from .webserver import Answer, Asked, Reply, ScriptedServer

__all__ = [
    "EPOCH",
    "Answer",
    "Asked",
    "BlockConformance",
    "BlockExample",
    "Conformance",
    "Deadlock",
    "ExecutorConformance",
    "FaultStore",
    "Gate",
    "ModelServer",
    "NotSimulated",
    "Reply",
    "ScriptedServer",
    "SimLoop",
    "StoreConformance",
    "TaskConformance",
    "TaskExample",
    "TriggerConformance",
    "TriggerExample",
    "a_journal",
    "a_run",
    "engine_with",
    "error_of",
    "fill_store",
    "in_background",
    "on_store",
    "outputs_of",
    "refuses",
    "registry_with",
    "run_graph",
    "says",
    "simulate",
    "virtual_clock",
]

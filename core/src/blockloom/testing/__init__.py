"""What tests of plugins and programs use: a simulated time, and short ways to a run."""

from .kit import engine_with, run_graph
from .simulation import EPOCH, Deadlock, NotSimulated, SimLoop, simulate, virtual_clock

__all__ = [
    "EPOCH",
    "Deadlock",
    "NotSimulated",
    "SimLoop",
    "engine_with",
    "run_graph",
    "simulate",
    "virtual_clock",
]

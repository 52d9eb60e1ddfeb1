"""What blockloom itself registers, through the same door as everybody: the kinds that keep and run in memory."""

from typing import Any

from .executor import InProcessExecutor
from .hookspecs import hookimpl
from .memory import MemoryStore


@hookimpl
def blockloom_stores() -> list[type[Any]]:
    """The store that keeps everything in this process."""
    return [MemoryStore]


@hookimpl
def blockloom_executors() -> list[type[Any]]:
    """The executor that runs tasks in this process."""
    return [InProcessExecutor]

"""What blockloom itself registers, through the same door as everybody: the kinds that keep and run in memory."""

import platform
from importlib.metadata import version
from typing import Any

from .executor import InProcessExecutor
from .finding import Finding
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


@hookimpl
def blockloom_checks() -> list[Finding]:
    """What it is that runs here: the first thing that a report of a mistake should tell."""
    what = f"blockloom {version('blockloom')}, Python {platform.python_version()}, {platform.system()} "
    return [Finding(name="blockloom", text=what + platform.machine())]

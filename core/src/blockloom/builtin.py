"""What blockloom itself registers, through the same door as everybody: the kinds that keep and run in memory."""

import platform
from importlib.metadata import version
from typing import Any

from .executor import InProcessExecutor
from .finding import Finding
from .hookspecs import hookimpl
from .memory import MemoryStore
from .vault import Vault
from .words import both


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
    return [Finding(name="blockloom", text=what + platform.machine()), _secrets(Vault())]


def _secrets(vault: Vault) -> Finding:
    """Whether the files of secrets are their owner's alone."""
    known = vault.names()
    if exposed := [name for name in known if vault.flaw_of(name)]:
        files = ", ".join(str(vault.folder / name) for name in exposed)
        return Finding(
            name="secrets",
            state="failed",
            text=both(f"cannot be used: {', '.join(exposed)}", f"无法使用：{'、'.join(exposed)}"),
            remedy=both(f"Run chmod 600 {files}", f"请运行 chmod 600 {files}"),
        )
    found = ", ".join(known)
    return Finding(name="secrets", text=both(found or "there are none", found or "没有"))

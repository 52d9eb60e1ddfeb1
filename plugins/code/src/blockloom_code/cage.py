"""The cage around one job: what its process gives up before it runs a line of the block, layer by layer."""

import ctypes
import math
import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import Final

from .limits import Limits
from .syscalls import Filter

LAYERS: Final = ("limits", "orphan", "user", "privileges", "syscalls")
"""limits: of time, memory, files, processes. orphan: dies with its zygote. user: nobody, where the host is root.
privileges: can gain none. syscalls: the kernel answers only those that computing needs."""

_NOBODY: Final = 65534
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 4, 36, 38


class Cage:
    """The layers, made ready once in the zygote and entered by each job."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
        self._parent = os.getpid()
        self._filter = _filter() if self._libc else None

    def adopt(self) -> None:
        """Become the parent of whatever a job may leave behind."""
        if self._libc:
            self._libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def enter(self, limits: Limits) -> dict[str, bool]:
        """Give up everything, in this process, for good; which layers hold."""
        steps: dict[str, Callable[[], None]] = {
            "limits": lambda: _limit(limits),
            "user": _become_nobody,
            "orphan": self._die_with_parent,
            "privileges": lambda: self._prctl(_PR_SET_NO_NEW_PRIVS, 1),
            "syscalls": self._deny,
        }
        return {name: _holds(step) for name, step in steps.items()}

    def _prctl(self, option: int, value: int) -> None:
        if self._libc is None or self._libc.prctl(option, value, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")

    def _die_with_parent(self) -> None:
        self._prctl(_PR_SET_DUMPABLE, 0)
        self._prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != self._parent:
            os._exit(1)

    def _deny(self) -> None:
        if self._libc is None or self._filter is None:
            raise OSError("no filter of system calls here")
        self._filter.enter(self._libc)


def _filter() -> Filter | None:
    try:
        return Filter()
    except OSError:
        return None


def _holds(step: Callable[[], None]) -> bool:
    try:
        step()
    except (OSError, ValueError):
        return False
    return True


def _limit(limits: Limits) -> None:
    seconds = math.ceil(limits.time) + 1
    for what, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 8),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_AS, limits.memory),
    ):
        resource.setrlimit(what, (most, most))
    # The clock of the zygote strikes first; this is for the case that the zygote itself stands still.
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))


def _become_nobody() -> None:
    if os.geteuid() != 0:
        return
    os.setgroups([])
    os.setresgid(_NOBODY, _NOBODY, _NOBODY)
    os.setresuid(_NOBODY, _NOBODY, _NOBODY)

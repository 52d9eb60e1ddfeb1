"""The cage around a job: what its process gives up before it runs a line of the block, layer by layer.

Some layers the zygote enters once, and hands down to every job; the others each job enters by itself.
"""

import ctypes
import math
import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import Final

from .landlock import Landlock
from .limits import Limits
from .syscalls import Filter

LAYERS: Final = ("user", "network", "limits", "orphan", "privileges", "files", "syscalls")
"""user: nobody, where the host is root. network: one of its own, with nothing in it. limits: of time, memory, files,
processes. orphan: dies with its zygote. privileges: can gain none. files: Landlock. syscalls: the kernel answers only
those that computing needs."""

_NOBODY: Final = 65534
_NEW_USER, _NEW_NETWORK, _NEW_IPC = 0x10000000, 0x40000000, 0x08000000
_CAPABILITIES: Final = 0x20080522
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 4, 36, 38


class Cage:
    """The layers: those of the zygote are entered with `adopt`, those of each job with `enter`."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
        self._parent = os.getpid()
        self._filter = _filter() if self._libc else None
        self._landlock = _landlock(self._libc) if self._libc else None
        self._adopted: dict[str, bool] = {}

    def adopt(self) -> None:
        """Become the parent of whatever a job may leave behind, and give up what no job may have."""
        if self._libc:
            self._libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self._adopted = {"user": _holds(_become_nobody), "network": _holds(self._leave_network)}

    def enter(self, limits: Limits) -> dict[str, bool]:
        """Give up everything, in this process, for good; which layers hold."""
        steps: dict[str, Callable[[], None]] = {
            "limits": lambda: _limit(limits),
            "orphan": self._die_with_parent,
            "privileges": lambda: self._prctl(_PR_SET_NO_NEW_PRIVS, 1),
            "files": self._forbid_files,
            "syscalls": self._deny,
        }
        return self._adopted | {name: _holds(step) for name, step in steps.items()}

    def _leave_network(self) -> None:
        if self._libc is None:
            raise OSError("no namespaces here")
        if self._libc.unshare(_NEW_USER | _NEW_NETWORK | _NEW_IPC):
            raise OSError(ctypes.get_errno(), "unshare")
        # Whoever makes a namespace of users is almighty inside; nobody here is to be that.
        header, nothing = (ctypes.c_uint32 * 2)(_CAPABILITIES, 0), (ctypes.c_uint32 * 6)()
        if self._libc.capset(header, nothing):
            raise OSError(ctypes.get_errno(), "capset")

    def _forbid_files(self) -> None:
        if self._landlock is None:
            raise OSError("no Landlock here")
        self._landlock.enter()

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


def _landlock(libc: ctypes.CDLL) -> Landlock | None:
    try:
        return Landlock(libc)
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

"""What a piece of code does behind one's back: calls that block the event loop, and packages that it imports."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

from ..plugin import Plugin
from ..watchdog import Watchdog

BEAT: Final = 0.25
"""Seconds between two looks at a loop that may be held up."""

_watched: Final[dict[int, list[str]]] = {}
"""Calls that blocked, by the thread in which they are watched."""

_LIST: Final = """
import sys, blockloom
before = set(sys.modules)
import importlib
importlib.import_module(sys.argv[1])
tops = {name.partition(".")[0] for name in set(sys.modules) - before}
print(*sorted(tops - set(sys.stdlib_module_names)))
"""


@contextmanager
def held_up(type: type[Any], places: list[str]) -> Iterator[None]:
    """Add where the package of a type holds up the running loop for two beats; a simulated loop is not watched."""
    watchdog = Watchdog(_Suspect(type.__module__.partition(".")[0], places), BEAT)
    watchdog.start()
    try:
        yield
    finally:
        watchdog.stop()


class _Suspect:
    """Blames nobody but the package that is under test."""

    def __init__(self, package: str, places: list[str]) -> None:
        self._package = package
        self._row = Plugin(package, "", "")
        self._places = places

    def owner_of(self, module: str) -> Plugin | None:
        """The package under test, if the module is of it."""
        return self._row if module.partition(".")[0] == self._package else None

    def blame(self, row: Plugin, place: str) -> bool:
        """Note the first place; there is nothing to log."""
        if not self._places:
            self._places.append(place)
        return False


@contextmanager
def blocking_calls() -> Iterator[list[str]]:
    """The calls of this thread that would hold up an event loop: sleeping, connecting, resolving, fetching."""
    _listen()
    thread = threading.get_ident()
    calls: list[str] = []
    _watched[thread] = calls
    sleep = time.sleep

    def noticed(seconds: Any) -> None:
        if threading.get_ident() == thread and seconds > 0:
            calls.append(f"time.sleep({seconds})")
        sleep(seconds)

    time.sleep = noticed  # only Python 3.13 and later tell of it
    try:
        yield calls
    finally:
        time.sleep = sleep
        del _watched[thread]


@cache
def imported_by(module: str) -> frozenset[str]:
    """The packages, those of Python and blockloom aside, that a fresh process imports along with a module."""
    done = subprocess.run([sys.executable, "-c", _LIST, module], capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"{module} cannot be imported by a fresh process:\n{done.stderr}")
    return frozenset(done.stdout.split()) - {module}


@cache
def _listen() -> None:
    """Have Python tell of what it does; that cannot be undone, so it is done once."""
    sys.addaudithook(_notice)


def _notice(event: str, arguments: tuple[Any, ...]) -> None:
    if _watched and event in _BLOCKING and (calls := _watched.get(threading.get_ident())) is not None:
        told = _BLOCKING[event](*arguments)
        if told:
            calls.append(told)


def _connect(socket: Any, address: Any) -> str:
    return "" if socket.gettimeout() == 0 else f"socket.connect({address!r})"


_BLOCKING: Final[Mapping[str, Any]] = {
    "socket.connect": _connect,
    "socket.getaddrinfo": lambda host, *_: f"socket.getaddrinfo({host!r})",
    "urllib.Request": lambda url, *_: f"urllib.request.urlopen({url!r})",
}

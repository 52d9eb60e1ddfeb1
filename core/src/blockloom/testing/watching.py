"""What a piece of code does behind one's back: calls that block the event loop, and packages that it imports."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

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

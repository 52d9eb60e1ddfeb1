"""Calls into code of others: whatever they raise is one error, and one that does not end is given up."""

import contextlib
import sys
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from .errors import PluginError

_T = TypeVar("_T")


class _GivenUp(BaseException):
    """Thrown into a thread that takes too long."""


class TookTooLong(PluginError):
    """A plugin that did not come back in time."""


def guarded(call: Callable[[], _T], seconds: float) -> _T:
    """What a call of a plugin gives; raises PluginError for whatever it raises, `sys.exit` included.

    It runs in a thread, so that one that does not end can be left behind. What it prints goes to stderr.
    """
    given: list[_T] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            given.append(call())
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, name="blockloom-plugin", daemon=True)
    with contextlib.redirect_stdout(sys.stderr):
        thread.start()
        thread.join(seconds)
    if given:
        return given[0]
    if not raised:
        _throw(thread, _GivenUp)
        raise TookTooLong("", f"it did not come to an end within {seconds:g} seconds and was given up")
    error = raised[0]
    if isinstance(error, KeyboardInterrupt | PluginError):
        raise error
    raise PluginError("", f"{type(error).__name__}: {error}") from error


def _throw(thread: threading.Thread, error: type[BaseException]) -> None:
    """Raise an error in another thread at its next step in Python; one that waits for the system goes on waiting."""
    import ctypes

    identity: Any = thread.ident
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(identity), ctypes.py_object(error))

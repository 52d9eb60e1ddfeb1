"""Calls into code of others: whatever they raise is one error, and one that does not end is given up."""

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from .errors import PluginError

_T = TypeVar("_T")


class _GivenUp(BaseException):
    """Thrown into a thread that takes too long."""


class TookTooLong(PluginError):
    """A plugin that did not come back in time."""


class Outcome(NamedTuple, Generic[_T]):
    """What came of a call, and how many seconds it took."""

    value: _T | None
    error: BaseException | None
    seconds: float

    def give(self) -> _T:
        """What the call gave; raises PluginError for whatever it raised, `sys.exit` included."""
        if self.error is None:
            return self.value  # type: ignore[return-value]
        if isinstance(self.error, KeyboardInterrupt | PluginError):
            raise self.error
        raise PluginError("", f"{type(self.error).__name__}: {self.error}") from self.error


def guarded(call: Callable[[], _T], seconds: float) -> _T:
    """What a call of a plugin gives; raises PluginError. See `guarded_each`."""
    return guarded_each([call], seconds)[0].give()


def guarded_each(calls: Sequence[Callable[[], _T]], seconds: float) -> list[Outcome[_T]]:
    """What becomes of calls of plugins, one after the other.

    They run in a thread, so that one that does not end in so many seconds can be left behind; the others go on in
    another. What they print goes to stderr.
    """
    outcomes: list[Outcome[_T]] = []
    with contextlib.redirect_stdout(sys.stderr):
        while len(outcomes) < len(calls):
            _Worker(calls, outcomes).work(seconds)
    return outcomes


class _Worker(Generic[_T]):
    """A thread that makes calls, until one takes too long."""

    def __init__(self, calls: Sequence[Callable[[], _T]], outcomes: list[Outcome[_T]]) -> None:
        self._calls = calls
        self._outcomes = outcomes
        self._lock = threading.Lock()
        self._left = False

    def work(self, seconds: float) -> None:
        """Make the calls that are left, and come back once all are made or one was given up."""
        thread = threading.Thread(target=self._run, name="blockloom-plugin", daemon=True)
        thread.start()
        while thread.is_alive():
            before = len(self._outcomes)
            thread.join(seconds)
            with self._lock:
                if thread.is_alive() and len(self._outcomes) == before:
                    self._left = True
                    why = f"it did not come to an end within {seconds:g} seconds and was given up"
                    self._outcomes.append(Outcome(None, TookTooLong("", why), seconds))
                    _throw(thread, _GivenUp)
                    return

    def _run(self) -> None:
        with contextlib.suppress(_GivenUp):
            for call in self._calls[len(self._outcomes) :]:
                outcome = _outcome(call)
                with self._lock:
                    if self._left:
                        return
                    self._outcomes.append(outcome)


def _outcome(call: Callable[[], _T]) -> Outcome[_T]:
    began = time.perf_counter()
    try:
        return Outcome(call(), None, time.perf_counter() - began)
    except BaseException as error:
        return Outcome(None, error, time.perf_counter() - began)


def _throw(thread: threading.Thread, error: type[BaseException]) -> None:
    """Raise an error in another thread at its next step in Python; one that waits for the system goes on waiting."""
    import ctypes

    identity: Any = thread.ident
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(identity), ctypes.py_object(error))

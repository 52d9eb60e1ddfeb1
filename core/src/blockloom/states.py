"""The states of a task and of a run, and the moves between them that are legal."""

from enum import StrEnum
from typing import Final


class TaskState(StrEnum):
    """Where one task of a run stands."""

    WAITING = "WAITING"
    """It waits for an input or for the task before it."""
    READY = "READY"
    """Its inputs are complete; it waits for a place to run."""
    RUNNING = "RUNNING"
    """It runs, or waits for a person, a time or an event of its own."""
    COMPLETED = "COMPLETED"
    """It ended well; its outputs are recorded."""
    FAILED = "FAILED"
    """It ended with an error."""
    CANCELED = "CANCELED"
    """Its branch was not taken, or it was stopped; the reason is kept."""


class RunState(StrEnum):
    """Where a run stands."""

    PENDING = "PENDING"
    """It is accepted and has not begun."""
    RUNNING = "RUNNING"
    """Its tasks run or wait."""
    PAUSED = "PAUSED"
    """Nothing new starts until it is resumed."""
    COMPLETED = "COMPLETED"
    """Nothing can run any more; its outputs are complete."""
    FAILED = "FAILED"
    """A task failed and nothing caught the error."""
    STOPPED = "STOPPED"
    """Somebody, or a task, ended it."""


class Reason(StrEnum):
    """Why a task is CANCELED."""

    BRANCH = "branch"
    """Too few of the connections that decide are alive."""
    MISSING_INPUT = "missing-input"
    """A required input has no value."""
    UNREACHABLE = "unreachable"
    """No start task leads to it."""
    RACED = "raced"
    """A join downstream had enough without it."""
    FAILED_RUN = "failed-run"
    """The run failed while it waited or ran."""
    STOPPED = "stopped"
    """The run was stopped."""
    CANCELED = "canceled"
    """It was canceled by name."""


_T, _R = TaskState, RunState

TASK_MOVES: Final[dict[TaskState, frozenset[TaskState]]] = {
    _T.WAITING: frozenset({_T.READY, _T.CANCELED}),
    _T.READY: frozenset({_T.RUNNING, _T.CANCELED}),
    _T.RUNNING: frozenset({_T.COMPLETED, _T.FAILED, _T.CANCELED, _T.WAITING}),  # WAITING: to be tried again
    _T.COMPLETED: frozenset(),
    _T.FAILED: frozenset({_T.WAITING}),  # where the run failed with it and goes on
    _T.CANCELED: frozenset({_T.WAITING}),
}

RUN_MOVES: Final[dict[RunState, frozenset[RunState]]] = {
    _R.PENDING: frozenset({_R.RUNNING}),
    _R.RUNNING: frozenset({_R.PAUSED, _R.COMPLETED, _R.FAILED, _R.STOPPED}),
    _R.PAUSED: frozenset({_R.RUNNING, _R.FAILED, _R.STOPPED}),
    _R.COMPLETED: frozenset(),
    _R.FAILED: frozenset({_R.RUNNING}),  # it is retried
    _R.STOPPED: frozenset(),
}

TASK_ENDS: Final = frozenset({_T.COMPLETED, _T.FAILED, _T.CANCELED})
RUN_ENDS: Final = frozenset({_R.COMPLETED, _R.FAILED, _R.STOPPED})

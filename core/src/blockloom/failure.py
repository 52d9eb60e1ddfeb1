"""What is told of a failure, and when to try again."""

from collections.abc import Callable
from typing import Final

from .errors import BadValue, BlockloomError, BodyFailed, PluginError, TaskFailed
from .kind import Retry
from .past import INTERRUPTED, MOST_STRIKES
from .plan import TaskPlan

LONGEST: Final = 2000
"""Characters of a message that are kept."""

LONGEST_WAIT: Final = 3600.0
"""Seconds that a service may demand before another attempt; a task is not tried again where it demands more."""


def explain(error: BaseException) -> dict[str, str]:
    """What went wrong, as `{type, message, excerpt?, inner?}`."""
    kind, message = type(error).__name__, _text(error)
    if isinstance(error, PluginError):
        kind, message = error.code, f"{error.plugin}: {error.why}"
    elif isinstance(error, BadValue):
        kind, message = error.code, f"it gave back something that is not JSON: {error.message}"
    elif isinstance(error, TaskFailed):
        kind, message = error.type, error.message
    elif isinstance(error, BlockloomError):
        kind, message = error.code, error.message
    told = {"type": _clean(kind), "message": _clean(message)}
    if isinstance(error, TaskFailed) and error.excerpt:
        told["excerpt"] = _clean(error.excerpt)
    if isinstance(error, BodyFailed):
        told["inner"] = error.inner
    return told


def delay_before(error: BaseException, task: TaskPlan, attempt: int, chance: Callable[[], float]) -> float | None:
    """Seconds until a task that failed is tried again; None where it is not.

    The task's own `retry` counts for whatever is not hopeless, that of its type for what may help.
    """
    may = error.retry if isinstance(error, TaskFailed) else None
    after = error.after if isinstance(error, TaskFailed) else 0.0
    retry = task.retry or (task.type.retry if may else None)
    if may is False or retry is None or attempt >= retry.attempts or after > LONGEST_WAIT:
        return None
    return max(delay_of(retry, attempt, chance), after)


def cut_off(strikes: int) -> dict[str, str]:
    """What is told of a task that was cut off with its process, which it may have ended so many times itself."""
    message = "it was cut off when the process that ran it ended"
    if strikes >= MOST_STRIKES:
        message = f"the process that ran it has ended {strikes} times in the middle of it: it is set aside"
    return {"type": INTERRUPTED, "message": message}


def delay_of(retry: Retry, attempt: int, chance: Callable[[], float]) -> float:
    """Seconds before the next attempt: growing, capped, and with jitter somewhere in between."""
    try:
        delay = min(retry.delay * retry.backoff ** (attempt - 1), retry.max_delay)
    except OverflowError:
        delay = retry.max_delay
    return delay * chance() if retry.jitter else delay


def _text(error: BaseException) -> str:
    """What an error says of itself; nothing where it cannot even do that."""
    try:
        return str(error)
    except Exception:
        return ""


def _clean(text: object) -> str:
    """Text of a bearable length that can be written as UTF-8."""
    return str(text)[:LONGEST].encode(errors="replace").decode()

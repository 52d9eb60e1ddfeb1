"""What is told of single connections: that one is dead, and why."""

from collections.abc import Sequence

from .. import events as e
from ..fold import PENDING
from ..plan import TaskPlan
from ..spec import ERROR_PORT
from .history import Inlet, Subject
from .phrases import SHOWN, Cause, cause


def drawn(inlet: Inlet) -> str:
    """A connection, as `a.p → b.q`."""
    return f"{inlet.line.start} → {inlet.line.end}"


def few(subject: Subject, told: Sequence[Cause], of: int) -> list[Cause]:
    """The first of several causes of one kind, and how many are left out."""
    left_out = of - SHOWN
    return [*told[:SHOWN], *([cause("more", of=subject.id, left_out=left_out)] if left_out > 0 else [])]


def all_dead(subject: Subject, inlets: Sequence[Inlet]) -> list[Cause]:
    """Why each of these connections carries nothing."""
    return few(subject, [dead(subject, inlet) for inlet in inlets[:SHOWN]], len(inlets))


def dead(subject: Subject, inlet: Inlet) -> Cause:
    """Why a connection carries nothing."""
    facts = {"of": subject.id, "task": inlet.source.id, "connection": drawn(inlet), "port": inlet.line.port}
    event = inlet.event
    if event is None or inlet.fate == PENDING:
        return cause("too-late", **facts, state=inlet.source.state)
    if event.type == e.TASK_FAILED:
        return cause("dead:failed", **facts, state="FAILED", error=event.data["error"])
    if event.type == e.TASK_CANCELED:
        return cause("dead:canceled", **facts, state="CANCELED", reason=str(event.data["reason"]))
    if inlet.line.port == ERROR_PORT:
        return cause("dead:no-error", **facts, state="COMPLETED")
    chosen = chosen_of(inlet.source.plan, list(event.data["outputs"]))
    return cause("dead", **facts, state="COMPLETED", chosen=chosen)


def chosen_of(plan: TaskPlan | None, outputs: Sequence[str]) -> list[str]:
    """Of the outputs that were taken those that might not have been."""
    ports = {} if plan is None else plan.ports.outputs
    return [name for name in outputs if name not in ports or ports[name].branch]

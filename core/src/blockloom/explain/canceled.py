"""Why a task is canceled: for each reason what is told of it, and in which tasks the chain goes on."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from .. import events as e
from ..events import Event, moment
from ..fold import ALIVE, DEAD
from ..states import Reason, TaskState
from .history import Inlet, Subject
from .lines import all_dead, drawn
from .phrases import Cause, cause


def _outwards(subject: Subject) -> Iterator[Subject]:
    """The task, the one that holds it, and so on."""
    at: Subject | None = subject
    while at is not None:
        yield at
        at = at.scope.holder


# branch, missing-input, unreachable


def _lost(subject: Subject, last: Event) -> list[Inlet]:
    return [inlet for inlet in subject.inlets(last.seq) if inlet.decides and inlet.fate == DEAD]


def _branch(subject: Subject, last: Event) -> list[Cause]:
    if subject.plan is None:
        return [cause("branch:bare", of=subject.id, at=moment(last.time))]
    lost = _lost(subject, last)
    facts = {"need": subject.plan.join.need, "deciding": subject.plan.deciders}
    named = [drawn(inlet) for inlet in lost]
    key = "branch" if subject.plan.deciders > 1 else "branch:one"
    return [cause(key, of=subject.id, at=moment(last.time), connections=named, **facts), *all_dead(subject, lost)]


def _branch_leads(subject: Subject, last: Event) -> Iterable[Subject]:
    return _fallen(_lost(subject, last))


def _fallen(inlets: Iterable[Inlet]) -> list[Subject]:
    """Where connections come from that are dead because their source did not complete."""
    return [inlet.source for inlet in inlets if inlet.event is not None and inlet.event.type in _UNDONE]


_UNDONE: Final = (e.TASK_CANCELED, e.TASK_FAILED)


def _missing(subject: Subject, last: Event) -> Iterator[Cause]:
    inlets = subject.inlets(last.seq)
    for name in last.data.get("inputs", ()):
        feeding = [inlet for inlet in inlets if inlet.line.input == name and inlet.fate != ALIVE]
        named = [drawn(inlet) for inlet in feeding]
        yield cause("missing-input", of=subject.id, input=name, at=moment(last.time), connections=named)
        yield from all_dead(subject, feeding)


def _missing_leads(subject: Subject, last: Event) -> Iterable[Subject]:
    names = last.data.get("inputs", ())
    return _fallen(inlet for inlet in subject.inlets(last.seq) if inlet.line.input in names)


def _unreachable(subject: Subject, last: Event) -> list[Cause]:
    plan = subject.scope.plan
    starts = [] if plan is None else [task.id for task in plan.tasks if task.type.starts]
    return [cause("unreachable", of=subject.id, at=moment(last.time), starts=starts)]


# raced, failed-run


def _raced(subject: Subject, last: Event) -> list[Cause]:
    for loser in _outwards(subject):
        if (join := _winner(loser, last.seq)) is not None:
            target, ready = join
            alive = [drawn(inlet) for inlet in target.inlets(ready) if inlet.decides and inlet.fate == ALIVE]
            return [cause("raced", of=subject.id, join=target.id, at=moment(last.time), connections=alive)]
    return [cause("raced:bare", of=subject.id, at=moment(last.time))]


def _winner(loser: Subject, until: int) -> tuple[Subject, int] | None:
    """The join after a task that last became ready before `until` and cancels what it has no use for."""
    scope = loser.scope
    if loser.plan is None:
        return None
    for seq, join in reversed(scope.races):
        if seq < until and join != loser.plan.index and loser.plan.index in scope.before(join):
            return scope.at(join), seq
    return None


def _culprit(subject: Subject, last: Event) -> tuple[Subject, Event] | None:
    """The task whose failure brought down the graph in which this one, or a task that holds it, is."""
    for fallen in _outwards(subject):
        scope = fallen.scope
        seqs = [seq for seq in scope.fallen if scope.since <= seq < last.seq]
        if seqs and scope.plan is not None:
            event = scope.history.event(seqs[-1])
            found = scope.subject((event.task or "")[len(scope.prefix) :])
            return None if found is None else (found, event)
    return None


def _failed_run(subject: Subject, last: Event) -> list[Cause]:
    found = _culprit(subject, last)
    if found is not None:
        task, event = found
        facts = {"task": task.id, "error": event.data["error"], "failed": moment(event.time)}
        return [cause("failed-run", of=subject.id, at=moment(last.time), **facts)]
    error = subject.scope.history.error
    return [cause("failed-run:bare", of=subject.id, at=moment(last.time), error=error or None)]


def _failed_leads(subject: Subject, last: Event) -> Iterable[Subject]:
    found = _culprit(subject, last)
    return [] if found is None or found[0].state is not TaskState.FAILED else [found[0]]


# stopped, canceled


def _stopped(subject: Subject, last: Event) -> list[Cause]:
    by = last.data.get("by")
    return [cause("stopped" if by is None else "stopped:by", of=subject.id, by=by, at=moment(last.time))]


def _by_name(subject: Subject, last: Event) -> list[Cause]:
    at, by, holder = moment(last.time), last.data.get("by"), subject.scope.holder
    if by is not None:
        return [cause("canceled:by", of=subject.id, by=by, at=at)]
    if holder is None or "by" in last.data:
        return [cause("canceled", of=subject.id, at=at)]
    told = holder.last()
    facts = {"of": subject.id, "task": holder.id, "at": at, "state": holder.state}
    if told is not None and told.type == e.TASK_CANCELED:
        return [cause("canceled:holder", **facts, reason=str(told.data["reason"]))]
    if told is not None and told.type in (e.TASK_FAILED, e.TASK_RETRYING):
        return [cause("canceled:failed", **facts, error=told.data["error"])]
    return [cause("canceled:enough", **facts)]


def _by_name_leads(subject: Subject, last: Event) -> Iterable[Subject]:
    holder = subject.scope.holder
    if holder is None or "by" in last.data:
        return []
    return [holder] if holder.state in (TaskState.CANCELED, TaskState.FAILED) else []


def _nowhere(subject: Subject, last: Event) -> Iterable[Subject]:
    return ()


class Telling(NamedTuple):
    """What is told of a task that is canceled for one reason, and which tasks to ask next."""

    tell: Callable[[Subject, Event], Iterable[Cause]]
    leads: Callable[[Subject, Event], Iterable[Subject]] = _nowhere


REASONS: Final[Mapping[str, Telling]] = {
    Reason.BRANCH: Telling(_branch, _branch_leads),
    Reason.MISSING_INPUT: Telling(_missing, _missing_leads),
    Reason.UNREACHABLE: Telling(_unreachable),
    Reason.RACED: Telling(_raced),
    Reason.FAILED_RUN: Telling(_failed_run, _failed_leads),
    Reason.STOPPED: Telling(_stopped),
    Reason.CANCELED: Telling(_by_name, _by_name_leads),
}

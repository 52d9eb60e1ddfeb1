"""The causes of one task's state: what is told of it, and which tasks to ask next."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from .. import events as e
from ..events import Event, moment
from ..fold import ALIVE, DEAD, PENDING
from ..records import TASK_STATES
from ..spec import ERROR_PORT
from ..states import RunState, TaskState
from .canceled import REASONS
from .history import Inlet, Subject, holder_of
from .lines import drawn, few
from .phrases import SHOWN, Cause, cause


def causes_of(subject: Subject, asked: bool = True) -> list[Cause]:
    """Why it stands as it does, nearest first; less where it is told of for the sake of another."""
    last = subject.last()
    state = TaskState.WAITING if last is None else TASK_STATES[last.type]
    told = _TELL[state](subject, last, asked)
    if asked and subject.plan is None:
        told.append(cause("no-plan", of=subject.id))
    return told


def leads_of(subject: Subject) -> list[Subject]:
    """The tasks in which the chain of causes goes on."""
    last = subject.last()
    if last is None:
        return _before(subject)
    if last.type == e.TASK_CANCELED:
        reason = REASONS.get(last.data["reason"])
        return [] if reason is None else list(reason.leads(subject, last))
    if last.type == e.TASK_FAILED and (inner := last.data["error"].get("inner")):
        found = subject.scope.history.find(inner)
        return [] if found is None else [found]
    return []


# WAITING


def _before(subject: Subject) -> list[Subject]:
    holder = subject.scope.holder
    if subject.scope.history.state is RunState.PENDING:
        return []
    if holder is not None and not subject.scope.begun:
        return [holder]
    return [inlet.source for inlet in subject.inlets() if inlet.fate == PENDING]


def _waiting(subject: Subject, last: Event | None, asked: bool) -> list[Cause]:
    if last is not None and last.type == e.TASK_RETRYING:
        return [_to_retry(subject, last), *_history(subject, asked)]
    scope = subject.scope
    if scope.history.state is RunState.PENDING:
        return [cause("not-begun")]
    if not scope.begun and scope.holder is not None:
        return [cause("body-not-begun", of=subject.id, task=scope.holder.id, state=scope.holder.state)]
    if subject.plan is not None and subject.plan.type.starts:
        return [cause("due", of=subject.id)]
    inlets = subject.inlets()
    pending = [inlet for inlet in inlets if inlet.fate == PENDING]
    if not pending:
        return [cause("due", of=subject.id)]
    told = few(subject, [_waits_for(subject, inlet) for inlet in pending[: SHOWN + 1]], len(pending))
    return [*told, *_join(subject, inlets)]


def _waits_for(subject: Subject, inlet: Inlet) -> Cause:
    return cause(
        "waits-for" if inlet.line.input is None else "waits-for:input",
        of=subject.id,
        task=inlet.source.id,
        connection=drawn(inlet),
        input=inlet.line.input,
        state=inlet.source.state,
        since=moment(_since(inlet.source, inlet.event)),
    )


def _since(subject: Subject, last: Event | None) -> float:
    """When a task came into its state: with its last event, else when its graph began."""
    if last is not None:
        return last.time
    history = subject.scope.history
    return history.event(subject.scope.since or 1).time


def _join(subject: Subject, inlets: Sequence[Inlet]) -> list[Cause]:
    deciding = [inlet.fate for inlet in inlets if inlet.decides]
    if subject.plan is None or len(deciding) < 2:
        return []
    need, alive, lost = subject.plan.join.need, deciding.count(ALIVE), deciding.count(DEAD)
    return [cause("join", of=subject.id, need=need, deciding=len(deciding), alive=alive, dead=lost)]


def _to_retry(subject: Subject, last: Event) -> Cause:
    delay = last.data["delay"]
    return cause(
        "waits-to-retry",
        of=subject.id,
        attempt=_attempt(subject, last.seq),
        error=last.data["error"],
        delay=delay,
        at=moment(last.time),
        until=moment(last.time + delay),
    )


# READY and RUNNING


def paused(subject: Subject) -> list[Cause]:
    """That the run is paused, if it is."""
    history = subject.scope.history
    return [cause("paused", since=moment(history.since))] if history.state is RunState.PAUSED else []


def _ready(subject: Subject, last: Event | None, asked: bool) -> list[Cause]:
    if told := paused(subject):
        return [*told, *_history(subject, asked)] if asked else []
    history = subject.scope.history
    holders = {holder_of(id) for id in history.running}
    running = [id for id in history.running if id not in holders]
    group = None if subject.plan is None else subject.plan.group
    key = "waits-for-place" if running else "waits-for-place:next"
    key = key if group is None else "waits-for-place:group"
    since = None if last is None else moment(last.time)
    return [cause(key, of=subject.id, since=since, running=running, group=group), *_history(subject, asked)]


def _running(subject: Subject, last: Event | None, asked: bool) -> list[Cause]:
    told = []
    started = next((event for event in reversed(list(subject.events())) if event.type == e.TASK_STARTED), None)
    if started is not None and asked:
        told.append(cause("running", of=subject.id, since=moment(started.time), attempt=started.data["attempt"]))
    if subject.plan is not None and (running := _held(subject, subject.id)):
        told.append(cause("holds", of=subject.id, running=running))
    elif subject.plan is not None and subject.plan.type.bodies(subject.plan.config):
        told.append(cause("holds", of=subject.id, running=[]))
    return [*told, *_waits(subject), *_history(subject, asked)]


def _held(subject: Subject, holder: str) -> list[str]:
    """The tasks that run in the bodies of a task."""
    return [id for id in subject.scope.history.running if id.startswith((f"{holder}.", f"{holder}["))]


def _waits(subject: Subject) -> list[Cause]:
    """What a task that runs waits for: each wait that has begun and not ended."""
    open: dict[int, Event] = {}
    for event in subject.events():
        if event.type == e.TASK_STARTED and event.data["attempt"] == 1:
            open.clear()
        elif event.type == e.TASK_WAITING:
            number = event.data["wait"]
            if number in open:
                del open[number]
            elif "answer" not in event.data:
                open[number] = event
    return [_waits_since(subject, event) for event in open.values()][:SHOWN]


def _waits_since(subject: Subject, event: Event) -> Cause:
    data = event.data
    key = "waiting" if "form" in data else "waiting:time" if "until" in data else "waiting:event"
    facts = {"trigger": data.get("for"), "until": data.get("until"), "block": data.get("block")}
    return cause(key, of=subject.id, since=moment(event.time), **facts)


# COMPLETED and FAILED


def _completed(subject: Subject, last: Event | None, asked: bool) -> list[Cause]:
    assert last is not None
    outputs = list(last.data["outputs"])
    facts = {"attempt": _attempt(subject, last.seq), "at": moment(last.time), "chosen": outputs}
    return [*_history(subject, asked), cause("completed", of=subject.id, **facts)]


def _failed(subject: Subject, last: Event | None, asked: bool) -> list[Cause]:
    assert last is not None
    plan, caught, key = subject.plan, [], "error:bare"
    if plan is not None:
        graph = subject.scope.plan
        lines = [line.number for line in plan.lines if line.port == ERROR_PORT]
        caught = [] if graph is None else [f"{graph.connections[n].start} → {graph.connections[n].end}" for n in lines]
        key = "error:caught" if caught else "error"
    facts: dict[str, Any] = {"error": last.data["error"], "attempt": _attempt(subject, last.seq)}
    told = cause(key, of=subject.id, at=moment(last.time), connections=caught, **facts)
    return [told, *_history(subject, asked)]


def _canceled(subject: Subject, last: Event | None, asked: bool) -> list[Cause]:
    assert last is not None
    reason = REASONS.get(last.data["reason"])
    told = list(reason.tell(subject, last)) if reason is not None else []
    return told or [cause("canceled", of=subject.id, reason=last.data["reason"], at=moment(last.time))]


# What went before: why it became ready, and why it ran more than once.


def _history(subject: Subject, asked: bool) -> list[Cause]:
    return [*again(subject), *_readied(subject)] if asked else []


def _attempt(subject: Subject, until: int) -> int:
    """The attempt that an event of a task is about."""
    numbers = subject.numbers(until)
    events = map(subject.scope.history.event, reversed(numbers))
    return next((event.data["attempt"] for event in events if event.type == e.TASK_STARTED), 1)


def again(subject: Subject) -> list[Cause]:
    """Why it ran again, the latest attempt first."""
    told: list[Cause] = []
    running: Event | None = None
    for event in subject.events():
        if event.type == e.TASK_WAITING:
            continue
        if event.type == e.TASK_RETRYING and "strikes" not in event.data:
            attempt = 1 if running is None else running.data["attempt"]
            facts = {"attempt": attempt, "error": event.data["error"], "delay": event.data["delay"]}
            told.append(cause("retried", of=subject.id, at=moment(event.time), **facts))
        elif event.type in (e.TASK_RETRYING, e.TASK_STARTED, e.TASK_READY) and running is not None:
            at = moment(running.time)
            told.append(cause("interrupted", of=subject.id, attempt=running.data["attempt"], at=at))
        running = event if event.type == e.TASK_STARTED else None
    if subject.state is TaskState.WAITING and told:
        told.pop()  # that attempt is told of as what it waits to repeat
    return told[: -SHOWN - 1 : -1]


def _readied(subject: Subject) -> list[Cause]:
    first = next((event for event in subject.events() if event.type == e.TASK_READY), None)
    if first is None:
        return []
    if subject.plan is None:
        return [cause("ready", of=subject.id, at=moment(first.time))]
    inlets = [] if subject.plan.type.starts else [inlet for inlet in subject.inlets(first.seq) if inlet.decides]
    if not inlets:
        return [cause("begins", of=subject.id, at=moment(first.time))]
    alive = [drawn(inlet) for inlet in inlets if inlet.fate == ALIVE]
    facts = {"need": subject.plan.join.need, "deciding": len(inlets), "alive": len(alive), "connections": alive}
    key = "started-by" if len(inlets) > 1 else "started-by:one"
    return [cause(key, of=subject.id, at=moment(first.time), **facts)]


_Tell = Callable[[Subject, Event | None, bool], list[Cause]]
_TELL: Final[Mapping[TaskState, _Tell]] = {
    TaskState.WAITING: _waiting,
    TaskState.READY: _ready,
    TaskState.RUNNING: _running,
    TaskState.COMPLETED: _completed,
    TaskState.FAILED: _failed,
    TaskState.CANCELED: _canceled,
}

"""What the journal of an open run says beyond its state: what ran when the record ended, and where it stood."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from . import events as e
from .events import Event
from .task import Answer

INTERRUPTED: Final = "interrupted"
"""The type of the error of a task that was cut off with its process."""

MOST_STRIKES: Final = 5
"""How often a task may be cut off with its process before it is set aside."""

SUSPECT: Final = 2
"""Strikes from which on a task begins alone."""

_REOPENED: Final = Event(0, 0.0, e.RUN_RESUMED, None, {"retry": True})


class Wait(NamedTuple):
    """One wait of a task: what it waits for, and, once it is over, how that came."""

    begun: Mapping[str, Any]
    fired: Mapping[str, Any] | None = None


class Past:
    """What is known of the tasks of a run, those in bodies too, by their full names; made in one pass."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.bodies: dict[str, list[Event]] = {}
        """The events of each body, by the beginning of its tasks' names; see `Run.carry_on`."""
        self.started: dict[str, float] = {}
        """Tasks that ran when the record ended, and since when."""
        self.due: dict[str, float] = {}
        """Tasks that are to be tried again, and when."""
        self.waits: dict[str, dict[int, Wait]] = {}
        """What tasks that ran have waited for, by the number of the wait."""
        self.answers: dict[str, list[Answer]] = {}
        """What people have answered to tasks that ran."""
        self.taken: set[int] = set()
        """The numbers of the published events that tasks were given."""
        self.cuts: dict[str, int] = {}
        """How often each task was cut off with its process."""
        self.strikes: dict[str, int] = {}
        """How often that may have been its own doing."""
        self.recovered = False
        """Whether the run was carried on before."""
        self.unclaimed = False
        """Whether its process once ended before anything that ran was on record."""
        self._bodies_of: dict[str, dict[str, None]] = {}
        for event in events:
            if event.task is None:
                self._read_of_run(event)
            else:
                _READ[event.type](self, event, event.task)

    @property
    def in_flight(self) -> dict[str, float]:
        """The tasks that ran code of their own when the record ended, and since when; not those that waited."""
        return {id: since for id, since in self.started.items() if not self.goes_on(id)}

    def goes_on(self, id: str) -> bool:
        """Whether a task that ran was waiting or held bodies, so that it goes on where it was."""
        return bool(self._bodies_of.get(id)) or any(wait.fired is None for wait in self.waits.get(id, {}).values())

    def cut(self, id: str) -> None:
        """A task that was cut off begins again."""
        self.started.pop(id, None)
        self.cuts[id] = self.cuts.get(id, 0) + 1

    def strikes_of(self, id: str) -> int:
        """How often a task has ended its process, as far as one can tell."""
        own = self.strikes.get(id, 0)
        return own + (own > 0 and self.unclaimed)

    def _read_of_run(self, event: Event) -> None:
        if event.type == e.RUN_RESUMED:
            self.recovered |= "recovered" in event.data
            self.unclaimed |= "unclaimed" in event.data
            if "retry" in event.data:
                self.reopen()

    def reopen(self) -> None:
        """Let what failed in bodies, and what was canceled for it, wait again: the run goes on after it has failed."""
        for body in self.bodies.values():
            body.append(_REOPENED)

    def _take_in(self, event: Event, id: str) -> None:
        """Keep an event of a task in a body for that body."""
        outer, dot, _ = id.rpartition(".")
        if dot:
            prefix = outer + dot
            holder = outer[: outer.rindex("[")] if outer.endswith("]") else outer
            self._bodies_of.setdefault(holder, {})[prefix] = None
            self.bodies.setdefault(prefix, []).append(event)

    def _ready(self, event: Event, id: str) -> None:
        self._take_in(event, id)
        self.due.pop(id, None)

    def _started(self, event: Event, id: str) -> None:
        self._take_in(event, id)
        self.started[id] = event.time

    def _waiting(self, event: Event, id: str) -> None:
        data = event.data
        if "answer" in data:
            self.answers.setdefault(id, []).append(Answer(data["answer"], data.get("block")))
        number = data["wait"]
        waits = self.waits.setdefault(id, {})
        waits[number] = Wait(waits[number].begun, data) if number in waits else Wait(data)
        if "event" in data:
            self.taken.add(data["event"])

    def _retrying(self, event: Event, id: str) -> None:
        self._take_in(event, id)
        self.started.pop(id, None)
        self.due[id] = event.time + event.data["delay"]
        if event.data["error"]["type"] == INTERRUPTED and "strikes" in event.data:
            self.cuts[id] = self.cuts.get(id, 0) + 1
            self.strikes[id] = event.data["strikes"]
        else:
            self.forget(id)

    def _completed(self, event: Event, id: str) -> None:
        self._over(event, id)
        self.forget(id)

    def _over(self, event: Event, id: str) -> None:
        self._take_in(event, id)
        for known in (self.started, self.due, self.waits, self.answers):
            known.pop(id, None)

    def forget(self, id: str) -> None:
        """Forget what a task has waited for and held: what it does next, it does anew."""
        for known in (self.started, self.waits, self.answers):
            known.pop(id, None)
        for prefix in self._bodies_of.pop(id, ()):
            for event in self.bodies.pop(prefix, ()):
                if event.task is not None and event.task in self._bodies_of:
                    self.forget(event.task)


_READ: Final = {
    e.TASK_WAITING: Past._waiting,
    e.TASK_READY: Past._ready,
    e.TASK_STARTED: Past._started,
    e.TASK_RETRYING: Past._retrying,
    e.TASK_COMPLETED: Past._completed,
    e.TASK_FAILED: Past._over,
    e.TASK_CANCELED: Past._over,
}


def blamed(runs: Mapping[str, Past]) -> set[tuple[str, str]]:
    """Which tasks of which runs may have ended the process: (run, task).

    All that ran, as long as nothing is known. What has been cut off twice begins alone (see `Probation`), so of those
    only the last to begin can have done it, or what began after it.
    """
    ran = [(since, run, id) for run, past in runs.items() for id, since in past.in_flight.items()]
    suspects = [since for since, run, id in ran if runs[run].strikes.get(id, 0) >= SUSPECT]
    from_then = max(suspects, default=float("-inf"))
    return {(run, id) for since, run, id in ran if since >= from_then}

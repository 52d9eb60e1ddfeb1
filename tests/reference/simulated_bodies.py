"""Runs of random graphs with bodies in a simulation, held against the naive interpreter and what is always true."""

import random
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from blockloom import Event
from blockloom.states import TASK_ENDS, TASK_MOVES, Reason, TaskState
from naive_bodies import Act
from naive_interpreter import Outcome, interpret
from random_graphs import Case
from simulated_runs import (
    EITHER,
    MOVES,
    Trace,
    check_inputs_complete,
    check_replay,
    check_run_moves,
    compare_task,
    run_case,
    same_error,
)

ORDERS = 40
"""Orders that SPEC allows too which are tried before a run is said to be wrong."""
STEP = re.compile(r"(?P<id>[^.\[]+)(\[(?P<key>\d+)\])?")
ENDING = {Reason.RACED, Reason.FAILED_RUN, Reason.STOPPED, Reason.CANCELED}
"""Reasons for which a task is canceled with its graph."""
HOLDERS = ("foreach", "loop", "workflow")


def check_bodies(case: Case, seed: int, orders: int = ORDERS) -> tuple[str, Outcome]:
    """Run a graph and hold it against everything that is known of it.

    It agrees in the `same` order, or in `another` that SPEC allows; or it hangs on what is `open`, and what is true of
    every run is all that is known of it.
    """
    places = case.max_concurrency
    seen = run_case(case, seed)
    check_body_invariants(seen, case)
    outcome = interpret(case.document, case.inputs, places)
    if not (flaw := differs(seen, outcome)):
        return "same", outcome
    is_open = outcome.open or outcome.free
    for order in range(orders):
        other = interpret(case.document, case.inputs, places, Following(seen.events, random.Random(order)))
        if not differs(seen, other):
            return "another", outcome
        is_open = is_open or other.open
    assert is_open, flaw
    return "open", outcome


class Following:
    """Chooses what happens next as the events of a run show it; where they show nothing, by chance."""

    def __init__(self, events: Sequence[Event], chance: random.Random) -> None:
        self.chance = chance
        self.at = 0
        self.times = [event.time for event in events]
        self.seen: dict[str, list[int]] = defaultdict(list)
        for place, event in enumerate(events):
            for name in shown(event):
                self.seen[name].append(place)

    def __call__(self, now: float, acts: list[Act]) -> Act:
        """The act that shows first, or one that need not show."""
        places = [self.place(now, act) for act in acts]
        pairs = list(zip(acts, places, strict=True))
        quiet = [act for act, place in pairs if (act.quiet if place is None else act.early)]
        first = min((place for act, place in pairs if place is not None and not act.early), default=None)
        if quiet and (first is None or self.chance.random() < 0.5):
            return self.chance.choice(quiet)
        if first is None:
            return self.chance.choice(acts)
        self.at = first + 1
        return self.chance.choice([act for act, place in pairs if place == first and not act.early])

    def place(self, now: float, act: Act) -> int | None:
        """Where it shows next, if it does by now."""
        found = []
        for name in act.shows:
            places = self.seen[name]
            if (next := bisect_left(places, self.at)) < len(places) and self.times[places[next]] <= now:
                found.append(places[next])
        return min(found, default=None)


def shown(event: Event) -> list[str]:
    """The names under which an event is looked for."""
    name = event.task or ""
    ends = [place + 1 for place, letter in enumerate(name) if letter == "."]
    names = [name[:end] for end in ends]
    if event.type == "task.started":
        return [*names, name, f"{name} starts"]
    if event.data.get("reason") in ENDING:
        return [*names, name, *(f"{prefix} ends" for prefix in names)]
    return [*names, name]


def differs(seen: Trace, outcome: Outcome) -> str:
    """How a run differs from what the naive interpreter says; empty where it does not."""
    try:
        compare_all(seen, outcome)
    except AssertionError as error:
        return str(error) or "outputs or errors differ"
    return ""


def compare_all(seen: Trace, outcome: Outcome) -> None:
    """The run has come to what the naive interpreter says, in bodies too."""
    run, records = seen.run, seen.view.tasks
    for index, id in enumerate(run.plan.ids):
        compare_task(seen, index, id, outcome.tasks[id])
    assert set(records) == set(outcome.tasks), f"other tasks: {sorted(set(records) ^ set(outcome.tasks))}"
    for name, wanted in outcome.tasks.items():
        record = records[name]
        alike = {record.reason, wanted.reason} <= EITHER and record.finished == wanted.finished
        assert record.state == wanted.state, f"{name}: {record.state}, not {wanted.state}"
        assert record.reason == wanted.reason or alike, f"{name}: {record.reason}, not {wanted.reason}"
        assert record.outputs == wanted.gave, f"{name} gave {record.outputs}, not {wanted.gave}"
        same_error(record.error, wanted.error)
        assert record.finished == wanted.finished, f"{name} ended at {record.finished}, not {wanted.finished}"
        if wanted.attempt or not wanted.again:
            assert (record.attempt, record.started) == (wanted.attempt or 0, wanted.started), (
                f"{name} began at {record.started}, not {wanted.started}"
            )
    assert run.state == outcome.state, f"the run is {run.state}, not {outcome.state}"
    assert seen.view.outputs == outcome.outputs
    same_error(seen.view.error, outcome.error)


# What is true of every run


def check_body_invariants(seen: Trace, case: Case) -> None:
    """What must hold of every run, whatever its graph and its bodies, and whoever interferes with it."""
    assert (seen.left, seen.witness.inside) == (0, []), "something was left behind"
    assert seen.witness.most <= (case.max_concurrency or 10**9)
    check_body_events(seen, case)


def check_body_events(seen: Trace, case: Case) -> None:
    """What must hold of the events of every run, even one that has left tasks behind that would not end."""
    events = seen.events
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [event.time for event in events] == sorted(event.time for event in events)
    check_run_moves(events)
    check_inputs_complete(seen.run, [event for event in events if event.task in (None, *seen.run.plan.index)])
    check_replay(seen.run, events)
    Lives(case).read(events)


class Lives:
    """The tasks of a run and of its bodies as the events tell of them, one attempt of a holder after the other."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.states: dict[str, TaskState] = {}
        self.running: set[str] = set()
        self.inside: dict[str, dict[str, int]] = defaultdict(dict)
        """For each holder that runs, its bodies in the order in which they began, and how many tasks have not ended."""
        self.kinds: dict[str, Mapping[str, Any]] = {}

    def read(self, events: Sequence[Event]) -> None:
        """Go through the events; at the end everything has ended."""
        for event in events:
            if event.task is not None:
                self.read_one(event.task, event)
        assert not self.running, f"{self.running} still run"

    def read_one(self, name: str, event: Event) -> None:
        if event.type == "task.started":
            self.begin_anew(name)
        before, after = self.states.get(name, TaskState.WAITING), MOVES[event.type]
        again = event.type == "task.retrying" and before is TaskState.RUNNING
        assert again or after in TASK_MOVES[before], f"{name}: {before} → {after}"
        self.note_body(name)
        self.states[name] = after
        (self.running.add if after is TaskState.RUNNING else self.running.discard)(name)
        if before is TaskState.RUNNING:
            own = [other for other in self.states if other.startswith((f"{name}.", f"{name}["))]
            left = [other for other in own if self.states[other] not in TASK_ENDS]
            assert not left, f"{name} ended before {left}"
        taking = [task for task in self.running if self.kind(task)["type"] not in HOLDERS]
        assert len(taking) <= (self.case.max_concurrency or 10**9), f"{taking} run at {event}"

    def begin_anew(self, name: str) -> None:
        """Forget the bodies of an earlier attempt."""
        self.inside.pop(name, None)
        self.states = {n: s for n, s in self.states.items() if not n.startswith((f"{name}.", f"{name}["))}

    def note_body(self, name: str) -> None:
        """Tasks of a body have events only while its holder runs; items and passes begin in order."""
        parent, _, _ = name.rpartition(".")
        if not parent:
            return
        holder = re.sub(r"\[\d+\]$", "", parent)
        assert holder in self.running, f"{name} lives while {holder} does not run"
        bodies = self.inside[holder]
        if parent not in bodies:
            bodies[parent] = len(bodies)
            key = parent.removeprefix(holder)
            assert key in ("", f"[{bodies[parent]}]"), f"{parent} begins out of order"
            self.check_limit(holder)
        self.check_order(holder, parent)

    def check_limit(self, holder: str) -> None:
        """No more items at a time than `concurrency` says."""
        limit = self.kind(holder)["config"].get("concurrency")
        assert limit is None or self.alive_bodies(holder) <= limit, f"{holder} has too many bodies at a time"

    def alive_bodies(self, holder: str) -> int:
        alive = {n.rpartition(".")[0] for n, s in self.states.items() if s not in TASK_ENDS}
        return 1 + sum(body in alive for body in self.inside[holder])

    def check_order(self, holder: str, parent: str) -> None:
        """Of a loop, only the last pass that began is told of."""
        if self.kind(holder)["type"] == "loop":
            assert self.inside[holder][parent] == len(self.inside[holder]) - 1, f"{parent} after a later pass"

    def kind(self, name: str) -> Mapping[str, Any]:
        """What the document says of a task."""
        key = re.sub(r"\[\d+\]", "", name)
        if key not in self.kinds:
            document: Any = self.case.document
            for step in key.split("."):
                task = next(task for task in document["tasks"] if task["id"] == step)
                document = task.get("config", {}).get("body")
            self.kinds[key] = task
        return self.kinds[key]

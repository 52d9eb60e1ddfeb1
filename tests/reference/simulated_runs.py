"""Runs of random graphs in a simulation, held against the naive interpreter and against what is true of every run."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from blockloom import Engine, Event, MemoryStore, RunView, Store
from blockloom.agenda import Agenda
from blockloom.live import LiveRun
from blockloom.run import Log, Run
from blockloom.states import RUN_ENDS, RUN_MOVES, TASK_MOVES, Reason, RunState, TaskState
from blockloom.testing import engine_with, simulate
from naive_interpreter import Outcome, Task, interpret
from random_graphs import Case
from scripted_types import Witness, scripted

MOVES: Mapping[str, TaskState] = {
    "task.waiting": TaskState.RUNNING,
    "task.ready": TaskState.READY,
    "task.started": TaskState.RUNNING,
    "task.retrying": TaskState.WAITING,
    "task.completed": TaskState.COMPLETED,
    "task.failed": TaskState.FAILED,
    "task.canceled": TaskState.CANCELED,
}
RUN_EVENTS: Mapping[str, RunState] = {
    "run.started": RunState.RUNNING,
    "run.resumed": RunState.RUNNING,
    "run.paused": RunState.PAUSED,
    "run.completed": RunState.COMPLETED,
    "run.failed": RunState.FAILED,
    "run.stopped": RunState.STOPPED,
}
EITHER = {Reason.BRANCH, Reason.MISSING_INPUT, Reason.RACED}
"""Reasons that may stand for each other where they arise at the same moment."""


@dataclass
class Trace:
    """A run that is over, and what was seen of it."""

    run: Run
    view: RunView
    events: Sequence[Event]
    witness: Witness
    left: int
    """Asyncio tasks that were left when it was over."""


Act = Callable[[RunView], Awaitable[None]]


async def nothing(view: RunView) -> None:
    """Let the run go on by itself."""


def run_case(case: Case, seed: int, act: Act = nothing, store: Store | None = None) -> Trace:
    """Run a graph in a simulation, its clock counting from 0; `act` may interfere with the run."""
    witness = Witness()

    async def main() -> Trace:
        async with engine_with(*scripted(witness), store=store or MemoryStore()) as engine:
            return await trace(engine, case, witness, act)

    return simulate(main, seed)


async def trace(engine: Engine, case: Case, witness: Witness, act: Act) -> Trace:
    engine._clock = asyncio.get_running_loop().time
    view = await engine.start(case.document, case.inputs, max_concurrency=case.max_concurrency)
    await act(view)
    await view.wait()
    left = len(asyncio.all_tasks()) - 1
    run = cast(LiveRun, view).run
    return Trace(run, view, list(view.events), witness, left)


def check_case(case: Case, seed: int) -> Outcome:
    """Run a graph and hold it against everything that is known of it."""
    outcome = interpret(case.document, case.inputs, case.max_concurrency)
    seen = run_case(case, seed)
    check_invariants(seen, case.max_concurrency)
    if not outcome.open:
        compare(seen, outcome)
    return outcome


def compare(seen: Trace, outcome: Outcome) -> None:
    """The run has come to what the naive interpreter says."""
    run = seen.run
    for index, id in enumerate(run.plan.ids):
        compare_task(seen, index, id, outcome.tasks[id])
    assert run.state == outcome.state
    assert seen.view.outputs == outcome.outputs
    same_error(seen.view.error, outcome.error)


def compare_task(seen: Trace, index: int, id: str, wanted: Task) -> None:
    run, record = seen.run, seen.view.tasks[id]
    assert run.states[index] == record.state == wanted.state, f"{id}: {run.states[index]}, not {wanted.state}"
    reason = run.reasons.get(index)
    alike = reason in EITHER and wanted.reason in EITHER and record.finished == wanted.finished
    assert reason == wanted.reason or alike, f"{id}: {reason}, not {wanted.reason}"
    if wanted.attempt:
        assert run.given[index] == wanted.given, f"{id} was given {run.given[index]}, not {wanted.given}"
    assert run.gave[index] == wanted.gave, f"{id} gave {run.gave[index]}, not {wanted.gave}"
    same_error(run.errors.get(index), wanted.error)
    assert record.attempt == wanted.attempt, f"{id} began {record.attempt} times, not {wanted.attempt}"
    assert record.started == wanted.started, f"{id} began at {record.started}, not {wanted.started}"
    assert record.finished == wanted.finished, f"{id} ended at {record.finished}, not {wanted.finished}"


def same_error(found: Mapping[str, Any] | None, wanted: Mapping[str, Any] | None) -> None:
    if wanted is None or found is None:
        assert found == wanted
    else:
        assert {key: found[key] for key in wanted} == wanted


# What is true of every run


def check_invariants(seen: Trace, max_concurrency: int | None) -> None:
    """What must hold of every run, whatever its graph."""
    check_events(seen, max_concurrency)
    assert seen.left == 0, "something was left behind"
    assert seen.witness.inside == []
    assert seen.witness.most <= (max_concurrency or 10**9)


def check_events(seen: Trace, max_concurrency: int | None) -> None:
    """What must hold of the events of every run, even one that has left tasks behind that would not end."""
    events = seen.events
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [event.time for event in events] == sorted(event.time for event in events)
    check_moves(events, max_concurrency)
    check_run_moves(events)
    check_inputs_complete(seen.run, events)
    begun = [(event.task, event.data["attempt"]) for event in events if event.type == "task.started"]
    assert seen.witness.calls == [call for call in begun if call in set(seen.witness.calls)]
    check_replay(seen.run, events)
    told = [(record.state, record.reason) for record in seen.view.tasks.values()]
    assert told == [(state, seen.run.reasons.get(i)) for i, state in enumerate(seen.run.states)]
    assert (seen.view.state, seen.view.outputs, seen.view.error) == (seen.run.state, seen.run.outputs, seen.run.error)


def check_moves(events: Sequence[Event], max_concurrency: int | None) -> None:
    """Tasks move as `states` allows, have one result at most, and no more run than may."""
    states: dict[str, TaskState] = {}
    for event in events:
        if event.task is not None:
            before, after = states.get(event.task, TaskState.WAITING), MOVES[event.type]
            again = event.type in ("task.retrying", "task.waiting") and before is TaskState.RUNNING
            assert again or after in TASK_MOVES[before], f"{event.task}: {before} → {after}"
            states[event.task] = after
        running = sum(state is TaskState.RUNNING for state in states.values())
        assert running <= (max_concurrency or 10**9), f"{running} run at {event}"


def check_run_moves(events: Sequence[Event]) -> None:
    """The run moves as `states` allows; it ends once, and last."""
    state = RunState.PENDING
    for event in events:
        if event.task is None:
            assert RUN_EVENTS[event.type] in RUN_MOVES[state], f"{state} → {event.type}"
            state = RUN_EVENTS[event.type]
    assert state in RUN_ENDS
    assert events[-1].task is None


def check_inputs_complete(run: Run, events: Sequence[Event]) -> None:
    """A task becomes ready only when its join allows it and each required input has a value."""
    alive: set[int] = set()
    ended: set[int] = set()
    plan = run.plan
    for event in events:
        index = plan.index.get(event.task or "", -1)
        if event.type in ("task.completed", "task.failed", "task.canceled"):
            for line in plan.tasks[index].lines:
                ended.add(line.number)
                failed = event.type == "task.failed" and line.port == "error"
                done = event.type == "task.completed" and line.port in (None, *event.data["outputs"])
                if failed or done:
                    alive.add(line.number)
        elif event.type == "task.ready":
            check_ready(run, index, alive, ended)


def check_ready(run: Run, index: int, alive: set[int], ended: set[int]) -> None:
    task = run.plan.tasks[index]
    into = [line for other in run.plan.tasks for line in other.lines if line.target == index]
    if task.type.starts or not into:
        return
    deciding = [line.number for line in into if line.decides]
    assert len(alive.intersection(deciding)) >= task.join.need
    waited_for = [line.number for line in into if not (task.join.early and line.decides)]
    assert ended.issuperset(waited_for), f"{task.id} was ready too early"
    fed = {feed.input for feed in task.feeds if feed.number in alive}
    assert fed.issuperset(task.required), f"{task.id} was ready without {task.required}"


REPLAYED = ("state", "states", "given", "gave", "reasons", "errors", "attempts", "outputs", "error", "lines")


def check_replay(run: Run, events: Sequence[Event]) -> None:
    """The recorded events give the same run again."""
    again = Run(run.plan, Log(lambda: 0.0), Agenda())
    again.replay(events)
    again.settle()
    assert again.log.events == list(events), "the replay decided something new"
    for name in REPLAYED:
        assert getattr(again, name) == getattr(run, name), name
    assert [again.arrived(i) for i in range(len(run.states))] == [run.arrived(i) for i in range(len(run.states))]


# Smaller graphs that fail as well


def shrink(case: Case, fails: Callable[[Case], bool]) -> Case:
    """A graph from which nothing can be taken without the failure going away."""
    smaller = True
    while smaller:
        smaller = False
        for other in list(smaller_cases(case)):
            if fails(other):
                case, smaller = other, True
                break
    return case


def smaller_cases(case: Case) -> Sequence[Case]:
    document = case.document
    tasks, lines = document["tasks"], document["connections"]
    found = []
    for task in tasks:
        left = [line for line in lines if task["id"] not in (line["from"].split(".")[0], line["to"].split(".")[0])]
        found.append({**document, "tasks": [other for other in tasks if other is not task], "connections": left})
    found += [{**document, "connections": [o for o in lines if o is not line]} for line in lines]
    for place, task in enumerate(tasks):
        for key in ("join", "retry", "timeout", "inputs"):
            if key in task:
                less = {name: value for name, value in task.items() if name != key}
                found.append({**document, "tasks": [*tasks[:place], less, *tasks[place + 1 :]]})
    return [replace(case, document=document) for document in found]

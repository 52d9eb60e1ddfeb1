"""Runs whose process ends after some event: what was recorded by then, carried on by another engine."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from blockloom import Event, MemoryStore, StoredRun
from blockloom.check import complete_inputs, prepare
from blockloom.states import RUN_ENDS
from blockloom.store import state_after
from blockloom.testing import engine_with, simulate
from random_graphs import Case
from scripted_types import Witness, scripted

ID = "r"
TIMED = frozenset({"join", "timeout", "need", "until", "fails"})
"""Settings by which a run may come to something else where a task takes longer, or begins again."""


def is_tame(case: Case) -> bool:
    """Whether a run always comes to the same, however long its tasks take and however often they begin."""
    return not any(f'"{word}"' in json.dumps(case.document) for word in (*TIMED, "stop", "cancel"))


def tamed(case: Case) -> Case:
    """The same graph without settings that hang on time."""
    return replace(case, document=_without_time(case.document))


def _without_time(part: Any) -> Any:
    if isinstance(part, dict):
        return {name: _without_time(value) for name, value in part.items() if name not in TIMED}
    return [_without_time(value) for value in part] if isinstance(part, list) else part


def carried_on(case: Case, recorded: Sequence[Event], seed: int) -> tuple[list[Event], Witness]:
    """All events of a run that is carried on from what is recorded, and what its new process has done."""
    witness = Witness()

    async def main() -> list[Event]:
        store = MemoryStore()
        now = recorded[-1].time if recorded else 0.0
        loop = asyncio.get_running_loop()
        async with engine_with(*scripted(witness), store=store, clock=lambda: now + loop.time()) as engine:
            plan = prepare(case.document, engine.registry)
            given = complete_inputs(plan, case.inputs)
            settings = {"max_concurrency": case.max_concurrency}
            run = StoredRun(id=ID, graph=plan.document, inputs=given, created=0.0, settings=settings)
            await store.create_run(run)
            await store.append(ID, recorded)
            await engine.recover()
            view = await engine.run(ID)
            await view.wait()
            assert len(asyncio.all_tasks()) == 1, "something was left behind"
        events = await store.events(ID)
        assert list(view.events) == events
        return events

    return simulate(main, seed), witness


def check_carried_on(recorded: Sequence[Event], events: Sequence[Event], witness: Witness) -> None:
    """Nothing that was recorded is lost, changed or done again, and the run has ended."""
    assert events[: len(recorded)] == list(recorded), "the record has changed"
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [event.time for event in events] == sorted(event.time for event in events)
    done = {event.task for event in standing(events) if event.seq <= len(recorded)}
    again = done & {task for task, _ in witness.calls}
    assert not again, f"done again: {again}"
    results = [event.task for event in standing(events)]
    assert len(results) == len(set(results)), "recorded twice"
    assert state_after(events[-1:]) in RUN_ENDS, events[-1]
    assert witness.inside == []


def standing(events: Sequence[Event]) -> list[Event]:
    """The results that count: those of bodies only as long as what holds them is not tried anew."""
    found: list[Event] = []
    for event in events:
        if event.type == "task.completed":
            found.append(event)
        elif event.type == "task.retrying" and "strikes" not in event.data:
            found = [e for e in found if not str(e.task).startswith((f"{event.task}.", f"{event.task}["))]
    return found


def outcome(events: Sequence[Event]) -> dict[str, Any]:
    """What each task and the run came to."""
    ends = ("task.completed", "task.failed", "task.canceled", "run.completed", "run.failed", "run.stopped")
    told = (replace_numbers(event) for event in events if event.type in ends)
    return {str(event.task): (event.type, event.data) for event in told}


def replace_numbers(event: Event) -> Event:
    """An event without what hangs on how often something was begun."""
    return event._replace(data={name: value for name, value in event.data.items() if name != "attempt"})

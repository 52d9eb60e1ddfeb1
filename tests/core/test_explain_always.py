"""At every moment of any run, explain gives the state that the records give, and at least one cause."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, cast

import pytest
from blockloom import BlockloomError, Event, RunState, RunView, TaskState
from blockloom.agenda import Agenda
from blockloom.explain import Explanation, explain
from blockloom.fold import ALIVE, DEAD, PENDING, Fold
from blockloom.live import LiveRun
from blockloom.plan import Plan
from blockloom.records import Records
from blockloom.run import Log, Run
from blockloom.testing import run_graph
from body_graphs import NAPS, Nap, body, holding
from random_graphs import random_case
from simulated_runs import Act, run_case

SEEDS = 60


def check_at_every_moment(plan: Plan | None, ids: Sequence[str], events: Sequence[Event]) -> None:
    """Every task after every event."""
    for until in range(len(events) + 1):
        seen = events[:until]
        records = Records(ids).read(seen)
        for id, record in records.tasks.items():
            told = explain(plan, seen, id, ids)
            assert told.state is record.state, f"{id} after {until} events"
            assert told.because, f"{id} after {until} events"
            check_words(told)


def check_lines(plan: Plan, events: Sequence[Event]) -> None:
    """What is said of a connection is what the fold knows of it, after every event."""
    numbers = {f"{line.start} → {line.end}": number for number, line in enumerate(plan.connections)}
    fold = Fold(plan, Agenda())
    for until in range(1, len(events) + 1):
        fold.refold(events[until - 1 : until])
        for id in plan.ids:
            for cause in explain(plan, events[:until], id).because:
                fate = FATES.get(cause.what)
                named = cause.facts.get("connections", [cause.facts.get("connection")])
                assert fate is None or {fold.lines[numbers[name]] for name in named} <= {fate}, cause


FATES: Mapping[str, int] = {"waits-for": PENDING, "dead": DEAD, "branch": DEAD, "started-by": ALIVE, "raced": ALIVE}


def check_words(told: Explanation) -> None:
    """Each cause has a code and a sentence in both languages, and a task is told of once."""
    for cause in told.because:
        assert isinstance(cause.text, Mapping)
        assert all(cause.text[name] and "None" not in cause.text[name] for name in ("en", "zh")), cause
    states = [str(cause.facts.get("of")) for cause in told.because if cause.what in ("branch", "unreachable", "raced")]
    assert len(states) == len(set(states))


def meddling(seed: int) -> Act:
    """Pauses, resumes, stops and cancels at random moments."""
    chance = random.Random(seed)

    async def act(view: RunView) -> None:
        live = cast(LiveRun, view)
        for kind in chance.choices(("stop", "pause", "resume", "cancel", "cancel"), k=3):
            await asyncio.sleep(chance.uniform(0.01, 6.0))
            if kind == "cancel":
                live._scheduler.cancel(chance.randrange(len(live.run.plan.tasks)))
            else:
                with suppress(BlockloomError):
                    await getattr(view, kind)()
        with suppress(BlockloomError):
            await view.resume()

    return act


def test_random_runs_are_explained_at_every_moment() -> None:
    for seed in range(SEEDS):
        seen = run_case(random_case(seed), seed)
        check_at_every_moment(seen.run.plan, seen.run.plan.ids, list(seen.events))
        check_lines(seen.run.plan, list(seen.events))


def test_random_runs_that_are_retried_are_explained_at_every_moment() -> None:
    retried = 0
    for seed in range(SEEDS * 3):
        seen = run_case(random_case(seed), seed)
        if seen.view.state is RunState.FAILED and seen.run.plan.tasks:
            retried += 1
            plan, events = seen.run.plan, tried_again(seen.run.plan, list(seen.events))
            check_at_every_moment(plan, plan.ids, events)
            check_lines(plan, events)
    assert retried > 5


def tried_again(plan: Plan, events: Sequence[Event]) -> list[Event]:
    """The events of a failed run that goes on, in which everything that is ready then completes without outputs."""
    run = Run(plan, Log(lambda: 99.0), Agenda())
    run.replay(events)
    run.settle()
    run.retry_failed()
    while (index := next((i for i, state in enumerate(run.states) if state is TaskState.READY), None)) is not None:
        run.start(index)
        run.complete(index, dict.fromkeys(plan.tasks[index].ports.outputs))
    return list(run.log.events)


def test_random_runs_that_somebody_meddles_with_are_explained_at_every_moment() -> None:
    for seed in range(SEEDS):
        seen = run_case(random_case(seed), seed, meddling(seed))
        check_at_every_moment(seen.run.plan, seen.run.plan.ids, list(seen.events))


def test_random_runs_are_explained_without_their_plan() -> None:
    for seed in range(SEEDS // 3):
        seen = run_case(random_case(seed), seed, meddling(seed))
        check_at_every_moment(None, seen.run.plan.ids, list(seen.events))


DEEP = body(
    {"id": "inner", "type": "foreach", "config": {"body": NAPS, "on_error": "fail"}},
    {"id": "after", "type": "merge"},
    inputs={"item": {}},
    lines="start.item -> inner.items; inner.results -> after.r; after.values -> end.all",
)
STOPPING = body(
    {"id": "nap", "type": "test.nap"},
    {"id": "halt", "type": "stop"},
    {"id": "late", "type": "merge"},
    inputs={"item": {}},
    lines="start.item -> nap.seconds; nap.slept -> end.slept; nap -> halt; halt -> late",
)


@pytest.mark.parametrize(
    ("config", "items", "settings"),
    [
        ({"body": NAPS, "concurrency": 2}, [3, 1, 2], {}),
        ({"body": NAPS, "need": 1}, [3, 1, 2], {}),
        ({"body": NAPS}, [3, -1, 2], {}),
        ({"body": NAPS, "on_error": "collect"}, [3, -1, 2], {}),
        ({"body": NAPS}, [3, -1, 2], {"retry": {"attempts": 2, "delay": 1, "jitter": False}}),
        ({"body": DEEP}, [[1, 2], [3, -1]], {}),
        ({"body": DEEP}, [[1, 2], [3, -1]], {"retry": {"attempts": 3, "delay": 1, "jitter": False}}),
        ({"body": STOPPING}, [1, 2], {}),
    ],
)
def test_tasks_in_bodies_are_explained_at_every_moment(
    config: Mapping[str, Any], items: Sequence[Any], settings: Mapping[str, Any]
) -> None:
    for seed in range(3):
        run = run_graph(holding(config, **settings), {"items": items}, Nap, seed=seed)
        check_at_every_moment(cast(LiveRun, run).run.plan, [], list(run.events))

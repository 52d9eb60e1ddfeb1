"""Random graphs with bodies in simulation: the engine and the naive interpreter agree, whatever the places.

Graphs hold `foreach`, `loop`, `workflow`, `stop` and `cancel`, nested up to three levels, among joins, branches, races,
errors, retries and timeouts. `BLOCKLOOM_SEEDS=100000` tries more of them. A seed that has ever failed is in `KEPT`.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

import blockloom
import pytest
from blockloom import Graph, TaskContext, TaskType
from blockloom.testing import engine_with, run_graph, simulate
from body_graphs import NAPS, Nap, body, holding
from interference import interfering
from naive_interpreter import interpret
from random_bodies import random_bodies
from random_graphs import Case
from shrunk_bodies import shrink_bodies
from simulated_bodies import check_bodies, check_body_events, check_body_invariants, differs
from simulated_runs import nothing, run_case

SEEDS = int(os.environ.get("BLOCKLOOM_SEEDS", "810"))
PORTIONS = 9
"""One for each number of places: none, and 1 to 8."""
KEPT = [31, 171, 884]
"""Items that did not overlap though there was room, and one that outlived the task that held it."""


def fails(case: Case, seed: int) -> str:
    """How a graph fails; empty where it does not."""
    try:
        check_bodies(case, seed)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def checked(seed: int) -> str:
    """How the graph of one seed agrees; where it does not, fail with the smallest graph that does not either."""
    case = random_bodies(seed)
    try:
        return check_bodies(case, seed)[0]
    except Exception as error:
        first = f"{type(error).__name__}: {error}"
    kind = first.partition(":")[0]
    small = shrink_bodies(case, lambda other: fails(other, seed).partition(":")[0] == kind)
    pytest.fail(f"seed {seed}: {first}\nsmallest: {fails(small, seed)}\n{small}")


@pytest.mark.parametrize("places", range(PORTIONS))
def test_engine_and_interpreter_agree_in_bodies_too(places: int) -> None:
    seeds = [*KEPT, *range(places, SEEDS, PORTIONS)]
    how = Counter(map(checked, seeds))
    assert how["same"] >= 0.85 * len(seeds), how
    assert how["open"] <= 0.06 * len(seeds), how


def tasks_of(document: Mapping[str, Any], level: int = 0) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Every task of a graph and of its bodies, with its level."""
    for task in document["tasks"]:
        yield level, task
        if "body" in task.get("config", {}):
            yield from tasks_of(task["config"]["body"], level + 1)


def test_the_graphs_reach_everything() -> None:
    """The graphs are worth running: whatever a task in a body can come to comes up often."""
    seen: Counter[str] = Counter()
    for seed in range(600):
        case = random_bodies(seed)
        outcome = interpret(case.document, case.inputs, case.max_concurrency)
        inside = [task for name, task in outcome.tasks.items() if "." in name]
        seen.update(f"{task.state} {task.reason}" for task in inside)
        seen.update(f"{level} {task['type']}" for level, task in tasks_of(case.document))
        seen.update(key for _, task in tasks_of(case.document) for key in task.get("config", {}))
        seen.update("inner" for task in outcome.tasks.values() if task.error and "inner" in task.error)
        seen[f"run {outcome.state}"] += 1
    reasons = ("branch", "missing-input", "unreachable", "raced", "failed-run", "stopped", "canceled")
    wanted = {"COMPLETED None", "FAILED None", *(f"CANCELED {reason}" for reason in reasons), "inner"}
    wanted |= {f"run {state}" for state in ("COMPLETED", "FAILED", "STOPPED")}
    wanted |= {f"{level} {kind}" for level in range(3) for kind in ("foreach", "loop", "workflow", "stop", "cancel")}
    wanted |= {"3 stop", "3 cancel", "3 sim.work", "concurrency", "on_error", "need", "until", "times", "while", "max"}
    assert {name for name, count in seen.items() if count >= 10} >= wanted, wanted - set(seen)


def test_the_same_seed_gives_the_same_events_of_bodies() -> None:
    for seed in range(0, 500, 10):
        case = random_bodies(seed)
        assert run_case(case, seed).events == run_case(case, seed).events, f"seed {seed}"


def test_other_interleavings_of_bodies_come_to_something_that_is_allowed() -> None:
    for seed in range(0, 300, 9):  # without a limit of places
        for other in range(3):
            check_bodies(random_bodies(seed), seed * 1000 + other)


def test_whatever_is_done_to_a_run_with_bodies_it_ends_well() -> None:
    for seed in range(200):
        case = random_bodies(seed)
        act = interfering(random.Random(seed), ("stop", "pause", "resume", "cancel", "cancel"))
        check_body_invariants(run_case(case, seed, act), case)


def rounded(task: dict[str, Any], chance: random.Random) -> None:
    """Let a task, and those in its body, take whole seconds and time out after whole seconds."""
    config = task.get("config", {})
    if "lasts" in config:
        config |= {"lasts": chance.choice((0.0, 1.0, 1.0, 2.0)), "varies": 0.0}
    if "timeout" in task or ("body" in config and chance.random() < 0.2):
        task["timeout"] = chance.choice((0, 1, 2))
    if "retry" in task:
        task["retry"] |= {"delay": chance.choice((0, 1)), "backoff": 1}
    for inner in config.get("body", {}).get("tasks", ()):
        rounded(inner, chance)


def test_what_happens_in_bodies_at_the_same_moment_happens_one_after_the_other() -> None:
    for seed in range(200):
        chance, case = random.Random(seed), random_bodies(seed)
        for task in case.document["tasks"]:
            rounded(task, chance)
        check_body_invariants(run_case(case, seed), case)


def test_what_does_not_end_in_a_body_is_left_behind_before_the_task_that_holds_it() -> None:
    for seed in range(150):
        chance, case = random.Random(seed), random_bodies(seed)
        for _, task in tasks_of(case.document):
            if task["type"] == "sim.work" and chance.random() < 0.5:
                task["config"]["deaf"] = 60.0
            if "body" in task.get("config", {}) and chance.random() < 0.5:
                cast(dict[str, Any], task).update(timeout=chance.choice((0.5, 1, 2)), retry={"attempts": 2, "delay": 0})
        act = interfering(chance, ("stop", "pause", "resume", "cancel", "cancel"))
        check_body_events(run_case(case, seed, act if seed % 2 else nothing), case)


# The checks find what is wrong


def counted(*items: float, **config: Any) -> Case:
    """A graph that works a while for each item."""
    work = {"id": "work", "type": "sim.work", "config": {"takes": ["p"], "gives": ["out"], "lasts": 1.0, "varies": 2.0}}
    inner = body(work, inputs={"item": {}}, lines="start.item -> work.p; work.out -> end.out")
    held = {"id": "each", "type": "foreach", "config": {"body": inner, **config}, "inputs": {"items": list(items)}}
    return Case({"blockloom": 1, "tasks": [held], "connections": []}, {}, 2)


def test_a_run_is_told_from_one_of_another_graph() -> None:
    seen = run_case(counted(1, 2, 3), 0)
    assert differs(seen, interpret(counted(1, 2, 3).document, {}, 2)) == ""
    for other in (counted(1, 2), counted(1, 2, 4), counted(1, 2, 3, need=1), counted(1, 2, 3, concurrency=1)):
        assert differs(seen, interpret(other.document, {}, 2))
    assert differs(seen, interpret(counted(1, 2, 3).document, {}, 1))


@pytest.mark.parametrize("gone", ["task.started", "task.completed", "task.ready"])
def test_an_event_that_is_missing_in_a_body_is_found(gone: str) -> None:
    case = counted(1, 2, 3)
    seen = run_case(case, 0)
    index = next(i for i, e in enumerate(seen.events) if e.type == gone and str(e.task).endswith("work"))
    kept = [*seen.events[:index], *seen.events[index + 1 :]]
    seen.events = [event._replace(seq=number) for number, event in enumerate(kept, 1)]
    with pytest.raises(AssertionError):
        check_body_invariants(seen, case)


def test_too_many_places_and_too_many_items_are_found() -> None:
    for wrong in (replace(counted(1, 2, 3), max_concurrency=1), counted(1, 2, 3, concurrency=1)):
        seen = run_case(counted(1, 2, 3), 0)
        with pytest.raises(AssertionError):
            check_body_invariants(seen, wrong)


# What they found


@pytest.mark.parametrize("places", [None, 4, 8])
def test_items_within_items_all_overlap_where_there_is_room(places: int | None) -> None:
    inner = {"id": "inner", "type": "foreach", "config": {"body": NAPS}}
    outer = body(inner, inputs={"item": {}}, lines="start.item -> inner.items; inner.results -> end.r")

    async def main() -> float:
        async with engine_with(Nap) as engine:
            run = await engine.start(holding({"body": outer}), {"items": [[5, 5], [5, 5]]}, max_concurrency=places)
            await run.wait()
            return asyncio.get_running_loop().time()

    assert {simulate(main, seed) for seed in range(50)} == {5.0}


def test_the_item_that_fails_lets_no_other_begin() -> None:
    def last(seed: int) -> set[str]:
        run = run_case(failing, seed).view
        return {id for id in run.tasks if id.startswith("each[1]")}

    halt = {"id": "halt", "type": "stop", "config": {"state": "failed"}}
    inner = body(halt, inputs={"item": {}}, lines="start -> halt")
    held = {"id": "each", "type": "foreach", "config": {"body": inner}, "inputs": {"items": [1, 2]}}
    failing = Case({"blockloom": 1, "tasks": [held], "connections": []}, {}, 1)
    assert not any(last(seed) for seed in range(50))


class Careless(TaskType):
    """Begins its body and does not wait for it."""

    name = "test.careless"

    class Config(blockloom.Config):
        """The body."""

        body: Graph

    async def run(self, task: TaskContext) -> None:
        """Begin it, look away for a second, and leave."""
        self.begun = asyncio.create_task(task.run_body(task.config.body, {"item": 9}))
        await asyncio.sleep(1)


def test_a_task_that_ends_before_its_body_takes_it_along() -> None:
    run = run_graph({"blockloom": 1, "tasks": [CARELESS]}, None, Careless, Nap, seed=1)
    told = [(event.type, event.task) for event in run.events if event.type in ("task.canceled", "task.completed")]
    assert told[-3:] == [("task.canceled", "a.end"), ("task.canceled", "a.nap"), ("task.completed", "a")]
    assert run.events[-1].time - run.events[0].time == 1


CARELESS = {"id": "a", "type": "test.careless", "config": {"body": NAPS}}


class Doubling(TaskType):
    """Runs its body twice at a time, under these keys."""

    name = "test.doubling"

    class Config(blockloom.Config):
        """The body, and what each is called."""

        body: Graph
        keys: list[int | None]

    async def run(self, task: TaskContext) -> None:
        """Both at once."""
        await asyncio.gather(*(task.run_body(task.config.body, {"item": 1}, key) for key in task.config.keys))


@pytest.mark.parametrize(("keys", "error"), [([None, None], "plugin-error"), ([0, 0], "plugin-error"), ([None, 0], "")])
def test_two_bodies_of_a_task_have_two_names(keys: list[int | None], error: str) -> None:
    task = {"id": "a", "type": "test.doubling", "config": {"body": NAPS, "keys": keys}}
    for places in (1, None):
        run = run_graph({"tasks": [task]}, None, Doubling, Nap, seed=1, max_concurrency=places)
        assert (run.error or {}).get("type", "") == error

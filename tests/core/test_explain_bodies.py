"""Tasks inside bodies, and those that hold them, are explained like any other."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest
from blockloom import MemoryStore, RunView, TaskState, UnknownPart
from blockloom.explain import Explanation, explain
from blockloom.live import LiveRun
from blockloom.testing import engine_with, run_graph, simulate
from body_graphs import NAPS, Nap, body, holding


def naps(items: Any, max_concurrency: int | None = None, **config: Any) -> RunView:
    """A run that naps for each item."""
    return run_graph(holding({"body": NAPS, **config}), {"items": items}, Nap, seed=1, max_concurrency=max_concurrency)


def after(run: RunView, type: str, task: str, wanted: str, nth: int = 1) -> Explanation:
    """What was to be said of `wanted` right after an event about a task, the nth of its kind."""
    places = [n for n, event in enumerate(run.events, 1) if (event.type, event.task) == (type, task)]
    return explain(cast(LiveRun, run).run.plan, run.events[: places[nth - 1]], wanted)


def codes(told: Explanation) -> list[str]:
    return [cause.what for cause in told.because]


def facts(told: Explanation, what: str) -> Mapping[str, Any]:
    return next(cause.facts for cause in told.because if cause.what == what)


def test_a_holder_tells_which_tasks_of_its_bodies_run() -> None:
    told = after(naps([3, 4]), "task.started", "hold[1].nap", "hold")
    assert codes(told) == ["running", "holds", "started-by"]
    assert set(facts(told, "holds")["running"]) == {"hold[0].nap", "hold[1].nap"}


def test_a_task_that_holds_bodies_takes_no_place() -> None:
    graph = holding({"body": NAPS})
    graph["tasks"] += [{"id": "last", "type": "merge"}]
    graph["connections"] += [{"from": "start", "to": "last"}]
    run = run_graph(graph, {"items": [3]}, Nap, seed=1, max_concurrency=1)
    told = after(run, "task.started", "hold[0].nap", "last")
    assert facts(told, "waits-for-place")["running"] == ["hold[0].nap"]


def test_a_task_waits_for_another_of_its_body() -> None:
    told = after(naps([3, 4]), "task.started", "hold[1].nap", "hold[1].end")
    assert codes(told) == ["waits-for", "holder"]
    assert facts(told, "waits-for")["task"] == "hold[1].nap"
    assert facts(told, "holder")["state"] == "RUNNING"


def test_what_waits_for_a_holder_is_led_to_what_runs_in_its_bodies() -> None:
    told = after(naps([3, 4]), "task.started", "hold[1].nap", "end")
    assert codes(told) == ["waits-for", "holds"]


def test_a_body_that_has_not_begun() -> None:
    run = naps([3, 4], concurrency=1)
    told = after(run, "task.started", "hold[0].nap", "hold[1].nap")
    assert codes(told) == ["body-not-begun", "holds", "holder"]
    assert codes(after(run, "task.started", "start", "hold[0].nap"))[:2] == ["body-not-begun", "waits-for"]


@pytest.mark.parametrize(
    "name", ["hold[2].nap", "hold[0].nobody", "hold[0]", "hold.", "hold[x].nap", "start.nap", "nobody[0].nap"]
)
def test_a_task_that_no_body_has_is_refused(name: str) -> None:
    with pytest.raises(UnknownPart):
        naps([1, 1]).explain(name)


def test_a_failure_inside_is_what_the_holder_failed_of() -> None:
    run = naps([5, -1, 5])
    told = run.explain("hold")
    assert codes(told) == ["error", "started-by", "error"]
    assert [cause.facts["of"] for cause in told.because if cause.what == "error"] == ["hold", "hold[1].nap"]
    assert codes(run.explain("end")) == ["failed-run", "error", "error"]


def test_the_others_were_canceled_since_the_holder_failed() -> None:
    told = naps([5, -1, 5]).explain("hold[0].nap")
    assert codes(told)[0] == "canceled"
    assert facts(told, "canceled")["task"] == "hold"
    assert facts(told, "canceled")["error"]["inner"] == "hold[1].nap"


def test_the_others_were_canceled_since_the_holder_had_enough() -> None:
    told = naps([1, 9], need=1).explain("hold[1].nap")
    assert (told.state, codes(told)) == (TaskState.CANCELED, ["canceled", "holder"])
    assert (facts(told, "canceled")["task"], facts(told, "canceled")["state"]) == ("hold", "COMPLETED")


@pytest.mark.parametrize(
    ("extra", "lines", "reason"),
    [
        ({"id": "drop", "type": "cancel", "config": {"tasks": ["hold"]}}, "pause -> drop", "canceled"),
        ({"id": "halt", "type": "stop"}, "pause -> halt", "stopped"),
        ({"id": "fall", "type": "test.nap", "inputs": {"seconds": -1}}, "pause -> fall", "failed-run"),
    ],
)
def test_it_was_canceled_with_its_holder(extra: Mapping[str, Any], lines: str, reason: str) -> None:
    graph = holding({"body": NAPS})
    graph["tasks"] += [{"id": "pause", "type": "test.nap", "inputs": {"seconds": 1}}, dict(extra)]
    graph["connections"] += [
        {"from": "start", "to": "pause"},
        dict(zip(("from", "to"), lines.split(" -> "), strict=True)),
    ]
    told = run_graph(graph, {"items": [9]}, Nap, seed=1).explain("hold[0].nap")
    assert codes(told)[0] == reason
    assert extra["id"] in {fact for cause in told.because for fact in cause.facts.values() if isinstance(fact, str)}


def test_a_stop_in_a_body_ends_that_body() -> None:
    halting = body(
        {"id": "halt", "type": "stop"},
        {"id": "late", "type": "merge"},
        inputs={"item": {}},
        lines="start.item -> end.x; start -> halt; halt -> late",
    )
    told = run_graph(holding({"body": halting}), {"items": [1]}, seed=1).explain("hold[0].late")
    assert codes(told) == ["stopped", "holder"]
    assert facts(told, "stopped")["by"] == "hold[0].halt"


def test_what_a_body_came_to_before_its_holder_was_tried_again_no_longer_counts() -> None:
    graph = holding({"body": NAPS}, retry={"attempts": 2, "delay": 1, "jitter": False})
    run = run_graph(graph, {"items": [-1]}, Nap, seed=1)
    told = after(run, "task.started", "hold", "hold[0].end", 2)
    assert codes(told)[:2] == ["body-again", "body-not-begun"]
    assert codes(after(run, "task.started", "hold[0].nap", "hold[0].end", 2)) == ["body-again", "waits-for", "holder"]


def test_bodies_within_bodies_and_passes_of_a_loop() -> None:
    inner = {"id": "again", "type": "loop", "config": {"body": LOOPED, "times": 2}}
    middle = body(inner, inputs={"item": {}}, lines="start.item -> again.n; again.n -> end.n")
    run = run_graph(holding({"body": middle}, type="workflow", given="item"), {"item": 1}, Nap, seed=1)
    assert codes(run.explain("hold.again[1].nap")) == ["started-by", "completed", "holder"]
    assert facts(run.explain("hold.again[1].nap"), "holder")["task"] == "hold.again"
    with pytest.raises(UnknownPart):
        run.explain("hold.again[2].nap")


LOOPED = body({"id": "nap", "type": "test.nap"}, inputs={"n": {}}, lines="start.n -> nap.seconds; nap.slept -> end.n")


def test_a_body_found_by_name_is_told_of_by_its_events() -> None:
    async def main() -> RunView:
        async with engine_with(Nap, store=MemoryStore()) as engine:
            stored = await engine.create_workflow({"blockloom": 1, "name": "napping", **NAPS})
            graph = holding({"workflow": stored.id}, type="workflow", given="item")
            return await (await engine.start(graph, {"item": 1})).wait()

    run = simulate(main)
    assert codes(run.explain("hold.nap")) == ["ready", "completed", "no-plan", "holder"]
    with pytest.raises(UnknownPart):
        run.explain("hold.nobody")


def test_a_task_that_waits_for_its_trigger() -> None:
    trigger = {"type": "after", "config": {"delay": 5}}
    graph: dict[str, Sequence[Any]] = {"tasks": [{"id": "w", "type": "wait", "config": {"trigger": trigger}}]}
    run = run_graph(graph, {}, seed=1)
    told = facts(after(run, "task.waiting", "w", "w"), "waiting")
    assert (told["trigger"], told["until"]) == ("after", "2026-01-01T00:00:05.000000Z")

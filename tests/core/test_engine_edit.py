"""A run that goes on can be edited where nothing has begun."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from blockloom import InvalidGraph, RunView, WrongState
from blockloom.testing import engine_with, simulate
from drawn_graphs import drawn, told
from naive_edits import without
from scripted_types import Witness, scripted

TEN = {"lasts": 10}
GRAPH = drawn("a.out -> b.p; b.out -> c.p; c.out -> end.r", a=TEN, b=TEN, c=TEN)


def edited(change: Callable[[dict[str, Any]], Mapping[str, Any]], at: float = 5, **more: Any) -> RunView:
    """The finished run of GRAPH, changed at a moment."""

    async def main() -> RunView:
        async with engine_with(*scripted(Witness())) as engine:
            run = await engine.start(GRAPH, **more)
            await asyncio.sleep(at)
            await engine.edit(run.id, change(without(GRAPH)))
            return await run.wait()

    return simulate(main, 1)


def started(run: RunView) -> list[str | None]:
    return [event.task for event in run.events if event.type == "task.started"]


def test_a_task_may_be_added_and_connected() -> None:
    def change(graph: dict[str, Any]) -> dict[str, Any]:
        more = drawn("a.out -> new.p; new.out -> end.new", new=TEN, a={}, end={})
        graph["tasks"].append(next(task for task in more["tasks"] if task["id"] == "new"))
        graph["connections"] += more["connections"]
        return graph

    run = edited(change)
    assert set(told(run).values()) == {"COMPLETED"}
    assert set(run.outputs) == {"r", "new"}
    assert [event.data["added"] for event in run.events if event.type == "run.edited"] == [["new"]]


def test_a_task_may_be_added_after_one_that_has_completed() -> None:
    def change(graph: dict[str, Any]) -> dict[str, Any]:
        graph["tasks"].append({"id": "late", "type": "merge"})
        graph["connections"] += [{"from": "a.out", "to": "late.x"}]
        return graph

    run = edited(change, at=15)
    assert run.tasks["late"].state.value == "COMPLETED"
    assert round((run.tasks["late"].started or 0) - run.events[0].time, 6) == 15


def test_a_task_may_be_removed_with_its_lines() -> None:
    run = edited(lambda graph: without(graph, "b", "c"))
    assert (started(run), "b" in run.tasks, run.state.value) == (["a", "end"], False, "COMPLETED")


def test_two_tasks_may_be_swapped() -> None:
    def change(graph: dict[str, Any]) -> dict[str, Any]:
        graph["connections"] = [
            dict(zip(("from", "to"), line.split(" -> "), strict=True))
            for line in ("a.out -> c.p", "c.out -> b.p", "b.out -> end.r")
        ]
        return graph

    assert started(edited(change)) == ["a", "c", "b", "end"]


def test_tasks_may_be_moved_in_the_order_in_which_they_run() -> None:
    wide = drawn("a -> x; a -> y; a -> z", a=TEN, x=TEN, y=TEN, z=TEN)

    async def main() -> RunView:
        async with engine_with(*scripted(Witness())) as engine:
            run = await engine.start(wide, max_concurrency=1)
            await asyncio.sleep(5)
            await engine.edit(run.id, {**wide, "tasks": wide["tasks"][::-1]})
            return await run.wait()

    assert started(simulate(main, 1)) == ["a", "z", "y", "x"]


def test_ends_that_are_moved_are_merged_in_their_new_order() -> None:
    both = drawn("a -> end1; a.out -> end1.x; a -> end2; a.more -> end2.x", a={**TEN, "gives": ["out", "more"]})
    last = [task for task in both["tasks"] if task["id"] != "end1"] + [{"id": "end1", "type": "end"}]

    async def main(graph: Mapping[str, Any]) -> Any:
        async with engine_with(*scripted(Witness())) as engine:
            run = await engine.start(both)
            await asyncio.sleep(5)
            await engine.edit(run.id, graph)
            return (await run.wait()).outputs["x"][1]

    assert simulate(lambda: main(both), 1) == "more"
    assert simulate(lambda: main({**both, "tasks": last}), 1) == "out"


def settings_of_a(graph: dict[str, Any]) -> dict[str, Any]:
    graph["tasks"][0] = {**graph["tasks"][0], "timeout": 3}
    return graph


def lines_into_a(graph: dict[str, Any]) -> dict[str, Any]:
    graph["tasks"].append({"id": "before", "type": "merge"})
    graph["connections"].append({"from": "before", "to": "a"})
    return graph


def start_elsewhere(graph: dict[str, Any]) -> dict[str, Any]:
    """With a `start` in the graph, what it does not lead to is out of reach."""
    graph["tasks"] += [{"id": "start", "type": "start"}, {"id": "other", "type": "merge"}]
    graph["connections"].append({"from": "start", "to": "other"})
    return graph


@pytest.mark.parametrize("change", [settings_of_a, lines_into_a, lambda graph: without(graph, "a"), start_elsewhere])
def test_what_has_begun_is_refused_and_named_and_nothing_changes(change: Any) -> None:
    async def main() -> RunView:
        async with engine_with(*scripted(Witness())) as engine:
            run = await engine.start(GRAPH)
            await asyncio.sleep(5)
            with pytest.raises(WrongState, match=r"cannot be changed any more: a\b"):
                await engine.edit(run.id, change(without(GRAPH)))
            return await run.wait()

    run = simulate(main, 1)
    assert set(told(run).values()) == {"COMPLETED"}
    assert "run.edited" not in [event.type for event in run.events]


def test_a_task_that_waits_to_be_tried_again_has_begun() -> None:
    again = {"fails": 1, "retry": {"attempts": 2, "delay": 9, "jitter": False}}
    graph = drawn("a -> b; c -> d", a=again, c=TEN)

    async def main() -> RunView:
        async with engine_with(*scripted(Witness())) as engine:
            run = await engine.start(graph)
            await asyncio.sleep(5)
            with pytest.raises(WrongState, match=r"cannot be changed any more: a\b"):
                await engine.edit(run.id, without(graph, "a"))
            return await run.wait()

    assert set(told(simulate(main, 1)).values()) == {"COMPLETED"}


def test_titles_and_places_on_the_page_may_change_at_any_time() -> None:
    def change(graph: dict[str, Any]) -> dict[str, Any]:
        graph["tasks"][0] |= {"title": "The first", "ui": {"x": 1}}
        return graph

    assert set(told(edited(change)).values()) == {"COMPLETED"}


def test_a_wrong_graph_and_a_run_that_is_over_are_refused() -> None:
    async def main() -> None:
        async with engine_with(*scripted(Witness())) as engine:
            run = await engine.start(GRAPH)
            with pytest.raises(InvalidGraph):
                await engine.edit(run.id, {"blockloom": 1, "tasks": [{"id": "a", "type": "nothing"}]})
            await run.wait()
            with pytest.raises(WrongState, match="only a run that goes on"):
                await engine.edit(run.id, GRAPH)

    simulate(main, 1)

"""SPEC §3, `wait`: goes on when its trigger fires."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from blockloom import BadUsage, Engine, InvalidGraph, NotFound, RunView
from blockloom.testing import engine_with, run_graph, simulate
from body_graphs import NAPS, Nap, body, holding


def waiting(*, lines: str = "start -> {id}; {id} -> end.{id}", **waits: Any) -> dict[str, Any]:
    """A graph whose tasks each wait for a trigger: an event by its name, or `{type, config}`."""
    tasks = [
        {"id": id, "type": "wait", "config": {"trigger": event_of(wait), **more_of(wait)}} for id, wait in waits.items()
    ]
    drawn = "; ".join(lines.format(id=id) for id in waits)
    return {"blockloom": 1, **body(*tasks, inputs={}, lines=drawn)}


def event_of(wait: Any) -> dict[str, Any]:
    if isinstance(wait, str):
        return {"type": "event", "config": {"name": wait}}
    return dict(wait.get("trigger", wait))


def more_of(wait: Any) -> dict[str, Any]:
    return {"fresh": wait["fresh"]} if isinstance(wait, dict) and "fresh" in wait else {}


def after(delay: str) -> dict[str, Any]:
    return {"type": "after", "config": {"delay": delay}}


def played(graph: dict[str, Any], act: Callable[[Engine, RunView], Awaitable[None]], **more: Any) -> RunView:
    """The finished run of a graph while `act` does something with it, in a simulation."""

    async def main() -> RunView:
        async with engine_with(Nap) as engine:
            run = await engine.start(graph, **more)
            await act(engine, run)
            async with asyncio.timeout(100_000):
                return await run.wait()

    return simulate(main, 3)


async def nothing(engine: Engine, run: RunView) -> None:
    """Do nothing."""


def lasted(run: RunView) -> float:
    return float(round(run.events[-1].time - run.events[0].time, 6))


def test_a_delay_goes_on_when_it_is_over() -> None:
    run = run_graph(waiting(w=after("90s")), seed=1)
    assert (run.state.value, lasted(run), run.outputs["w"]["payload"]) == ("COMPLETED", 90, None)
    assert run.outputs["w"]["time"].endswith("Z")


def test_a_moment_that_is_past_goes_on_at_once() -> None:
    run = run_graph(waiting(w={"type": "at", "config": {"time": "2001-01-01T00:00:00Z"}}), seed=1)
    assert (run.state.value, lasted(run)) == ("COMPLETED", 0)


def test_a_task_that_waits_takes_no_place() -> None:
    graph = waiting(a=after("5s"), b=after("5s"))
    assert lasted(run_graph(graph, seed=1, max_concurrency=1)) == 5


def test_its_timeout_counts() -> None:
    graph = waiting(w=after("1h"))
    graph["tasks"][1]["timeout"] = "5s"
    run = run_graph(graph, seed=1)
    assert run.error is not None
    assert (run.error["type"], lasted(run)) == ("timeout", 5)


def test_an_event_carries_its_payload() -> None:
    async def act(engine: Engine, run: RunView) -> None:
        await asyncio.sleep(7)
        assert await engine.publish("paid", {"total": 3}) == 1

    run = played(waiting(w="paid"), act)
    assert (run.outputs["w"]["payload"], lasted(run)) == ({"total": 3}, 7)


def test_an_event_that_came_before_the_wait_counts() -> None:
    graph = waiting(first=after("10s"), w="paid", lines="start -> {id}")
    graph["connections"] = [
        {"from": "start", "to": "first"},
        {"from": "first", "to": "w"},
        {"from": "w", "to": "end.w"},
    ]

    async def act(engine: Engine, run: RunView) -> None:
        await asyncio.sleep(1)
        await engine.publish("paid", 1)

    assert lasted(played(graph, act)) == 10


def test_fresh_counts_only_what_comes_from_now_on() -> None:
    graph = waiting(first=after("10s"), w={"trigger": event_of("paid"), "fresh": True}, lines="start -> {id}")
    graph["connections"] = [
        {"from": "start", "to": "first"},
        {"from": "first", "to": "w"},
        {"from": "w", "to": "end.w"},
    ]

    async def act(engine: Engine, run: RunView) -> None:
        await asyncio.sleep(1)
        await engine.publish("paid", "old")
        await asyncio.sleep(19)
        await engine.publish("paid", "new")

    run = played(graph, act)
    assert (run.outputs["w"]["payload"], lasted(run)) == ("new", 20)


def test_an_event_before_the_run_does_not_count() -> None:
    async def main() -> int:
        async with engine_with() as engine:
            await engine.publish("paid")
            run = await engine.start(waiting(w="paid"))
            await asyncio.sleep(5)
            assert run.state.value == "RUNNING"
            return await engine.publish("paid")

    assert simulate(main, 1) == 1


def test_of_two_that_wait_the_first_in_tasks_takes_it_and_no_other() -> None:
    async def act(engine: Engine, run: RunView) -> None:
        for number in (1, 2):
            await asyncio.sleep(1)
            await engine.publish("paid", number)

    run = played(waiting(b="paid", a="paid"), act)
    assert (run.outputs["b"]["payload"], run.outputs["a"]["payload"]) == (1, 2)


def test_a_filter_over_the_payload_decides() -> None:
    async def act(engine: Engine, run: RunView) -> None:
        for total in (1, 200, 300):
            await engine.publish("paid", {"total": total})

    run = played(waiting(w={"type": "event", "config": {"name": "paid", "filter": "payload['total'] > 100"}}), act)
    assert run.outputs["w"]["payload"] == {"total": 200}


def test_an_event_may_be_meant_for_one_run() -> None:
    async def main() -> tuple[str, str]:
        async with engine_with() as engine:
            runs = [await engine.start(waiting(w="paid")) for _ in range(2)]
            assert await engine.publish("paid", run=runs[1].id) == 1
            await runs[1].wait()
            with pytest.raises(NotFound):
                await engine.publish("paid", run="nobody")
            return runs[0].state.value, runs[1].state.value

    assert simulate(main, 1) == ("RUNNING", "COMPLETED")


def test_a_wait_inside_a_body_hears_events_too() -> None:
    inner = body(
        {"id": "w", "type": "wait", "config": {"trigger": event_of("go")}},
        inputs={"item": {}},
        lines="start -> w; w.payload -> end.p",
    )

    async def act(engine: Engine, run: RunView) -> None:
        await asyncio.sleep(1)
        await engine.publish("go", "a")
        await engine.publish("go", "b")

    run = played(holding({"body": inner}), act, inputs={"items": [1, 2]})
    assert [result["p"] for result in run.outputs["all"]["results"]] == ["a", "b"]


@pytest.mark.parametrize(
    ("trigger", "code", "path"),
    [
        ({"type": "after", "config": {"delay": "soon"}}, "bad-trigger", "/tasks/1/config/trigger/config/delay"),
        ({"type": "nothing", "config": {}}, "unknown-type", "/tasks/1/config/trigger/type"),
        (
            {"type": "event", "config": {"name": "x", "filter": "1 +"}},
            "bad-trigger",
            "/tasks/1/config/trigger/config/filter",
        ),
        (
            {"type": "cron", "config": {"expression": "0 0 30 2 *"}},
            "bad-trigger",
            "/tasks/1/config/trigger/config/expression",
        ),
    ],
)
def test_a_wrong_trigger_is_told_with_the_path_to_it(trigger: Any, code: str, path: str) -> None:
    with pytest.raises(InvalidGraph) as caught:
        run_graph(waiting(w=trigger), seed=1)
    assert [(problem.code, problem.path) for problem in caught.value.problems] == [(code, path)]


def test_an_event_given_to_a_task_that_ends_in_that_moment_is_there_for_the_next() -> None:
    graph = waiting(a="go", b="go")
    graph["tasks"][1]["timeout"] = "5s"
    graph["connections"] = [{"from": "a.error", "to": "b"}, {"from": "b", "to": "end.b"}, {"from": "start", "to": "a"}]

    async def main() -> str:
        async with engine_with() as engine:
            run = await engine.start(graph)
            await asyncio.sleep(5)
            await engine.publish("go")
            async with asyncio.timeout(100):
                return (await run.wait()).state.value

    assert {simulate(main, seed) for seed in range(100)} == {"COMPLETED"}


def test_a_task_that_waits_or_holds_a_body_keeps_its_place_in_its_group() -> None:
    graph = waiting(a=after("2s"), b=after("2s"))
    for task in graph["tasks"][1:3]:
        task["group"] = "lock"
    assert lasted(run_graph({"groups": {"lock": 1}, **graph}, seed=1)) == 4


# What runs share: stored workflows, groups, results


def test_a_stored_workflow_is_found_by_id_and_by_its_unique_name() -> None:
    from blockloom import MemoryStore

    async def main() -> list[Any]:
        store = MemoryStore()
        async with engine_with(Nap, store=store) as engine:
            stored = await engine.create_workflow({"blockloom": 1, "name": "naps", **NAPS})
            graphs = [holding({"workflow": name}, "workflow", "item") for name in (stored.id, "naps", "nobody")]
            runs = [await (await engine.start(graph, {"item": 2})).wait() for graph in graphs]
            await engine.create_workflow({"blockloom": 1, "name": "naps", **NAPS})
            runs.append(await (await engine.start(graphs[1], {"item": 2})).wait())
            return [run.error["type"] if run.error else run.outputs["all"] for run in runs]

    assert simulate(main, 1) == [{"slept": 2}, {"slept": 2}, NotFound.code, BadUsage.code]


def test_a_workflow_may_hold_itself_and_ends_at_a_depth() -> None:
    from blockloom import MemoryStore

    async def main() -> Any:
        async with engine_with(store=MemoryStore()) as engine:
            graph = {"blockloom": 1, "name": "me", **holding({"workflow": "me"}, "workflow", "n")}
            await engine.create_workflow(graph)
            return (await (await engine.start(graph, {"n": 1})).wait()).error

    assert simulate(main, 1)["type"] == "too-deep"


def test_a_group_is_a_limit_that_runs_share() -> None:
    graph = {"groups": {"g": 2}, **holding({"body": NAPS})}
    graph["tasks"][1] = {"id": "hold", "type": "test.nap", "inputs": {"seconds": 1}, "group": "g"}
    graph["connections"] = [{"from": "start", "to": "hold"}, {"from": "hold", "to": "end.all"}]

    async def main() -> float:
        async with engine_with(Nap) as engine:
            runs = [await engine.start(graph, {"items": []}) for _ in range(6)]
            for run in runs:
                await run.wait()
            return asyncio.get_running_loop().time()

    assert simulate(main, 1) == pytest.approx(3)


def test_a_body_may_say_what_its_groups_are_limited_to() -> None:
    def naps(inner: int | None, outer: int | None) -> float:
        limits = [{"groups": {"g": limit}} if limit else {} for limit in (inner, outer)]
        nap = {"id": "nap", "type": "test.nap", "group": "g"}
        lines = "start.item -> nap.seconds; nap.slept -> end.slept"
        each = holding({"body": {**body(nap, inputs={"item": {}}, lines=lines), **limits[0]}})
        return lasted(run_graph({**each, **limits[1]}, {"items": [1, 1, 1, 1]}, Nap, seed=1))

    assert [naps(None, None), naps(None, 2), naps(2, None), naps(1, 2), naps(2, 1)] == [1, 2, 2, 4, 2]


def test_a_task_whose_group_is_full_lets_others_go_first() -> None:
    nap = {"type": "test.nap", "inputs": {"seconds": 2}}
    tasks = [{"id": id, **nap, **({"group": "g"} if id != "free" else {})} for id in ("a", "b", "free")]
    run = run_graph({"groups": {"g": 1}, "tasks": tasks}, None, Nap, seed=1, max_concurrency=2)
    started = [event.task for event in run.events if event.type == "task.started"]
    assert (started, lasted(run)) == (["a", "free", "b"], 4)


def test_equal_work_is_done_once_where_results_are_cached() -> None:
    async def main(ttl: Any, seconds: tuple[float, ...]) -> float:
        async with engine_with(Nap) as engine:
            for value in seconds:
                task = {"id": "nap", "type": "test.nap", "inputs": {"seconds": value}, "cache": ttl}
                await (await engine.start({"blockloom": 1, "tasks": [task]})).wait()
            return asyncio.get_running_loop().time()

    assert simulate(lambda: main(True, (5, 5, 6)), 1) == pytest.approx(11)
    assert simulate(lambda: main({"ttl": "4s"}, (5, 5, 5)), 1) == pytest.approx(5)
    assert simulate(lambda: main({"ttl": "4s"}, (5, 6, 5)), 1) == pytest.approx(16)

"""SPEC §3, `loop`, `workflow`, `stop` and `cancel`."""

import asyncio
from typing import Any

import pytest
from blockloom import InvalidGraph, RunView
from blockloom.testing import engine_with, run_graph, simulate
from body_graphs import NAPS, Nap, body, holding

COUNT = body(
    {"id": "inc", "type": "blocks", "blocks": [{"id": "next", "type": "code", "content": {"source": "n + 1"}}]},
    inputs={"n": {"type": "integer"}},
    lines="start.n -> inc.n; inc.next -> end.n",
)


def looped(n: int, **config: Any) -> RunView:
    """A run that counts from n."""
    return run_graph(holding({"body": COUNT, **config}, "loop", "n"), {"n": n}, seed=1)


def test_times_says_how_often() -> None:
    assert looped(0, times=7).outputs["all"] == {"n": 7}


def test_no_pass_leaves_the_values_as_they_came() -> None:
    assert looped(3, times=0).outputs["all"] == {"n": 3}


def test_while_is_tested_before_each_pass_over_the_current_values() -> None:
    assert (looped(0, **{"while": "n < 5"}).outputs, looped(9, **{"while": "n < 5"}).outputs) == (
        {"all": {"n": 5}},
        {"all": {"n": 9}},
    )


def test_a_pass_beyond_max_fails_the_task() -> None:
    run = looped(0, **{"while": "True", "max": 3})
    assert run.error is not None
    assert (run.state.value, run.error["type"], run.error["task"]) == ("FAILED", "too-many-passes", "hold")
    assert "hold[2].inc" in run.tasks
    assert "hold[3].inc" not in run.tasks


def test_as_many_passes_as_max_are_fine() -> None:
    assert looped(0, times=3, max=3).outputs["all"] == {"n": 3}


@pytest.mark.parametrize("config", [{}, {"times": 1, "while": "True"}])
def test_exactly_one_of_times_and_while_is_needed(config: Any) -> None:
    with pytest.raises(InvalidGraph) as caught:
        looped(0, **config)
    assert [problem.code for problem in caught.value.problems] == ["bad-config"]


def test_a_workflow_runs_its_body_once_under_its_own_name() -> None:
    run = run_graph(holding({"body": NAPS}, "workflow", "item"), {"item": 2}, Nap, seed=1)
    assert (run.outputs["all"], "hold.nap" in run.tasks) == ({"slept": 2}, True)


def test_the_inputs_of_a_body_are_ports_of_the_task_that_holds_it() -> None:
    graph = holding({"body": NAPS}, "workflow", "item")
    graph["connections"] += [{"from": "start.item", "to": "hold.other"}]
    graph["connections"] += [{"from": "hold.nothing", "to": "end.x"}]
    with pytest.raises(InvalidGraph) as caught:
        run_graph(graph, {"item": 1}, Nap, seed=1)
    assert [problem.code for problem in caught.value.problems] == ["unknown-port", "unknown-port"]


def test_problems_inside_a_body_are_told_with_the_path_to_them() -> None:
    bad = body({"id": "x", "type": "if", "config": {"condition": "1 +"}}, inputs={}, lines="start -> x")
    with pytest.raises(InvalidGraph) as caught:
        run_graph(holding({"body": bad}, "workflow", "item"), {"item": 1}, seed=1)
    assert "/tasks/1/config/body/tasks/1/config/condition" in [p.path for p in caught.value.problems]


def test_bodies_within_bodies_end_at_a_depth() -> None:
    inner = NAPS
    for _ in range(33):
        inner = body(
            {"id": "w", "type": "workflow", "config": {"body": inner}},
            inputs={"item": {}},
            lines="start.item -> w.item; w.slept -> end.slept",
        )
    run = run_graph(holding({"body": inner}, "workflow", "item"), {"item": 1}, Nap, seed=1)
    assert run.error is not None
    assert run.error["type"] == "too-deep"


def stopping(state: str) -> dict[str, Any]:
    """A body that gives 1, then stops with this state while a nap goes on."""
    parts: list[dict[str, Any]] = [
        {"id": "first", "type": "merge"},
        {"id": "halt", "type": "stop", "config": {"state": state}},
        {"id": "nap", "type": "test.nap", "inputs": {"seconds": 9}},
        {"id": "early", "type": "end"},
    ]
    lines = "start.item -> first.a; start -> nap; first.result -> early.got; early -> halt; nap.slept -> end.slept"
    return body(*parts, inputs={"item": {}}, lines=lines)


@pytest.mark.parametrize(("state", "ended"), [("stopped", "STOPPED"), ("completed", "COMPLETED"), ("failed", "FAILED")])
def test_stop_ends_the_run_in_its_state_and_cancels_the_rest(state: str, ended: str) -> None:
    run = run_graph(stopping(state), {"item": 1}, Nap, seed=1)
    assert (run.state.value, run.outputs) == (ended, {"got": 1})
    assert (run.tasks["nap"].reason, run.tasks["halt"].state.value) == ("stopped", "COMPLETED")


@pytest.mark.parametrize("state", ["stopped", "completed"])
def test_stop_in_a_body_ends_that_body_and_its_outputs_so_far_stand(state: str) -> None:
    run = run_graph(holding({"body": stopping(state)}, "workflow", "item"), {"item": 1}, Nap, seed=1)
    assert (run.state.value, run.outputs["all"]["got"]) == ("COMPLETED", 1)


def test_stop_in_a_body_as_failed_fails_the_holding_task() -> None:
    run = run_graph(holding({"body": stopping("failed")}, "workflow", "item"), {"item": 1}, Nap, seed=1)
    assert run.error is not None
    assert (run.state.value, run.error["task"], run.error["inner"]) == ("FAILED", "hold", "hold.halt")


def test_cancel_cancels_tasks_that_have_not_finished() -> None:
    graph = body(
        {"id": "nap", "type": "test.nap", "inputs": {"seconds": 9}},
        {"id": "off", "type": "cancel", "config": {"tasks": ["nap", "start"]}},
        inputs={},
        lines="start -> nap; start -> off; nap.slept -> end.slept; off -> end",
    )
    run = run_graph(graph, {}, Nap, seed=1)
    assert (run.state.value, run.tasks["nap"].reason, run.tasks["start"].state.value) == (
        "COMPLETED",
        "canceled",
        "COMPLETED",
    )
    assert run.events[-1].time == run.events[0].time


def test_a_stop_from_outside_ends_the_bodies_first() -> None:
    async def stop() -> RunView:
        async with engine_with(Nap) as engine:
            run = await engine.start(holding({"body": NAPS}), {"items": [9, 9]})
            await asyncio.sleep(1)
            await run.stop()
            return run

    run = simulate(stop, 1)
    canceled = [(event.task, event.data["reason"]) for event in run.events if event.type == "task.canceled"]
    naps = [("hold[0].nap", "stopped"), ("hold[1].nap", "stopped")]
    assert sorted(told for told in canceled if str(told[0]).endswith(".nap")) == naps
    assert canceled.index(("hold", "stopped")) > max(map(canceled.index, naps))
    assert run.state.value == "STOPPED"

"""SPEC §2, "What runs when": what begins, what a connection is, what a port is given, what a run comes to."""

import asyncio
from typing import Any

import pytest
from blockloom import InvalidGraph, RunState, TaskContext, TaskType
from blockloom.testing import engine_with, run_graph, simulate
from drawn_graphs import drawn, given, happened, played, told
from scripted_types import Witness, scripted

FAIL = {"fails": 9}


# 1. If the graph has `start` tasks, they begin; without a `start`, tasks with no incoming connection begin.


def test_start_tasks_begin_and_what_none_of_them_reaches_is_unreachable() -> None:
    run = played(drawn("start -> a; lone -> other; other -> b; a -> b"))
    assert told(run) == {
        "start": "COMPLETED",
        "a": "COMPLETED",
        "lone": "unreachable",
        "other": "unreachable",
        "b": "COMPLETED",
    }
    assert run.state == RunState.COMPLETED


def test_an_unreachable_task_never_starts_and_its_connections_are_dead() -> None:
    run = played(drawn("start -> join; lone -> join", join={"join": "all"}))
    assert told(run)["join"] == "branch"
    assert "lone" not in happened(run, "task.started")


def test_all_of_several_start_tasks_begin_and_carry_the_inputs() -> None:
    run = played(drawn("start1.x -> a.p; start2.x -> b.p"), {"x": 1})
    assert set(told(run).values()) == {"COMPLETED"}
    assert given(run, "a") == given(run, "b") == {"p": 1}


def test_a_start_task_does_not_wait_for_what_leads_to_it() -> None:
    run = played(drawn("start1 -> slow; slow -> start2; start2 -> b", slow={"lasts": 50}))
    assert happened(run, "task.completed").index("b") < happened(run, "task.completed").index("slow")


def test_without_a_start_the_tasks_with_no_incoming_connection_begin() -> None:
    run = played(drawn("a -> b; c -> d"))
    assert happened(run, "task.ready")[:2] == ["a", "c"]
    assert set(told(run).values()) == {"COMPLETED"}


def test_an_empty_graph_completes_at_once() -> None:
    run = played({"tasks": []})
    assert [event.type for event in run.events] == ["run.started", "run.completed"]
    assert (run.state, run.outputs) == (RunState.COMPLETED, {})


# 2. A connection is dead if its port is dead or its source is FAILED or CANCELED (but see `error`).


def test_a_branch_that_is_not_taken_cancels_what_follows_it_and_what_follows_that() -> None:
    graph = drawn("a.yes -> b; a.no -> c; c -> d; d -> e", a={"branches": ["yes", "no"], "taken": ["yes"]})
    assert told(played(graph)) == {"a": "COMPLETED", "b": "COMPLETED", "c": "branch", "d": "branch", "e": "branch"}


def test_an_order_connection_of_a_whole_task_is_alive_if_the_task_is_completed_whatever_it_took() -> None:
    graph = drawn("a -> b; a.no -> c", a={"branches": ["no"]})
    assert told(played(graph)) == {"a": "COMPLETED", "b": "COMPLETED", "c": "branch"}


def test_only_the_error_port_leaves_a_failed_task() -> None:
    graph = drawn("a -> b; a.out -> c; a -> d.p; a.error -> e", a=FAIL)
    assert told(played(graph)) == {"a": "FAILED", "b": "branch", "c": "branch", "d": "branch", "e": "COMPLETED"}


def test_nothing_leaves_a_canceled_task_its_error_port_included() -> None:
    graph = drawn("a.no -> b; b.error -> c; b -> d", a={"branches": ["no"]})
    assert told(played(graph)) == {"a": "COMPLETED", "b": "branch", "c": "branch", "d": "branch"}


def test_the_error_port_of_a_completed_task_is_dead() -> None:
    assert told(played(drawn("a.error -> b; a -> c"))) == {"a": "COMPLETED", "b": "branch", "c": "COMPLETED"}


def test_a_port_carries_its_value_and_a_whole_task_the_mapping_of_its_alive_outputs() -> None:
    graph = drawn(
        "a.x -> b.p; a -> b.q; a.no -> c", a={"gives": ["x", "y"], "branches": ["yes", "no"], "taken": ["yes"]}
    )
    run = played(graph)
    got = given(run, "b")
    assert got["p"][:2] == ["a", "x"]
    assert got["q"].keys() == {"x", "y", "yes"}
    assert got["q"]["x"] == got["p"]


# 4. Ports


NEEDS = {"needs": ["p"], "lasts": 1}


def test_a_required_input_with_no_alive_connection_cancels_the_task_as_missing_input() -> None:
    graph = drawn("a.no -> b.p; a -> b", a={"branches": ["no"]}, b=NEEDS)
    run = played(graph)
    assert told(run) == {"b": "missing-input", "a": "COMPLETED"}
    (event,) = [event for event in run.events if event.type == "task.canceled"]
    assert event.data["inputs"] == ["p"]
    assert happened(run, "task.started") == ["a"]


def test_branch_comes_before_missing_input() -> None:
    """Missing inputs are looked for only when the task would become READY."""
    graph = drawn("a.no -> b.p", a={"branches": ["no"]}, b=NEEDS)
    assert told(played(graph))["b"] == "branch"


def test_a_literal_stands_where_no_alive_connection_feeds_a_required_port() -> None:
    graph = drawn("a.no -> b.p; a -> b", a={"branches": ["no"]}, b={**NEEDS, "inputs": {"p": 7}})
    run = played(graph)
    assert told(run)["b"] == "COMPLETED"
    assert given(run, "b") == {"p": 7}


def test_an_alive_connection_goes_before_a_literal_even_if_it_carries_null() -> None:
    graph = drawn("start.x -> b.p", b={"inputs": {"p": 7}})
    assert given(played(graph, {"x": 1}), "b") == {"p": 1}
    assert given(played(graph, {"x": None}), "b") == {"p": None}


def test_null_that_arrives_at_a_required_port_is_a_value() -> None:
    run = played(drawn("start.x -> b.p", b=NEEDS), {"x": None})
    assert told(run)["b"] == "COMPLETED"
    assert given(run, "b") == {"p": None}


def test_an_optional_input_that_nothing_feeds_is_none() -> None:
    graph = drawn("a.no -> b.p; a -> b", a={"branches": ["no"]}, b={"takes": ["p", "q"]})
    assert given(played(graph), "b") == {"p": None, "q": None}


@pytest.mark.parametrize(("first", "second"), [("a", "c"), ("c", "a")])
def test_of_several_alive_connections_into_one_port_the_last_in_connections_wins(first: str, second: str) -> None:
    """Whichever of the sources ends last."""
    graph = drawn(
        f"{first}.x -> b.p; {second}.x -> b.p", a={"lasts": 5, "gives": ["x"]}, c={"lasts": 1, "gives": ["x"]}
    )
    assert given(played(graph), "b")["p"][0] == second


def test_a_dead_connection_does_not_win_over_an_alive_one_before_it() -> None:
    graph = drawn("a.yes -> b.p; a.no -> b.p", a={"branches": ["yes", "no"], "taken": ["yes"]})
    assert given(played(graph), "b")["p"][1] == "yes"


def test_a_required_input_that_no_connection_could_ever_feed_is_refused_by_check() -> None:
    with pytest.raises(InvalidGraph) as caught:
        played(drawn("a -> b", b=NEEDS))
    assert [problem.code for problem in caught.value.problems] == ["missing-input"]


class Typed(TaskType):
    """Wants a whole number and perhaps a text."""

    name = "sim.typed"

    def ports(self, config: Any, blocks: Any) -> Any:
        from blockloom import Port, PortSet

        inputs = {"n": Port(schema={"type": "integer"}, required=True), "t": Port(schema={"type": "string"})}
        return PortSet(inputs=inputs, outputs={"n": Port()})

    def run(self, task: TaskContext) -> Any:
        """The number."""
        return {"n": task.values["n"]}


@pytest.mark.parametrize(("value", "state"), [(3, "COMPLETED"), ("3", "FAILED"), (None, "FAILED"), (True, "FAILED")])
def test_a_value_of_the_wrong_type_fails_the_task(value: Any, state: str) -> None:
    graph = drawn("start.x -> typed.n; typed.error -> caught.p", typed={"type": "sim.typed"})
    run = played(graph, {"x": value}, Typed)
    assert told(run)["typed"] == state
    if state == "FAILED":
        error = given(run, "caught")["p"]
        assert (error["type"], error["task"]) == ("wrong-type", "typed")
        assert "'n'" in error["message"]


def test_an_optional_input_with_a_type_may_be_none_but_not_wrong() -> None:
    graph = drawn("start.n -> typed.n; start.t -> typed.t", typed={"type": "sim.typed"})
    assert played(graph, {"n": 1}, Typed).state == RunState.COMPLETED
    assert played(graph, {"n": 1, "t": 2}, Typed).state == RunState.FAILED


# 6. The run is COMPLETED when nothing can run any more; its outputs are the inputs of its completed end tasks.


def test_outputs_are_the_inputs_of_completed_end_tasks_merged_in_the_order_of_tasks() -> None:
    lines = "start.x -> end1.a; start.y -> end1.b; start.y -> end2.a"
    assert played(drawn(lines, end1={}, end2={}), {"x": 1, "y": 2}).outputs == {"a": 2, "b": 2}
    assert played(drawn(lines, end2={}, end1={}), {"x": 1, "y": 2}).outputs == {"a": 1, "b": 2}


def test_an_end_that_is_canceled_gives_nothing_and_a_dead_input_of_one_that_completes_is_none() -> None:
    graph = drawn("a.yes -> end1.x; a.no -> end1.y; a.no -> end2.z", a={"branches": ["yes", "no"], "taken": ["yes"]})
    run = played(graph)
    assert told(run)["end2"] == "branch"
    assert run.outputs.keys() == {"x", "y"}
    assert run.outputs["y"] is None


def test_literals_of_an_end_are_outputs() -> None:
    assert played(drawn("a -> end", end={"inputs": {"x": 3}})).outputs == {"x": 3}


def test_a_run_without_an_end_completes_without_outputs() -> None:
    run = played(drawn("a -> b"))
    assert (run.state, run.outputs) == (RunState.COMPLETED, {})


# `start` without declared inputs: whatever its connections name (`None` if not given).


def test_undeclared_inputs_are_what_the_connections_of_start_name() -> None:
    run = played(drawn("start.x -> a.p; start.y -> a.q"), {"x": 1})
    assert given(run, "a") == {"p": 1, "q": None}


def test_declared_inputs_have_defaults() -> None:
    graph = {**drawn("start.x -> a.p; start.y -> a.q"), "inputs": {"x": {}, "y": {"default": [5]}}}
    assert given(played(graph, {"x": 1}), "a") == {"p": 1, "q": [5]}


# 7. A run sees the workflow as it was when it started.


def test_a_run_sees_the_workflow_as_it_was_when_it_started() -> None:
    graph = drawn("a.out -> b.p; b.out -> end.x", a={"lasts": 10}, b={"inputs": {"q": [1]}})

    async def main() -> dict[str, Any]:
        async with engine_with(*scripted(Witness())) as engine:
            run = await engine.start(graph)
            await asyncio.sleep(1)
            graph["connections"].clear()
            graph["tasks"][1]["inputs"]["q"].append(2)
            return (await run.wait()).outputs

    before = simulate(main)
    assert before["x"][:2] == ["b", "out"]
    again = drawn("a.out -> b.p; b.out -> end.x", a={"lasts": 10}, b={"inputs": {"q": [1]}})
    assert before == played(again).outputs


def test_merge_gathers_alive_values_in_the_order_of_connections_and_no_literals() -> None:
    lines = "a.no -> merge.x; c.out -> merge.y; b.out -> merge.x; merge.values -> end.v; merge.result -> end.r"
    graph = drawn(lines, a={"branches": ["no"]}, b={"lasts": 1}, c={"lasts": 5}, merge={"inputs": {"w": 7}})
    outputs = played(graph).outputs
    assert [value[0] for value in outputs["v"]] == ["c", "b"]
    assert outputs["r"][0] == "c"


def test_merge_of_nothing_alive_but_an_order_connection_is_empty() -> None:
    graph = drawn("a -> merge; a.no -> merge.x; merge -> end.all", a={"branches": ["no"]})
    assert played(graph).outputs == {"all": {"values": [], "result": None}}


def test_if_and_switch_carry_value_on_the_port_taken() -> None:
    lines = "start.x -> choose.value; choose.true -> end1.yes; choose.false -> end2.no"
    graph = drawn(lines, choose={"type": "if", "config": {"condition": "value > 2"}})
    assert run_graph(graph, {"x": 3}, *scripted(Witness()), seed=1).outputs == {"yes": 3}
    assert run_graph(graph, {"x": 1}, *scripted(Witness()), seed=1).outputs == {"no": 1}

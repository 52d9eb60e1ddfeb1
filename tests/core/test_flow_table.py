"""SPEC §3, the table of flow tasks, sentence by sentence; of bodies and `wait` there is more in other files."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from blockloom import InvalidGraph, InvalidInputs, RunView
from blockloom.testing import engine_with, run_graph
from body_graphs import NAPS, Nap, body, holding
from drawn_graphs import told


def graph(lines: str, *tasks: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A graph with a start and an end, which takes what its lines name."""
    made = body(*tasks, inputs={}, lines=lines)
    del made["inputs"]
    return {"blockloom": 1, **made, **more}


def outputs(document: Mapping[str, Any], inputs: Mapping[str, Any] | None = None) -> Any:
    run = run_graph(document, inputs, Nap, seed=1)
    assert run.state.value == "COMPLETED", run.error
    return run.outputs


def failure(document: Mapping[str, Any], inputs: Mapping[str, Any]) -> Any:
    """The type of the error that a run fails of, with code blocks in a process of their own."""

    async def main() -> Any:
        async with engine_with() as engine:
            return (await (await engine.start(document, inputs)).wait()).error

    return asyncio.run(main())["type"]


def codes(document: Mapping[str, Any], inputs: Mapping[str, Any] | None = None) -> list[tuple[str, str]]:
    """What keeps a graph from running."""
    with pytest.raises((InvalidGraph, InvalidInputs)) as caught:
        run_graph(document, inputs, Nap, seed=1)
    warnings = {"unreachable", "maybe-missing"}
    return [(problem.code, problem.path) for problem in caught.value.problems if problem.code not in warnings]


def choose(type: str, **config: Any) -> dict[str, Any]:
    return {"id": "way", "type": type, "config": config}


def blocks(*sources: tuple[str, str], links: list[tuple[str, str]] | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"id": "b", "type": "blocks"}
    made["blocks"] = [{"id": id, "type": "code", "content": {"source": source}} for id, source in sources]
    return made | ({} if links is None else {"links": [{"from": a, "to": b} for a, b in links]})


# Conditions are one expression of the code block's language over the task's inputs (as names and as `inputs`).


@pytest.mark.parametrize("condition", ["x > 1", "inputs['x'] > 1", "x in (2, 3)", "len(inputs) == 2"])
def test_a_condition_sees_the_inputs_as_names_and_as_a_mapping(condition: str) -> None:
    lines = "start.x -> way.x; start.v -> way.value; way.true -> end.yes; way.false -> end.no"
    assert outputs(graph(lines, choose("if", condition=condition)), {"x": 2, "v": "v"}) == {"yes": "v", "no": None}


@pytest.mark.parametrize("condition", ["x = 1", "x; y", "import os", "", "x >"])
def test_a_condition_that_is_not_one_expression_is_a_bad_config(condition: str) -> None:
    bad = [("bad-config", "/tasks/1/config/condition")]
    assert codes(graph("start.x -> way.x", choose("if", condition=condition))) == bad


# start, end


def test_a_start_with_declared_inputs_has_exactly_those() -> None:
    declared = {"inputs": {"x": {}, "y": {"default": 5}}}
    lines = "start.x -> end.x; start.y -> end.y"
    assert outputs(graph(lines, **declared), {"x": 1}) == {"x": 1, "y": 5}
    assert codes(graph(lines, **declared), {}) == [("missing-input", "/x")]
    assert [path for _, path in codes(graph(lines, **declared), {"x": 1, "z": 2})] == ["/z"]
    assert codes(graph("start.z -> end.z", **declared), {"x": 1}) == [("unknown-port", "/connections/0/from")]


def test_a_start_without_declared_inputs_has_what_its_connections_name() -> None:
    assert outputs(graph("start.x -> end.x; start.y -> end.y"), {"x": 1}) == {"x": 1, "y": None}
    assert [path for _, path in codes(graph("start.x -> end.x"), {"z": 2})] == ["/z"]


def test_an_end_takes_any_inputs() -> None:
    assert outputs(graph("start.x -> end.a; start.x -> end.日本; start.y -> end.c"), {"x": 1, "y": [2]}) == {
        "a": 1,
        "日本": 1,
        "c": [2],
    }


# blocks


def test_a_block_sees_the_inputs_and_without_links_the_blocks_before_it_in_the_list() -> None:
    lines = "start.x -> b.x; b.one -> end.one; b.two -> end.two; b.result -> end.result"
    made = outputs(graph(lines, blocks(("one", "x + 1"), ("two", "one * 10 + inputs['x']"))), {"x": 1})
    assert made == {"one": 2, "two": 21, "result": 21}
    assert failure(graph(lines, blocks(("one", "two"), ("two", "1"))), {"x": 1}) == "NameError"


def test_with_links_they_are_evaluated_in_that_order_and_see_along_them_only() -> None:
    lines = "start.x -> b.x; b.result -> end.last; b.three -> end.three"
    three = blocks(("three", "two + 1"), ("one", "x"), ("two", "one + 1"), links=[("one", "two"), ("two", "three")])
    assert outputs(graph(lines, three), {"x": 1}) == {"last": 3, "three": 3}
    through = blocks(("three", "one + two"), ("one", "x"), ("two", "5"), links=[("one", "two"), ("two", "three")])
    assert outputs(graph(lines, through), {"x": 1})["three"] == 6
    blind = blocks(("one", "x"), ("two", "one"), ("three", "1"), links=[("one", "three")])
    assert failure(graph(lines, blind), {"x": 1}) == "NameError"


def test_blocks_without_a_block_give_nothing_as_their_result() -> None:
    assert outputs(graph("start -> b; b.result -> end.r", blocks())) == {"r": None}


# if, switch


def test_an_if_without_a_value_carries_none_on_the_port_it_takes() -> None:
    lines = "start.x -> way.x; way.true -> end.yes; way.false -> no.x"
    run = run_graph(graph(lines, choose("if", condition="x"), {"id": "no", "type": "merge"}), {"x": 1}, seed=1)
    assert (run.outputs, told(run)["no"]) == ({"yes": None}, "branch")


SWITCH = "start.x -> way.value; way.a -> end.a; way.b -> end.b; way.default -> end.default"
CASES = [{"port": "a", "when": "value > 1"}, {"port": "b", "when": "value > 10"}, {"port": "a", "when": "value < 0"}]


@pytest.mark.parametrize(
    ("mode", "x", "taken"),
    [
        ({}, 20, {"a"}),
        ({"mode": "first"}, 20, {"a"}),
        ({"mode": "all"}, 20, {"a", "b"}),
        ({"mode": "all"}, -1, {"a"}),
        ({}, -1, {"a"}),
        ({"mode": "all"}, 0, {"default"}),
        ({}, 0, {"default"}),
    ],
)
def test_a_switch_takes_the_first_or_all_of_its_cases_else_default(mode: Any, x: int, taken: set[str]) -> None:
    made = outputs(graph(SWITCH, choose("switch", cases=CASES, **mode)), {"x": x})
    assert made == {port: x if port in taken else None for port in ("a", "b", "default")}


def test_a_switch_that_takes_the_first_tests_no_further() -> None:
    cases = [{"port": "a", "when": "True"}, {"port": "b", "when": "1 / 0"}]
    assert outputs(graph(SWITCH, choose("switch", cases=cases)), {"x": 1})["a"] == 1
    assert failure(graph(SWITCH, choose("switch", cases=cases, mode="all")), {"x": 1}) == "ZeroDivisionError"


# Tasks that hold a body: its inputs without `default` are required ports (but for `item` and `index`).


@pytest.mark.parametrize("type", ["workflow", "loop", "foreach"])
def test_the_inputs_of_a_body_are_ports_of_its_holder(type: str) -> None:
    times = {"times": 1} if type == "loop" else {}
    literals: dict[str, Any] = {"items": [1]} if type == "foreach" else {}
    inner = body(
        {"id": "m", "type": "merge"}, inputs={"x": {}, "y": {"default": 7}}, lines="start.y -> m.y; m -> end.m"
    )
    hold = {"id": "hold", "type": type, "config": {"body": inner, **times}, "inputs": literals}
    assert codes(graph("start -> hold", hold)) == [("missing-input", "/tasks/1")]
    assert codes(graph("start.x -> hold.x; start.z -> hold.z", hold)) == [("unknown-port", "/connections/1/to")]
    made = outputs(graph("start.x -> hold.x; hold -> end.all", hold), {"x": 1})
    assert "7" in str(made)


def test_item_and_index_are_no_ports_of_a_foreach() -> None:
    hold = {"id": "hold", "type": "foreach", "config": {"body": NAPS}, "inputs": {"items": []}}
    assert codes(graph("start.x -> hold.item", hold)) == [("unknown-port", "/connections/0/to")]


def test_an_item_that_its_body_does_not_take_fails_that_item() -> None:
    typed = {**NAPS, "inputs": {"item": {"type": "number"}}}
    run = run_graph(holding({"body": typed}), {"items": [1, "x"]}, Nap, seed=1)
    assert ((run.error or {})["type"], (run.error or {})["inner"]) == ("invalid-inputs", "hold[1]")
    run = run_graph(holding({"body": typed, "on_error": "collect"}), {"items": [1, "x", 2]}, Nap, seed=1)
    assert run.outputs["all"]["results"] == [{"slept": 1}, None, {"slept": 2}]
    assert [(error["index"], error["type"]) for error in run.outputs["all"]["errors"]] == [(1, "invalid-inputs")]


def test_a_body_that_declares_items_is_given_all_of_them() -> None:
    inner = body({"id": "m", "type": "merge"}, inputs={"items": {}}, lines="start.items -> m.x; m.result -> end.all")
    run = run_graph(holding({"body": inner}), {"items": [1, 2]}, seed=1)
    assert run.outputs["all"]["results"] == [{"all": [1, 2]}] * 2


# loop


def test_what_a_pass_gives_replaces_values_of_the_same_name_and_others_stay() -> None:
    step = blocks(("m", "n + by"), ("seen", "[by, n]"))
    inner = body(
        step, inputs={"n": {}, "by": {}}, lines="start.n -> b.n; start.by -> b.by; b.m -> end.n; b.seen -> end.seen"
    )
    hold = {"id": "hold", "type": "loop", "config": {"body": inner, "times": 3}}
    made = outputs(graph("start.n -> hold.n; start.by -> hold.by; hold -> end.all", hold), {"n": 1, "by": 2})
    assert made == {"all": {"n": 7, "seen": [2, 5]}}


def test_a_pass_that_gives_nothing_leaves_the_values_as_they_are() -> None:
    inner = body(
        choose("if", condition="value < 2"), blocks(("m", "n + 1")), inputs={"n": {}},
        lines="start.n -> way.value; way.true -> b.n; b.m -> end.n",
    )  # fmt: skip
    hold = {"id": "hold", "type": "loop", "config": {"body": inner, "times": 5}}
    assert outputs(graph("start.n -> hold.n; hold.n -> end.n", hold), {"n": 0}) == {"n": 2}


# stop, cancel


def halting(state: str) -> dict[str, Any]:
    """A body that gives its item, or stops where that is 0 while a nap goes on."""
    return body(
        choose("if", condition="value == 0"),
        {"id": "halt", "type": "stop", "config": {"state": state}},
        {"id": "nap", "type": "test.nap"},
        {"id": "early", "type": "end"},
        inputs={"item": {}},
        lines="start.item -> early.item; start.item -> way.value; way.true -> halt; way.false -> nap.seconds; "
        "early -> halt; nap.slept -> end.slept",
    )


def test_a_stop_in_a_body_ends_that_item_alone() -> None:
    inner = halting("stopped")
    inner["tasks"][2]["join"] = "all"
    made = run_graph(holding({"body": inner}), {"items": [1, 0, 2]}, Nap, seed=1)
    assert made.outputs["all"]["results"] == [{"item": 1, "slept": 1}, {"item": 0}, {"item": 2, "slept": 2}]


def test_a_stop_as_failed_in_a_body_fails_the_item_as_a_failure_does() -> None:
    inner = halting("failed")
    inner["tasks"][2]["join"] = "all"
    made = run_graph(holding({"body": inner, "on_error": "collect"}), {"items": [1, 0]}, Nap, seed=1)
    assert made.outputs["all"]["results"] == [{"item": 1, "slept": 1}, None]
    assert [(error["index"], error["type"]) for error in made.outputs["all"]["errors"]] == [(1, "stopped")]
    failed = run_graph(holding({"body": inner}), {"items": [1, 0]}, Nap, seed=1)
    assert ((failed.error or {})["task"], (failed.error or {})["inner"]) == ("hold", "hold[1].halt")


def test_a_stop_as_failed_fails_the_run_and_tells_who_did() -> None:
    run = run_graph(graph("start -> halt", {"id": "halt", "type": "stop", "config": {"state": "failed"}}), seed=1)
    assert (run.state.value, (run.error or {})["type"], (run.error or {})["task"]) == ("FAILED", "stopped", "halt")


def canceling(**more: Any) -> RunView:
    nap = {"id": "nap", "type": "test.nap", "inputs": {"seconds": 9}}
    off = {"id": "off", "type": "cancel", "config": {"tasks": ["nap", "later", "way"]}}
    later = {"id": "later", "type": "test.nap", "inputs": {"seconds": 1}}
    lines = "start -> way; way -> nap; way -> off; off -> later; nap.error -> caught; nap -> end"
    return run_graph(
        graph(lines, choose("if", condition="True"), nap, off, later, {"id": "caught", "type": "merge"}, **more),
        {}, Nap, seed=1,
    )  # fmt: skip


def test_a_cancel_ends_what_runs_and_waits_and_leaves_what_has_finished() -> None:
    run = canceling()
    wanted = {"nap": "canceled", "later": "canceled", "caught": "branch", "end": "branch", "way": "COMPLETED"}
    assert {id: told(run)[id] for id in wanted} == wanted
    assert run.state.value == "COMPLETED"
    assert {e.task: e.data["by"] for e in run.events if e.data.get("reason") == "canceled"} == {
        "nap": "off",
        "later": "off",
    }


def test_a_cancel_of_a_task_that_holds_a_body_ends_what_is_in_it() -> None:
    off = {"id": "off", "type": "cancel", "config": {"tasks": ["hold"]}}
    hold = {"id": "hold", "type": "workflow", "config": {"body": NAPS}, "inputs": {"item": 9}}
    nap = {"id": "nap", "type": "test.nap", "inputs": {"seconds": 1}}
    run = run_graph(
        graph("start -> hold; start -> nap; nap -> off; hold.error -> end.e", hold, nap, off), {}, Nap, seed=1
    )
    why = {e.task: (e.data["reason"], e.data.get("by")) for e in run.events if e.type == "task.canceled"}
    assert why["hold"] == why["hold.nap"] == ("canceled", "off")

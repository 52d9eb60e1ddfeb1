"""SPEC §3, `foreach`: a body for each item."""

from typing import Any

import pytest
from blockloom import RunView, TaskState
from blockloom.testing import run_graph
from body_graphs import NAPS, Nap, body, holding


def naps(items: Any, max_concurrency: int | None = None, **config: Any) -> RunView:
    """A run that naps for each item, in a simulation."""
    graph = holding({"body": NAPS, **config})
    return run_graph(graph, {"items": items}, Nap, seed=1, max_concurrency=max_concurrency)


def lasted(run: RunView) -> float:
    """How many virtual seconds the run took."""
    return float(round(run.events[-1].time - run.events[0].time, 6))


def test_results_hold_the_outputs_of_each_body_in_the_order_of_the_items() -> None:
    run = naps([3, 1, 2])
    assert run.outputs["all"] == {"results": [{"slept": 3}, {"slept": 1}, {"slept": 2}], "errors": []}


def test_no_items_give_no_results() -> None:
    assert naps([]).outputs["all"] == {"results": [], "errors": []}


def test_all_items_overlap_where_the_run_has_no_limit() -> None:
    assert lasted(naps([5] * 300)) == 5


def test_concurrency_limits_the_bodies_at_a_time() -> None:
    assert lasted(naps([1] * 10, concurrency=3)) == 4


def test_the_limit_of_the_run_is_the_default() -> None:
    assert lasted(naps([1] * 10, max_concurrency=2)) == 5


def test_the_task_that_holds_the_bodies_takes_no_place() -> None:
    assert naps([1, 1], max_concurrency=1).outputs["all"]["results"] == [{"slept": 1}, {"slept": 1}]


def test_events_and_states_name_the_tasks_of_the_bodies() -> None:
    run = naps([1, 1])
    assert run.tasks["hold[1].nap"].state is TaskState.COMPLETED
    assert [event.task for event in run.events if event.type == "task.started"].count("hold[0].nap") == 1


def test_a_body_is_given_item_index_and_the_other_inputs_that_it_declares() -> None:
    tell = {"id": "tell", "type": "blocks", "blocks": [{"id": "t", "type": "text", "content": {"text": TOLD}}]}
    told = body(
        tell,
        inputs={"item": {}, "index": {}, "mark": {"type": "string"}},
        lines="start.item -> tell.item; start.index -> tell.index; start.mark -> tell.mark; tell.t -> end.told",
    )
    graph = holding({"body": told}, inputs={"mark": "!"})
    results = run_graph(graph, {"items": ["a", "b"]}, seed=1).outputs["all"]["results"]
    assert [result["told"] for result in results] == ["0 a !", "1 b !"]


TOLD = "{{ index }} {{ item }} {{ mark }}"


def test_a_failure_fails_the_task_and_names_what_failed_inside() -> None:
    run = naps([5, -1, 5])
    error = {"type": "nightmare", "message": "-1 seconds cannot be slept", "task": "hold", "inner": "hold[1].nap"}
    assert (run.state.value, run.error) == ("FAILED", error)
    assert (run.tasks["hold[0].nap"].state.value, lasted(run)) == ("CANCELED", 0)


def test_a_failure_goes_out_of_the_error_port() -> None:
    graph = holding({"body": NAPS})
    graph["connections"] += [{"from": "hold.error", "to": "end.error"}]
    run = run_graph(graph, {"items": [-1]}, Nap, seed=1)
    assert run.state.value == "COMPLETED"
    assert run.outputs["error"]["inner"] == "hold[0].nap"


def test_collect_keeps_a_place_for_each_item_and_tells_what_failed() -> None:
    run = naps([1, -1, 2, -2], on_error="collect")
    assert run.outputs["all"]["results"] == [{"slept": 1}, None, {"slept": 2}, None]
    assert run.outputs["all"]["errors"] == [
        {"index": 1, "type": "nightmare", "message": "-1 seconds cannot be slept"},
        {"index": 3, "type": "nightmare", "message": "-2 seconds cannot be slept"},
    ]


def test_enough_once_as_many_as_needed_are_done_and_the_rest_is_canceled() -> None:
    run = naps([9, 1, 2, 9], need=2)
    assert run.outputs["all"]["results"] == [None, {"slept": 1}, {"slept": 2}, None]
    assert run.tasks["hold[0].nap"].state.value == "CANCELED"
    assert run.tasks["hold[0].nap"].reason == "canceled"
    assert lasted(run) == 2


@pytest.mark.parametrize("places", [1, 2, 3])
def test_not_one_body_more_than_needed_ends(places: int) -> None:
    run = naps(list(range(10)), need=2, max_concurrency=places)
    assert [result for result in run.outputs["all"]["results"] if result] == [{"slept": 0}, {"slept": 1}]


def test_not_one_more_is_counted_where_several_end_in_one_moment() -> None:
    runs = [run_graph(holding({"body": NAPS, "need": 2}), {"items": [1] * 5}, Nap, seed=seed) for seed in range(30)]
    assert {len([result for result in run.outputs["all"]["results"] if result]) for run in runs} == {2}


def test_a_need_out_of_reach_completes_with_what_there_is() -> None:
    run = naps([1, -1], need=2, on_error="collect")
    assert (run.state.value, run.outputs["all"]["results"]) == ("COMPLETED", [{"slept": 1}, None])


def test_until_sees_the_results_and_says_when_it_is_enough() -> None:
    run = naps([1, 2, 3, 4], until="results[2] != None")
    assert run.outputs["all"]["results"] == [{"slept": 1}, {"slept": 2}, {"slept": 3}, None]


def test_items_must_be_a_list() -> None:
    run = naps("abc")
    assert run.error is not None
    assert run.error["type"] == "wrong-type"


def test_bodies_nest() -> None:
    inner = {"id": "inner", "type": "foreach", "config": {"body": NAPS}}
    outer = body(inner, inputs={"item": {}}, lines="start.item -> inner.items; inner.results -> end.r")
    run = run_graph(holding({"body": outer}), {"items": [[1, 2], [], [-1]]}, Nap, seed=1)
    assert run.error is not None
    assert run.error["inner"] == "hold[2].inner[0].nap"


def test_of_ready_tasks_of_bodies_the_first_item_goes_first() -> None:
    run = naps([1, 1, 1], max_concurrency=1)
    started = [e.task for e in run.events if e.type == "task.started" and str(e.task).endswith(".nap")]
    assert started == ["hold[0].nap", "hold[1].nap", "hold[2].nap"]

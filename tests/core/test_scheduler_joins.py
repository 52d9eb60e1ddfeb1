"""SPEC §2, rule 3: what `join` decides, by which connections, and when."""

from collections.abc import Mapping
from typing import Any

import pytest
from blockloom import InvalidGraph, RunState
from drawn_graphs import drawn, given, happened, played, told
from naive_interpreter import interpret

YES = {"branches": ["yes"], "taken": ["yes"]}
NO = {"branches": ["yes"]}


def finished(run: Any, task: str) -> float:
    """When a task ended, in seconds since the run began."""
    return float(round(run.tasks[task].finished - run.events[0].time, 6))


def started(run: Any, task: str) -> float:
    """When a task began, in seconds since the run began."""
    return float(round(run.tasks[task].started - run.events[0].time, 6))


# any (default): waits until all are resolved; goes on if at least one is alive, else CANCELED (branch).


@pytest.mark.parametrize("join", [{}, {"join": "any"}])
def test_any_waits_until_all_are_resolved(join: Mapping[str, Any]) -> None:
    run = played(drawn("a -> b; c -> b", a={"lasts": 1}, c={"lasts": 9}, b=join))
    assert started(run, "b") == 9


@pytest.mark.parametrize(("a", "c", "b"), [(YES, YES, "COMPLETED"), (YES, NO, "COMPLETED"), (NO, NO, "branch")])
def test_any_goes_on_with_one_alive_else_branch(a: Mapping[str, Any], c: Mapping[str, Any], b: str) -> None:
    assert told(played(drawn("a.yes -> b; c.yes -> b", a=a, c=c)))["b"] == b


# all: waits until all are resolved; goes on if all are alive, else CANCELED (branch).


@pytest.mark.parametrize(("a", "c", "b"), [(YES, YES, "COMPLETED"), (YES, NO, "branch"), (NO, NO, "branch")])
def test_all_goes_on_with_all_alive_else_branch(a: Mapping[str, Any], c: Mapping[str, Any], b: str) -> None:
    assert told(played(drawn("a.yes -> b; c.yes -> b", a=a, c=c, b={"join": "all"})))["b"] == b


def test_all_waits_until_all_are_resolved_even_where_one_is_dead_already() -> None:
    run = played(drawn("a.yes -> b; c -> b", a=NO, c={"lasts": 9}, b={"join": "all"}))
    assert (told(run)["b"], finished(run, "b")) == ("branch", 9)


# join decides by a task's order connections if it has any, else by all its connections; the data connections of a
# task that has order connections are waited for and carry values, but do not decide.


@pytest.mark.parametrize("join", ["any", "all"])
def test_data_connections_decide_where_there_are_no_order_connections(join: str) -> None:
    run = played(drawn("a.yes -> b.p; c.out -> b.q", a=NO, b={"join": join}))
    assert told(run)["b"] == ("COMPLETED" if join == "any" else "branch")


@pytest.mark.parametrize("join", ["any", "all"])
def test_with_order_connections_dead_data_does_not_cancel(join: str) -> None:
    run = played(drawn("a.yes -> b.p; c -> b", a=NO, b={"join": join}))
    assert told(run)["b"] == "COMPLETED"
    assert given(run, "b") == {"p": None}


@pytest.mark.parametrize("join", ["any", "all", "first"])
def test_with_order_connections_alive_data_does_not_save(join: str) -> None:
    assert told(played(drawn("a.yes -> b; c.out -> b.p", a=NO, b={"join": join})))["b"] == "branch"


@pytest.mark.parametrize("join", ["any", "all", "first"])
def test_with_order_connections_data_is_waited_for_and_carries_its_value(join: str) -> None:
    run = played(drawn("a -> b; c.out -> b.p", c={"lasts": 9}, b={"join": join}))
    assert started(run, "b") == 9
    assert given(run, "b")["p"][0] == "c"


# {"count": n}: goes on as soon as n are alive; CANCELED once n cannot be reached.

RACE = {"a": {"lasts": 3}, "c": {"lasts": 1}, "d": {"lasts": 2}}


@pytest.mark.parametrize(("join", "moment"), [("first", 1), ({"count": 1}, 1), ({"count": 2}, 2), ({"count": 3}, 3)])
def test_count_goes_on_as_soon_as_n_are_alive(join: Any, moment: int) -> None:
    run = played(drawn("a -> b; c -> b; d -> b", **RACE, b={"join": join}))
    assert started(run, "b") == moment
    assert run.state == RunState.COMPLETED


def test_the_rest_of_a_count_goes_on_without_it() -> None:
    run = played(drawn("a -> b; c -> b; d -> b", **RACE, b={"join": "first"}))
    assert set(told(run).values()) == {"COMPLETED"}
    assert happened(run, "task.completed") == ["c", "b", "d", "a"]
    assert happened(run, "task.started").count("b") == 1


def test_count_is_canceled_once_n_cannot_be_reached() -> None:
    run = played(drawn("a -> b; c.yes -> b; d.yes -> b", a={"lasts": 9}, c=NO, d=NO, b={"join": {"count": 2}}))
    assert (told(run)["b"], finished(run, "b")) == ("branch", 0)


def test_count_with_order_connections_is_canceled_at_once_though_data_is_open() -> None:
    run = played(drawn("a.yes -> b; c.out -> b.p", a=NO, c={"lasts": 9}, b={"join": {"count": 1}}))
    assert (told(run)["b"], finished(run, "b")) == ("branch", 0)


def test_the_inputs_of_an_early_join_are_what_is_alive_at_that_moment() -> None:
    run = played(drawn("a.out -> b.p; c.out -> b.p; c.out -> b.q; d.out -> b.r", **RACE, b={"join": {"count": 2}}))
    assert {name: value and value[0] for name, value in given(run, "b").items()} == {"p": "c", "q": "c", "r": None}


def test_inputs_of_an_early_join_stay_fixed_while_it_waits_for_a_place() -> None:
    graph = drawn(
        "a.out -> b.p; c.out -> b.q; c -> busy", c={"lasts": 1}, a={"lasts": 3}, busy={"lasts": 9}, b={"join": "first"}
    )
    run = played(graph, max_concurrency=2)
    assert started(run, "b") == 3
    assert given(run, "b")["p"] is None
    assert given(run, "b")["q"][0] == "c"


def test_the_inputs_of_an_early_join_stay_fixed_over_its_attempts() -> None:
    again = {"fails": 1, "retry": {"attempts": 2, "delay": 20, "jitter": False}}
    run = played(drawn("a.out -> b.p; c.out -> b.q", a={"lasts": 3}, c={"lasts": 1}, b={"join": "first", **again}))
    assert started(run, "b") == 21
    assert given(run, "b")["p"] is None
    assert given(run, "b")["q"][0] == "c"


def test_an_early_merge_gathers_what_was_alive_at_that_moment() -> None:
    lines = "a.out -> merge.x; c.out -> merge.y; c -> busy; merge.values -> end.v"
    graph = drawn(lines, c={"lasts": 1}, a={"lasts": 3}, busy={"lasts": 9}, merge={"join": "first"})
    assert [value[0] for value in played(graph, max_concurrency=2).outputs["v"]] == ["c"]


def test_an_early_join_without_its_required_input_at_that_moment_is_missing_input() -> None:
    run = played(
        drawn("a.out -> b.p; c.out -> b.q", a={"lasts": 3}, c={"lasts": 1}, b={"join": "first", "needs": ["p"]})
    )
    assert (told(run)["b"], finished(run, "b")) == ("missing-input", 1)


@pytest.mark.parametrize("count", [0, 3, -1, "2", True, None])
def test_a_count_that_can_never_be_reached_is_a_bad_join(count: Any) -> None:
    with pytest.raises(InvalidGraph) as caught:
        played(drawn("a -> b; c -> b; d.out -> b.p", b={"join": {"count": count}}))
    assert [problem.code for problem in caught.value.problems] == ["bad-join"]


# cancel_rest: upstream tasks from which every path now leads only to this join or to finished tasks are raced.

FIRST = {"join": {"count": 1, "cancel_rest": True}}


def test_cancel_rest_ends_the_tasks_that_lead_only_to_the_join_running_and_waiting() -> None:
    graph = drawn("a -> b; c -> d; d -> e; e -> b", a={"lasts": 1}, c={"lasts": 9}, b=FIRST)
    run = played(graph)
    assert told(run) == {"a": "COMPLETED", "c": "raced", "b": "COMPLETED", "d": "raced", "e": "raced"}
    assert [finished(run, task) for task in "cde"] == [1, 1, 1]
    assert run.state == RunState.COMPLETED


def test_without_cancel_rest_they_go_on() -> None:
    graph = drawn(
        "a -> b; c -> d; d -> b", a={"lasts": 1}, c={"lasts": 9}, b={"join": {"count": 1, "cancel_rest": False}}
    )
    assert set(told(played(graph)).values()) == {"COMPLETED"}


def test_cancel_rest_spares_what_also_leads_elsewhere_and_what_leads_to_that() -> None:
    graph = drawn("a -> b; c -> d; d -> b; d -> e", a={"lasts": 1}, c={"lasts": 9}, b=FIRST)
    assert set(told(played(graph)).values()) == {"COMPLETED"}


def test_cancel_rest_does_not_count_paths_to_finished_tasks() -> None:
    """The other task that `c` leads to is canceled already when the join goes on."""
    graph = drawn(
        "a -> b; c -> b; c -> e; f.yes -> e", a={"lasts": 1}, c={"lasts": 9}, f=NO, b=FIRST, e={"join": {"count": 2}}
    )
    run = played(graph)
    assert told(run)["e"] == "branch"
    assert (told(run)["c"], finished(run, "c")) == ("raced", 1)


def test_cancel_rest_spares_what_only_a_later_task_needs() -> None:
    graph = drawn("a -> b; c -> b; c -> e; b -> e", a={"lasts": 1}, c={"lasts": 9}, b=FIRST, e={"join": "all"})
    assert told(played(graph)) == {"a": "COMPLETED", "c": "COMPLETED", "b": "COMPLETED", "e": "COMPLETED"}


def test_what_a_race_ends_does_not_hang_on_the_order_of_connections() -> None:
    """At the moment when `j` goes on, `z` is canceled, so every path from `u` leads to finished tasks."""
    lines = ["f.yes -> z", "f.out -> j"]
    tasks: dict[str, Any] = {"u": {"lasts": 9}, "f": {**NO, "join": "first"}, "z": {"join": {"count": 2}}, "j": FIRST}
    for order in (lines, lines[::-1]):
        run = played(drawn("; ".join(["u.out -> f.p", "a.out -> f.p", "u -> z", *order]), **tasks))
        assert (told(run)["z"], told(run)["u"]) == ("branch", "raced"), order


def test_nothing_is_raced_while_the_join_waits_or_when_it_is_canceled() -> None:
    graph = drawn(
        "a -> b; c -> b; d.yes -> b",
        a={"lasts": 1},
        c={"lasts": 9},
        d=NO,
        b={"join": {"count": 2, "cancel_rest": True}},
    )
    run = played(graph)
    assert (told(run)["c"], told(run)["b"], started(run, "b")) == ("COMPLETED", "COMPLETED", 9)


def test_a_raced_task_never_gives_anything_even_if_it_ends_at_the_same_moment() -> None:
    for seed in range(20):
        graph = drawn("a.out -> b.p; c.out -> b.p", a={"lasts": 1}, c={"lasts": 1}, b=FIRST)
        run = played(graph, seed=seed)
        assert sorted([told(run)["a"], told(run)["c"]]) == ["COMPLETED", "raced"]
        winner = "a" if told(run)["a"] == "COMPLETED" else "c"
        assert given(run, "b")["p"][0] == winner


def test_two_branches_that_end_at_the_same_moment_start_the_next_task_once() -> None:
    for seed in range(50):
        for join in ("any", "all", "first", {"count": 2}):
            run = played(drawn("a -> b; c -> b", a={"lasts": 1}, c={"lasts": 1}, b={"join": join}), seed=seed)
            assert happened(run, "task.started").count("b") == happened(run, "task.ready").count("b") == 1


def test_a_connection_drawn_twice_counts_twice() -> None:
    assert told(played(drawn("a -> b; a -> b", b={"join": {"count": 2}})))["b"] == "COMPLETED"


def test_the_interpreter_knows_these_by_heart() -> None:
    """The naive interpreter says the same of a race as the tests above, so the random graphs test the right thing."""
    graph = drawn("a -> b; c -> d; d -> b; e.no -> f", a={"lasts": 1}, c={"lasts": 9}, b=FIRST, e={"branches": ["no"]})
    outcome = interpret(graph, {}, None)
    told_so = {id: task.reason or task.state for id, task in outcome.tasks.items()}
    assert told_so == {"a": "COMPLETED", "c": "raced", "b": "COMPLETED", "d": "raced", "e": "COMPLETED", "f": "branch"}
    assert outcome.tasks["c"].finished == 1

"""The checks that the random graphs go through find what is wrong, and the interpreter says what SPEC says."""

from collections.abc import Callable, Sequence

import pytest
from blockloom import Event
from drawn_graphs import drawn
from naive_interpreter import interpret
from random_graphs import Case, random_case
from simulated_runs import Trace, check_events, check_invariants, check_replay, compare, run_case, shrink

GRAPH = drawn("start.x -> a.p; a -> b; a -> c", a={"lasts": 1, "needs": ["p"]}, b={"lasts": 2}, c={"lasts": 2})
CASE = Case(GRAPH, {"x": 1}, 1)


def ran() -> Trace:
    return run_case(CASE, 0)


def changed(events: Sequence[Event], change: Callable[[list[Event]], object]) -> list[Event]:
    """The events after a change, numbered anew."""
    made = list(events)
    change(made)
    return [event._replace(seq=number) for number, event in enumerate(made, 1)]


def place(events: Sequence[Event], type: str, task: str | None) -> int:
    return next(i for i, event in enumerate(events) if (event.type, event.task) == (type, task))


def swap(events: list[Event], one: tuple[str, str], other: tuple[str, str]) -> None:
    i, j = place(events, *one), place(events, *other)
    events[i], events[j] = events[j]._replace(time=events[i].time), events[i]._replace(time=events[j].time)


CHANGES: dict[str, Callable[[list[Event]], object]] = {
    "a task starts before it is ready": lambda e: swap(e, ("task.ready", "b"), ("task.started", "b")),
    "two tasks run at once": lambda e: swap(e, ("task.completed", "b"), ("task.started", "c")),
    "a task has two results": lambda e: e.insert(-1, e[place(e, "task.completed", "a")]._replace(time=e[-1].time)),
    "the run ends twice": lambda e: e.append(e[-1]),
    "the run goes on after its end": lambda e: e.append(e[1]._replace(time=e[-1].time)),
    "the run does not end": lambda e: e.pop(),
    "a task is ready before its inputs": lambda e: swap(e, ("task.ready", "b"), ("task.completed", "a")),
    "time goes back": lambda e: e.__setitem__(-1, e[-1]._replace(time=0.0)),
    "a result is another": lambda e: e.__setitem__(-1, e[-1]._replace(type="run.failed")),
    "a start that never was": lambda e: e.pop(place(e, "task.started", "c")),
}


def test_a_good_run_passes() -> None:
    check_invariants(ran(), 1)
    compare(ran(), interpret(GRAPH, {"x": 1}, 1))


@pytest.mark.parametrize("what", CHANGES)
def test_what_breaks_an_invariant_is_found(what: str) -> None:
    seen = ran()
    seen.events = changed(seen.events, CHANGES[what])
    with pytest.raises((AssertionError, KeyError)):
        check_events(seen, 1)


def test_a_gap_a_repeat_and_a_place_too_many_are_found() -> None:
    seen = ran()
    for events in ([*seen.events[:3], *seen.events[4:]], [*seen.events[:3], *seen.events[2:]]):
        with pytest.raises(AssertionError):
            check_events(Trace(seen.run, seen.view, events, seen.witness, 0), 1)
    seen.witness.most = 2
    with pytest.raises(AssertionError):
        check_invariants(seen, 1)


def test_a_replay_that_differs_is_found() -> None:
    seen = ran()
    index = seen.run.plan.index["a"]
    seen.run.gave[index] = {"out": "other"}
    with pytest.raises(AssertionError, match="gave"):
        check_replay(seen.run, seen.events)


def test_another_outcome_than_the_interpreters_is_found() -> None:
    for document in (
        drawn("start.x -> a.p; a -> b", a={"lasts": 1}),
        drawn("start.x -> a.p; a -> b; a -> c", b={"lasts": 9}),
    ):
        with pytest.raises((AssertionError, KeyError)):
            compare(ran(), interpret(document, {"x": 1}, 1))


def test_a_failing_graph_is_made_small() -> None:
    """The smallest graph that still has a merge that is fed by a switch."""

    def fails(case: Case) -> bool:
        tasks = {task["id"]: task["type"] for task in case.document["tasks"]}
        ends = [(line["from"].split(".")[0], line["to"].split(".")[0]) for line in case.document["connections"]]
        return any((tasks[a], tasks[b]) == ("switch", "merge") for a, b in ends)

    found = next(case for seed in range(500) if fails(case := random_case(seed)))
    small = shrink(found, fails)
    assert (len(small.document["tasks"]), len(small.document["connections"])) == (2, 1)


def test_the_graph_of_a_seed_is_always_the_same() -> None:
    assert [random_case(seed) for seed in range(50)] == [random_case(seed) for seed in range(50)]

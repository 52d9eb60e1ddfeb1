"""The pure run: the same events give the same state, and a record that breaks off is taken up where it ended."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from blockloom import Event, Reason, RunState, TaskState
from blockloom.agenda import Agenda
from blockloom.check import complete_inputs, prepare
from blockloom.plan import Plan
from blockloom.plugins import installed
from blockloom.registry import Registry
from blockloom.run import Log, Run
from drawn_graphs import drawn
from random_graphs import Case, random_case
from scripted_types import Code, Step, Work
from simulated_runs import check_replay, run_case


def plan_of(document: Mapping[str, Any]) -> Plan:
    registry = Registry()
    for offer in installed().registry.offers():
        if offer.kind == "task":
            registry.add(offer.kind, offer.type)
    for kind, type in (("task", Step), ("task", Work), ("block", Code)):
        registry.add(kind, type)
    return prepare({"blockloom": 1, **document}, registry)


def fresh(plan: Plan) -> Run:
    return Run(plan, Log(lambda: 0.0), Agenda())


def begun(lines: str, **tasks: Any) -> Run:
    """A run that has begun."""
    plan = plan_of(drawn(lines, **tasks))
    run = fresh(plan)
    run.begin(complete_inputs(plan, {}))
    return run


def index(run: Run, *ids: str) -> list[int]:
    return [run.plan.index[id] for id in ids]


def types(run: Run) -> list[str]:
    return [event.type if event.task is None else f"{event.type} {event.task}" for event in run.log.events]


def test_begin_tells_of_the_start_and_of_what_is_ready() -> None:
    run = begun("a -> c; b -> c")
    assert types(run) == ["run.started", "task.ready a", "task.ready b"]
    assert (run.state, run.ready, run.outputs) == (RunState.RUNNING, 2, {})


def test_a_run_is_over_with_its_last_task() -> None:
    run = begun("a -> b")
    for number in index(run, "a", "b"):
        run.start(number)
        run.complete(number, {})
    assert types(run)[-1] == "run.completed"
    assert run.over


def test_results_that_come_late_change_nothing() -> None:
    """After it has completed, failed, or been canceled, a task gives nothing more."""
    run = begun("a -> b; c -> b")
    a, b, c = index(run, "a", "b", "c")
    run.start(a)
    run.complete(a, {})
    before = list(run.log.events)
    run.complete(a, {"x": 1})
    run.fail(a, {"type": "x", "message": "", "task": "a"})
    run.retry(a, {}, 1.0)
    run.rearm(a)
    run.end_canceled(a)
    run.cancel(a)
    assert run.log.events == before
    run.cancel(c)
    run.complete(c, {})
    assert run.states[c] is TaskState.CANCELED
    assert run.states[b] is TaskState.READY


def test_a_running_task_that_is_canceled_ends_as_canceled_however_it_ends() -> None:
    for end in ("complete", "fail", "retry", "end_canceled"):
        run = begun("a -> b")
        (a,) = index(run, "a")
        run.start(a)
        run.cancel(a)
        assert run.states[a] is TaskState.RUNNING
        assert run.agenda.condemned == [(run, a)]
        given: tuple[Any, ...] = {"complete": ({},), "fail": ({},), "retry": ({}, 1.0), "end_canceled": ()}[end]
        getattr(run, end)(a, *given)
        assert (run.states[a], run.reasons[a]) == (TaskState.CANCELED, Reason.CANCELED)
        assert types(run)[-1] == "run.completed"


def test_stop_after_the_end_changes_nothing() -> None:
    run = begun("a -> b")
    run.stop()
    before = list(run.log.events)
    run.stop()
    run.pause()
    run.resume()
    assert run.log.events == before
    assert run.state is RunState.STOPPED


def test_replay_of_a_whole_record_gives_the_same_run_and_decides_nothing_new() -> None:
    for seed in range(300):
        seen = run_case(random_case(seed), seed)
        check_replay(seen.run, seen.events)


def carried_on(plan: Plan, events: Sequence[Event], script: Mapping[str, list[tuple[str, Any]]]) -> Run:
    """A run taken up from the beginning of its record, its open attempts ending as they did in `script`."""
    run = fresh(plan)
    run.replay(events)
    run.settle()
    for _ in range(10_000):
        if run.over:
            return run
        while run.agenda.condemned:
            scope, number = run.agenda.condemned.pop()
            scope.end_canceled(number)
        for number in sorted(run.running):
            end(run, number, script)
        for number in sorted(run.delayed):
            run.rearm(number)
        for number in [i for i, state in enumerate(run.states) if state is TaskState.READY]:
            if run.states[number] is TaskState.READY and run.rest is None:
                run.start(number)
                end(run, number, script)
    raise AssertionError(f"it never ends: {[state.value for state in run.states]}, {run.rest}")


def end(run: Run, number: int, script: Mapping[str, list[tuple[str, Any]]]) -> None:
    """End an attempt as the whole record says."""
    id = run.plan.ids[number]
    how, data = script[id][run.attempts.get(number, 1) - 1]
    if how == "task.completed":
        run.complete(number, data["outputs"])
    elif how == "task.failed":
        run.fail(number, data["error"])
    elif how == "task.retrying":
        run.retry(number, data["error"], data["delay"])


def attempts(events: Iterable[Event]) -> dict[str, list[tuple[str, Any]]]:
    """How each attempt of each task ended."""
    found: dict[str, list[tuple[str, Any]]] = {}
    for event in events:
        if event.task and event.type in ("task.completed", "task.failed", "task.retrying"):
            found.setdefault(event.task, []).append((event.type, event.data))
    return found


def steady(document: Mapping[str, Any]) -> bool:
    """Whether what it comes to does not hang on times: nothing early, nothing fails."""
    early = any(isinstance(task.get("join"), dict) or task.get("join") == "first" for task in document["tasks"])
    return not early


def test_a_record_that_breaks_off_anywhere_is_carried_on_to_the_same_end() -> None:
    """Cut after each event; what was not recorded happens again as it did."""
    tried = 0
    for seed in range(250):
        case = random_case(seed)
        seen = run_case(case, seed)
        if not steady(case.document) or seen.run.state is RunState.FAILED:
            continue
        tried += 1
        script = attempts(seen.events)
        for cut in range(1, len(seen.events) + 1):
            run = carried_on(seen.run.plan, seen.events[:cut], script)
            where = f"seed {seed}, cut after {seen.events[cut - 1]}"
            for name in ("state", "states", "reasons", "gave", "given", "errors", "outputs"):
                assert getattr(run, name) == getattr(seen.run, name), f"{where}: {name}"
    assert tried > 40


RACE = drawn(
    "a -> j; c -> d; d -> j; j -> k", c={"lasts": 9}, k={"lasts": 20}, j={"join": {"count": 1, "cancel_rest": True}}
)


def test_a_record_that_breaks_off_while_a_failed_run_is_ended_starts_nothing_more() -> None:
    """Cut right after the failure that nothing caught: what waits or runs is failed-run, not `branch`, nor run."""
    document = drawn(
        "start -> a; start -> b; start -> r; a -> x; b -> c", a={"fails": 9}, b={"lasts": 5}, r={"lasts": 0.5}
    )
    seen = run_case(Case(document, {}, 2), 0)
    script = attempts(seen.events)
    failed = next(event.seq for event in seen.events if event.type == "task.failed")
    for cut in range(failed, len(seen.events) + 1):
        run = carried_on(seen.run.plan, seen.events[:cut], script)
        assert run.state is RunState.FAILED
        assert run.reasons == seen.run.reasons, f"cut after {seen.events[cut - 1]}"
        assert [e.task for e in run.log.events if e.type == "task.started"] == [
            e.task for e in seen.events if e.type == "task.started"
        ]


def test_a_record_that_breaks_off_while_a_race_is_ended_still_ends_the_losers() -> None:
    """Cut right after the join became ready: what it raced is canceled all the same."""
    seen = run_case(Case(RACE, {}, None), 0)
    script = attempts(seen.events) | {
        "c": [("task.completed", {"outputs": {}})],
        "d": [("task.completed", {"outputs": {}})],
    }
    ready = next(event.seq for event in seen.events if event.type == "task.ready" and event.task == "j")
    for cut in range(ready, len(seen.events) + 1):
        run = carried_on(seen.run.plan, seen.events[:cut], script)
        assert run.reasons == seen.run.reasons, f"cut after {seen.events[cut - 1]}"


def test_a_record_that_breaks_off_while_a_run_is_stopped_ends_as_stopped() -> None:
    run = begun("a -> b; c -> d; e -> f")
    a, c = index(run, "a", "c")
    run.start(a)
    run.complete(a, {})
    run.start(c)
    run.stop()
    run.end_canceled(c)
    events = list(run.log.events)
    assert types(run)[-1] == "run.stopped"
    first = next(event.seq for event in events if event.type == "task.canceled")
    for cut in range(first, len(events) + 1):
        again = carried_on(run.plan, events[:cut], {"c": [("task.completed", {"outputs": {}})]})
        assert again.state is RunState.STOPPED
        assert again.reasons == run.reasons, f"cut after {events[cut - 1]}"


def test_a_record_that_breaks_off_after_a_stop_ends_as_that_says() -> None:
    for state in (RunState.STOPPED, RunState.COMPLETED, RunState.FAILED):
        run = begun("a -> halt; b -> c", halt={"type": "stop"})
        a, halt = index(run, "a", "halt")
        run.start(a)
        run.complete(a, {})
        run.start(halt)
        run.complete(halt, {}, {"ends": state})
        events = list(run.log.events)
        stop = next(event.seq for event in events if event.data.get("ends"))
        assert events[stop].data == {"reason": "stopped", "by": "halt", "ends": state}
        for cut in range(stop, len(events) + 1):
            again = carried_on(run.plan, events[:cut], {})
            assert (again.state, again.error, list(again.log.events)) == (state, run.error, events)


def test_a_log_reads_the_same_one_by_one_in_slices_and_in_a_row() -> None:
    events = run_case(random_case(3), 3).run.log.events
    assert list(events) == [events[i] for i in range(len(events))]
    assert (events[2:5], events[-3:], events[4:0:-2]) == (
        list(events)[2:5],
        list(events)[-3:],
        list(events)[4:0:-2],
    )

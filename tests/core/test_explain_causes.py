"""SPEC §7, Explained: why a task waits, ran, was canceled, failed or ran again; each cause, in both languages."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from blockloom import Event, MemoryStore, RunView, TaskState, UnknownPart, Workflow
from blockloom.explain import Cause, Explanation, explain
from blockloom.explain.phrases import PHRASES, SHOWN
from blockloom.live import LiveRun
from blockloom.plan import Plan
from blockloom.testing import engine_with, simulate
from drawn_graphs import drawn, played
from scripted_types import Witness, scripted

IF = {"type": "if", "config": {"condition": "value > 3"}}
YES = {"branches": ["yes"], "taken": ["yes"]}
NO = {"branches": ["yes"]}
RACE = {"join": {"count": 1, "cancel_rest": True}}


def plan_of(run: RunView) -> Plan:
    return cast(LiveRun, run).run.plan


def after(run: RunView, type: str, task: str | None, wanted: str, nth: int = 1) -> Explanation:
    """What was to be said of `wanted` right after an event about a task, the nth of its kind."""
    places = [n for n, event in enumerate(run.events, 1) if (event.type, event.task) == (type, task)]
    return explain(plan_of(run), run.events[: places[nth - 1]], wanted)


def codes(told: Explanation) -> list[str]:
    return [cause.what for cause in told.because]


def facts(told: Explanation, what: str) -> dict[str, Any]:
    """The facts of the first cause with this code."""
    return dict(next(cause.facts for cause in told.because if cause.what == what))


def said(told: Explanation, language: str = "en") -> str:
    """All sentences."""
    return "\n".join(cause["message"] for cause in told.to_json(language)["because"])


def steered(graph: Mapping[str, Any], act: Callable[[LiveRun], Awaitable[None]], **settings: Any) -> RunView:
    """The finished run of a graph that somebody interferes with."""

    async def main() -> RunView:
        async with engine_with(*scripted(Witness())) as engine:
            run = cast(LiveRun, await engine.start(graph, **settings))
            await act(run)
            return await run.wait()

    return simulate(main)


# WAITING


def test_it_waits_for_an_input_and_for_what_runs_at_the_root() -> None:
    run = played(drawn("start.x -> score.x; score.out -> page.x; page -> end", score={"lasts": 5}))
    told = after(run, "task.started", "score", "end")
    assert (told.state, codes(told)) == (TaskState.WAITING, ["waits-for", "waits-for"])
    wanted = {"of": "page", "task": "score", "connection": "score.out → page.x", "input": "x", "state": "RUNNING"}
    assert told.because[1].facts == wanted | {"since": "2026-01-01T00:00:00.000000Z"}
    english = "'page' waits for its input 'x' from 'score', which is RUNNING since 2026-01-01T00:00:00Z."
    assert told.because[1].to_json("en") == {"what": "waits-for", **told.because[1].facts, "message": english}
    assert "'page' 的输入 'x' 在等待 'score'" in said(told, "zh")


def test_a_join_tells_how_far_it_is() -> None:
    run = played(
        drawn("a.yes -> d; b.yes -> d; c -> d", a=NO, b={**YES, "lasts": 1}, c={"lasts": 2}, d={"join": "all"})
    )
    told = after(run, "task.completed", "b", "d")
    assert codes(told) == ["waits-for", "join"]
    assert facts(told, "join") == {"of": "d", "need": 3, "deciding": 3, "alive": 1, "dead": 1}


def test_before_the_run_has_begun_and_between_its_decisions() -> None:
    run = played(drawn("start -> a"))
    assert codes(explain(plan_of(run), [], "a")) == ["not-begun"]
    assert codes(after(run, "run.started", None, "start")) == ["due"]


def test_it_waits_to_be_tried_again() -> None:
    retry = {"attempts": 3, "delay": 2, "jitter": False}
    run = played(drawn("a -> b", a={"fails": 2, "retry": retry}))
    told = after(run, "task.retrying", "a", "a", 2)
    assert codes(told) == ["waits-to-retry", "retried", "begins"]
    seen = facts(told, "waits-to-retry")
    assert (seen["attempt"], seen["delay"], seen["error"]["message"]) == (2, 4, "attempt 2")
    assert (seen["at"][17:19], seen["until"][17:19]) == ("02", "06")
    assert "scripted: attempt 2" in said(told)


def test_ready_tasks_wait_for_a_place() -> None:
    run = played(drawn("start -> a; start -> b; start -> c", a={"lasts": 1}, c={"group": "g"}), max_concurrency=1)
    told = after(run, "task.started", "a", "b")
    assert (told.state, codes(told)) == (TaskState.READY, ["waits-for-place", "started-by"])
    assert facts(told, "waits-for-place")["running"] == ["a"]
    assert facts(after(run, "task.started", "a", "c"), "waits-for-place")["group"] == "g"
    assert facts(after(run, "task.ready", "start", "start"), "waits-for-place")["running"] == []


def test_a_paused_run_holds_up_what_is_ready_and_what_waits() -> None:
    async def act(run: LiveRun) -> None:
        await asyncio.sleep(1)
        await run.pause()
        await asyncio.sleep(9)
        assert codes(run.explain("b")) == ["paused", "started-by"]
        assert codes(run.explain("c")) == ["waits-for", "paused"]
        assert "暂停" in said(run.explain("b"), "zh")
        await run.resume()

    steered(drawn("a -> b; b -> c", a={"lasts": 5}), act)


# It ran


def test_what_ran_tells_what_made_it_ready_and_what_it_took() -> None:
    run = played(drawn("start.x -> check.value; check.false -> page", check=dict(IF)), {"x": 1})
    assert codes(run.explain("start")) == ["begins", "completed"]
    told = run.explain("page")
    assert facts(told, "started-by")["connections"] == ["check.false → page"]
    assert facts(run.explain("check"), "completed")["chosen"] == ["false"]
    assert told.state is TaskState.COMPLETED


def test_the_joins_rule_is_told_with_the_connections_that_were_alive() -> None:
    run = played(drawn("a -> d; b -> d; c -> d", b={"lasts": 1}, c={"lasts": 2}, d={"join": {"count": 2}}))
    seen = facts(run.explain("d"), "started-by")
    assert (seen["need"], seen["deciding"], seen["alive"]) == (2, 3, 2)
    assert seen["connections"] == ["a → d", "b → d"]


def test_it_ran_again_because_it_had_failed() -> None:
    retry = {"attempts": 3, "delay": 2, "jitter": False}
    told = played(drawn("a -> b", a={"fails": 2, "retry": retry})).explain("a")
    assert codes(told) == ["retried", "retried", "begins", "completed"]
    assert [cause.facts["attempt"] for cause in told.because[:2]] == [2, 1]
    assert facts(told, "completed")["attempt"] == 3
    assert "第 2 次尝试" in said(told, "zh")


def test_it_ran_again_because_it_was_cut_off() -> None:
    run = played(drawn("a -> b"))
    events = [Event(n, 0.0, type, task, data) for n, (type, task, data) in enumerate(CUT_OFF, 1)]
    told = explain(plan_of(run), events, "a")
    assert codes(told) == ["running", "interrupted", "begins"]
    assert facts(told, "running")["attempt"] == 2


CUT_OFF: Sequence[tuple[str, str | None, Mapping[str, Any]]] = (
    ("run.started", None, {"inputs": {}}),
    ("task.ready", "a", {}),
    ("task.started", "a", {"attempt": 1}),
    ("task.started", "a", {"attempt": 2}),
)


def test_a_failure_tells_its_error_and_who_catches_it() -> None:
    run = played(drawn("a.error -> b; c -> d", a={"fails": 9}, c={"fails": 9, "lasts": 1}))
    seen = facts(run.explain("a"), "error")
    assert seen["error"] == {"type": "scripted", "message": "attempt 1", "task": "a"}
    assert seen["connections"] == ["a.error → b"]
    assert "Nothing catches" in said(run.explain("c"))
    assert run.explain("c").state is TaskState.FAILED


# CANCELED: the first cause bears the reason


def test_a_branch_that_was_not_taken() -> None:
    run = played(drawn("start.x -> check.value; check.true -> page; page -> end", check=dict(IF)), {"x": 1})
    told = run.explain("page")
    assert codes(told) == ["branch", "dead"]
    seen = facts(told, "dead")
    assert (seen["connection"], seen["task"], seen["chosen"]) == ("check.true → page", "check", ["false"])
    assert said(told).splitlines() == [
        "'page' is canceled: its only connection that decides is dead: check.true → page.",
        "check.true → page is dead: 'check' completed and took false, not true.",
    ]
    assert "取用的是 false，而不是 true" in said(told, "zh")


def test_what_is_upstream_is_explained_too_each_task_once() -> None:
    run = played(drawn("a.yes -> b; b -> c; b -> d; c -> e; d -> e", a=NO))
    told = run.explain("e")
    assert [cause.facts["of"] for cause in told.because if cause.what == "branch"] == ["e", "c", "d", "b"]
    assert told.because[-1].facts["chosen"] == []
    assert facts(told, "branch") | {"at": ""} == {
        "of": "e",
        "at": "",
        "need": 1,
        "deciding": 2,
        "connections": ["c → e", "d → e"],
    }


def test_a_connection_is_dead_because_its_task_failed_or_did_not() -> None:
    run = played(drawn("a.error -> b; a -> c; d.error -> e", a={"fails": 9}))
    assert facts(run.explain("c"), "dead")["state"] == "FAILED"
    assert codes(run.explain("c")) == ["branch", "dead", "error"]
    assert "did not fail" in said(run.explain("e"))


def test_a_required_input_without_a_value() -> None:
    graph = drawn("start.x -> check.value; check.true -> page.p; start -> page", check=dict(IF), page={"needs": ["p"]})
    told = played(graph, {"x": 1}).explain("page")
    assert codes(told) == ["missing-input", "dead"]
    assert facts(told, "missing-input")["input"] == "p"
    assert facts(told, "missing-input")["connections"] == ["check.true → page.p"]


def test_a_required_input_that_came_too_late() -> None:
    graph = drawn("a.out -> c.p; b.out -> c.q", b={"lasts": 1}, c={"needs": ["q"], "join": "first"})
    told = played(graph).explain("c")
    assert codes(told)[:2] == ["missing-input", "too-late"]
    assert facts(told, "too-late")["connection"] == "b.out → c.q"


def test_no_start_leads_to_it() -> None:
    told = played(drawn("start -> a; b -> c")).explain("c")
    assert codes(told) == ["unreachable"]
    assert facts(told, "unreachable")["starts"] == ["start"]


def test_a_join_had_enough_without_it() -> None:
    run = played(drawn("a -> d; b -> c; c -> d", a={"lasts": 1}, b={"lasts": 9}, d=dict(RACE)))
    for loser in ("b", "c"):
        told = run.explain(loser)
        assert codes(told)[0] == "raced"
        assert (facts(told, "raced")["join"], facts(told, "raced")["connections"]) == ("d", ["a → d"])


def test_the_run_failed_with_another_task() -> None:
    run = played(drawn("a -> b; c -> d", a={"fails": 9, "lasts": 1}, c={"lasts": 9}))
    for canceled in ("b", "c", "d"):
        told = run.explain(canceled)
        assert (codes(told), told.because[0].facts["task"]) == (["failed-run", "error"], "a")
    assert "'a' failed at 2026-01-01T00:00:01Z" in said(told)


def test_stopped_from_outside() -> None:
    async def act(run: LiveRun) -> None:
        await asyncio.sleep(1)
        await run.stop()

    run = steered(drawn("start -> a; a -> b", a={"lasts": 5}), act)
    for id in "ab":
        assert codes(run.explain(id))[0] == "stopped"
        assert "by" not in facts(run.explain(id), "stopped")
        assert "from outside" in said(run.explain(id))


def test_stopped_from_outside_right_after_a_task_has_completed() -> None:
    async def act(run: LiveRun) -> None:
        async for batch in run.follow():
            if any((event.type, event.task) == ("task.completed", "a") for event in batch):
                break
        await run.stop()

    told = steered(drawn("a -> b", a={"lasts": 5}, b={"lasts": 5}), act).explain("b")
    assert "by" not in facts(told, "stopped")


@pytest.mark.parametrize("state", ["stopped", "completed", "failed"])
def test_stopped_by_a_task(state: str) -> None:
    halt = {"type": "stop", "config": {"state": state}}
    told = played(drawn("start -> halt; halt -> late", halt=halt)).explain("late")
    assert codes(told) == ["stopped"]
    assert facts(told, "stopped")["by"] == "halt"


def test_canceled_by_a_task_that_names_it() -> None:
    run = played(drawn("start -> drop; drop -> late", drop={"type": "cancel", "config": {"tasks": ["late"]}}))
    assert codes(run.explain("late")) == ["canceled"]
    assert facts(run.explain("late"), "canceled")["by"] == "drop"


def test_canceled_from_outside() -> None:
    async def act(run: LiveRun) -> None:
        await asyncio.sleep(1)
        run._scheduler.cancel(run.run.plan.index["a"])

    told = steered(drawn("a -> b", a={"lasts": 5}), act).explain("a")
    assert codes(told) == ["canceled"]
    assert "by" not in told.because[0].facts
    assert "from outside" in said(told)


# What is done again, what is not there, and what is not known


def test_what_is_done_again_since_the_run_was_retried() -> None:
    async def main() -> RunView:
        async with engine_with(*scripted(Witness()), store=MemoryStore()) as engine:
            run = await engine.start(drawn("a -> b; b -> c", a={"fails": 9}))
            await run.wait()
            return await (await engine.retry(run.id)).wait()

    run = simulate(main)
    told = after(run, "run.resumed", None, "c")
    assert codes(told) == ["run-retried", "waits-for", "waits-for", "due"]
    assert codes(run.explain("c")) == ["run-retried", "failed-run", "error"]


def test_an_unknown_task_is_refused_with_those_near() -> None:
    run = played(drawn("score -> page"))
    for name, near in (("scores", "score"), ("score.x", "score"), ("page[0].a", "page"), ("", "score")):
        with pytest.raises(UnknownPart) as caught:
            run.explain(name)
        assert near in caught.value.there


def test_without_a_plan_the_events_tell_what_they_can() -> None:
    graph = drawn("start.x -> check.value; check.true -> page; start -> a; a -> b", check=dict(IF), a={"fails": 9})
    run = played(graph, {"x": 1})
    wanted = {"page": ["branch"], "check": ["ready", "completed"], "a": ["error", "ready"], "b": ["failed-run"]}
    for id, told in wanted.items():
        assert codes(explain(None, run.events, id)) == [*told, "no-plan"]
    assert codes(explain(None, [], "page", ["page"])) == ["not-begun", "no-plan"]
    with pytest.raises(UnknownPart):
        explain(None, run.events, "nobody")


def test_a_run_of_the_past_tells_what_its_journal_holds() -> None:
    async def main() -> Explanation:
        store = MemoryStore()
        async with engine_with(*scripted(Witness()), store=store) as engine:
            run = await engine.start(drawn("a.yes -> b", a=NO))
            await run.wait()
        async with engine_with(*scripted(Witness()), store=store) as engine:
            return (await engine.run(run.id)).explain("b")

    told = simulate(main)
    assert (told.state, codes(told)[0]) == (TaskState.CANCELED, "branch")


def test_an_edit_adds_and_removes_what_can_be_explained() -> None:
    plan = plan_of(played(drawn("a -> c; c -> d", a={"lasts": 5})))

    async def act(run: LiveRun) -> None:
        await asyncio.sleep(1)
        assert codes(run.explain("b")) == ["waits-for"]
        await run.edit(plan)
        assert codes(run.explain("d")) == ["waits-for", "waits-for"]
        with pytest.raises(UnknownPart):
            run.explain("b")

    steered(drawn("a -> b", a={"lasts": 5}), act)


def test_a_workflow_explains_its_last_run() -> None:
    graph = {"blockloom": 1, "tasks": [{"id": "one", "type": "merge"}], "connections": []}
    workflow = Workflow.from_json(graph)
    asyncio.run(workflow.run())
    assert codes(workflow.explain("one")) == ["begins", "completed"]


# Many tasks, many connections


def test_of_many_connections_the_first_are_told() -> None:
    lines = "; ".join(f"a{n}.yes -> end" for n in range(SHOWN + 5))
    told = played(drawn(lines, **{f"a{n}": NO for n in range(SHOWN + 5)})).explain("end")
    assert codes(told) == ["branch", *["dead"] * SHOWN, "more"]
    assert facts(told, "more")["left_out"] == 5
    assert (len(facts(told, "branch")["connections"]), facts(told, "branch")["deciding"]) == (SHOWN, SHOWN + 5)


def test_a_long_chain_is_followed_to_its_root() -> None:
    run = played(drawn("; ".join(["a.yes -> t0", *(f"t{n} -> t{n + 1}" for n in range(3000))]), a=NO))
    told = run.explain("t3000")
    assert len(told.because) < 300
    assert facts(told, "chain")["left_out"] > 2000
    assert told.because[-1].facts["connection"] == "a.yes → t0"


# The words


@pytest.mark.parametrize("key", PHRASES)
def test_both_languages_tell_the_same_facts(key: str) -> None:
    english, chinese = (set(re.findall(r"{(\w+)", sentence)) for sentence in PHRASES[key])
    assert english == chinese
    assert re.search("[\u4e00-\u9fff]", PHRASES[key][1])


def test_the_page_has_every_code() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/explain.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z-]+)` \|", page, re.M)) == {key.partition(":")[0] for key in PHRASES}


def test_an_explanation_travels_as_json() -> None:
    told = played(drawn("a.yes -> b", a=NO)).explain("b")
    sent = told.to_json("zh")
    assert sent["state"] == "CANCELED"
    assert list(sent["because"][0]) == ["what", "of", "at", "connections", "need", "deciding", "message"]
    assert isinstance(told.because[0], Cause)
    assert told.because[0].message in (sent["because"][0]["message"], told.to_json("en")["because"][0]["message"])

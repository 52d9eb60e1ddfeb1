"""SPEC §2, rule 5: what runs next, and how many at a time."""

import asyncio
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

import blockloom
import pytest
from blockloom import BadUsage, TaskContext, TaskType
from blockloom.testing import engine_with, run_graph, simulate
from drawn_graphs import drawn, happened, played
from scripted_types import Witness, scripted

FAN = "root -> e; root -> d; root -> c; root -> b; root -> a"


def test_of_those_ready_the_first_in_tasks_runs_next() -> None:
    """Not the first that became ready, nor the first in `connections`."""
    run = played(drawn(FAN, root={}, a={}, b={}, c={}, d={}, e={}), max_concurrency=1)
    assert happened(run, "task.started") == ["root", "a", "b", "c", "d", "e"]


def test_the_first_in_tasks_goes_before_what_was_ready_earlier() -> None:
    graph = drawn("root -> b; root -> c; b -> a", a={"lasts": 1}, root={"lasts": 1}, b={"lasts": 1}, c={"lasts": 1})
    run = played(graph, max_concurrency=1)
    assert happened(run, "task.ready") == ["root", "b", "c", "a"]
    assert happened(run, "task.started") == ["root", "b", "a", "c"]


@pytest.mark.parametrize("lasts", [0.0, 1.0])
def test_with_one_place_strictly_one_task_runs_at_each_moment(lasts: float) -> None:
    """Started and ended in turn, whether tasks wait or not."""
    graph = drawn(FAN, **{name: {"lasts": lasts} for name in ("root", *"abcde")})
    witness = Witness()
    run = run_graph(graph, None, *scripted(witness), max_concurrency=1, seed=3)
    moves = [event.type for event in run.events if event.type in ("task.started", "task.completed")]
    assert moves == ["task.started", "task.completed"] * 6
    assert witness.most == 1


@pytest.mark.parametrize(("places", "seconds"), [(1, 60), (2, 30), (3, 20), (4, 20), (5, 20), (6, 10), (None, 10)])
def test_ready_tasks_run_concurrently_up_to_max_concurrency(places: int | None, seconds: int) -> None:
    """All of them at once where there are places, and no more than there are places."""
    witness = Witness()
    graph = drawn("; ".join(f"start -> t{i}" for i in range(6)), **{f"t{i}": {"lasts": 10} for i in range(6)})
    run = run_graph(graph, None, *scripted(witness), max_concurrency=places, seed=5)
    assert run.events[-1].time - run.events[0].time == pytest.approx(seconds)
    assert witness.most == min(places or 6, 6)


def test_a_place_is_taken_as_soon_as_it_is_free() -> None:
    graph = drawn(
        "start -> a; start -> b; start -> c; start -> d", a={"lasts": 4}, b={"lasts": 1}, c={"lasts": 1}, d={"lasts": 2}
    )
    run = played(graph, max_concurrency=2)
    begun = {task: record.started - run.events[0].time for task, record in run.tasks.items() if record.started}
    assert begun == pytest.approx({"start": 0, "a": 0, "b": 0, "c": 1, "d": 2})


def test_a_task_that_waits_to_be_tried_again_takes_no_place() -> None:
    retry = {"attempts": 2, "delay": 10, "jitter": False}
    run = played(drawn("start -> a; start -> b", a={"fails": 1, "retry": retry}, b={"lasts": 3}), max_concurrency=1)
    assert happened(run, "task.started") == ["start", "a", "b", "a"]
    assert run.events[-1].time - run.events[0].time == pytest.approx(10)


def test_a_task_tried_again_queues_like_any_other() -> None:
    retry = {"attempts": 2, "delay": 1, "jitter": False}
    graph = drawn("start -> z; start -> a", a={"lasts": 5}, start={}, z={"fails": 1, "retry": retry}, y={"lasts": 5})
    run = played({**graph, "connections": [*graph["connections"], {"from": "start", "to": "y"}]}, max_concurrency=1)
    assert [task for task in happened(run, "task.started") if task != "start"] == ["a", "z", "y", "z"]


def test_synchronous_tasks_do_not_hold_up_those_that_wait() -> None:
    """A long chain of tasks that never wait, beside one that does."""
    chain = "; ".join(f"s{i} -> s{i + 1}" for i in range(200))
    run = played(drawn(f"slow -> after; {chain}", slow={"lasts": 1}))
    assert run.events[-1].time - run.events[0].time == pytest.approx(1)


@pytest.mark.parametrize("places", [0, -1])
def test_less_than_one_place_is_refused(places: int) -> None:
    with pytest.raises(BadUsage, match="max_concurrency"):
        played(drawn("a -> b"), max_concurrency=places)


def test_nothing_is_left_when_a_run_is_over() -> None:
    import asyncio

    from blockloom.testing import engine_with

    async def main() -> set[Any]:
        async with engine_with(*scripted(Witness())) as engine:
            graph = drawn("start -> a; start -> b; a -> c", a={"lasts": 2}, b={"lasts": 1, "timeout": 50})
            await (await engine.start(graph)).wait()
            return asyncio.all_tasks() - {asyncio.current_task()}

    assert simulate(main) == set()


# What a task sets for itself alone

SET: ContextVar[str] = ContextVar("SET", default="nobody")


class Setting(TaskType):
    """Tells who set the variable before it, and sets it."""

    name = "test.setting"

    class Outputs(blockloom.Ports):
        """Who set it before."""

        before: str

    def run(self, task: TaskContext) -> Mapping[str, Any]:
        """Look, then set."""
        before = SET.get()
        SET.set(task.id)
        return {"before": before}


class SettingLater(Setting):
    """The same, awaited."""

    name = "test.setting-later"

    async def run(self, task: TaskContext) -> Mapping[str, Any]:  # type: ignore[override]
        """Look, wait, then set."""
        await asyncio.sleep(0)
        return super().run(task)


@pytest.mark.parametrize("type", [Setting, SettingLater])
def test_no_task_sees_the_context_variables_that_another_has_set(type: Any) -> None:
    kind = {"type": type.name}
    lines = "a -> b; b -> c; a.before -> end.a; b.before -> end.b; c.before -> end.c"

    async def main() -> Mapping[str, Any]:
        SET.set("the one who started it")
        async with engine_with(type) as engine:
            return (await (await engine.start(drawn(lines, a=kind, b=kind, c=kind))).wait()).outputs

    assert set(asyncio.run(main()).values()) == {"the one who started it"}

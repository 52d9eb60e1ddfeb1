"""Triggers that runs set, events that runs publish, and chains of them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import blockloom
from blockloom import Engine, MemoryStore, TaskContext, TaskType
from blockloom.testing import engine_with, simulate
from blockloom.triggers.actions import MAX_CHAIN


class Cry(TaskType):
    """Publishes an event."""

    name = "test.cry"

    class Config(blockloom.Config):
        event: str

    class Inputs(blockloom.Ports):
        payload: Any = None

    async def run(self, task: TaskContext) -> Mapping[str, Any]:
        await task.publish(task.config.event, task.inputs.payload)
        return {}


class Twice(TaskType):
    """Sets a trigger twice, as a task does that is tried again after a crash."""

    name = "test.twice"

    class Outputs(blockloom.Ports):
        ids: list[str]

    async def run(self, task: TaskContext) -> Mapping[str, Any]:
        later = {"type": "after", "config": {"delay": "1h"}, "action": {"type": "merge"}}
        return {"ids": [await task.set_trigger(later), await task.set_trigger(later)]}


def opened(act: Callable[[Engine], Awaitable[None]]) -> None:
    async def main() -> None:
        async with engine_with(Cry, Twice, store=MemoryStore()) as engine:
            await engine.triggers.open()
            await act(engine)

    simulate(main, 1)


def setting(trigger: Mapping[str, Any] | None, **task: Any) -> dict[str, Any]:
    """A graph named `own` that sets a trigger, and gives what it was given and the trigger's id."""
    return {
        "blockloom": 1,
        "name": "own",
        "inputs": {"n": {"default": 0}},
        "tasks": [
            {"id": "start", "type": "start"},
            {"id": "set", "type": "trigger", "config": {} if trigger is None else {"trigger": dict(trigger)}, **task},
            {"id": "end", "type": "end"},
        ],
        "connections": [
            {"from": "start", "to": "set"},
            {"from": "set.trigger", "to": "end.trigger"},
            {"from": "start.n", "to": "end.n"},
        ],
    }


async def states(engine: Engine, id: str) -> list[tuple[str, str | None]]:
    firings = reversed(await engine.triggers.firings(id))
    return [(firing.state, (firing.error or {}).get("type")) for firing in firings]


def test_a_run_sets_a_trigger_that_runs_its_own_workflow_with_inputs_of_the_task() -> None:
    async def act(engine: Engine) -> None:
        later = {"id": "later", "type": "after", "config": {"delay": "1h"}, "inputs": {"n": 1}}
        kept = await engine.create_workflow(setting(later, inputs={"n": 2}))
        run = await (await engine.start(kept.graph, workflow=kept.id)).wait()
        assert run.outputs == {"trigger": "later", "n": 0}
        await asyncio.sleep(3601)
        (firing,) = await engine.triggers.firings("later")
        assert firing.outputs == {"trigger": "later", "n": 2}

    opened(act)


def test_a_task_that_is_done_again_sets_one_trigger() -> None:
    async def act(engine: Engine) -> None:
        graph = {
            "blockloom": 1,
            "tasks": [{"id": "a", "type": "test.twice"}, {"id": "end", "type": "end"}],
            "connections": [{"from": "a.ids", "to": "end.ids"}],
        }
        first = (await (await engine.start(graph)).wait()).outputs["ids"]
        second = (await (await engine.start(graph)).wait()).outputs["ids"]
        assert len({*first}) == len({*second}) == 1
        assert {trigger.id for trigger in await engine.triggers.all()} == {*first, *second}

    opened(act)


def test_what_is_wrong_with_the_trigger_fails_the_task() -> None:
    async def act(engine: Engine) -> None:
        past = {"type": "at", "config": {"time": "2001-01-01"}, "action": {"type": "merge"}}
        idle = {"type": "every", "config": {"interval": 5}}
        for trigger, error in ((past, "invalid-trigger"), (idle, "invalid-trigger")):
            run = await (await engine.start(setting(trigger))).wait()
            assert (run.error or {})["type"] == error
        found = [(p.code, p.path) for p in engine.check(setting({"type": "every", "misfire": 1, "action": {}}))]
        start = "/tasks/1/config/trigger"
        assert sorted(found) == [
            ("bad-trigger", f"{start}/{place}") for place in ("action/type", "config/interval", "misfire")
        ]
        assert [(p.code, p.path) for p in engine.check(setting(None))] == [("missing-input", "/tasks/1")]

    opened(act)


def test_a_trigger_that_no_document_holds_gives_way_to_one_of_its_id() -> None:
    async def act(engine: Engine) -> None:
        for delay in (60, 600):
            later = {"id": "t", "type": "after", "config": {"delay": delay}, "action": {"type": "merge"}}
            await (await engine.start(setting(later))).wait()
        await asyncio.sleep(700)
        (firing,) = await engine.triggers.firings("t")
        assert firing.to_json()["time"] == "2026-01-01T00:10:00.000000Z"

    opened(act)


def test_what_a_run_has_set_is_forgotten_a_week_after_it_could_fire() -> None:
    async def act(engine: Engine) -> None:
        async def set_one() -> str:
            later = {"type": "after", "config": {"delay": "1h"}, "action": {"type": "merge"}}
            return str((await (await engine.start(setting(later))).wait()).outputs["trigger"])

        first = await set_one()
        await asyncio.sleep(6 * 86400)
        second = await set_one()
        assert {trigger.id for trigger in await engine.triggers.all()} == {first, second}
        await asyncio.sleep(2 * 86400)
        third = await set_one()
        assert {trigger.id for trigger in await engine.triggers.all()} == {second, third}

    opened(act)


def test_an_event_that_a_run_publishes_fires_triggers() -> None:
    async def act(engine: Engine) -> None:
        await engine.triggers.create(
            {"id": "t", "type": "event", "config": {"name": "cry"}, "action": {"type": "merge"}}
        )
        await engine.start({"blockloom": 1, "tasks": [{"id": "a", "type": "test.cry", "config": {"event": "cry"}}]})
        await asyncio.sleep(1)
        assert await states(engine, "t") == [("COMPLETED", None)]

    opened(act)


def test_a_chain_of_events_ends() -> None:
    async def act(engine: Engine) -> None:
        cry = {"type": "test.cry", "config": {"event": "cry"}}
        await engine.triggers.create({"id": "t", "type": "event", "config": {"name": "cry"}, "action": cry})
        await engine.publish("cry", 1)
        await asyncio.sleep(60)
        found = await states(engine, "t")
        assert found == [("COMPLETED", None)] * MAX_CHAIN + [("FAILED", "chain-too-long")]
        await engine.publish("cry", 2)
        await asyncio.sleep(60)
        assert len(await states(engine, "t")) == 2 * len(found)

    opened(act)


def test_a_chain_of_triggers_that_each_set_the_next_ends() -> None:
    async def act(engine: Engine) -> None:
        kept = await engine.create_workflow(setting({"type": "after", "config": {"delay": 1}}))
        await engine.start(kept.graph, workflow=kept.id)
        await asyncio.sleep(1000)
        found = [state for trigger in await engine.triggers.all() for state in await states(engine, trigger.id)]
        assert found == [("COMPLETED", None)] * MAX_CHAIN + [("FAILED", "chain-too-long")]

    opened(act)


def test_a_trigger_that_fires_again_and_again_is_no_chain() -> None:
    async def act(engine: Engine) -> None:
        await engine.triggers.create(
            {"id": "t", "type": "every", "config": {"interval": 60}, "action": {"type": "merge"}}
        )
        await asyncio.sleep(60 * (MAX_CHAIN + 10) + 1)
        assert await states(engine, "t") == [("COMPLETED", None)] * (MAX_CHAIN + 10)

    opened(act)

"""Standing triggers: they fire in time and on events, once each, and keep what came of it."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import blockloom
import pytest
from blockloom import BadUsage, Engine, InvalidTrigger, MemoryStore, NotFound, StoreFailed, TriggerType
from blockloom.testing import FaultStore, engine_with, simulate

ECHO: dict[str, Any] = {
    "blockloom": 1,
    "name": "echo",
    "inputs": {"n": {"default": 0}, "time": {"default": None}, "payload": {"default": None}},
    "tasks": [{"id": "start", "type": "start"}, {"id": "end", "type": "end"}],
    "connections": [{"from": f"start.{name}", "to": f"end.{name}"} for name in ("n", "time", "payload")],
}
SAY = {"type": "blocks", "blocks": [{"id": "say", "type": "text", "content": {"text": "{{ trigger }}: {{ payload }}"}}]}


def opened(act: Callable[[Engine], Awaitable[None]], seed: int = 1) -> None:
    """Do something with an engine whose triggers fire, in a simulation."""

    async def main() -> None:
        async with engine_with(store=MemoryStore()) as engine:
            await engine.triggers.open()
            await engine.create_workflow(ECHO)
            await act(engine)

    simulate(main, seed)


async def told(engine: Engine, id: str, *names: str) -> list[tuple[Any, ...]]:
    """What is kept of each firing of a trigger, the oldest first."""
    firings = [firing.to_json() for firing in await engine.triggers.firings(id)]
    return [tuple(firing.get(name) for name in names) for firing in reversed(firings)]


def every(interval: str, **more: Any) -> Mapping[str, Any]:
    return {"id": "t", "type": "every", "config": {"interval": interval}, "workflow": "echo", **more}


def on(name: str, **more: Any) -> Mapping[str, Any]:
    return {"id": "t", "type": "event", "config": {"name": name}, "workflow": "echo", **more}


def test_in_time_it_runs_its_workflow_again_and_again() -> None:
    async def act(engine: Engine) -> None:
        await engine.triggers.create(every("1h", inputs={"n": 3}))
        await asyncio.sleep(2.5 * 3600)
        outputs = [{"n": 3, "time": f"2026-01-01T0{hour}:00:00.000000Z", "payload": None} for hour in (1, 2)]
        assert await told(engine, "t", "state", "outputs") == [("COMPLETED", each) for each in outputs]

    opened(act)


def test_a_delay_fires_once() -> None:
    async def act(engine: Engine) -> None:
        await engine.triggers.create({"id": "t", "type": "after", "config": {"delay": "5s"}, "workflow": "echo"})
        await asyncio.sleep(3600)
        assert await told(engine, "t", "time") == [("2026-01-01T00:00:05.000000Z",)]
        assert (await engine.triggers.get("t")).to_json()["next"] is None

    opened(act)


def test_on_an_event_the_payload_s_fields_fill_the_inputs_that_it_does_not_give() -> None:
    async def act(engine: Engine) -> None:
        await engine.triggers.create(on("go"))
        await engine.triggers.create({**on("go"), "id": "u", "inputs": {"n": 1}})
        await engine.publish("go", {"n": 5, "other": 6})
        await engine.publish("come")
        await asyncio.sleep(1)
        payload = {"n": 5, "other": 6}
        assert [outputs["n"] for (outputs,) in await told(engine, "t", "outputs")] == [5]
        assert [(o["n"], o["payload"]) for (o,) in await told(engine, "u", "outputs")] == [(1, payload)]

    opened(act)


def test_an_action_is_a_task_of_any_type() -> None:
    async def act(engine: Engine) -> None:
        await engine.triggers.create({"id": "t", "type": "event", "config": {"name": "go"}, "action": SAY})
        await engine.publish("go", [1])
        await asyncio.sleep(1)
        assert await told(engine, "t", "state", "outputs") == [("COMPLETED", {"say": "t: [1]", "result": "t: [1]"})]

    opened(act)


def test_an_action_has_a_run_of_its_own_with_retry() -> None:
    async def act(engine: Engine) -> None:
        text = {"text": "{{ payload.missing }}"}
        broken = {
            "type": "blocks",
            "blocks": [{"id": "say", "type": "text", "content": text}],
            "retry": {"attempts": 2, "delay": "1s"},
        }
        await engine.triggers.create({"id": "t", "type": "event", "config": {"name": "go"}, "action": broken})
        await engine.publish("go", {})
        await asyncio.sleep(10)
        ((state, run, error),) = await told(engine, "t", "state", "run", "error")
        assert (state, error["type"]) == ("FAILED", "unknown-key")
        assert [event.type for event in (await engine.run(run)).events].count("task.retrying") == 1

    opened(act)


def test_an_event_that_came_before_the_trigger_does_not_fire_it() -> None:
    async def act(engine: Engine) -> None:
        await engine.publish("go")
        await engine.triggers.create(on("go"))
        await asyncio.sleep(1)
        assert await told(engine, "t", "id") == []

    opened(act)


def test_an_event_for_one_run_fires_no_trigger() -> None:
    async def act(engine: Engine) -> None:
        await engine.triggers.create(on("go"))
        run = await engine.start({"blockloom": 1, "tasks": [{"id": "m", "type": "merge"}]})
        await engine.publish("go", run=run.id)
        await asyncio.sleep(1)
        assert await told(engine, "t", "id") == []

    opened(act)


def test_what_cannot_be_started_is_told_on_the_firing() -> None:
    async def act(engine: Engine) -> None:
        wants = {**ECHO, "name": "wants", "inputs": {"n": {"type": "number"}}, "connections": []}
        kept = await engine.create_workflow(wants)
        await engine.triggers.create({**on("go"), "workflow": "wants"})
        await engine.publish("go", {"n": "no number"})
        await asyncio.sleep(1)
        await engine.delete_workflow(kept.id)
        await engine.publish("go", {"n": 1})
        await asyncio.sleep(1)
        errors = [error["type"] for (error,) in await told(engine, "t", "error")]
        assert errors == ["invalid-inputs", "not-found"]

    opened(act)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"type": "evry"}, "/type"),
        ({"config": {"interval": 0}}, "/config/interval"),
        ({"type": "at", "config": {"time": "2001-01-01"}}, "/config"),
        ({"type": "cron", "config": {"expression": "0 0 30 2 *"}}, "/config/expression"),
        ({"workflow": None}, ""),
        ({"misfire": "never"}, "/misfire"),
        ({"id": "a b"}, "/id"),
        ({"action": {"type": "if"}}, "/action/config/condition"),
        ({"action": {"type": "foreach", "config": {"body": {"tasks": []}}}}, "/action"),
        ({"inputs": {"a b": 1}}, "/inputs/a b"),
    ],
)
def test_what_is_wrong_with_a_trigger_is_told_when_it_is_created(change: Mapping[str, Any], path: str) -> None:
    async def act(engine: Engine) -> None:
        with pytest.raises(InvalidTrigger) as caught:
            await engine.triggers.create({**every("1h"), **change})
        assert path in [problem.path for problem in caught.value.problems]
        assert await engine.triggers.all() == []

    opened(act)


def test_a_workflow_that_is_not_there_and_an_id_that_is() -> None:
    async def act(engine: Engine) -> None:
        with pytest.raises(NotFound):
            await engine.triggers.create(every("1h", workflow="nowhere"))
        await engine.triggers.create(every("1h"))
        with pytest.raises(InvalidTrigger) as caught:
            await engine.triggers.create(every("2h"))
        assert [problem.code for problem in caught.value.problems] == ["duplicate-id"]

    opened(act)


def test_a_disabled_trigger_does_not_fire_and_begins_anew_when_enabled() -> None:
    async def act(engine: Engine) -> None:
        await engine.triggers.create(every("1h"))
        await engine.triggers.enable("t", False)
        await asyncio.sleep(90 * 60)
        await engine.triggers.enable("t")
        await asyncio.sleep(61 * 60)
        assert await told(engine, "t", "time") == [("2026-01-01T02:30:00.000000Z",)]

    opened(act)


def test_a_changed_trigger_begins_anew_only_where_it_fires_otherwise() -> None:
    async def act(engine: Engine) -> None:
        await engine.triggers.create(every("1h"))
        await asyncio.sleep(30 * 60)
        await engine.triggers.update(every("1h", inputs={"n": 9}))
        await asyncio.sleep(31 * 60)
        await engine.triggers.update(every("2h"))
        await asyncio.sleep(121 * 60)
        assert [(time[11:16], outputs["n"]) for time, outputs in await told(engine, "t", "time", "outputs")] == [
            ("01:00", 9),
            ("03:01", 0),
        ]

    opened(act)


def test_a_deleted_trigger_is_gone_with_its_firings_and_its_runs_stay() -> None:
    async def act(engine: Engine) -> None:
        await engine.triggers.create(every("1h"))
        await asyncio.sleep(3601)
        ((run,),) = await told(engine, "t", "run")
        await engine.triggers.delete("t")
        await asyncio.sleep(7200)
        for lost in (engine.triggers.get("t"), engine.triggers.firings("t"), engine.triggers.delete("t")):
            with pytest.raises(NotFound):
                await lost
        assert (await engine.run(run)).state == "COMPLETED"
        assert len(await engine.runs()) == 1

    opened(act)


def test_the_triggers_of_a_document_come_and_go_with_it() -> None:
    async def act(engine: Engine) -> None:
        def graph(*triggers: Mapping[str, Any]) -> dict[str, Any]:
            return {**ECHO, "name": "own", "triggers": list(triggers)}

        hourly = {"id": "hourly", "type": "every", "config": {"interval": "1h"}, "inputs": {"n": 1}}
        other = {"id": "other", "type": "every", "config": {"interval": "1h"}}
        broken = {"id": "broken", "type": "every", "config": {}}
        kept = await engine.create_workflow(graph(hourly, other, broken))
        id = f"{kept.id}.hourly"
        for refused in (engine.triggers.delete(id), engine.triggers.update({**hourly, "id": id})):
            with pytest.raises(BadUsage, match="document"):
                await refused
        assert "interval" in ((await engine.triggers.get(f"{kept.id}.broken")).problem or "")
        await asyncio.sleep(30 * 60)
        await engine.update_workflow(kept.id, graph({**hourly, "inputs": {"n": 2}}), kept.revision)
        assert [trigger.id for trigger in await engine.triggers.all()] == [id]
        await asyncio.sleep(31 * 60)
        assert [outputs["n"] for (outputs,) in await told(engine, id, "outputs")] == [2]
        await engine.delete_workflow(kept.id)
        await asyncio.sleep(3600)
        assert await engine.triggers.all() == []
        assert len(await engine.runs()) == 1

    opened(act)


def test_an_engine_that_keeps_nothing_has_no_triggers() -> None:
    async def main() -> None:
        async with engine_with() as engine:
            with pytest.raises(BadUsage, match="store"):
                await engine.triggers.create(every("1h"))

    simulate(main)


@pytest.mark.parametrize("seed", range(4))
def test_a_store_that_fails_now_and_then_keeps_no_firing_from_happening(seed: int) -> None:
    async def main() -> None:
        chance = random.Random(seed)
        store = MemoryStore()
        async with engine_with(store=store) as engine:
            await engine.create_workflow(ECHO)
            await engine.triggers.create(every("1m", misfire="all"))
            await engine.triggers.create({**on("go"), "id": "u"})
        failing = {number for number in range(30, 2000) if chance.random() < 0.1}
        faulty = FaultStore(store, failing)
        async with engine_with(store=faulty) as engine:
            await engine.triggers.open()
            for number in range(20):
                await asyncio.sleep(60)
                with suppress(StoreFailed):
                    await engine.publish("go", {"n": number})
            await asyncio.sleep(30)
            faulty.failing = ()
            sent = len(await store.published())
            assert [state for (state,) in await told(engine, "t", "state")].count("SKIPPED") == 0
            assert len(await told(engine, "t", "id")) == 20
            assert len(await told(engine, "u", "id")) == sent

    simulate(main, seed)


class Old(TriggerType):
    """Fires every so many minutes."""

    name = "test.pace"

    class Config(blockloom.Config):
        minutes: int

    def next(self, config: Any, after: datetime) -> datetime:
        return after + timedelta(minutes=config.minutes)


class New(TriggerType):
    """The same, in seconds."""

    name = "test.pace"
    version = 2

    class Config(blockloom.Config):
        seconds: int

    def migrate(self, config: dict[str, Any], from_version: int) -> dict[str, Any]:
        return {"seconds": config["minutes"] * 60} if from_version == 1 else config

    def next(self, config: Any, after: datetime) -> datetime:
        return after + timedelta(seconds=config.seconds)


def test_settings_of_an_older_version_of_the_type_are_brought_along_once() -> None:
    async def main() -> None:
        store = MemoryStore()
        async with engine_with(Old, store=store) as engine:
            action = {"type": "merge"}
            await engine.triggers.create({"id": "t", "type": "test.pace", "config": {"minutes": 2}, "action": action})
        for count in (1, 2):
            async with engine_with(New, store=store) as engine:
                await engine.triggers.open()
                await asyncio.sleep(121)
                assert len(await told(engine, "t", "id")) == count
                assert (await engine.triggers.get("t")).document["config"] == {"seconds": 120}
        async with engine_with(store=store) as engine:
            await engine.triggers.open()
            assert "test.pace" in str((await engine.triggers.get("t")).to_json()["problem"])

    simulate(main)


def test_what_is_large_is_not_kept_on_the_firing() -> None:
    async def act(engine: Engine) -> None:
        await engine.triggers.create(on("go"))
        await engine.publish("go", {"n": "x" * 100_000})
        await asyncio.sleep(1)
        ((state, run, payload, outputs),) = await told(engine, "t", "state", "run", "payload", "outputs")
        assert (state, payload, outputs) == ("COMPLETED", None, None)
        assert len((await engine.run(run)).outputs["n"]) == 100_000

    opened(act)


def test_a_key_in_a_trigger_is_refused() -> None:
    async def act(engine: Engine) -> None:
        with pytest.raises(InvalidTrigger) as caught:
            await engine.triggers.create(every("1h", inputs={"n": "ghp_" + "a1b2c3d4" * 5}))
        assert [(problem.code, problem.path) for problem in caught.value.problems] == [("bad-secret", "/inputs/n")]

    opened(act)

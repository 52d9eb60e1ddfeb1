"""Triggers over the WebSocket: set, changed, fired, told of."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest
from blockloom import Engine, MemoryStore, Plugins, StoredWorkflow, StoreFailed
from blockloom.testing import ModelServer, Reply, ScriptedServer, says
from blockloom_server.remote import Refused, Remote, session
from blockloom_server.server import Server
from blockloom_server.testing import serving, socket_of

ECHO: Final[dict[str, Any]] = {
    "blockloom": 1,
    "name": "echo",
    "inputs": {"n": {"default": 0}},
    "tasks": [{"id": "start", "type": "start"}, {"id": "end", "type": "end"}],
    "connections": [{"from": "start.n", "to": "end.n"}],
}
HOURLY: Final[dict[str, Any]] = {"type": "every", "config": {"interval": "1h"}, "workflow": "echo"}


@asynccontextmanager
async def connected() -> AsyncIterator[Remote]:
    async with serving() as server, session(socket_of(server)) as remote:
        await remote.call("workflow.create", graph=ECHO)
        await remote.call("subscribe", all=True)
        yield remote


def through(act: Callable[[Remote], Awaitable[None]]) -> None:
    """Do something through the WebSocket of a server that has a workflow `echo`."""

    async def main() -> None:
        async with asyncio.timeout(20), connected() as remote:
            await act(remote)

    asyncio.run(main())


async def until(remote: Remote, type: str, **wanted: Any) -> dict[str, Any]:
    """The data of the next event of this type that says so."""
    while True:
        event = await remote.event()
        if event["type"] == type and wanted.items() <= {**event["data"], "run": event["run"]}.items():
            return {**event["data"]}


async def outcome(remote: Remote, trigger: str) -> dict[str, Any]:
    """What came of the next firing of a trigger, once its run is over."""
    fired = await until(remote, "trigger.fired", trigger=trigger)
    for type in ("run.completed",):
        await until(remote, type, run=fired["run"])
    while True:
        (firing, *_) = (await remote.call("trigger.firings", trigger=trigger))["firings"]
        if firing["state"] != "RUNNING":
            return dict(firing)


def test_create_and_delete() -> None:
    async def act(remote: Remote) -> None:
        made = (await remote.call("trigger.create", trigger=HOURLY))["trigger"]
        assert [trigger["id"] for trigger in (await remote.call("trigger.list"))["triggers"]] == [made]
        assert await remote.call("trigger.delete", trigger=made) == {}
        assert (await remote.call("trigger.list"))["triggers"] == []
        for method in ("get", "delete", "enable", "disable", "firings", "fire", "next"):
            with pytest.raises(Refused) as refused:
                await remote.call(f"trigger.{method}", trigger=made)
            assert refused.value.code == -32002, method

    through(act)


def test_set_type_and_time() -> None:
    async def act(remote: Remote) -> None:
        made = (await remote.call("trigger.create", trigger=HOURLY))["trigger"]
        soon = {"id": made, "type": "after", "config": {"delay": "10ms"}, "workflow": "echo"}
        assert await remote.call("trigger.update", trigger=soon) == {"trigger": made}
        assert (await outcome(remote, made))["outputs"] == {"n": 0}
        late = {**soon, "type": "at", "config": {"time": "2999-01-01T09:00:00+08:00"}}
        await remote.call("trigger.update", trigger=late)
        assert (await remote.call("trigger.get", trigger=made))["next"] == "2999-01-01T01:00:00.000000Z"
        upcoming = await remote.call("trigger.next", trigger=made)
        assert upcoming == {"upcoming": [{"trigger": made, "time": "2999-01-01T01:00:00.000000Z"}]}

    through(act)


def test_set_event_and_inputs() -> None:
    async def act(remote: Remote) -> None:
        made = (await remote.call("trigger.create", trigger=HOURLY))["trigger"]
        heeds = {"id": made, "type": "event", "config": {"name": "paid"}, "workflow": "echo", "inputs": {"n": 7}}
        await remote.call("trigger.update", trigger=heeds)
        assert await remote.call("event.publish", name="paid", payload={"n": 1}) == {"delivered": 0}
        first = await outcome(remote, made)
        assert (first["outputs"], first["payload"]) == ({"n": 7}, {"n": 1})
        await remote.call("trigger.update", trigger={**heeds, "inputs": {}})
        await remote.call("event.publish", name="paid", payload={"n": 1})
        assert (await outcome(remote, made))["outputs"] == {"n": 1}

    through(act)


def test_set_an_action_that_calls_an_interface_and_one_that_asks_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLOCKLOOM_HTTP_ALLOW", "127.0.0.1")

    async def act(remote: Remote) -> None:
        async with (
            ScriptedServer(Reply(body={"taken": True})) as interface,
            ModelServer(says("Warm ", "tea.")) as model,
        ):
            request = {"method": "POST", "url": f"{interface.url}/paid", "body": "{{ payload }} {{ trigger }}"}
            calls = {"type": "event", "config": {"name": "go"}, "action": {"type": "http", "config": request}}
            made = (await remote.call("trigger.create", trigger={**calls, "id": "t"}))["trigger"]
            await remote.call("event.publish", name="go", payload=120)
            assert (await outcome(remote, made))["outputs"]["body"] == {"taken": True}
            assert [asked.body for asked in interface.asked] == [b"120 t"]
            prompt = {"id": "ask", "type": "text", "content": {"text": "Tell of {{ payload }}, {{ tone }}."}}
            asks = {"type": "llm", "config": {"base_url": model.base_url, "model": "tiny"}, "blocks": [prompt]}
            await remote.call(
                "trigger.update", trigger={**calls, "id": made, "action": asks, "inputs": {"tone": "warm"}}
            )
            await remote.call("event.publish", name="go", payload="tea")
            assert (await outcome(remote, made))["outputs"]["text"] == "Warm tea."
            assert model.questions[0]["messages"][-1]["content"] == "Tell of tea, warm."

    through(act)


def test_put_a_trigger_into_a_task_s_input_and_read_it_back() -> None:
    async def act(remote: Remote) -> None:
        written = {
            "id": "mine",
            "type": "event",
            "config": {"name": "go", "filter": "payload > 2"},
            "workflow": "echo",
            "inputs": {"n": [1, {"a": None}]},
            "misfire": "skip",
            "overlap": "allow",
            "enabled": True,
            "x-note": "é中",
        }
        graph = {
            "blockloom": 1,
            "tasks": [{"id": "set", "type": "trigger", "inputs": {"trigger": written}}, {"id": "end", "type": "end"}],
            "connections": [{"from": "set.trigger", "to": "end.trigger"}],
        }
        run = (await remote.call("run.start", graph=graph))["run"]
        await until(remote, "run.completed", run=run)
        assert (await remote.call("run.outputs", run=run))["outputs"] == {"trigger": "mine"}
        read = await remote.call("trigger.get", trigger="mine")
        assert {**read, **written} == read
        await remote.call("trigger.update", trigger=read)
        assert await remote.call("trigger.get", trigger="mine") == read
        await remote.call("event.publish", name="go", payload=3)
        assert (await outcome(remote, "mine"))["outputs"] == {"n": [1, {"a": None}]}

    through(act)


def test_enable_disable_and_fire_by_hand() -> None:
    async def act(remote: Remote) -> None:
        made = (await remote.call("trigger.create", trigger={**HOURLY, "id": "t", "enabled": False}))["trigger"]
        assert (await remote.call("trigger.get", trigger=made))["next"] is None
        await remote.call("trigger.enable", trigger=made)
        assert (await remote.call("trigger.get", trigger=made))["next"] is not None
        await remote.call("trigger.disable", trigger=made)
        assert (await remote.call("trigger.next"))["upcoming"] == []
        fired = await remote.call("trigger.fire", trigger=made, payload={"n": 4}, key="once")
        again = await remote.call("trigger.fire", trigger=made, payload={"n": 5}, key="once")
        assert (again["firing"], again["run"]) == (fired["firing"], fired["run"])
        done = await outcome(remote, made)
        assert (done["id"], done["run"], done["outputs"]) == (fired["firing"], fired["run"], {"n": 4})

    through(act)


def test_what_is_wrong_with_a_trigger_comes_with_its_problems() -> None:
    async def act(remote: Remote) -> None:
        for wrong, path in (
            ({**HOURLY, "type": "at", "config": {"time": "2001-01-01"}}, "/config"),
            ({**HOURLY, "type": "cron", "config": {"expression": "0 0 30 2 *"}}, "/config/expression"),
            ({**HOURLY, "type": "nothing"}, "/type"),
        ):
            with pytest.raises(Refused) as refused:
                await remote.call("trigger.create", trigger=wrong)
            assert (refused.value.code, [p["path"] for p in refused.value.data["problems"]]) == (-32004, [path])
        with pytest.raises(Refused) as refused:
            await remote.call("trigger.create", trigger={**HOURLY, "workflow": "nowhere"})
        assert refused.value.code == -32002

    through(act)


def test_the_triggers_of_a_workflow_are_told_of_to_those_who_follow_it() -> None:
    async def act(remote: Remote) -> None:
        own = {**ECHO, "name": "own", "triggers": [{"id": "t", "type": "event", "config": {"name": "go"}}]}
        made = (await remote.call("workflow.create", graph=own))["workflow"]
        await remote.call("subscribe", workflow=made)
        await remote.call("trigger.create", trigger={"type": "event", "config": {"name": "go"}, "workflow": "echo"})
        await remote.call("event.publish", name="go")
        seen = [await remote.event() for _ in range(2)]
        fired = [event for event in seen if event["subscription"] == "s2" and event["type"] == "trigger.fired"]
        while not fired:
            event = await remote.event()
            fired = [event] if event["subscription"] == "s2" and event["type"] == "trigger.fired" else []
        assert (fired[0]["run"], fired[0]["data"]["trigger"]) == (None, f"{made}.t")
        with pytest.raises(Refused) as refused:
            await remote.call("trigger.delete", trigger=f"{made}.t")
        assert refused.value.code == -32602

    through(act)


class Waking(MemoryStore):
    """A store that fails until it is woken."""

    asleep = True

    async def workflows(self) -> list[StoredWorkflow]:
        if self.asleep:
            raise StoreFailed("memory:", "it sleeps")
        return await super().workflows()


def test_triggers_fire_as_soon_as_the_store_can_say_which_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("blockloom.triggers.patience.PAUSE", 0.01)

    async def main() -> None:
        store = Waking()
        action = {"type": "merge"}
        async with Engine(Plugins.load(), store, owns_store=False) as engine:
            await engine.triggers.create({"id": "t", "type": "event", "config": {"name": "go"}, "action": action})
        async with Server(Plugins.load(), store, port=0) as server, session(socket_of(server)) as remote:
            await remote.call("subscribe", all=True)
            await remote.call("event.publish", name="go")
            store.asleep = False
            assert (await until(remote, "trigger.fired"))["trigger"] == "t"

    asyncio.run(asyncio.wait_for(main(), 20))

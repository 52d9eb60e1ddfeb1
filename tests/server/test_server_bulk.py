"""Large values: a stand-in travels in their place, and the value itself is there for whoever asks."""

import asyncio
import json
from itertools import chain
from typing import Any, Final

import blockloom
from blockloom import Ports, TaskContext, TaskType
from blockloom_server.bulk import LARGE, stand_in
from blockloom_server.limits import Limits
from blockloom_server.remote import session
from blockloom_server.testing import serving, socket_of

GRAPH: Final[dict[str, Any]] = {
    "blockloom": 1,
    "inputs": {"given": {}},
    "tasks": [
        {"id": "start", "type": "start"},
        {"id": "make", "type": "test.make", "config": {"size": 100_000}},
        {"id": "end", "type": "end"},
    ],
    "connections": [
        {"from": "start", "to": "make"},
        {"from": "start.given", "to": "end.given"},
        {"from": "make.text", "to": "end.text"},
        {"from": "make.small", "to": "end.small"},
    ],
}


class Make(TaskType):
    """Makes a long text and a short one."""

    name = "test.make"

    class Config(blockloom.Config):
        """How long."""

        size: int

    class Outputs(Ports):
        """What was made."""

        text: str
        small: str

    async def run(self, task: TaskContext) -> Any:
        await asyncio.sleep(0)
        task.emit("中" * task.config.size)
        return self.Outputs(text="x" * task.config.size, small="y")


def test_large_values_are_replaced_and_can_be_fetched() -> None:
    given = ["é" * 50_000]

    async def go() -> tuple[list[Any], Any, list[Any]]:
        async with serving(Make) as server, session(socket_of(server)) as remote:
            await remote.call("subscribe", all=True)
            run = (await remote.call("run.start", graph=GRAPH, inputs={"given": given}))["run"]
            heard = [await remote.event()]
            while heard[-1]["type"] != "run.completed":
                heard.append(await remote.event())
            told = await remote.call("run.get", run=run)
            assert (await remote.call("run.events", run=run))["events"][0]["data"] == heard[0]["data"]
            fetched = []
            for stands in (
                heard[0]["data"]["inputs"]["given"],
                told["tasks"]["start"]["outputs"]["given"],
                told["tasks"]["make"]["outputs"]["text"],
                told["outputs"]["text"],
                told["outputs"]["given"],
            ):
                place = dict(stands["$value"])
                size = place.pop("size")
                value = (await remote.call("value.get", run=run, **place))["value"]
                assert len(json.dumps(value, ensure_ascii=False).encode()) == size
                fetched.append(value)
            assert (await remote.call("run.outputs", run=run))["outputs"]["text"] == "x" * 100_000
            return heard, told, fetched

    heard, told, fetched = asyncio.run(go())
    assert fetched == [given, given, "x" * 100_000, "x" * 100_000, given]
    assert told["outputs"]["small"] == told["tasks"]["make"]["outputs"]["small"] == "y"
    assert heard[0]["data"]["inputs"]["given"] == {"$value": {"task": None, "port": "inputs.given", "size": 100_004}}
    (made,) = [event for event in heard if event["type"] == "task.completed" and event["task"] == "make"]
    assert made["data"]["outputs"] == {
        "text": {"$value": {"task": "make", "port": "text", "size": 100_002}},
        "small": "y",
    }
    (piece,) = [event for event in heard if event["type"] == "task.output"]
    assert piece["data"]["piece"] == {"$value": {"task": "make", "port": None, "size": 300_002}}
    assert max(len(json.dumps(event)) for event in heard) < 2000


def test_the_border_is_64_kib_of_json() -> None:
    fits, over = "x" * (LARGE - 2), "x" * (LARGE - 1)
    assert LARGE == 64 * 1024
    assert stand_in(fits, "a", "b") is fits
    assert stand_in(over, "a", "b") == {"$value": {"task": "a", "port": "b", "size": LARGE + 1}}
    assert stand_in([10**80_000], None, None)["$value"]["size"] == 80_003
    assert stand_in(10**30, None, None) == 10**30


class Huge(TaskType):
    """Gives numbers that fit into no machine word."""

    name = "test.huge"

    class Outputs(Ports):
        """The numbers."""

        numbers: list[Any]

    def run(self, task: TaskContext) -> Any:
        return self.Outputs(numbers=[2**100, 10**4000, 1e300])


def test_a_journal_is_told_in_parts_that_are_no_larger_than_a_message() -> None:
    async def go() -> list[list[int]]:
        async with serving(limits=Limits(message=8000)) as server, session(socket_of(server)) as remote:
            blocks = [{"id": "say", "type": "text", "content": {"text": "x" * 1500}}]
            tasks = [{"id": f"t{number}", "type": "blocks", "blocks": blocks} for number in range(4)]
            run = (await remote.call("run.start", graph={"blockloom": 1, "tasks": tasks}))["run"]
            await (await server.hub.engine.run(run)).wait()
            parts: list[list[int]] = []
            while found := (await remote.call("run.events", run=run, after=parts[-1][-1] if parts else 0))["events"]:
                parts.append([event["seq"] for event in found])
                assert len(parts[-1]) == 1 or len(json.dumps(found)) < 9000
            assert [*chain(*parts)] == list(range(1, (await remote.call("run.get", run=run))["seq"] + 1))
            return parts

    assert len(asyncio.run(go())) > 1


def test_numbers_of_any_size_travel() -> None:
    graph = {
        "blockloom": 1,
        "tasks": [{"id": "a", "type": "test.huge"}, {"id": "end", "type": "end"}],
        "connections": [{"from": "a.numbers", "to": "end.numbers"}],
    }

    async def go() -> Any:
        async with serving(Huge) as server, session(socket_of(server)) as remote:
            run = (await remote.call("run.start", graph=graph))["run"]
            await (await server.hub.engine.run(run)).wait()
            call = {"jsonrpc": "2.0", "id": 1, "method": "run.outputs", "params": {"run": run}}
            await remote.socket.send(json.dumps(call))
            return await remote.socket.recv()

    text = asyncio.run(go())
    assert f"[{2**100},1{'0' * 4000},1e+300]" in text

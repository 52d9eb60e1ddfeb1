"""Replay: whoever was cut off carries on where it was, with nothing missing and nothing repeated."""

import asyncio
import json
import random
from typing import Any, Final

import pytest
from blockloom import TaskContext, TaskType
from blockloom_server.remote import session
from blockloom_server.testing import Gates, serving, socket_of
from websockets.asyncio.client import connect

ENDS: Final = ("run.completed", "run.failed", "run.stopped")


class Step(TaskType):
    """Gives way to others, telling of its progress."""

    name = "test.step"

    async def run(self, task: TaskContext) -> Any:
        for number in range(3):
            task.progress(number / 3)
            await asyncio.sleep(0)
        return {}


def chain(length: int, type: str = "test.step") -> dict[str, Any]:
    tasks = [{"id": f"t{number}", "type": type} for number in range(length)]
    lines = [{"from": f"t{number}", "to": f"t{number + 1}"} for number in range(length - 1)]
    return {"blockloom": 1, "tasks": tasks, "connections": lines}


async def listen(address: str, run: str, after: int, most: int) -> list[dict[str, Any]]:
    """Subscribe, take at most so many recorded events, and vanish without a word."""
    async with session(address) as remote:
        await remote.call("subscribe", run=run, after=after)
        found: list[dict[str, Any]] = []
        while len(found) < most and not (found and found[-1]["type"] in ENDS):
            event = await remote.event()
            if "seq" in event:
                found.append(event)
            else:
                assert event["type"] in ("task.progress", "task.output")
        remote.socket.transport.abort()
        return found


async def listen_on(address: str, run: str, chance: random.Random) -> list[dict[str, Any]]:
    """Follow a run to its end, cut off again and again."""
    found: list[dict[str, Any]] = []
    while not (found and found[-1]["type"] in ENDS):
        found += await listen(address, run, len(found), chance.randint(1, 40))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_cut_off_at_random_nothing_is_missing_and_nothing_comes_twice(seed: int) -> None:
    async def go() -> tuple[list[list[dict[str, Any]]], list[dict[str, Any]]]:
        async with serving(Step) as server:
            address = socket_of(server)
            async with session(address) as remote:
                run = (await remote.call("run.start", graph=chain(60)))["run"]
                followers = [listen_on(address, run, random.Random(100 * seed + number)) for number in range(5)]
                heard = await asyncio.gather(*followers)
                return list(heard), (await remote.call("run.events", run=run))["events"]

    heard, journal = asyncio.run(go())
    assert [event["seq"] for event in journal] == list(range(1, len(journal) + 1))
    for events in heard:
        told = [{key: value for key, value in event.items() if key != "subscription"} for event in events]
        assert told == journal


def test_without_after_only_what_comes_is_told() -> None:
    async def go() -> tuple[int, list[int]]:
        gates = Gates()
        async with serving(gates.type) as server, session(socket_of(server)) as remote:
            run = (await remote.call("run.start", graph=chain(1, "test.gate")))["run"]
            await gates.wait_for("main")
            seq = (await remote.call("subscribe", run=run))["seq"]
            gates.open("main")
            heard = [await remote.event()]
            while heard[-1]["type"] not in ENDS:
                heard.append(await remote.event())
            return seq, [event["seq"] for event in heard]

    seq, heard = asyncio.run(go())
    assert seq > 1
    assert heard == list(range(seq + 1, seq + 1 + len(heard)))


def test_the_answer_comes_before_the_first_event() -> None:
    async def go() -> list[Any]:
        async with serving(Step) as server, session(socket_of(server)) as remote:
            run = (await remote.call("run.start", graph=chain(3)))["run"]
            async with connect(socket_of(server), proxy=None) as socket:
                for id in range(20):
                    call = {"jsonrpc": "2.0", "id": id, "method": "subscribe", "params": {"run": run, "after": 0}}
                    await socket.send(json.dumps(call))
                answered: list[Any] = []
                early: list[Any] = []
                ended: set[str] = set()
                while len(ended) < 20:
                    message = json.loads(await socket.recv())
                    if "id" in message:
                        answered.append(message["result"]["subscription"])
                    elif message["params"]["subscription"] not in answered:
                        early.append(message)
                    elif message["params"]["type"] in ENDS:
                        ended.add(message["params"]["subscription"])
                return early

    assert asyncio.run(go()) == []


def test_two_subscriptions_to_one_run_are_told_each_for_itself() -> None:
    async def go() -> dict[str, list[int]]:
        async with serving(Step) as server, session(socket_of(server)) as remote:
            run = (await remote.call("run.start", graph=chain(5)))["run"]
            first = (await remote.call("subscribe", run=run, after=0))["subscription"]
            second = (await remote.call("subscribe", run=run, after=2))["subscription"]
            heard: dict[str, list[int]] = {first: [], second: []}
            ended = 0
            while ended < 2:
                event = await remote.event()
                if "seq" in event:
                    heard[event["subscription"]].append(event["seq"])
                ended += event["type"] in ENDS
            return heard

    first, second = asyncio.run(go()).values()
    assert first == list(range(1, first[-1] + 1))
    assert second == first[2:]


def test_a_run_read_back_from_the_store_is_replayed() -> None:
    async def go() -> tuple[int, list[int]]:
        async with serving(Step) as server, session(socket_of(server)) as remote:
            first = (await remote.call("run.start", graph=chain(2)))["run"]
            for _ in range(150):
                await remote.call("run.start", graph=chain(1))
            last = (await remote.call("run.start", graph=chain(1)))["run"]
            await remote.call("subscribe", run=last, after=0)
            while (await remote.event())["type"] not in ENDS:
                pass
            await remote.call("run.start", graph=chain(1))
            seq = (await remote.call("subscribe", run=first, after=0))["seq"]
            heard: list[int] = []
            while len(heard) < seq:
                event = await remote.event()
                heard += [event["seq"]] if event["run"] == first else []
            return seq, heard

    seq, heard = asyncio.run(go())
    assert heard == list(range(1, seq + 1))

"""Subscriptions to workflows and to everything, and the end of subscriptions."""

import asyncio
from typing import Any, Final

import pytest
from blockloom import TaskContext, TaskType
from blockloom_server.dispatch import find, perform
from blockloom_server.guest import Guest
from blockloom_server.limits import Limits
from blockloom_server.notices import KEPT, Notices, TooFarBehind
from blockloom_server.remote import Refused, Remote, session
from blockloom_server.testing import Gates, serving, socket_of
from blockloom_server.wire import Call

GRAPH: Final[dict[str, Any]] = {"blockloom": 1, "name": "one", "tasks": [{"id": "a", "type": "test.talk"}]}
WAITING: Final[dict[str, Any]] = {"blockloom": 1, "name": "two", "tasks": [{"id": "a", "type": "test.gate"}]}
ENDS: Final = ("run.completed", "run.failed", "run.stopped")


class Talk(TaskType):
    """Shows pieces of its output, and its progress."""

    name = "test.talk"

    async def run(self, task: TaskContext) -> Any:
        # What is not recorded is told only from the moment at which somebody follows.
        await asyncio.sleep(0)
        task.progress(0.5, "half")
        task.emit({"token": "a"})
        task.log("a line")
        await asyncio.sleep(0)
        return {}


async def until_end_of(remote: Remote, run: str) -> list[dict[str, Any]]:
    """Events up to the end of a run."""
    heard = [await remote.event()]
    while not (heard[-1]["run"] == run and heard[-1]["type"] in ENDS):
        heard.append(await remote.event())
    return heard


def test_all_tells_of_every_run_from_its_first_event_and_of_every_change() -> None:
    async def go() -> tuple[dict[str, list[int]], list[tuple[int, Any]]]:
        async with serving(Talk) as server, session(socket_of(server)) as remote, session(socket_of(server)) as other:
            seq = (await remote.call("subscribe", all=True))["seq"]
            assert seq == 0
            made = await other.call("workflow.create", graph=GRAPH)
            runs = [(await other.call("run.start", workflow=made["workflow"]))["run"] for _ in range(3)]
            runs.append((await other.call("run.start", graph=GRAPH))["run"])
            await other.call("workflow.update", **made, graph=WAITING)
            await other.call("task.remove", workflow=made["workflow"], task="a")
            await other.call("workflow.delete", workflow=made["workflow"])
            heard: dict[str, list[int]] = {run: [] for run in runs}
            changes: list[tuple[int, Any]] = []
            ended = 0
            while ended < len(runs) or len(changes) < 4:
                event = await remote.event()
                if event["run"] is None:
                    assert event["type"] == "workflow.changed"
                    assert event["data"]["workflow"] == made["workflow"]
                    changes.append((event["seq"], event["data"]["revision"]))
                elif "seq" in event:
                    heard[event["run"]].append(event["seq"])
                ended += event["type"] in ENDS
            return heard, changes

    heard, changes = asyncio.run(go())
    assert changes == [(1, 1), (2, 2), (3, 3), (4, None)]
    for seqs in heard.values():
        assert seqs == list(range(1, len(seqs) + 1))


def test_a_workflow_subscription_tells_of_its_own_runs_alone() -> None:
    async def go() -> tuple[set[str], str, set[Any]]:
        gates = Gates()
        async with serving(Talk, gates.type) as server, session(socket_of(server)) as remote:
            mine = await remote.call("workflow.create", graph=WAITING)
            other = await remote.call("workflow.create", graph=GRAPH)
            going = (await remote.call("run.start", workflow=mine["workflow"]))["run"]
            await gates.wait_for("main")
            before = (await remote.call("run.get", run=going))["seq"]
            await remote.call("subscribe", workflow=mine["workflow"])
            await remote.call("run.start", workflow=other["workflow"])
            await remote.call("run.start", graph=WAITING)
            await remote.call("workflow.update", **other, graph=WAITING)
            await remote.call("workflow.update", **mine, graph=GRAPH)
            gates.open("main")
            heard = await until_end_of(remote, going)
            last = (await remote.call("run.start", workflow=mine["workflow"]))["run"]
            heard += await until_end_of(remote, last)
            assert next(event["seq"] for event in heard if event["run"] == going) == before + 1
            changed = {event["data"]["workflow"] for event in heard if event["run"] is None}
            return {event["run"] for event in heard if event["run"]} - {last}, going, changed - {mine["workflow"]}

    runs, going, changed = asyncio.run(go())
    assert runs == {going}
    assert changed == set()


def test_what_is_not_recorded_has_no_seq() -> None:
    async def go() -> list[dict[str, Any]]:
        async with serving(Talk) as server, session(socket_of(server)) as remote:
            await remote.call("subscribe", all=True)
            run = (await remote.call("run.start", graph=GRAPH))["run"]
            return await until_end_of(remote, run)

    heard = asyncio.run(go())
    fleeting = [event for event in heard if event["type"] in ("task.progress", "task.output")]
    assert [event["data"] for event in fleeting] == [
        {"fraction": 0.5, "message": "half"},
        {"piece": {"token": "a"}},
        {"log": "a line"},
    ]
    assert not any("seq" in event for event in fleeting)
    assert all(event["task"] == "a" for event in fleeting)
    kinds = [event["type"] for event in heard]
    assert kinds.index("task.started") < kinds.index("task.progress") < kinds.index("task.completed")


def test_the_same_key_is_told_of_once() -> None:
    async def go() -> list[str]:
        gates = Gates()
        async with serving(gates.type) as server, session(socket_of(server)) as remote:
            await remote.call("subscribe", all=True)
            run = (await remote.call("run.start", graph=WAITING, key="k"))["run"]
            await gates.wait_for("main")
            assert (await remote.call("run.start", graph=WAITING, key="k"))["run"] == run
            gates.open("main")
            heard = await until_end_of(remote, run)
            assert (await remote.call("run.start", graph=WAITING, key="k"))["run"] == run
            await remote.call("workflow.create", graph=WAITING)
            heard.append(await remote.event())
            return [event["type"] for event in heard]

    kinds = asyncio.run(go())
    assert kinds.count("run.started") == 1
    assert kinds[-2:] == ["run.completed", "workflow.changed"]


def test_nothing_comes_after_unsubscribe() -> None:
    async def go() -> list[Any]:
        gates = Gates()
        async with serving(gates.type) as server, session(socket_of(server)) as remote:
            run = (await remote.call("run.start", graph=WAITING))["run"]
            await gates.wait_for("main")
            gone = (await remote.call("subscribe", run=run, after=0))["subscription"]
            all_gone = (await remote.call("subscribe", all=True))["subscription"]
            kept = (await remote.call("subscribe", run=run))["subscription"]
            await remote.call("unsubscribe", subscription=gone)
            await remote.call("unsubscribe", subscription=all_gone)
            while remote.pending:
                await remote.event()
            gates.open("main")
            heard = await until_end_of(remote, run)
            await remote.call("workflow.create", graph=WAITING)
            assert remote.pending == 0
            with pytest.raises(Refused) as caught:
                await remote.call("unsubscribe", subscription=gone)
            assert caught.value.code == -32002
            return [event["subscription"] for event in heard if event["subscription"] != kept]

    assert asyncio.run(go()) == []


def test_subscriptions_are_limited_and_those_that_are_over_do_not_count() -> None:
    async def go() -> tuple[int, dict[str, Any]]:
        gates = Gates()
        few = Limits(subscriptions=3)
        async with serving(Talk, gates.type, limits=few) as server, session(socket_of(server)) as remote:
            over = (await remote.call("run.start", graph=GRAPH))["run"]
            first = (await remote.call("subscribe", run=over, after=0))["subscription"]
            await until_end_of(remote, over)
            for _ in range(10):
                await remote.call("subscribe", run=over)
            going = (await remote.call("run.start", graph=WAITING))["run"]
            for _ in range(3):
                await remote.call("subscribe", run=going)
            with pytest.raises(Refused) as caught:
                await remote.call("subscribe", run=going)
            gates.open("main")
            return caught.value.code, await remote.call("unsubscribe", subscription=first)

    assert asyncio.run(go()) == (-32006, {})


def test_a_client_that_vanishes_leaves_the_run_alone() -> None:
    async def go() -> str:
        gates = Gates()
        async with serving(gates.type) as server:
            async with session(socket_of(server)) as remote:
                run = (await remote.call("run.start", graph=WAITING))["run"]
                await remote.call("subscribe", run=run, after=0)
                remote.socket.transport.abort()
            gates.open("main")
            async with session(socket_of(server)) as remote:
                await remote.call("subscribe", run=run, after=0)
                await until_end_of(remote, run)
                return str((await remote.call("run.get", run=run))["state"])

    assert asyncio.run(go()) == "COMPLETED"


def test_a_subscription_tells_nothing_before_its_answer_is_sent() -> None:
    async def go() -> tuple[int, int]:
        async with serving(Talk) as server:
            client = Guest(server.hub, Limits(), None, lambda code, reason: None)
            run = (await server.hub.start(GRAPH, {}, None)).id
            await (await server.hub.engine.run(run)).wait()
            await perform(client, *find(client, Call("1", "subscribe", {"run": run, "after": 0})))
            answered = client.after_answer()
            assert answered is not None
            for _ in range(10):
                await asyncio.sleep(0)
            before = len(client.outbox)
            answered()
            for _ in range(10):
                await asyncio.sleep(0)
            client_holds = len(client.outbox)
            client.close()
            return before, client_holds

    before, after = asyncio.run(go())
    assert before == 0
    assert after > 0


def test_notices_are_kept_for_a_while() -> None:
    async def go() -> tuple[list[int], bool]:
        notices = Notices(lambda: 0.0)
        for _ in range(3):
            notices.add("workflow.changed", {})
        heard = []
        async for event in notices.follow(1):
            heard.append(event.seq)
            if event.seq == 3:
                notices.add("workflow.changed", {})
            if event.seq == 4:
                break
        for _ in range(KEPT + 5):
            notices.add("workflow.changed", {})
        try:
            async for _ in notices.follow(4):
                return heard, False
        except TooFarBehind:
            return heard, True
        return heard, False

    assert asyncio.run(go()) == ([2, 3, 4], True)

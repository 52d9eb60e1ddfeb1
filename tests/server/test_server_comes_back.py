"""The Python client: calls side by side, runs that are followed, and connections that are cut again and again."""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final

import pytest
from blockloom import BadValue, RunState, TaskContext, TaskType
from blockloom_server.client import Lost, Refused, Unreachable, connect
from blockloom_server.limits import Limits
from blockloom_server.remote import session
from blockloom_server.server import Server
from blockloom_server.testing import Gates, serving, socket_of

GATED: Final = {
    "blockloom": 1,
    "tasks": [{"id": "wait", "type": "test.gate", "inputs": {"value": 5}}, {"id": "end", "type": "end"}],
    "connections": [{"from": "wait.value", "to": "end.value"}],
}
CUTS: Final = int(os.environ.get("BLOCKLOOM_TEST_CUTS", "100"))
"""How often a connection is cut during one run."""


class Wire:
    """A wire to a server that can be cut: a port of its own, and what comes there is passed on both ways."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._writers: set[asyncio.StreamWriter] = set()
        self.made = 0

    async def open(self) -> str:
        """Begin to pass on; the address of the WebSocket behind it."""
        self._listening = await asyncio.start_server(self._pass, "127.0.0.1", 0)
        return f"ws://127.0.0.1:{self._listening.sockets[0].getsockname()[1]}/ws"

    def cut(self) -> int:
        """Cut every connection, without a word; whether there was one."""
        cut, self._writers = self._writers, set()
        for writer in cut:
            writer.transport.abort()
        return bool(cut)

    async def close(self) -> None:
        """Let nobody in any more, and cut."""
        self._listening.close()
        self.cut()
        await self._listening.wait_closed()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.made += 1
        there, out = await asyncio.open_connection("127.0.0.1", self._server.port)
        ends = {writer, out}
        self._writers |= ends
        try:
            await asyncio.wait(
                {asyncio.create_task(_copy(reader, out)), asyncio.create_task(_copy(there, writer))},
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            for end in ends:
                end.transport.abort()
            self._writers -= ends


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass


@asynccontextmanager
async def wired(*types: type[TaskType], **settings: Any) -> AsyncIterator[tuple[Server, Wire, str]]:
    """A server, a wire to it, and the address at the end of the wire."""
    async with serving(*types, **settings) as server:
        wire = Wire(server)
        address = await wire.open()
        try:
            yield server, wire, address
        finally:
            await wire.close()


def test_it_starts_follows_and_reads_a_run() -> None:
    async def go() -> None:
        gates = Gates()
        async with serving(gates.type, token="sesam") as server, connect(socket_of(server), "sesam") as client:
            run = await client.start(graph=GATED)
            await gates.wait_for("main")
            assert (await client.get(run)).tasks["wait"].state == "RUNNING"
            assert (await client.explain(run, "end")).because[0].what == "waits-for"
            await client.pause(run)
            assert (await client.list_runs(state=RunState.PAUSED))[0].run == run
            await client.resume(run)
            gates.open("main")
            heard = [event async for event in client.follow(run)]
            assert [event.seq for event in heard] == list(range(1, len(heard) + 1))
            assert [event.type async for event in client.follow(run, after=len(heard))] == []
            assert [event.seq async for event in client.follow(run, after=2)] == [e.seq for e in heard[2:]]
            assert await client.outputs(run) == {"value": 5}
            assert await client.publish("nothing.waits") == 0
            with pytest.raises(Refused) as caught:
                await client.retry(run)
            assert caught.value.code == -32005

    asyncio.run(go())


def test_a_run_that_tells_much_can_be_left_in_its_midst() -> None:
    tasks = [{"id": f"t{n}", "type": "merge"} for n in range(100)]
    graph = {"blockloom": 1, "tasks": tasks}

    async def go() -> None:
        async with wired() as (_, _, address), connect(address) as client:
            run = await client.start(graph=graph)
            async with asyncio.timeout(8):  # the library gives up after ten seconds
                async with aclosing(client.follow(run)) as events:
                    await anext(events)
                    while (await client.get(run)).state is not RunState.COMPLETED:
                        pass

    asyncio.run(go())


def test_calls_wait_side_by_side() -> None:
    async def go() -> list[Any]:
        gates = Gates()
        async with serving(gates.type) as server, connect(socket_of(server)) as client:
            run = await client.start(graph=GATED)
            await gates.wait_for("main")
            return await asyncio.gather(*(client.call("run.current", run=run) for _ in range(50)), client.stop(run))

    assert asyncio.run(go()) == [{"tasks": ["wait"]}] * 50 + [None]


DEEP: Final = [[[[[[[[[[5]]]]]]]]]]


@pytest.mark.parametrize(("value", "error"), [(float("nan"), BadValue), ("\ud800", BadValue), (DEEP, Refused)])
def test_what_the_server_could_not_read_is_an_error_and_not_a_call_without_an_answer(
    value: Any, error: type[Exception]
) -> None:
    async def go() -> None:
        async with serving(limits=Limits(depth=8)) as server, connect(socket_of(server)) as client:
            with pytest.raises(error):
                await client.publish("go", value)
            async with session(socket_of(server)) as remote:
                with pytest.raises(error):
                    await remote.call("event.publish", name="go", payload=value)

    asyncio.run(asyncio.wait_for(go(), 20))


def test_what_is_refused_at_once_is_told_at_once() -> None:
    async def go() -> str:
        async with serving(token="sesam") as server:
            with pytest.raises(Refused, match="token"):
                await connect(socket_of(server), "wrong").__aenter__()
            with pytest.raises(Unreachable, match="404"):
                await connect(f"ws://127.0.0.1:{server.port}/elsewhere", "sesam").__aenter__()
            address = socket_of(server)
        with pytest.raises(Unreachable) as caught:
            await connect(address).__aenter__()
        return str(caught.value)

    assert "cannot be reached" in asyncio.run(go())


class Stubborn(TaskType):
    """Takes its time to be canceled."""

    name = "test.stubborn"
    began: asyncio.Event
    canceled: asyncio.Event
    released: asyncio.Event

    async def run(self, task: TaskContext) -> Any:
        try:
            type(self).began.set()
            await asyncio.Event().wait()
        finally:
            type(self).canceled.set()
            await type(self).released.wait()


def test_what_reads_is_asked_again_and_what_may_have_been_done_is_not() -> None:
    async def go() -> None:
        Stubborn.began, Stubborn.canceled, Stubborn.released = (asyncio.Event() for _ in range(3))
        graph = {"blockloom": 1, "tasks": [{"id": "a", "type": "test.stubborn"}]}
        async with wired(Stubborn) as (_, wire, address), connect(address) as client:
            run = await client.start(graph=graph, key="mine")
            await Stubborn.began.wait()
            stopping = asyncio.create_task(client.stop(run))
            await Stubborn.canceled.wait()
            wire.cut()
            with pytest.raises(Lost, match=r"run\.stop"):
                await stopping
            assert await client.start(graph=graph, key="mine") == run
            wire.cut()
            assert (await client.get(run)).run == run
            assert wire.made == 3
            Stubborn.released.set()
            await client.stop(run)
            assert (await client.get(run)).state == "STOPPED"

    asyncio.run(go())


def test_a_server_that_does_not_come_back_is_given_up() -> None:
    async def go() -> str:
        async with wired() as (_, wire, address), connect(address, patience=0.2) as client:
            await wire.close()
            with pytest.raises(Unreachable) as caught:
                await client.call("session.ping")
            return str(caught.value)

    assert "cannot be reached" in asyncio.run(go())


class Step(TaskType):
    """Gives way to others."""

    name = "test.step"

    async def run(self, task: TaskContext) -> Any:
        task.progress(0.5)
        await asyncio.sleep(0.001)
        return {}


def test_however_often_it_is_cut_off_nothing_is_missing_and_nothing_comes_twice() -> None:
    length = max(200, CUTS)
    tasks = [{"id": f"t{number}", "type": "test.step"} for number in range(length)]
    lines = [{"from": f"t{number}", "to": f"t{number + 1}"} for number in range(length - 1)]
    chance = random.Random(CUTS)

    async def go() -> tuple[list[int], int, int]:
        async with wired(Step) as (_, wire, address), connect(address) as client:
            run = await client.start(graph={"blockloom": 1, "tasks": tasks, "connections": lines})
            heard: list[int] = []
            cuts = 0
            while not heard or cuts < CUTS:  # a run that is over is followed again, from somewhere
                after = chance.randrange(len(heard)) if heard else 0
                del heard[after:]
                async with aclosing(client.follow(run, after)) as events:
                    async for event in events:
                        if event.seq:
                            heard.append(event.seq)
                        if cuts < CUTS and chance.random() < 0.2:
                            cuts += wire.cut()
            return heard, (await client.get(run)).seq, wire.made

    heard, seq, made = asyncio.run(go())
    assert heard == list(range(1, seq + 1))
    assert made > CUTS


def test_watching_tells_of_everything_and_ends_with_the_connection() -> None:
    async def go() -> list[str]:
        async with wired() as (_, wire, address), connect(address) as client:
            watching = client.watch()
            first = asyncio.ensure_future(anext(watching))
            graph = {"blockloom": 1, "tasks": []}
            while not first.done():
                await client.call("workflow.create", graph=graph)
            seen = [(await first).type]
            wire.cut()
            with pytest.raises(Lost):
                seen += [event.type async for event in watching]
            return seen

    assert set(asyncio.run(go())) == {"workflow.changed"}


def test_whoever_vanishes_leaves_no_trace_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def go() -> None:
        gates = Gates()
        async with wired(gates.type) as (server, wire, address), connect(address) as client:
            for _ in range(20):
                run = await client.start(graph=GATED)
                await gates.wait_for("main")
                async with aclosing(client.watch()) as watching:
                    first = asyncio.ensure_future(anext(watching))
                    while not first.done():
                        await client.call("workflow.create", graph={"blockloom": 1})
                    for _ in range(300):
                        server.hub.notices.add("workflow.changed", {"workflow": run, "revision": None})
                    wire.cut()
                    await asyncio.wait([first])

    asyncio.run(go())
    assert [record.getMessage() for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []

"""A client that does not read: closed as a slow consumer, while the engine and a good client lose nothing."""

import asyncio
import json
import socket as sockets
from typing import Any, Final

import blockloom
import pytest
from blockloom import Ports, TaskContext, TaskType
from blockloom_server import connection
from blockloom_server.guest import Guest
from blockloom_server.limits import Limits
from blockloom_server.remote import session
from blockloom_server.server import Server
from blockloom_server.testing import serving, socket_of
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

QUICK: Final = Limits(patience=0.2)
PIECES: Final = 200
LENGTH: Final = 40


class Flood(TaskType):
    """Gives much, and tells of its progress all the time."""

    name = "test.flood"

    class Config(blockloom.Config):
        """How much to give."""

        size: int = 30_000

    class Outputs(Ports):
        """Much."""

        much: str

    async def run(self, task: TaskContext) -> Any:
        for number in range(PIECES):
            task.emit("piece " * 50 + str(number))
        await asyncio.sleep(0)
        return self.Outputs(much="x" * task.config.size)


def chain(length: int) -> dict[str, Any]:
    tasks = [{"id": f"t{number}", "type": "test.flood"} for number in range(length)]
    lines = [{"from": f"t{number}", "to": f"t{number + 1}"} for number in range(length - 1)]
    return {"blockloom": 1, "tasks": tasks, "connections": lines}


async def deaf(server: Server) -> ClientConnection:
    """A client with small buffers that stops reading as soon as it is connected."""
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    raw.setblocking(False)
    await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", server.port))
    socket = await connect(socket_of(server), sock=raw, proxy=None, max_queue=1, max_size=None, ping_interval=None)
    socket.transport.pause_reading()
    return socket


async def told(socket: ClientConnection, method: str, **params: Any) -> None:
    """Call without waiting for the answer."""
    await socket.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}))


async def rest_of(socket: ClientConnection) -> list[str]:
    """Read on after all, until the connection is closed."""
    socket.transport.resume_reading()
    heard: list[str] = []
    try:
        while True:
            heard.append(str(await socket.recv()))
    except ConnectionClosed:
        return heard


async def close_code(socket: ClientConnection) -> tuple[int | None, str | None]:
    """How the connection was closed."""
    await rest_of(socket)
    return socket.close_code, socket.close_reason


def watched(server: Server, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """An event that is set once the server closes a client for being slow."""
    closing = asyncio.Event()
    too_slow = Guest.too_slow

    def noting(guest: Guest) -> None:
        closing.set()
        too_slow(guest)

    monkeypatch.setattr(Guest, "too_slow", noting)
    return closing


def test_who_does_not_read_is_closed_and_the_others_lose_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def go() -> tuple[tuple[int | None, str | None], list[int], int, str]:
        async with serving(Flood, limits=QUICK) as server, session(socket_of(server)) as good:
            closing = watched(server, monkeypatch)
            slow = await deaf(server)
            await told(slow, "subscribe", all=True)
            run = (await good.call("run.start", graph=chain(LENGTH)))["run"]
            await good.call("subscribe", run=run, after=0)
            heard: list[int] = []
            fleeting = 0
            kind = ""
            while kind != "run.completed":
                event = await good.event()
                kind = event["type"]
                if "seq" in event:
                    heard.append(event["seq"])
                else:
                    fleeting += 1
            # Enough for every buffer on the way to the slow one to be full, whatever the machine gives it.
            while not closing.is_set():
                await good.call("run.start", graph=chain(LENGTH))
                await asyncio.sleep(0.01)
            code = await close_code(slow)
            state = (await good.call("run.get", run=run))["state"]
            return code, heard, fleeting, state

    code, heard, fleeting, state = asyncio.run(go())
    assert code == (4408, "slow consumer")
    assert heard == list(range(1, len(heard) + 1))
    assert fleeting > 0
    assert state == "COMPLETED"


def test_who_reads_on_only_later_still_learns_why_it_was_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def go() -> tuple[int, tuple[int | None, str | None]]:
        monkeypatch.setattr(connection, "CLOSING", 0)
        async with serving(Flood, limits=QUICK) as server, session(socket_of(server)) as good:
            closing = watched(server, monkeypatch)
            slow = await deaf(server)
            await told(slow, "subscribe", all=True)
            while not closing.is_set():
                await good.call("run.start", graph=chain(LENGTH))
                await asyncio.sleep(0.01)
            await good.call("session.ping")
            there = [
                line for line in server.hub.metrics.text().splitlines() if line.startswith("blockloom_connections ")
            ]
            return int(float(there[0].split()[1])), await close_code(slow)

    assert asyncio.run(go()) == (1, (4408, "slow consumer"))


def test_the_server_does_not_wait_for_who_was_too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    async def go() -> None:
        monkeypatch.setattr("blockloom_server.server.LAST_WORDS", 0.1)
        async with serving(Flood, limits=QUICK) as server, session(socket_of(server)) as good:
            closing = watched(server, monkeypatch)
            slow = await deaf(server)
            await told(slow, "subscribe", all=True)
            while not closing.is_set():
                await good.call("run.start", graph=chain(LENGTH))
                await asyncio.sleep(0.01)
        slow.transport.abort()

    asyncio.run(asyncio.wait_for(go(), connection.LINGERING / 2))


def test_it_resumes_where_it_was_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    async def go() -> list[int]:
        async with serving(Flood, limits=QUICK) as server, session(socket_of(server)) as good:
            closing = watched(server, monkeypatch)
            runs = []
            slow = await deaf(server)
            while not closing.is_set():
                run = (await good.call("run.start", graph=chain(LENGTH)))["run"]
                await told(slow, "subscribe", run=run, after=0)
                runs.append(run)
                await asyncio.sleep(0.01)
            seen: dict[str, int] = {}
            for message in await rest_of(slow):
                event = json.loads(message).get("params", {})
                if "seq" in event:
                    assert event["seq"] == seen.get(event["run"], 0) + 1
                    seen[event["run"]] = event["seq"]
            await (await server.hub.engine.run(runs[0])).wait()
            seq = (await good.call("subscribe", run=runs[0], after=seen.get(runs[0], 0)))["seq"]
            rest = list(range(1, seen.get(runs[0], 0) + 1))
            while not rest or rest[-1] < seq:
                event = await good.event()
                rest += [event["seq"]] if "seq" in event else []
            return rest

    rest = asyncio.run(go())
    assert rest == list(range(1, rest[-1] + 1))


def test_who_reads_on_is_told_of_every_run_that_has_started_meanwhile() -> None:
    async def go() -> tuple[dict[str, list[int]], dict[str, int]]:
        async with serving(Flood, limits=Limits(patience=60)) as server, session(socket_of(server)) as good:
            slow = await deaf(server)
            await told(slow, "subscribe", all=True)
            while "blockloom_subscriptions 1.0" not in server.hub.metrics.text():
                await good.call("session.ping")
            runs = [(await good.call("run.start", graph=chain(LENGTH)))["run"] for _ in range(30)]
            last = {}
            for run in runs:
                view = await server.hub.engine.run(run)
                await view.wait()
                last[run] = view.seq
            slow.transport.resume_reading()
            seen: dict[str, list[int]] = {}
            while {run: numbers[-1] for run, numbers in seen.items() if run in last} != last:
                event = json.loads(await slow.recv()).get("params", {})
                if "seq" in event:
                    seen.setdefault(event["run"], []).append(event["seq"])
            slow.transport.abort()
            return seen, last

    seen, last = asyncio.run(asyncio.wait_for(go(), 60))
    assert {run: seen[run] for run in last} == {run: list(range(1, seq + 1)) for run, seq in last.items()}


def test_who_asks_and_asks_and_does_not_read_is_not_read_either(monkeypatch: pytest.MonkeyPatch) -> None:
    async def go() -> tuple[int | None, str | None]:
        async with serving(Flood, limits=QUICK) as server, session(socket_of(server)) as good:
            closing = watched(server, monkeypatch)
            slow = await deaf(server)

            async def ask() -> None:
                while True:
                    await told(slow, "rpc.discover")

            asking = asyncio.create_task(ask())
            await asyncio.wait_for(closing.wait(), 20)
            await good.call("session.ping")
            asking.cancel()
            await asyncio.wait([asking])
            return await close_code(slow)

    assert asyncio.run(go()) == (4408, "slow consumer")


def test_who_never_reads_again_is_cut_off_and_the_server_stops_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def go() -> float:
        monkeypatch.setattr(connection, "CLOSING", 0.2)
        loop = asyncio.get_running_loop()
        async with serving(Flood, limits=Limits(patience=60)) as server, session(socket_of(server)) as good:
            slow = await deaf(server)
            for _ in range(20):
                await told(slow, "rpc.discover")
            await good.call("session.ping")
            began = loop.time()
        took = loop.time() - began
        slow.transport.abort()
        return took

    assert asyncio.run(go()) < 3


def test_who_is_idle_is_left_alone() -> None:
    async def go() -> Any:
        async with serving(limits=Limits(patience=0.02)) as server, session(socket_of(server)) as remote:
            await remote.call("subscribe", all=True)
            await asyncio.sleep(0.2)
            return await remote.call("session.ping")

    assert asyncio.run(go()) == {}

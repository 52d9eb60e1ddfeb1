"""Limits: what is too much is refused in words, and the connection and the server go on."""

import asyncio
import json
from typing import Any

import pytest
from blockloom_server.limits import Limits
from blockloom_server.pace import Pace
from blockloom_server.remote import session
from blockloom_server.server import Server
from blockloom_server.testing import serving, socket_of
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus

PING = '{"jsonrpc": "2.0", "id": %d, "method": "session.ping"}'


def test_a_bucket_holds_its_burst_and_fills_at_its_rate() -> None:
    now = [0.0]
    pace = Pace(10, 3, lambda: now[0])
    assert [pace.take() for _ in range(3)] == [0, 0, 0]
    assert pace.take() == pytest.approx(0.1)
    now[0] = 0.1
    assert [pace.take() > 0 for _ in range(2)] == [False, True]
    now[0] = 100
    assert [pace.take() > 0 for _ in range(4)] == [False, False, False, True]


async def codes(socket: ClientConnection, number: int) -> list[Any]:
    """The codes of so many answers, None for a result."""
    return [json.loads(await socket.recv()).get("error", {}).get("code") for _ in range(number)]


def test_who_floods_is_refused_and_may_go_on_later() -> None:
    async def go() -> tuple[list[Any], Any, Any]:
        limits = Limits(rate=200, burst=5)
        async with serving(limits=limits) as server, connect(socket_of(server), proxy=None) as socket:
            for id in range(60):
                await socket.send(PING % id)
            told = await codes(socket, 60)
            await socket.send(PING % 99)
            refusal = json.loads(await socket.recv())
            while "error" in refusal:
                assert refusal["error"]["data"]["code"] == "too-fast"
                await asyncio.sleep(refusal["error"]["data"]["retry_after"])
                await socket.send(PING % 100)
                refusal = json.loads(await socket.recv())
            async with session(socket_of(server)) as other:
                return told, refusal["result"], await other.call("session.ping")

    told, mine, others = asyncio.run(go())
    assert told[:5] == [None] * 5
    assert set(told) == {None, -32006}
    assert (mine, others) == ({}, {})


def test_bad_messages_count_too_and_get_their_own_answer() -> None:
    async def go() -> tuple[list[Any], int]:
        limits = Limits(rate=100, burst=2)
        async with serving(limits=limits) as server, connect(socket_of(server), proxy=None) as socket:
            for _ in range(30):
                await socket.send("no json")
            found = await codes(socket, 30)
            await socket.send(PING % 1)
            return found, (await codes(socket, 1))[0]

    found, code = asyncio.run(go())
    assert found == [-32700] * 30
    assert code in (None, -32006)


def test_the_depth_of_a_message_can_be_limited() -> None:
    async def go() -> list[Any]:
        async with serving(limits=Limits(depth=10)) as server, connect(socket_of(server), proxy=None) as socket:
            for levels in (8, 9):
                deep = "[" * levels + "]" * levels
                check = '{"jsonrpc": "2.0", "id": 1, "method": "workflow.check", "params": {"graph": '
                await socket.send(check + deep + "}}")
            return await codes(socket, 2)

    assert asyncio.run(go()) == [None, -32006]


async def status(server: Server) -> int:
    """The status of a handshake."""
    try:
        async with connect(socket_of(server), proxy=None):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code
    except (InvalidMessage, OSError):
        return 0


@pytest.mark.parametrize("limits", [Limits(clients=2), Limits(address=2)])
def test_too_many_connections_are_turned_away_until_one_is_gone(limits: Limits) -> None:
    async def go() -> tuple[int, int]:
        async with serving(limits=limits) as server, session(socket_of(server)) as first:
            async with session(socket_of(server)) as second:
                refused = await status(server)
                await first.call("session.ping")
                await second.call("session.ping")
            while (later := await status(server)) != 101:
                pass
            return refused, later

    assert asyncio.run(go()) == (503, 101)


def test_many_silent_connections_do_not_keep_others_out() -> None:
    async def go() -> tuple[int, int]:
        async with serving(limits=Limits(clients=1)) as server:
            idle = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(150)]
            gone = 0
            for reader, _ in idle[:20]:
                gone += (await asyncio.wait_for(reader.read(), 10)) == b""
            found = await status(server)
            for _, writer in idle:
                writer.close()
            return gone, found

    assert asyncio.run(go()) == (20, 101)


def test_before_hello_a_large_message_is_not_taken() -> None:
    async def go() -> tuple[int | None, Any]:
        async with serving(token="sesam") as server:
            async with connect(socket_of(server), proxy=None) as socket:
                await socket.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "x", "params": {"a": "x" * 70_000}}))
                with pytest.raises(ConnectionClosed) as caught:
                    await socket.recv()
            async with session(socket_of(server), "sesam") as remote:
                graph = {"blockloom": 1, "name": "x" * 70_000}
                kept = await remote.call("workflow.create", graph=graph)
            return caught.value.rcvd.code if caught.value.rcvd else None, kept["revision"]

    assert asyncio.run(go()) == (1009, 1)

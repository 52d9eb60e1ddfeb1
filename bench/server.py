"""The server beside a bare one that does the same: calls a second, and events to 1, 100 and 1,000 clients.

Each runs in a process of its own. The clients that count events do nothing else, so that the servers are what is slow.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from websockets.asyncio.client import ClientConnection, connect

CALLS: Final = 4_000
ROUNDS: Final = 3
AT_ONCE: Final = 64
"""Calls that are on their way at a time."""
CROWDS: Final = {1: 2_000, 100: 200, 1_000: 20}
"""How many clients listen, and to how many events."""
MARK: Final = b'"workflow.changed"'
GRAPH: Final = {"blockloom": 1, "tasks": []}

OURS: Final = """
import asyncio, sys
from blockloom import MemoryStore, Plugins
from blockloom_server.limits import Limits
from blockloom_server.server import Server

async def main():
    limits = Limits(rate=10**9, burst=10**9, clients=5000, address=5000)
    async with Server(Plugins.load(), MemoryStore(), port=0, limits=limits) as server:
        print(server.port, file=sys.stderr, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""

BARE: Final = """
import asyncio, json, sys
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

listening = set()

async def talk(socket):
    try:
        await hear(socket)
    except ConnectionClosed:
        pass
    finally:
        listening.discard(socket)

async def hear(socket):
    async for text in socket:
        call = json.loads(text)
        result = {}
        if call["method"] == "subscribe":
            listening.add(socket)
            result = {"subscription": "s1", "seq": 0}
        elif call["method"] == "workflow.create":
            result = {"workflow": "w1", "revision": 1}
            event = {"subscription": "s1", "run": None, "seq": 1, "time": "2026-11-24T00:00:00.000000Z",
                     "type": "workflow.changed", "data": result}
            told = json.dumps({"jsonrpc": "2.0", "method": "event", "params": event}, separators=(",", ":"))
            for other in tuple(listening):
                await other.send(told)
        await socket.send(json.dumps({"jsonrpc": "2.0", "id": call["id"], "result": result}))

async def main():
    async with serve(talk, "127.0.0.1", 0, compression=None) as server:
        print(server.sockets[0].getsockname()[1], file=sys.stderr, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


class Counter(asyncio.Protocol):
    """Counts events in what comes, and does nothing else."""

    def __init__(self, expected: int) -> None:
        self.done = asyncio.get_running_loop().create_future()
        self._left = expected
        self._tail = b""

    def data_received(self, data: bytes) -> None:
        """Count; a mark may be in two pieces."""
        both = self._tail + data
        self._left -= both.count(MARK)
        self._tail = both[-len(MARK) + 1 :] if not both.endswith(MARK) else b""
        if self._left <= 0 and not self.done.done():
            self.done.set_result(None)


def call(id: int, method: str, **params: object) -> str:
    """A call as text."""
    return json.dumps({"jsonrpc": "2.0", "id": id, "method": method, "params": params})


async def calls_a_second(address: str) -> float:
    """How many calls are answered in a second, some being on their way all the time."""
    async with connect(address, proxy=None, compression=None) as socket:
        began = time.perf_counter()
        for id in range(CALLS):
            await socket.send(call(id, "session.ping"))
            if id >= AT_ONCE:
                await socket.recv()
        for _ in range(AT_ONCE):
            await socket.recv()
        return CALLS / (time.perf_counter() - began)


async def listener(address: str, events: int) -> tuple[ClientConnection, Counter]:
    """A client that has subscribed, and from now on counts."""
    socket = await connect(address, proxy=None, compression=None, ping_interval=None)
    await socket.send(call(1, "subscribe", all=True))
    await socket.recv()
    counter = Counter(events)
    socket.transport.set_protocol(counter)
    return socket, counter


async def events_a_second(address: str, clients: int, events: int) -> float:
    """How many events reach their clients in a second, all together."""
    listening = [await listener(address, events) for _ in range(clients)]
    async with connect(address, proxy=None, compression=None) as socket:
        began = time.perf_counter()
        for id in range(events):
            await socket.send(call(id, "workflow.create", graph=GRAPH))
        for _ in range(events):
            await socket.recv()
        await asyncio.gather(*(counter.done for _, counter in listening))
        took = time.perf_counter() - began
    for gone, _ in listening:
        gone.transport.abort()
    async with connect(address, proxy=None, compression=None) as socket:  # the server has noticed once it answers
        await socket.send(call(1, "session.ping"))
        await socket.recv()
    return clients * events / took


async def measured(script: str, quick: bool) -> dict[str, float]:
    """The figures of one server."""
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:  # noqa: ASYNC220
        assert process.stderr is not None
        try:
            address = f"ws://127.0.0.1:{process.stderr.readline().strip()}/ws"
            found = {"calls": await calls_a_second(address)}
            for clients, events in CROWDS.items():
                if not quick or clients < 1_000:
                    found[f"events_{clients}"] = await events_a_second(address, clients, events)
            return found
        finally:
            process.kill()


async def beside(quick: bool = False) -> dict[str, float]:
    """Both servers, by turns: the best figure of ours, of the bare one, and the share that ours has of it."""
    rounds = [(await measured(OURS, quick), await measured(BARE, quick)) for _ in range(1 if quick else ROUNDS)]
    ours, bare = ({name: max(each[name] for each in one) for name in one[0]} for one in zip(*rounds, strict=True))
    return {
        f"{name}_{kind}": value
        for name in ours
        for kind, value in (("ours", ours[name]), ("bare", bare[name]), ("share", 100 * ours[name] / bare[name]))
    }


def table(found: Mapping[str, float]) -> list[str]:
    """One line a figure."""
    names = [name.removesuffix("_ours") for name in found if name.endswith("_ours")]
    lines = [f"  {'the server, a second':<30}{'ours':>12}{'bare':>12}{'share':>8}"]
    for name in names:
        ours, bare, share = (found[f"{name}_{kind}"] for kind in ("ours", "bare", "share"))
        what = "calls" if name == "calls" else f"events to {int(name.partition('_')[2]):,} clients"
        lines.append(f"  {what:<30}{ours:>12,.0f}{bare:>12,.0f}{share:>7.0f}%")
    return lines


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    print("\n".join(table(asyncio.run(beside()))))

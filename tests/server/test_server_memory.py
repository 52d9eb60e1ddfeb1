"""Many clients that stop reading: the server's memory does not grow with them, and a good client loses nothing."""

import asyncio
import os
import socket as sockets
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from blockloom_server.remote import session
from websockets.asyncio.client import ClientConnection, connect

STALLED: Final = int(os.environ.get("BLOCKLOOM_TEST_STALLED", "10"))
EVENTS: Final = 20_000
ROOM: Final = 32 * 1024 * 1024

SERVER: Final = """
    import asyncio
    import sys
    from typing import Any

    from blockloom import MemoryStore, Plugins, Ports, TaskContext, TaskType
    from blockloom_server.limits import Limits
    from blockloom_server.server import Server

    TEXT = "x" * 4096


    class Much(TaskType):
        name = "test.much"

        class Outputs(Ports):
            text: str

        async def run(self, task: TaskContext) -> Any:
            await asyncio.sleep(0)
            return self.Outputs(text=TEXT)


    async def main() -> None:
        plugins = Plugins.load()
        plugins.registry.add("task", Much)
        async with Server(plugins, MemoryStore(), port=0, limits=Limits(patience=1)) as server:
            print(server.port, file=sys.stderr, flush=True)
            await asyncio.Event().wait()


    asyncio.run(main())
"""


async def deaf(address: str) -> ClientConnection:
    """A client with small buffers that subscribes to everything and stops reading."""
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    raw.setblocking(False)
    await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", urlsplit(address).port))
    socket = await connect(address, sock=raw, proxy=None, max_queue=1, max_size=None, ping_interval=None)
    await socket.send('{"jsonrpc": "2.0", "id": 1, "method": "subscribe", "params": {"all": true}}')
    await socket.recv()
    socket.transport.pause_reading()
    return socket


def resident(process: int) -> int:
    """Bytes of memory that a process has."""
    return int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def run_through(address: str, process: int, tasks: int) -> tuple[list[int], int]:
    """Run so many tasks of 4 KiB each, and follow them: the numbers of the events, and the most memory meanwhile."""
    graph = {"blockloom": 1, "tasks": [{"id": f"t{n}", "type": "test.much"} for n in range(tasks)]}
    most = 0
    async with session(address) as good:
        run = (await good.call("run.start", graph=graph, max_concurrency=100))["run"]
        await good.call("subscribe", run=run, after=0)
        heard: list[int] = []
        while True:
            event = await good.event()
            heard.append(event["seq"])
            if len(heard) % 500 == 0:
                most = max(most, resident(process))
            if event["type"] == "run.completed":
                return heard, max(most, resident(process))


async def figures(address: str) -> dict[str, float]:
    """What the server counts, by name and labels."""
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(address).port)
    writer.write(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
    body = (await reader.read()).decode().partition("\r\n\r\n")[2]
    writer.close()
    lines = (line.rpartition(" ") for line in body.splitlines() if not line.startswith("#"))
    return {name: float(number) for name, _, number in lines}


async def watch(address: str, process: int) -> tuple[int, list[int], float]:
    """How much more memory the stalled clients cost, what the good one heard, and how many were closed with 4408."""
    _, alone = await run_through(address, process, EVENTS // 3)
    stalled = [await deaf(address) for _ in range(STALLED)]
    heard, most = await run_through(address, process, EVENTS // 3)
    while (told := await figures(address))["blockloom_connections"]:
        most = max(most, resident(process))
    for socket in stalled:
        socket.transport.abort()
    return most - alone, heard, told['blockloom_connections_closed_total{code="4408"}']


def test_clients_that_stop_reading_cost_little_and_harm_nobody(tmp_path: Path) -> None:
    script = tmp_path / "server.py"
    script.write_text(textwrap.dedent(SERVER), encoding="utf-8")
    with subprocess.Popen([sys.executable, str(script)], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            address = f"ws://127.0.0.1:{process.stderr.readline().strip()}/ws"
            more, heard, ended = asyncio.run(watch(address, process.pid))
        finally:
            process.kill()
    assert heard == list(range(1, len(heard) + 1))
    assert len(heard) >= EVENTS - 2
    assert ended == STALLED
    assert more < ROOM, f"{more / 2**20:.1f} MiB"

"""A good client beside many that have stopped reading: how long its calls and its events take, and what that costs.

The others subscribe to everything and read nothing; meanwhile runs tell of 20,000 events of 4 KiB.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect

from server import OURS, call

STALLED_SENTENCES: Final = {
    "stalled_call": "a call beside 50 who do not read, p99, ms",
    "stalled_event": "an event beside them, p99, ms",
    "stalled_lost": "events that the good client missed",
    "stalled_memory": "memory that the 50 cost, MiB",
}
STALLED: Final = 50
EVENTS: Final = 20_000
RUNS: Final = 1_000
PAUSE: Final = 0.01
"""Seconds between the beginnings of two runs."""

BLOCK: Final = {"id": "say", "type": "text", "content": {"text": "x" * 2_000}}
GRAPH: Final[dict[str, Any]] = {
    "blockloom": 1,
    "tasks": [{"id": f"t{n}", "type": "blocks", "blocks": [BLOCK]} for n in range(EVENTS // RUNS)],
}


class Listener:
    """A good client: it notes the numbers of the events of each run, and how late some of them are."""

    def __init__(self) -> None:
        self.ended = asyncio.Semaphore(0)
        self.late: list[float] = []
        self.missed = 0
        self._seen: dict[str, int] = {}

    async def listen(self, socket: ClientConnection) -> None:
        """Note what comes, without end."""
        while True:
            told = json.loads(await socket.recv()).get("params")
            if told is None or told["run"] is None:
                continue
            self.late.append(time.time() - datetime.fromisoformat(told["time"]).timestamp())
            self.missed += told["seq"] - self._seen.get(told["run"], 0) - 1
            self._seen[told["run"]] = told["seq"]
            if told["type"] == "run.completed":
                self.ended.release()


async def stalled_clients(quick: bool = False) -> dict[str, float]:
    """The figures, by name."""
    runs = RUNS // 10 if quick else RUNS
    with subprocess.Popen([sys.executable, "-c", OURS], stderr=subprocess.PIPE, text=True) as process:  # noqa: ASYNC220
        assert process.stderr is not None
        try:
            address = f"ws://127.0.0.1:{process.stderr.readline().strip()}/ws"
            await _load(address, process.pid, 1)
            alone = await _load(address, process.pid, runs)
            async with AsyncExitStack() as stack:
                deaf = [await stack.enter_async_context(_connect(address)) for _ in range(STALLED)]
                for socket in deaf:
                    await socket.send(call(1, "subscribe", all=True))
                    await socket.recv()
                found = await _load(address, process.pid, runs)
                for socket in deaf:
                    socket.transport.abort()
        finally:
            process.kill()
    return found | {"stalled_memory": found["stalled_memory"] - alone["stalled_memory"]}


def _connect(address: str) -> connect:
    return connect(address, proxy=None, compression=None, max_size=None, ping_interval=None)


async def _load(address: str, process: int, runs: int) -> dict[str, float]:
    listener, trips, most = Listener(), [], 0
    began = _resident(process)
    async with _connect(address) as socket, _connect(address) as other:
        await socket.send(call(1, "subscribe", all=True))
        listening = asyncio.create_task(listener.listen(socket))
        for run in range(runs):
            await other.send(call(run, "run.start", graph=GRAPH))
            await other.recv()
            until = time.perf_counter() + PAUSE
            while time.perf_counter() < until:
                sent = time.perf_counter()
                await other.send(call(0, "session.ping"))
                await other.recv()
                trips.append(time.perf_counter() - sent)
                most = max(most, _resident(process))
                await asyncio.sleep(0.005)
        for _ in range(runs):
            await listener.ended.acquire()
        listening.cancel()
    return {
        "stalled_call": 1e3 * _p99(trips),
        "stalled_event": 1e3 * _p99(listener.late),
        "stalled_lost": listener.missed,
        "stalled_memory": (most - began) / 2**20,
    }


def _resident(process: int) -> int:
    return int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _p99(times: list[float]) -> float:
    return sorted(times)[len(times) * 99 // 100]


if __name__ == "__main__":
    for name, value in asyncio.run(stalled_clients()).items():
        print(f"  {STALLED_SENTENCES[name]:<52}{value:>10.1f}")

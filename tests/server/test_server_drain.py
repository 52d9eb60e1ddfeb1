"""The server stops: what it has acknowledged stands, what runs may end, and it is gone in time."""

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from blockloom_server.limits import Limits
from blockloom_server.remote import Refused, Remote, open_session, session
from blockloom_server.testing import Gates, serving, socket_of
from websockets.exceptions import ConnectionClosed

STOPS: Final = int(os.environ.get("BLOCKLOOM_TEST_STOPS", "3"))
GATED: Final = {
    "blockloom": 1,
    "tasks": [{"id": "a", "type": "test.gate", "inputs": {"value": 5}}, {"id": "b", "type": "merge"}],
    "connections": [{"from": "a.value", "to": "b.x"}],
}
COUNTING: Final = {
    "blockloom": 1,
    "tasks": [
        {"id": "count", "type": "loop", "config": {"times": 20, "body": {"tasks": [{"id": "end", "type": "end"}]}}},
        {"id": "wait", "type": "wait", "config": {"trigger": {"type": "event", "config": {"name": "go"}}}},
        {"id": "end", "type": "end"},
    ],
    "connections": [{"from": "count", "to": "wait"}, {"from": "wait.payload", "to": "end.told"}],
}


async def refused(remote: Remote, method: str, **params: Any) -> Any:
    """The facts of a refusal."""
    with pytest.raises(Refused) as caught:
        await remote.call(method, **params)
    return caught.value.code, caught.value.data.get("code")


def test_while_it_drains_it_begins_nothing_and_still_answers_and_tells() -> None:
    async def go() -> tuple[Any, Any, list[str], Any]:
        gates = Gates()
        async with serving(gates.type, limits=Limits(drain=8)) as server, session(socket_of(server)) as remote:
            run = (await remote.call("run.start", graph=GATED))["run"]
            await gates.wait_for("main")
            port = server.port
            draining = asyncio.create_task(server.drain())
            await asyncio.sleep(0)
            code = await refused(remote, "run.start", graph=GATED)
            edit = await refused(remote, "workflow.create", graph=GATED)
            await remote.call("subscribe", run=run, after=0)
            gates.open("main")
            await draining
            heard = [await remote.event()]
            while heard[-1]["type"] != "task.completed":
                heard.append(await remote.event())
            with pytest.raises(OSError, match="Connect call failed"):
                await asyncio.open_connection("127.0.0.1", port)
            return code, edit, [event["type"] for event in heard], await remote.call("run.get", run=run)

    code, edit, heard, told = asyncio.run(go())
    assert code == edit == (-32005, "stopping")
    assert heard[-1] == "task.completed"
    assert (told["tasks"]["a"]["state"], told["tasks"]["b"]["state"]) == ("COMPLETED", "READY")


def test_whoever_is_connected_is_told_all_and_then_that_it_goes() -> None:
    async def go() -> tuple[list[int], Any]:
        gates = Gates()
        async with serving(gates.type) as server:
            remote = await open_session(socket_of(server))
            run = (await remote.call("run.start", graph=GATED))["run"]
            await gates.wait_for("main")
            await remote.call("subscribe", run=run, after=0)
            gates.open("main")
            await (await server.hub.engine.run(run)).wait()
            seq = (await server.hub.engine.run(run)).seq
        heard = [(await remote.event())["seq"] for _ in range(seq)]
        with pytest.raises(ConnectionClosed) as caught:
            await remote.event()
        return heard, caught.value.rcvd

    heard, closed = asyncio.run(go())
    assert heard == list(range(1, len(heard) + 1))
    assert (closed.code, closed.reason) == (1001, "the server stops")


@contextmanager
def served(home: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A running `blockloom serve` with a store that outlives it."""
    command = [str(Path(sys.executable).with_name("blockloom")), "serve", "--port", "0"]
    environment = {**os.environ, "BLOCKLOOM_HOME": str(home), "BLOCKLOOM_LANG": "en"}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=environment)
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if "WebSocket: " in line:
                yield line.partition("WebSocket: ")[2].strip(" )\n"), process
                return
        pytest.fail("it did not start")
    finally:
        process.kill()
        process.communicate()


async def start_many(address: str, enough: asyncio.Event, most: int) -> list[str]:
    """Start runs until the server goes, and say when there are enough; those that it has acknowledged."""
    started: list[str] = []
    try:
        async with session(address) as remote:
            while True:
                started.append((await remote.call("run.start", graph=COUNTING, inputs={}))["run"])
                if len(started) >= most:
                    enough.set()
    except (ConnectionClosed, Refused, OSError):
        enough.set()
        return started


def test_told_to_stop_under_load_it_ends_in_time_and_loses_nothing(tmp_path: Path) -> None:
    chance = random.Random(STOPS)
    acknowledged: list[str] = []

    async def load(address: str, process: subprocess.Popen[str]) -> int:
        enough = asyncio.Event()
        starting = [asyncio.create_task(start_many(address, enough, chance.randint(1, 15))) for _ in range(3)]
        await enough.wait()
        process.send_signal(chance.choice((signal.SIGTERM, signal.SIGINT)))
        acknowledged.extend(run for runs in await asyncio.gather(*starting) for run in runs)
        return await asyncio.to_thread(process.wait, 10)

    async def look(address: str) -> set[str]:
        async with session(address) as remote:
            await remote.call("event.publish", name="go")
            found = set()
            for run in acknowledged:
                await remote.call("subscribe", run=run, after=0)
                while (event := await remote.event())["run"] != run or event["type"] != "run.completed":
                    assert event["type"] not in ("run.failed", "run.stopped"), event
                    if event["type"] == "task.started" and event.get("task") == "wait":
                        await remote.call("event.publish", name="go", run=run)
                found.add(run)
            return found

    for _ in range(STOPS):
        with served(tmp_path) as (address, process):
            assert asyncio.run(load(address, process)) == 0
            assert process.stderr is not None
            assert "Traceback" not in process.stderr.read()
    assert len(acknowledged) > STOPS
    with served(tmp_path) as (address, _):
        assert asyncio.run(asyncio.wait_for(look(address), 60)) == set(acknowledged)

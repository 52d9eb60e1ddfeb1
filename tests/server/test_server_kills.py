"""The real server on a real file, killed again and again: nothing is lost, done twice or changed."""

import asyncio
import os
import random
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import aclosing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import pytest
from blockloom import Event
from blockloom.plugins import Plugins
from blockloom.stores import open_store
from blockloom_server.client import Lost, Unreachable, connect

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")

KILLS: Final = int(os.environ.get("BLOCKLOOM_KILLS", "40"))
ENDS: Final = ("run.completed", "run.failed", "run.stopped")
PLUGIN: Final = """
import asyncio, os, signal, uuid
import blockloom

class Step(blockloom.TaskType):
    name = "kills.step"

    class Config(blockloom.Config):
        kills: bool = False

    class Outputs(blockloom.Ports):
        token: str

    async def run(self, task):
        with open(os.environ["WITNESS"], "a") as witness:
            witness.write(task.idempotency_key + chr(10))
        if task.config.kills:
            os.kill(os.getpid(), signal.SIGKILL)
        await asyncio.sleep(0.003)
        return {"token": uuid.uuid4().hex}

class Once(Step):
    name = "kills.once"
    rerun = False

@blockloom.hookimpl
def blockloom_task_types():
    return [Step, Once]
"""


class Place:
    """A folder with a plugin, a store and what tasks have witnessed."""

    def __init__(self, folder: Path) -> None:
        (folder / "kills_kit.py").write_text(PLUGIN)
        info = folder / "kills_kit-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: kills_kit\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[blockloom]\nkills = kills_kit\n")
        self.registry = Plugins.load().registry
        self.url = f"sqlite:///{folder / 'kept.db'}"
        self.witness = folder / "witness"
        self.witness.touch()
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(folder),
            "WITNESS": str(self.witness),
            "BLOCKLOOM_LANG": "en",
        }

    @contextmanager
    def server(self) -> Iterator[tuple[subprocess.Popen[str], str | None]]:
        """A server, and its address unless it was killed before it told that."""
        command = [sys.executable, "-m", "blockloom.cli", "serve", "--port", "0", "--store", self.url]
        process = subprocess.Popen(
            command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=self.environment
        )
        assert process.stderr is not None
        try:
            lines = (re.search(r"ws://\S+/ws", line) for line in process.stderr)
            found = next(filter(None, lines), None)
            yield process, found[0] if found else None
        finally:
            process.kill()
            process.communicate()

    def called(self) -> Counter[str]:
        """How often each idempotency key was seen."""
        return Counter(self.witness.read_text().split())

    def journal(self, run: str) -> list[Event]:
        """What the file holds of a run, with nobody else there."""

        async def read() -> list[Event]:
            store = open_store(self.url, self.registry, readonly=True)
            try:
                return await store.events(run)
            finally:
                await store.close()

        return asyncio.run(read())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def lanes(length: int = 8) -> dict[str, Any]:
    tasks = [{"id": f"t{lane}_{n}", "type": "kills.step"} for lane in range(3) for n in range(length)]
    lines = [{"from": f"t{a}_{n}", "to": f"t{a}_{n + 1}"} for a in range(3) for n in range(length - 1)]
    return {"blockloom": 1, "tasks": tasks, "connections": lines}


def one(type: str, kills: bool) -> dict[str, Any]:
    return {"blockloom": 1, "tasks": [{"id": "a", "type": type, "config": {"kills": kills}}]}


async def kill_amid(process: subprocess.Popen[str], address: str, run: str | None, chance: random.Random) -> Any:
    """Follow a run, or a new one, and kill the server after some event or moment; the run and what was seen."""
    async with connect(address, patience=0.1) as client:
        run = run or await client.start(graph=lanes())
        heard = [event async for event in _until_killed(client, process, run, chance)]
    return run, heard


async def _until_killed(client: Any, process: subprocess.Popen[str], run: str, chance: random.Random) -> Any:
    before = (await client.get(run)).seq
    left = chance.randint(1, 30)
    async with aclosing(client.follow(run)) as events:
        async for event in events:
            if event.seq:
                yield event
            if event.type == "task.completed" and event.seq > before:
                left -= 1
            if left <= 0:
                break
    if chance.random() < 0.5:
        await asyncio.sleep(chance.uniform(0, 0.03))  # a moment that no event names
    process.send_signal(signal.SIGKILL)


def results(events: Sequence[Event]) -> list[str]:
    return [str(event.task) for event in events if event.type == "task.completed"]


@pytest.mark.timeout(120 + 3 * KILLS)
def test_however_often_it_is_killed_nothing_is_lost_doubled_or_changed(place: Place) -> None:
    chance = random.Random(KILLS)
    journals: dict[str, list[Event]] = {}
    done: dict[str, int] = {}
    run: str | None = None
    for _ in range(KILLS):
        with place.server() as (process, address):
            assert address is not None
            run, heard = asyncio.run(kill_amid(process, address, run, chance))
            process.wait(timeout=10)
        assert run is not None
        now = place.journal(run)
        assert now[: len(journals.get(run, ()))] == journals.get(run, []), "the record has changed"
        told = [(event.seq, event.type, event.task) for event in heard]
        assert told == [(event.seq, event.type, event.task) for event in now[: len(told)]], "what was seen is not true"
        journals[run] = now
        called = place.called()
        assert all(called[key] == times for key, times in done.items()), "a result on record was computed again"
        done |= {f"{run}:{task}": called[f"{run}:{task}"] for task in results(now)}
        if now[-1].type in ENDS:
            run = None
    if run is not None:
        with place.server() as (_, address):
            assert address is not None
            asyncio.run(followed(address, run))
        journals[run] = place.journal(run)
    tasks = {task["id"] for task in lanes()["tasks"]}
    for events in journals.values():
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert sorted(results(events)) == sorted(tasks), "lost or doubled"
        assert events[-1].type == "run.completed"
    assert set(place.called()) == {f"{id}:{task}" for id in journals for task in tasks}, "the key has changed"


async def followed(address: str, run: str) -> Any:
    """A run, once it is over."""
    async with connect(address, patience=0.1) as client:
        async for _ in client.follow(run):
            pass
        return await client.get(run)


@pytest.mark.parametrize(("type", "times"), [("kills.step", 5), ("kills.once", 1)])
def test_a_task_that_kills_its_server_is_set_aside(place: Place, type: str, times: int) -> None:
    with place.server() as (process, address):
        assert address is not None
        runs: list[str] = []

        async def start_poison(address: str) -> None:
            async with connect(address, patience=0.1) as client:
                runs.append(await client.start(graph=lanes(60), key="bystander"))
                with suppress(Lost, Unreachable):
                    await client.start(graph=one(type, kills=True), key="poison")

        asyncio.run(start_poison(address))
        assert process.wait(timeout=30) == -signal.SIGKILL
    deaths = 1
    (beside,) = runs
    poison = next(key for key in place.called() if key.endswith(":a")).removesuffix(":a")
    while True:
        with place.server() as (process, address):
            if address is not None:
                try:
                    ended = asyncio.run(followed(address, poison))
                    assert asyncio.run(followed(address, beside)).state == "COMPLETED"
                    break
                except (Lost, Unreachable):
                    assert process.wait(timeout=30) == -signal.SIGKILL
            deaths += 1
            assert deaths <= 5
    assert (deaths, place.called()[f"{poison}:a"]) == (times, times)
    assert ended.state == "FAILED"
    assert place.journal(poison)[-1].data["error"]["type"] == "interrupted"

"""The real server on a real file, killed again and again: nothing is lost, done twice or changed."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest
import short_lives
from blockloom import Event
from blockloom_server.client import Client, Lost, Refused, Unreachable, connect
from blockloom_sqlite import SqliteStore
from kills_kit import POINTS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")

_T = TypeVar("_T")

KILLS: Final = int(os.environ.get("BLOCKLOOM_KILLS", "40"))
AT_A_POINT: Final = max(1, KILLS // (2 * len(POINTS)))
AT_MOMENTS: Final = max(KILLS - AT_A_POINT * len(POINTS), KILLS // 4)
MOST_STORIES: Final = 10
"""Stories that a server cannot outlive."""
LANES: Final = [[f"t{lane}_{n}" for n in range(4)] for lane in range(2)]
EACH: Final = [f"each[{n}].work" for n in range(3)]
STEPS: Final = [*LANES[0], *LANES[1], *EACH, "big", "kept"]
DONE: Final = [*STEPS, "each", "hold", "agree", "end"]


class Life:
    """A server, from its start to its end."""

    def __init__(self, said: Iterator[str]) -> None:
        """`said` is what the process that forks says of it, and what it says itself."""
        self.address: str | None = None
        """Where it listens; None if it has ended before."""
        self.status: int | None = None
        self.said = ""
        self._lines = said
        for line in said:
            self.said += line
            if line.startswith("pid "):
                self.pid = int(line.split()[1])
            elif "ws://" in line:
                self.address = line[line.index("ws://") :].rstrip(")\n")
                break
            elif self._is_over(line):
                break

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it lives."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def wait(self) -> int:
        """How it has ended; negative for a signal."""
        while self.status is None:
            line = next(self._lines)
            self.said += line
            self._is_over(line)
        return self.status

    def _is_over(self, line: str) -> bool:
        if line.startswith("died "):
            self.status = int(line.split()[1])
        return self.status is not None


class Nursery:
    """Begins servers."""

    def __init__(self) -> None:
        environment = {**os.environ, "BLOCKLOOM_LANG": "en"}
        command = [sys.executable, short_lives.__file__]
        pipe, same = subprocess.PIPE, subprocess.STDOUT
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=same, text=True, env=environment)
        self._last: Life | None = None

    def begin(self, arguments: Sequence[str], path: Sequence[str], **environment: str) -> Life:
        """A new life of the program, once it listens or is over."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.end()
        job = {"arguments": arguments, "path": path, "environment": environment}
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        self._last = Life(self._process.stdout)
        return self._last

    def end(self) -> None:
        """See that the last life is over."""
        if self._last is not None and self._last.status is None:
            self._last.send(signal.SIGKILL)
            self._last.wait()

    def close(self) -> None:
        """End all."""
        self.end()
        self._process.communicate()


class Place:
    """A folder with a store and what tasks have witnessed, and what somebody outside knows of it all."""

    def __init__(self, folder: Path, nursery: Nursery) -> None:
        info = folder / "kills_kit-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: kills_kit\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[blockloom]\nkills = kills_kit\n")
        self.file = folder / "kept.db"
        self.witness = folder / "witness"
        self.witness.touch()
        self._path = [str(folder), str(Path(short_lives.__file__).parent)]
        self._nursery = nursery
        self._journals: dict[str, list[Event]] = {}
        self._done: dict[str, int] = {}

    def begin(self, kill_at: str = "") -> Life:
        """A server, that dies at a point."""
        arguments = ["serve", "--port", "0", "--store", f"mortal:///{self.file}"]
        return self._nursery.begin(arguments, self._path, WITNESS=str(self.witness), KILL_AT=kill_at)

    def called(self) -> Counter[str]:
        """How often each idempotency key was seen."""
        return Counter(self.witness.read_text().split())

    def read(self, ask: Callable[[SqliteStore], Coroutine[Any, Any, _T]]) -> _T:
        """What the file holds, with nobody else there."""

        async def read() -> _T:
            store = SqliteStore(f"sqlite:///{self.file}", readonly=True)
            try:
                return await ask(store)
            finally:
                await store.close()

        return asyncio.run(read())

    def journal(self, run: str) -> list[Event]:
        """The record of one run."""
        return self.read(lambda store: store.events(run))

    def look(self, story: "Story") -> list[Event]:
        """The record of a story: it has not changed, what was told is there, and no result was computed again."""
        assert story.run is not None
        before, now = self._journals.get(story.run, []), self.journal(story.run)
        assert now[: len(before)] == before, "the record has changed"
        assert story.heard <= {(event.seq, event.type, event.task) for event in now}, "what was told is not true"
        called = self.called()
        assert all(called[key] == times for key, times in self._done.items()), "a result on record was computed again"
        self._journals[story.run] = now
        self._done |= {f"{story.run}:{task}": called[f"{story.run}:{task}"] for task in results(now)}
        return now


class Story:
    """One run as a client knows it: what it was told, and what it was promised."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.run: str | None = None
        self.heard: set[tuple[int | None, str, str | None]] = set()
        self.kept: set[str] = set()
        """What was answered: it is never asked for again."""

    async def tell(self, client: Client, hear: Callable[[], None] = lambda: None) -> None:
        """See to it that the run comes to its end, whatever was done before; `hear` is called at every new event."""
        await self._once("ring", client.publish("ring", self.number))
        self.run = await client.start(graph=graph(self.number), key=f"story-{self.number}")
        async with aclosing(client.follow(self.run)) as events:
            async for event in events:
                told = event.seq, event.type, event.task
                if event.seq and told not in self.heard:
                    self.heard.add(told)
                    hear()
                if event.type == "task.waiting":
                    await self._help(client, event.task)

    async def _help(self, client: Client, task: str | None) -> None:
        """Do what a task waits for."""
        if task == "hold":
            await self._once("go", client.publish(f"go{self.number}", "now"))
        if task == "agree":
            answer = client.call("run.answer", run=self.run, task="agree", block="list", value={"a": True})
            with suppress(Refused):  # it was answered, and nobody was told so
                await self._once("agree", answer)

    async def _once(self, name: str, call: Coroutine[Any, Any, Any]) -> None:
        if name in self.kept:
            call.close()
        else:
            await call
            self.kept.add(name)


def graph(number: int) -> dict[str, Any]:
    """Two lanes of tasks, a body for each of three items, a large value, a cached one, an event and a person's word."""
    items = {"id": "list", "type": "checklist", "content": {"items": [{"id": "a", "text": "A"}]}}
    trigger = {"type": "event", "config": {"name": f"go{number}"}}
    body = {"inputs": {"item": {}}, "tasks": [{"id": "work", "type": "kills.step"}]}
    tasks = [
        *({"id": id, "type": "kills.step"} for lane in LANES for id in lane),
        {"id": "each", "type": "foreach", "inputs": {"items": [1, 2, 3]}, "config": {"body": body}},
        {"id": "big", "type": "kills.step", "config": {"size": 70_000}},
        {"id": "kept", "type": "kills.step", "config": {"size": 1 + number}, "cache": True},
        {"id": "hold", "type": "wait", "config": {"trigger": trigger}},
        {"id": "agree", "type": "checklist", "blocks": [items]},
        {"id": "end", "type": "end"},
    ]
    lines = [(lane[n], lane[n + 1]) for lane in LANES for n in range(len(lane) - 1)]
    lines += [(LANES[0][0], "each"), (LANES[1][0], "hold"), ("hold", "big"), ("kept", "agree")]
    lines += [(last, "end") for last in (LANES[0][-1], LANES[1][-1], "each", "big", "agree")]
    return {"blockloom": 1, "tasks": tasks, "connections": [{"from": a, "to": b} for a, b in lines]}


def results(events: Sequence[Event]) -> list[str]:
    return [str(event.task) for event in events if event.type == "task.completed"]


BELL: Final = {"id": "bell", "type": "event", "config": {"name": "ring"}, "action": {"type": "kills.step"}}


class Tale:
    """Stories one after the other, through many lives of a server."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.stories = [Story(0)]

    def live(self, kill_at: str = "", end: tuple[signal.Signals, int] | None = None) -> None:
        """Tell stories until the server is killed; `end` is a signal to send it, and after how many events."""
        life = self.place.begin(kill_at)
        if life.address is not None:
            with suppress(Lost, Unreachable, Refused):
                asyncio.run(self._tell(life, end))
        assert life.wait() == -signal.SIGKILL, life.said
        for story in self.stories[-3:]:
            if story.run is not None:
                self.place.look(story)

    async def _tell(self, life: Life, end: tuple[signal.Signals, int] | None) -> None:
        number, left = end or (signal.SIGKILL, 10**9)

        def hear() -> None:
            nonlocal left
            left -= 1
            if not left:
                life.send(number)

        assert life.address is not None
        async with connect(life.address, patience=0.05) as client:
            if not (await client.call("trigger.list"))["triggers"]:
                await client.call("trigger.create", trigger=BELL)
            for _ in range(MOST_STORIES):
                await self.stories[-1].tell(client, hear)
                self.stories.append(Story(len(self.stories)))
        life.send(signal.SIGTERM)  # it should be dead by now

    def finish(self) -> None:
        """Let one more server finish everything."""
        life = self.place.begin()
        assert life.address is not None, life.said
        asyncio.run(self._finish(life.address))
        life.send(signal.SIGTERM)
        assert life.wait() == 0, life.said

    def end(self) -> None:
        """Let one more server finish everything, and see that all is as it should be."""
        self.finish()
        runs = {str(story.run) for story in self.stories}
        for story in self.stories:
            events = self.place.look(story)
            assert [event.seq for event in events] == list(range(1, len(events) + 1))
            assert sorted(results(events)) == sorted(DONE), "lost or doubled"
            assert events[-1].type == "run.completed"
        rung = self.place.read(lambda store: store.items("fired"))
        published = self.place.read(lambda store: store.published())
        assert len(rung) == sum(event.name == "ring" for _, event, _ in published), "not one firing an event"
        assert {firing["payload"] for _, firing in rung} == {story.number for story in self.stories}
        assert {firing["state"] for _, firing in rung} == {"COMPLETED"}
        acted = {firing["run"] for _, firing in rung}
        assert len(acted) == len(rung)
        assert {head.id for head in self.place.read(lambda store: store.runs())} == runs | acted
        keys = {f"{run}:{task}" for run in runs for task in STEPS}
        keys |= {f"{run}:{task}" for run in acted for task in results(self.place.journal(run))}
        assert set(self.place.called()) == keys, "the key has changed"

    async def _finish(self, address: str) -> None:
        async with connect(address) as client:
            for story in self.stories[-3:]:
                await story.tell(client)
            while True:
                firings = (await client.call("trigger.firings", trigger="bell"))["firings"]
                if all(firing["state"] in ("COMPLETED", "FAILED", "STOPPED") for firing in firings):
                    return


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture
def place(tmp_path: Path, nursery: Nursery) -> Place:
    return Place(tmp_path, nursery)


@pytest.mark.parametrize("name", POINTS)
@pytest.mark.timeout(60 + 3 * AT_A_POINT)
def test_a_server_that_dies_at_a_point_loses_nothing(place: Place, name: str) -> None:
    point, chance = POINTS[name], random.Random(name)
    tale = Tale(place)
    for number in range(AT_A_POINT):
        if number and number % point.row == 0:
            tale.finish()
            tale.stories.append(Story(len(tale.stories)))
        if number % point.row == 0 and point.when == "again":
            tale.live(end=(signal.SIGKILL, chance.randint(10, 25)))
        asked_to_end = (signal.SIGTERM, chance.randint(1, 40)) if point.when == "asked" else None
        tale.live(f"{name}:{chance.randint(1, point.most)}", asked_to_end)
    tale.end()


@pytest.mark.timeout(120 + 3 * AT_MOMENTS)
def test_a_server_that_dies_at_any_moment_loses_nothing(place: Place) -> None:
    chance = random.Random(KILLS)
    tale = Tale(place)
    for _ in range(AT_MOMENTS):
        tale.live("", (signal.SIGKILL, chance.randint(1, 60)))
    tale.end()


def poisoned(type: str) -> dict[str, Any]:
    return {"blockloom": 1, "tasks": [{"id": "a", "type": type, "config": {"kills": True}}]}


@pytest.mark.parametrize(("type", "times"), [("kills.step", 5), ("kills.once", 1)])
def test_a_task_that_kills_its_server_is_set_aside(place: Place, type: str, times: int) -> None:
    beside = Story(0)
    ended: list[str] = []

    async def tell(address: str) -> None:
        async with connect(address, patience=0.05) as client:
            await client.start(graph=graph(0), key="story-0")
            poison = await client.start(graph=poisoned(type), key="poison")
            async with aclosing(client.follow(poison)) as events:
                async for _ in events:
                    pass
            await beside.tell(client)
            ended.append(poison)

    deaths = 0
    while not ended:
        life = place.begin()
        if life.address is not None:
            with suppress(Lost, Unreachable):
                asyncio.run(tell(life.address))
        if not ended:
            assert life.wait() == -signal.SIGKILL, life.said
            deaths += 1
    (poison,) = ended
    assert (deaths, place.called()[f"{poison}:a"]) == (times, times)
    failed = place.journal(poison)[-1]
    assert (failed.type, failed.data["error"]["type"]) == ("run.failed", "interrupted")
    assert sorted(results(place.look(beside))) == sorted(DONE)

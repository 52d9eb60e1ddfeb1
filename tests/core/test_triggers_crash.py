"""Triggers while their engine is killed again and again: nothing fires twice, and nothing promised is missing."""

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from blockloom import Engine, MemoryStore
from blockloom.testing import EPOCH, engine_with, simulate
from blockloom.triggers import Firing
from body_graphs import Nap

START = datetime.fromtimestamp(EPOCH, UTC)
HALF_AN_HOUR = timedelta(minutes=30)
NOTHING = {"type": "merge"}
NAP = {"type": "test.nap"}
TRIGGERS: list[dict[str, Any]] = [
    {"id": "all", "type": "cron", "config": {"expression": "*/10 * * * *"}, "misfire": "all", "action": NOTHING},
    {"id": "once", "type": "cron", "config": {"expression": "*/10 * * * *"}, "misfire": "once", "action": NOTHING},
    {"id": "every", "type": "every", "config": {"interval": "10m"}, "misfire": "all", "action": NOTHING},
    {"id": "slow", "type": "cron", "config": {"expression": "*/10 * * * *"}, "misfire": "all", "action": NAP}
    | {"inputs": {"seconds": 200}},
    {"id": "heeds", "type": "event", "config": {"name": "go", "filter": "payload['n'] >= 0"}, "action": NOTHING},
    {"id": "soon", "type": "after", "config": {"delay": "95m"}, "misfire": "all", "action": NOTHING},
]


class Killed:
    """A store as one engine sees it: at some call the engine is dead, before the effect or after it."""

    name, durable = "memory", False

    def __init__(self, store: MemoryStore, calls: int, after: bool) -> None:
        self._store = store
        self._left = calls
        self._after = after
        self.dead = asyncio.Event()
        self._buried: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def close(self) -> None:
        """It is another engine's now."""

    def bury(self) -> None:
        """Let whoever still waits for it go."""
        self._buried.cancel()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        async def call(*args: Any, **more: Any) -> Any:
            self._left -= 1
            if self.dead.is_set() or (self._left <= 0 and not self._after):
                return await self._die()
            result = await getattr(self._store, name)(*args, **more)
            return result if self._left > 0 else await self._die()

        return call

    async def _die(self) -> None:
        self.dead.set()
        await asyncio.shield(self._buried)


class Life:
    """Engines that follow each other on one store, each until it is killed; and what they have answered."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.store = MemoryStore()
        self.answered: list[int] = []
        self.kills = 0
        self.spans: list[tuple[float, float]] = []
        """From when to when each engine lived, in seconds."""
        self._sent = 0

    async def one(self, kill: bool) -> None:
        """One engine: it opens, sets what is not set yet, hears events, and is killed, or goes on for two hours."""
        calls = self.chance.choice((self.chance.randrange(1, 40), self.chance.randrange(1, 400))) if kill else 10**9
        store = Killed(self.store, calls, self.chance.random() < 0.5)
        engine = engine_with(Nap, store=store)
        opened = asyncio.get_running_loop().time()
        living = asyncio.create_task(self._live(engine))
        ended = asyncio.create_task(store.dead.wait())
        await asyncio.wait([living, ended], return_when=asyncio.FIRST_COMPLETED)
        self.spans.append((opened, asyncio.get_running_loop().time()))
        for task in (living, ended):
            task.cancel()
        await asyncio.wait([living, ended])
        if store.dead.is_set():
            self.kills += 1
        else:
            living.result()
        store.bury()
        await engine.close()

    async def _live(self, engine: Engine) -> None:
        await engine.recover()
        await engine.triggers.open()
        known = {trigger.id for trigger in await engine.triggers.all()}
        for trigger in TRIGGERS:
            if trigger["id"] not in known:
                await engine.triggers.create(trigger)
        for _ in range(6):
            await asyncio.sleep(self.chance.uniform(0, 2400))
            number, self._sent = self._sent, self._sent + 1
            await engine.publish("go", {"n": number})
            self.answered.append(number)
        await asyncio.sleep(4 * 3600)


async def lived(seed: int, kills: int) -> Life:
    """Lives that were ended so many times, with some time between them, and one that was not."""
    life = Life(seed)
    await life.one(kill=False)
    while life.kills < kills:
        await life.one(kill=True)
        await asyncio.sleep(life.chance.choice((0, 1, life.chance.uniform(0, 3000))))
    await life.one(kill=False)
    return life


async def was_set_aside(engine: Engine, firing: Firing) -> bool:
    """Whether the run of a firing failed because five engines that carried it on were killed."""
    run = await engine.run(str(firing.run))
    lives = sum("recovered" in event.data for event in run.events)
    return firing.state == "FAILED" and (run.error or {})["type"] == "interrupted" and lives >= 5


@pytest.mark.parametrize("seed", range(10))
def test_ten_kills_around_firings(seed: int) -> None:
    async def main() -> None:
        life = await lived(seed, 10)
        async with engine_with(Nap, store=life.store) as engine:
            firings = {trigger["id"]: await engine.triggers.firings(trigger["id"]) for trigger in TRIGGERS}
            end = asyncio.get_running_loop().time()
            last = START + timedelta(seconds=end)
            moments = {START + timedelta(minutes=10 * number) for number in range(1, int(end // 600) + 1)}
            for id in ("all", "every", "slow"):
                assert {firing.time for firing in firings[id]} == moments, id
            assert {firing.time for firing in firings["soon"]} == {START + timedelta(minutes=95)}
            assert {firing.time for firing in firings["once"]} <= moments
            made_up = {int((firing.time - START).total_seconds()) // 600 for firing in firings["once"]}
            for opened, died in life.spans[1:]:
                # An engine that lived for a second has fired for the last moment before it, and for all in its time.
                if died > opened + 1:
                    assert {*range(int(opened // 600), int((died - 1) // 600) + 1)} <= made_up
            heard = [firing.payload["n"] for firing in firings["heeds"]]
            assert len(heard) == len({*heard})
            assert {*heard} >= {*life.answered}
            runs = await engine.runs()
            keys = [(await life.store.get_run(run.id)).key for run in runs]
            assert len(keys) == len({*keys})
            settled = [firing for found in firings.values() for firing in found if firing.time < last - HALF_AN_HOUR]
            for firing in settled:
                # One whose task was cut off in five lives is set aside, as is promised; all others end well.
                assert firing.state == "COMPLETED" or await was_set_aside(engine, firing), firing
            assert {*keys} == {firing.id for found in firings.values() for firing in found}

    simulate(main, seed)

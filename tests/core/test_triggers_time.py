"""Moments that were missed, firings that overlap, clocks that are set, and many triggers at once."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import blockloom
import pytest
from blockloom import Engine, MemoryStore, TaskContext, TaskType, TriggerType
from blockloom.plugins import installed
from blockloom.testing import EPOCH, engine_with, simulate
from body_graphs import Nap

START = datetime.fromtimestamp(EPOCH, UTC)
NOTHING = {"type": "merge"}


def trigger(type: str, action: Mapping[str, Any] = NOTHING, **more: Any) -> dict[str, Any]:
    names = {"every": "interval", "after": "delay", "at": "time", "cron": "expression"}
    config = {names[type]: more.pop("when")}
    return {"id": "t", "type": type, "config": config, "action": dict(action), **more}


def nap(seconds: float, **more: Any) -> dict[str, Any]:
    return {**trigger("every", {"type": "test.nap"}, when="1m", inputs={"seconds": seconds}), **more}


async def times(engine: Engine, id: str = "t", state: str | None = None) -> list[str]:
    """The hour and minute of each firing, the oldest first."""
    found = [firing for firing in await engine.triggers.firings(id) if state in (None, firing.state)]
    return [f"{firing.time:%d %H:%M}" for firing in reversed(found)]


def missed(made: Mapping[str, Any], away: float, act: Callable[[Engine], Awaitable[None]]) -> None:
    """Set a trigger, let its engine be closed ten minutes later and for so many minutes, then do something."""

    async def main() -> None:
        store = MemoryStore()
        async with engine_with(Nap, store=store) as engine:
            await engine.triggers.open()
            await engine.triggers.create(made)
            await asyncio.sleep(605)
        await asyncio.sleep(away * 60)
        async with engine_with(Nap, store=store) as engine:
            await engine.triggers.open()
            await asyncio.sleep(1)
            await act(engine)

    simulate(main, 1)


HALF_HOURS = ["01 00:30", "01 01:00", "01 01:30", "01 02:00"]


@pytest.mark.parametrize(
    ("misfire", "fired", "skipped"),
    [
        ("once", ["01 02:00"], []),
        ("skip", [], ["01 02:00"]),
        ("all", HALF_HOURS, []),
    ],
)
def test_what_becomes_of_moments_that_were_missed(misfire: str, fired: list[str], skipped: list[str]) -> None:
    async def act(engine: Engine) -> None:
        assert await times(engine, state="COMPLETED") == fired
        assert await times(engine, state="SKIPPED") == skipped
        await asyncio.sleep(1800)
        assert (await times(engine))[-1] == "01 02:30"

    missed(trigger("cron", when="*/30 * * * *", misfire=misfire), 115, act)


@pytest.mark.parametrize("misfire", ["once", "skip", "all"])
def test_a_moment_that_is_a_little_late_was_not_missed(misfire: str) -> None:
    async def act(engine: Engine) -> None:
        assert await times(engine, state="COMPLETED") == ["01 00:30"]

    missed(trigger("at", when="2026-01-01T00:30Z", misfire=misfire), 20.3, act)


def test_after_more_than_a_day_once_makes_up_for_nothing() -> None:
    async def act(engine: Engine) -> None:
        (firing,) = await engine.triggers.firings("t")
        assert (firing.state, firing.reason) == ("SKIPPED", "misfire")
        assert (await engine.triggers.get("t")).next() is None

    missed(trigger("after", when="1h"), 26 * 60, act)


def test_all_makes_up_for_the_last_hundred() -> None:
    async def act(engine: Engine) -> None:
        found = await times(engine, state="COMPLETED")
        assert (len(found), found[-1]) == (10 + 100, "02 00:10")

    missed(trigger("every", when="1m", misfire="all"), 24 * 60, act)


@pytest.mark.parametrize("type", ["every", "cron"])
def test_years_of_missed_seconds_are_passed_over_in_no_time(type: str) -> None:
    async def act(engine: Engine) -> None:
        firings = await engine.triggers.firings("t")
        assert firings[0].time - START >= timedelta(days=3650, minutes=10)
        assert len(firings) < 700

    when = "1s" if type == "every" else "* * * * * *"
    missed(trigger(type, when=when), 3650 * 24 * 60, act)


@pytest.mark.parametrize(
    ("overlap", "expected"),
    [
        ("queue", [("COMPLETED", None)] * 2 + [("RUNNING", None)] + [("PENDING", None)] * 2),
        (
            "skip",
            [
                ("COMPLETED", None),
                ("SKIPPED", "overlap"),
                ("COMPLETED", None),
                ("SKIPPED", "overlap"),
                ("RUNNING", None),
            ],
        ),
        ("allow", [("COMPLETED", None)] * 3 + [("RUNNING", None)] * 2),
    ],
)
def test_what_becomes_of_firings_that_overlap(overlap: str, expected: list[tuple[str, str | None]]) -> None:
    async def main() -> None:
        async with engine_with(Nap, store=MemoryStore()) as engine:
            await engine.triggers.open()
            await engine.triggers.create(nap(90, overlap=overlap))
            await asyncio.sleep(5 * 60 + 10)
            found = [(firing.state, firing.reason) for firing in await engine.triggers.firings("t")][::-1]
            assert found == expected

    simulate(main, 1)


def test_more_than_a_thousand_do_not_wait() -> None:
    async def main() -> None:
        async with engine_with(Nap, store=MemoryStore()) as engine:
            await engine.triggers.open()
            await engine.triggers.create(nap(1e9))
            await asyncio.sleep(1003 * 60 + 1)
            found = [(firing.state, firing.reason) for firing in await engine.triggers.firings("t")]
            assert found[:2] == [("SKIPPED", "too-many")] * 2
            assert found[2:] == [("PENDING", None)] * 1000 + [("RUNNING", None)]

    simulate(main, 1)


def test_the_last_thousand_firings_are_kept() -> None:
    async def main() -> None:
        async with engine_with(store=MemoryStore()) as engine:
            await engine.triggers.open()
            await engine.triggers.create(trigger("every", when=1))
            await asyncio.sleep(1500.5)
            found = await engine.triggers.firings("t")
            assert 1000 <= len(found) < 1200
            assert found[0].time == START + timedelta(seconds=1500)

    simulate(main, 1)


class SetClock:
    """A clock that can be set."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return EPOCH + asyncio.get_running_loop().time() + self.ahead


DAY = 86400.0


def hourly(fired: list[datetime]) -> set[int]:
    """The hours since the start that were fired for; each once."""
    hours = [round((moment - START).total_seconds() / 3600) for moment in fired]
    assert len(hours) == len({*hours})
    return {*hours}


@pytest.mark.parametrize("seed", range(5))
def test_however_the_clock_is_set_each_moment_fires_once_and_delays_go_on(seed: int) -> None:
    """Twenty steps of a day in either direction: what the policies promise, told by a model of them."""
    chance = random.Random(seed)
    steps = [(chance.randrange(1, 4), chance.uniform(0.3, 0.7), chance.choice((-DAY, DAY))) for _ in range(20)]

    async def main() -> None:
        clock = SetClock()
        async with Engine(installed(), MemoryStore(), clock=clock) as engine:
            await engine.triggers.open()
            for policy in ("once", "skip", "all"):
                await engine.triggers.create(trigger("cron", when="0 * * * *", misfire=policy) | {"id": policy})
            await engine.triggers.create(trigger("every", when="1h") | {"id": "every"})
            await asyncio.sleep(1800)
            now, done, real = 0.5, 0, 0.5
            expected: dict[str, set[int]] = {"once": set(), "skip": set(), "all": set()}
            for whole, fraction, step in steps:  # never near a full hour, so that it is clear what was missed
                hours = whole + fraction - now % 1
                await asyncio.sleep(hours * 3600)
                now, real = now + hours, real + hours
                came = range(done + 1, int(now) + 1)
                for policy in expected:
                    expected[policy] |= {*came}
                done = max(done, int(now))
                clock.ahead += step
                now += step / 3600
                if now > done + 1:
                    expected["all"] |= {*range(done + 1, int(now) + 1)}
                    expected["once"].add(int(now))
                    done = int(now)
            await asyncio.sleep(60)
            for policy, wanted in expected.items():
                firings = await engine.triggers.firings(policy)
                assert hourly([firing.time for firing in firings if firing.state == "COMPLETED"]) == wanted, policy
            delays = await engine.triggers.firings("every")
            assert len(delays) == int(real + 1 / 60)
            assert {firing.state for firing in delays} == {"COMPLETED"}
            runs = await engine.runs()
            assert len(runs) == len(delays) + sum(map(len, expected.values()))

    simulate(main, seed)


def test_a_delay_is_what_it_is_where_the_clock_was_set_back_while_nobody_looked() -> None:
    async def main() -> None:
        clock, store = SetClock(), MemoryStore()
        async with Engine(installed(), store, clock=clock) as engine:
            await engine.triggers.open()
            await engine.triggers.create(trigger("after", when="2h"))
            await asyncio.sleep(600)
        clock.ahead -= DAY
        async with Engine(installed(), store, clock=clock) as engine:
            await engine.triggers.open()
            await asyncio.sleep(2 * 3600 + 1)
            assert len(await times(engine)) == 1

    simulate(main, 1)


def test_ten_thousand_that_wait_cost_nothing_and_a_hundred_that_are_due_fire_at_once() -> None:
    looks = 0

    def clock() -> float:
        nonlocal looks
        looks += 1
        return EPOCH + asyncio.get_running_loop().time()

    async def main() -> None:
        nonlocal looks
        async with Engine(installed(), MemoryStore(), clock=clock) as engine:
            await engine.triggers.open()
            for number in range(10_000):
                due = number % 100 == 0
                when = "2026-01-01T12:00Z" if due else f"2030-01-01T{number % 24:02}:00Z"
                await engine.triggers.create(trigger("at", when=when) | {"id": f"t{number}"})
            looks = 0
            await asyncio.sleep(12 * 3600 - 1)
            assert looks <= 2 * 12 * 3600 / 30 + 10
            await asyncio.sleep(1.1)
            runs = await engine.runs()
            assert len(runs) == 100
            assert {run.created - EPOCH for run in runs} == {12 * 3600.0}

    simulate(main, 1)


class Stuck(TriggerType):
    """Does not move on."""

    name = "test.stuck"

    def next(self, config: Any, after: datetime) -> datetime:
        return START + timedelta(hours=1)


class Listener(TriggerType):
    """Fires as often as it is told, then fails, then listens."""

    name = "test.listener"

    class Config(blockloom.Config):
        times: int

    tries = 0

    async def listen(self, config: Any, fire: blockloom.Fire) -> None:
        self.tries += 1
        if self.tries == 1:
            raise OSError("no such port")
        fire.at(f"here, says {fire.settings['who']}")
        for number in range(config.times):
            await fire(number)
        await asyncio.get_running_loop().create_future()


def test_a_type_that_does_not_move_on_is_named_and_does_not_spin() -> None:
    async def main() -> None:
        async with engine_with(Stuck, store=MemoryStore()) as engine:
            await engine.triggers.open()
            await engine.triggers.create({"id": "t", "type": "test.stuck", "action": NOTHING})
            await asyncio.sleep(2 * 3600)
            assert "test.stuck" in str((await engine.triggers.get("t")).problem)

    simulate(main, 1)


def test_a_type_may_listen_and_is_tried_again_where_it_fails() -> None:
    async def main() -> None:
        registry = engine_with(Listener).registry
        listening = {"test.listener": {"who": "me"}}
        async with Engine(registry, MemoryStore(), listening=listening) as engine:
            await engine.triggers.open()
            listens = {"id": "t", "type": "test.listener", "config": {"times": 3}, "action": NOTHING}
            made = await engine.triggers.create(listens)
            await asyncio.sleep(0.5)
            assert made.to_json()["problem"] == "Its listener failed: no such port"
            await asyncio.sleep(1)
            assert (made.to_json().get("problem"), made.address) == (None, "here, says me")
            assert [firing.payload for firing in await engine.triggers.firings("t")][::-1] == [0, 1, 2]
            await engine.triggers.delete("t")

    simulate(main, 1)


class Slow(TaskType):
    """Takes an hour."""

    name = "test.slow"

    async def run(self, task: TaskContext) -> Mapping[str, Any]:
        await asyncio.sleep(3600)
        return {}


def test_what_waited_when_the_engine_was_closed_is_carried_out_later() -> None:
    async def main() -> None:
        store = MemoryStore()
        async with engine_with(Slow, store=store) as engine:
            await engine.triggers.open()
            await engine.triggers.create(trigger("every", {"type": "test.slow"}, when="10m"))
            await asyncio.sleep(35 * 60)
        async with engine_with(store=store) as engine:
            await engine.triggers.open()
            await engine.triggers.enable("t", False)
            await asyncio.sleep(60)
            assert await times(engine) == ["01 00:10", "01 00:20", "01 00:30"]
            assert len(await times(engine, state="FAILED")) == 2, "the type is no longer there"

    simulate(main, 1)


def test_one_who_rests_begins_nothing_and_keeps_what_comes_of_the_rest() -> None:
    async def main() -> None:
        async with engine_with(Nap, store=MemoryStore()) as engine:
            await engine.triggers.open()
            await engine.triggers.create(nap(100))
            await asyncio.sleep(130)
            await engine.triggers.rest()
            await asyncio.sleep(300)
            found = [firing.state for firing in await engine.triggers.firings("t")][::-1]
            assert found == ["COMPLETED", "PENDING"]

    simulate(main, 1)

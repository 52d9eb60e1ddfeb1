"""What every store must do: subclass StoreConformance in a test module, and pytest runs the checks."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from ..errors import BadValue, Conflict, NotFound
from ..events import Event
from ..store import Store
from ..trigger import Published
from ..values import is_id
from .offering import require_offered
from .storedruns import StoredRunChecks
from .storesamples import GRAPH, LARGE, LAST, ODD, VALUES, a_journal, a_run, refuses

IDS: Final = ("", "a", "a.", "a.\x00", "a.1", "a/", "b", "b\ud7ff", "b\ue000", "é", "漢", LAST, f"{LAST}z")
"""Ids on a shelf, which begin with each other in ways that a careless store sorts wrongly."""


class StoreConformance(StoredRunChecks):
    """The checks of a store. A subclass gives `open`; it may add checks, and leave out none, whatever the reason."""

    excuses = False

    def test_no_check_is_skipped(self, request: Any) -> None:
        """A mark that skips a check, or lets it fail, is a failure."""
        marked = [
            f"{item.name}: {mark.name}"
            for item in request.session.items
            if getattr(item, "cls", None) is type(self)
            for mark in item.iter_markers()
            if mark.name in {"skip", "skipif", "xfail"}
        ]
        assert not marked, marked

    def test_it_is_a_store(self, tmp_path: Path) -> None:
        """It has a name, under which its plugin offers it, and every method of the protocol."""

        async def check(store: Store) -> None:
            assert isinstance(store, Store)
            assert all(map(is_id, store.name.split(".")))
            assert isinstance(store.durable, bool)
            require_offered("store", type(store))

        self.hold(tmp_path, check)

    def test_workflows_have_revisions(self, tmp_path: Path) -> None:
        """A workflow is made, changed by who knows its revision, and deleted."""

        async def check(store: Store) -> None:
            assert await store.put_workflow("w1", GRAPH, 1.5, None) == 1
            assert await store.put_workflow("w2", {"tasks": VALUES}, 2.0, None) == 1
            changed = {**GRAPH, "name": LARGE}
            assert await store.put_workflow("w1", changed, 2.25, 1) == 2
            await refuses(Conflict, store.put_workflow("w1", GRAPH, 3.0, 1))
            await refuses(Conflict, store.put_workflow("w1", GRAPH, 3.0, None))
            await refuses(NotFound, store.put_workflow("w3", GRAPH, 3.0, 1))
            kept = await store.get_workflow("w1")
            assert (kept.id, kept.revision, kept.graph, kept.changed) == ("w1", 2, changed, 2.25)
            assert [w.id for w in await store.workflows()] == ["w1", "w2"]
            assert (await store.get_workflow("w2")).graph == {"tasks": VALUES}
            await store.delete_workflow("w1")
            await refuses(NotFound, store.get_workflow("w1"))
            await refuses(NotFound, store.delete_workflow("w1"))
            assert [w.id for w in await store.workflows()] == ["w2"]

        self.hold(tmp_path, check)

    def test_what_is_no_json_is_refused(self, tmp_path: Path) -> None:
        """A set, NaN, half a surrogate pair: refused, and nothing is kept."""

        async def check(store: Store) -> None:
            for bad in ({1, 2}, float("nan"), "\ud800", {1: 2}, b"x"):
                await refuses(BadValue, store.put("s", "x", bad))
                await refuses(BadValue, store.add("s", "x", [bad]))
                await refuses(BadValue, store.put_workflow("w", {"tasks": bad}, 1.0, None))
            assert await store.get("s", "x") is None
            assert await store.workflows() == []

        self.hold(tmp_path, check)

    def test_what_comes_back_is_a_copy(self, tmp_path: Path) -> None:
        """Who changes what a shelf gave, changes nothing that is kept."""

        async def check(store: Store) -> None:
            value = {"a": [1]}
            await store.put("s", "x", value)
            value["a"].append(2)
            (await store.get("s", "x"))["a"].append(3)
            (await store.items("s"))[0][1]["a"].append(4)
            assert await store.get("s", "x") == {"a": [1]}

        self.hold(tmp_path, check)

    def test_published_events_are_numbered(self, tmp_path: Path) -> None:
        """1, 2, 3…, and no number is used again."""

        async def check(store: Store) -> None:
            def at(second: int, payload: Any = None) -> Published:
                return Published(name=ODD, payload=payload, time=datetime(2026, 1, 1, 0, 0, second, 123456, tzinfo=UTC))

            assert await store.last_published() == 0
            made = [(1, at(1, VALUES), None), (2, at(2), "r1"), (3, at(3, LARGE), None)]
            for number, event, run in made:
                assert await store.publish(event, run) == number
            assert await store.published() == made
            assert await store.published(after=1, limit=1) == made[1:2]
            assert await store.published(after=3) == await store.published(limit=0) == []
            assert await store.prune(at(9).time.timestamp()) == 0
            assert await store.published() == []
            assert await store.last_published() == 3
            assert await store.publish(at(10)) == await store.last_published() == 4

        self.hold(tmp_path, check)

    def test_shelves_hold_values_by_name(self, tmp_path: Path) -> None:
        """Put, add, get, list in order, drop; one shelf does not know the other."""

        async def check(store: Store) -> None:
            assert await store.get("s", "a") is None
            assert await store.items("s") == []
            assert await store.add("s", "a", 1)
            assert not await store.add("s", "a", 2)
            await store.put("s", "a", 3)
            await store.put("t", "a", None)
            assert await store.get("s", "a") == 3
            assert not await store.add("t", "a", 1)
            for id in reversed(IDS):
                await store.put("s", id, id)
            assert [id for id, _ in await store.items("s")] == sorted(IDS)
            assert await store.items("s", limit=2, newest=True) == [(id, id) for id in sorted(IDS)[:-3:-1]]
            for prefix in ("", "a", "a.", "b", "b\ud7ff", "é", LAST, "none"):
                wanted = [(id, id) for id in sorted(IDS) if id.startswith(prefix)]
                assert await store.items("s", prefix) == wanted, prefix
                assert await store.items("s", prefix, 1) == wanted[:1], prefix
            assert await store.drop("s", "a") == 1
            assert await store.drop("s", "a") == 0
            assert await store.drop("s", "a.", exactly=False) == 3
            assert await store.drop("s", "", exactly=False) == len(IDS) - 4
            assert await store.items("t") == [("a", None)]

        self.hold(tmp_path, check)

    def test_fifty_callers_at_once(self, tmp_path: Path) -> None:
        """All of them are served, each with its own, and one that is refused takes no other with it."""

        async def check(store: Store) -> None:
            async def caller(n: int) -> list[Event]:
                await store.create_run(a_run(f"r{n}", key=f"k{n % 10}"))
                if n >= 10:
                    await refuses(NotFound, store.append(f"r{n}", a_journal(1)))
                    return []
                for event in a_journal(20):
                    await store.append(f"r{n}", [event])
                    await store.put("s", f"{n:02}", event.seq)
                return await store.events(f"r{n}")

            journals = await asyncio.gather(*map(caller, range(50)))
            assert journals[:10] == [a_journal(20)] * 10
            assert len(await store.runs()) == 10
            assert [value for _, value in await store.items("s")] == [20] * 10

        self.hold(tmp_path, check)

    def test_it_can_be_closed_and_opened_again(self, tmp_path: Path) -> None:
        """What is durable is there again, numbers and revisions go on; what is not begins anew."""

        async def fill(store: Store) -> None:
            await store.put_workflow("w", GRAPH, 1.0, None)
            await store.create_run(a_run("r", key="k", inputs={"large": LARGE}))
            await store.append("r", a_journal(5))
            await store.publish(Published(name="n", payload=1, time=datetime(2026, 1, 1, tzinfo=UTC)))
            await store.put("s", "x", ODD)

        async def look(store: Store) -> None:
            if not store.durable:
                assert not [*await store.workflows(), *await store.runs(), *await store.items("s")]
                return
            assert await store.put_workflow("w", GRAPH, 1.0, 1) == 2
            assert (await store.create_run(a_run("other", key="k"))).id == "r"
            assert (await store.get_run("r")).inputs == {"large": LARGE}
            await store.append("r", a_journal(6)[4:])
            assert await store.events("r") == a_journal(6)
            assert (await store.published())[0][1].name == "n"
            assert await store.publish(Published(name="n", payload=1, time=datetime.now(UTC))) == 2
            assert await store.get("s", "x") == ODD

        self.hold(tmp_path, fill)
        self.hold(tmp_path, look)

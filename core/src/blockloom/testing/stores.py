"""What every store must do: subclass StoreConformance in a test module, and pytest runs the checks."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from .. import events as e
from ..errors import BadUsage, BadValue, BlockloomError, Conflict, NotFound
from ..events import Event
from ..states import RunState
from ..store import Store, StoredRun
from ..trigger import Published

ODD: Final = "té 漢字 😀 \x00 \u2028 \\ \" '"
"""Text that a careless store breaks."""

GRAPH: Final = {"blockloom": 1, "name": "g", "tasks": [{"id": "a", "type": "merge", "x-note": ODD}], "connections": []}
VALUES: Final[dict[str, Any]] = {
    "integers": [0, -1, 2**53 + 1, 2**63, -(2**200), 10**4299],
    "numbers": [0.1, -0.0, 5e-324, 1.7976931348623157e308, 1e22, 1.0],
    "texts": ["", ODD, "\ufffe", "a" * 1000],
    "others": [None, True, False, [], {}, {"": {"$value": 1}}],
}
LAST: Final = "\U0010ffff"
"""The last character that there is."""

LARGE: Final = "large " * 20_000
"""More than 64 KiB of JSON."""


def a_run(id: str, **about: Any) -> StoredRun:
    """A run with no more said of it than needed."""
    return StoredRun(**{"id": id, "graph": GRAPH, "inputs": {}, "created": 1000.0, **about})


def a_journal(length: int, ends: bool = False) -> list[Event]:
    """The first events of a run, as many as `length`; with `ends`, the last of them is its end."""
    events = [Event(seq, 1000.25 + seq, e.TASK_STARTED, "a", {"n": seq}) for seq in range(1, length + 1)]
    events[0] = events[0]._replace(type=e.RUN_STARTED, task=None)
    if ends:
        events[-1] = events[-1]._replace(type=e.RUN_COMPLETED, task=None)
    return events


async def refuses(error: type[BlockloomError], call: Awaitable[Any]) -> None:
    """Hold that a call raises an error."""
    try:
        given = await call
    except error:
        return
    raise AssertionError(f"no {error.__name__} was raised; the answer was {given!r}")


class StoreConformance:
    """The checks of a store. A subclass gives `open`; it may add checks, and leave out none."""

    def open(self, folder: Path) -> Store:
        """A store in a folder; opened there again, it holds what it held if it is `durable`."""
        raise NotImplementedError

    def __init_subclass__(cls) -> None:
        checks = {name for name in vars(StoreConformance) if name.startswith("test_")}
        if left_out := sorted(checks & vars(cls).keys()):
            raise TypeError(f"{cls.__name__} must not replace {', '.join(left_out)}: every store passes every check.")

    def hold(self, folder: Path, check: Callable[[Store], Coroutine[Any, Any, None]]) -> None:
        """Run a check on a store that is closed afterwards."""

        async def run() -> None:
            store = self.open(folder)
            try:
                await check(store)
            finally:
                await store.close()

        asyncio.run(run())

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
        """It has a name, and every method of the protocol."""

        async def check(store: Store) -> None:
            assert isinstance(store, Store)
            assert store.name
            assert store.name.isidentifier()
            assert isinstance(store.durable, bool)

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

    def test_a_run_comes_back_as_it_was(self, tmp_path: Path) -> None:
        """Everything that is said of a run, and nothing where nothing is said."""

        async def check(store: Store) -> None:
            full = a_run(
                "r1",
                inputs={**VALUES, "large": LARGE, "nested": {"large": [LARGE]}},
                workflow="w1",
                name=ODD,
                key=ODD,
                settings={"max_concurrency": 4, "durability": "sync"},
                created=1234.000001,
            )
            bare = a_run("r2")
            for run in (full, bare):
                assert await store.create_run(run) == run
                assert await store.get_run(run.id) == run
            bare_head, full_head = await store.runs()
            assert (full_head.id, full_head.name, full_head.workflow) == ("r1", ODD, "w1")
            assert (full_head.created, full_head.changed, full_head.state) == (1234.000001, None, RunState.PENDING)
            assert (bare_head.id, bare_head.name, bare_head.workflow) == ("r2", None, None)
            await refuses(NotFound, store.get_run("r3"))

        self.hold(tmp_path, check)

    def test_a_key_is_one_run(self, tmp_path: Path) -> None:
        """The same key, or the same id, again is the same run, with its journal; once deleted, a key is free."""

        async def check(store: Store) -> None:
            first = await store.create_run(a_run("r1", key="k"))
            await store.append("r1", a_journal(2))
            assert (await store.create_run(a_run("r2", key="k"))).id == "r1"
            again = await store.create_run(first)
            assert (again.id, again.state) == ("r1", RunState.RUNNING)
            assert len(await store.events("r1")) == 2
            await refuses(NotFound, store.get_run("r2"))
            await store.delete_run("r1")
            assert (await store.create_run(a_run("r2", key="k"))).id == "r2"

        self.hold(tmp_path, check)

    def test_runs_are_listed_by_pages(self, tmp_path: Path) -> None:
        """Newest first, of a workflow, in some states, beyond a run."""

        async def check(store: Store) -> None:
            for n in range(10):
                await store.create_run(a_run(f"r{n}", workflow=None if n % 2 else "w", created=50.0 - n))
            await store.append("r4", a_journal(3, ends=True))
            await store.append("r6", a_journal(1))

            async def ids(**by: Any) -> str:
                return "".join(head.id[1:] for head in await store.runs(**by))

            assert await ids() == "9876543210"
            assert await ids(limit=3) == "987"
            assert await ids(limit=3, after="r7") == "654"
            assert await ids(workflow="w") == "86420"
            assert await ids(workflow="w", after="r6", limit=2) == "42"
            assert await ids(states={RunState.COMPLETED, RunState.RUNNING}) == "64"
            assert await ids(states=[RunState.COMPLETED], workflow="w") == "4"
            assert [await ids(**by) for by in ({"states": []}, {"workflow": "x"}, {"after": "r0"}, {"limit": 0})] == [
                ""
            ] * 4
            await refuses(NotFound, store.runs(after="r10"))

        self.hold(tmp_path, check)

    def test_a_journal_comes_back_as_it_was(self, tmp_path: Path) -> None:
        """Event for event, from any number on, however it was written; the run's head follows it."""

        async def check(store: Store) -> None:
            await store.create_run(a_run("r1"))
            whole = a_journal(2500, ends=True)
            for start, end in ((0, 1), (1, 2), (2, 40), (40, 2400), (2400, 2500)):
                await store.append("r1", whole[start:end])
                assert len(await store.events("r1")) == end
            assert await store.events("r1") == whole
            for after, limit in ((0, 1), (1, 5), (39, 3), (1500, 900), (2499, None), (2500, None), (9999, 4), (5, 0)):
                assert await store.events("r1", after, limit) == whole[after:][:limit], (after, limit)
            head = (await store.runs())[0]
            assert (head.state, head.changed) == (RunState.COMPLETED, whole[-1].time)
            await store.append("r1", [])
            await refuses(NotFound, store.append("r2", whole[:1]))
            await refuses(NotFound, store.append("r2", []))
            await refuses(NotFound, store.events("r2"))

        self.hold(tmp_path, check)

    def test_what_is_recorded_stays_as_it_is(self, tmp_path: Path) -> None:
        """Events that are sent again are left as they are; a gap is refused, with the whole call."""

        async def check(store: Store) -> None:
            await store.create_run(a_run("r1"))
            whole = a_journal(10)
            await store.append("r1", whole[:4])
            await store.append("r1", whole[:4])
            await store.append("r1", [event._replace(data={"other": True}) for event in whole[2:4]] + whole[4:6])
            assert await store.events("r1") == whole[:6]
            await refuses(BadUsage, store.append("r1", whole[7:]))
            await refuses(BadUsage, store.append("r1", [whole[6], whole[8]]))
            assert await store.events("r1") == whole[:6]
            await store.append("r1", whole[6:])
            assert await store.events("r1") == whole

        self.hold(tmp_path, check)

    def test_any_value_comes_back_as_it_was(self, tmp_path: Path) -> None:
        """Integers of any size, every float, any text, deep and large values, wherever they stand."""
        deep: Any = ODD
        for _ in range(199):
            deep = [deep]
        shared = {"list": [LARGE, LARGE]}
        outputs = {**VALUES, "deep": deep, "large": LARGE, "shared": shared, ODD: 1, "": 2}

        async def check(store: Store) -> None:
            whole = [
                Event(1, 1e9 + 0.1, e.TASK_COMPLETED, "a", {"outputs": outputs}),
                Event(2, 0.0, e.TASK_COMPLETED, ODD, {"outputs": {"same": LARGE, "twice": shared}}),
                Event(3, 5e-324, e.RUN_FAILED, None, {"error": {"type": "x", "message": LARGE, "task": None}}),
                Event(4, 1.0, e.RUN_PAUSED, None, e.NOTHING),
                Event(5, 1.0, e.RUN_EDITED, None, {"graph": {**GRAPH, "title": LARGE}, "added": [LARGE]}),
            ]
            for run in ("r1", "r2"):
                await store.create_run(a_run(run, inputs=outputs, graph={**GRAPH, "ui": outputs}))
                await store.append(run, whole)
            await store.put("s", ODD, outputs)
            await store.delete_run("r1")
            kept = await store.events("r2")
            assert kept == whole
            assert repr([kept[0].data["outputs"][name] for name in VALUES]) == repr([*VALUES.values()])
            stored = await store.get_run("r2")
            assert (stored.inputs, stored.graph["ui"]) == (outputs, outputs)
            assert await store.items("s") == [(ODD, outputs)]

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

            made = [(1, at(1, VALUES), None), (2, at(2), "r1"), (3, at(3, LARGE), None)]
            for number, event, run in made:
                assert await store.publish(event, run) == number
            assert await store.published() == made
            assert await store.published(after=1, limit=1) == made[1:2]
            assert await store.published(after=3) == await store.published(limit=0) == []
            assert await store.prune(at(9).time.timestamp()) == 0
            assert await store.published() == []
            assert await store.publish(at(10)) == 4

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
            ids = [
                "",
                "a",
                "a.",
                "a.\x00",
                "a.1",
                "a/",
                "b",
                "b\ud7ff",
                "b\ue000",
                "é",
                "漢",
                "\U0010ffff",
                "\U0010ffffz",
            ]
            for id in reversed(ids):
                await store.put("s", id, id)
            assert [id for id, _ in await store.items("s")] == sorted(ids)
            assert await store.items("s", limit=2, newest=True) == [(id, id) for id in sorted(ids)[:-3:-1]]
            for prefix in ("", "a", "a.", "b", "b\ud7ff", "é", LAST, "none"):
                wanted = [(id, id) for id in sorted(ids) if id.startswith(prefix)]
                assert await store.items("s", prefix) == wanted, prefix
                assert await store.items("s", prefix, 1) == wanted[:1], prefix
            assert await store.drop("s", "a") == 1
            assert await store.drop("s", "a") == 0
            assert await store.drop("s", "a.", exactly=False) == 3
            assert await store.drop("s", "", exactly=False) == len(ids) - 4
            assert await store.items("t") == [("a", None)]

        self.hold(tmp_path, check)

    def test_old_runs_are_forgotten(self, tmp_path: Path) -> None:
        """Those that ended before a moment, with all that is theirs; what goes on stays, however old."""

        async def check(store: Store) -> None:
            for id, ends in (("old", True), ("open", False), ("new", True)):
                await store.create_run(a_run(id, key=id, created=1.0))
                shift = 5000.0 if id == "new" else 0.0
                await store.append(id, [v._replace(time=v.time + shift) for v in a_journal(3, ends)])
            await store.create_run(a_run("accepted", created=1.0))
            assert await store.prune(2000.0) == 1
            assert [head.id for head in await store.runs()] == ["accepted", "new", "open"]
            await refuses(NotFound, store.events("old"))
            assert (await store.create_run(a_run("again", key="old"))).id == "again"
            assert await store.prune(2000.0) == 0

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

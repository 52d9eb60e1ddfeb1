"""What every store must do with runs and their journals."""

from pathlib import Path
from typing import Any

from .. import events as e
from ..errors import BadUsage, NotFound
from ..events import Event
from ..states import RunState
from ..store import OF_RUNS, Store
from .storesamples import GRAPH, LARGE, ODD, VALUES, StoreChecks, a_journal, a_run, refuses


class StoredRunChecks(StoreChecks):
    """The checks of a store that are about runs."""

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
            assert await ids(states=[]) == await ids(workflow="x") == await ids(after="r0") == await ids(limit=0) == ""
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

    def test_what_belongs_to_a_run_goes_with_it(self, tmp_path: Path) -> None:
        """What stands on the shelf of runs under the id of one, however the run is forgotten; nothing else."""

        async def check(store: Store) -> None:
            ids = [f"{run}{rest}" for run in ("r", "rr", "s", "t") for rest in ("", "-", "/", f"/{ODD}", "0")]
            for run in ("r", "s", "t"):
                await store.create_run(a_run(run))
                await store.append(run, a_journal(2, ends=True))
            for id in ids:
                for shelf in (OF_RUNS, "other"):
                    await store.put(shelf, id, 1)
            await store.delete_run("r")
            left = [id for id in ids if not id.startswith("r/")]
            assert [id for id, _ in await store.items(OF_RUNS)] == sorted(left)
            assert await store.prune(1e10) == 2
            left = [id for id in left if not id.startswith(("s/", "t/"))]
            assert [id for id, _ in await store.items(OF_RUNS)] == sorted(left)
            assert len(await store.items("other")) == len(ids)

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

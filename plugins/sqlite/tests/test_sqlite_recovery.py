"""The commands `db`: what is saved of a damaged file."""

import asyncio
import random
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from blockloom import BlockloomError, Event, Published, StoreUnusable
from blockloom.testing import a_journal, a_run
from blockloom_sqlite import SqliteStore
from blockloom_sqlite.commands import db
from click.testing import CliRunner

LARGE = "large " * 20_000
RUNS = 40


async def fill(path: Path) -> None:
    store = SqliteStore(f"sqlite:///{path}")
    for n in range(RUNS):
        await store.put_workflow(f"w{n}", {"n": n, "text": "x" * 500}, 1.0, None)
        await store.create_run(a_run(f"r{n}", key=f"k{n}", inputs={"n": n, "large": LARGE, "text": "y" * 900}))
        await store.append(f"r{n}", [*a_journal(60), Event(61, 1.0, "task.completed", "a", {"outputs": {"x": LARGE}})])
        await store.append(f"r{n}", [Event(62, 1.0, "run.completed", None, {"outputs": {}})])
        await store.publish(Published(name="e", payload=n, time=datetime(2026, 1, 1, tzinfo=UTC)))
        await store.put("s", f"{n:02}", n)
    await store.put_workflow("w0", {"n": 0}, 2.0, 1)
    await store.close()


def call(*args: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(db, [str(arg) for arg in args], catch_exceptions=True)
    if isinstance(done.exception, BlockloomError):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


def spoil(path: Path, **tables: int) -> None:
    """Overwrite a page of each table: half way through it, a third, a quarter."""
    with closing(sqlite3.connect(path)) as look:
        sql = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        tops = {look.execute(sql, (table,)).fetchone()[0]: part for table, part in tables.items()}
    data = path.read_bytes()
    with path.open("r+b") as file:
        for top, part in tops.items():
            page = data[(top - 1) * 4096 : top * 4096]
            assert page[0] in (2, 5), "the table has a single page"
            children = int.from_bytes(page[3:5], "big")
            at = int.from_bytes(page[12 + 2 * (children // part) :][:2], "big")
            child = int.from_bytes(page[at : at + 4], "big")
            file.seek((child - 1) * 4096)
            file.write(random.Random(2).randbytes(4096))


def test_a_sound_file_is_called_sound(tmp_path: Path) -> None:
    asyncio.run(fill(tmp_path / "x.db"))
    assert call("check", tmp_path / "x.db") == (0, f"{tmp_path / 'x.db'} is sound.\n", "")


def test_a_damaged_file_is_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    asyncio.run(fill(path))
    spoil(path, run=2)
    with pytest.raises(StoreUnusable, match=r"the file is damaged .*blockloom db recover"):
        call("check", path)


def test_all_of_a_sound_file_is_copied(tmp_path: Path) -> None:
    path, new = tmp_path / "x.db", tmp_path / "new.db"
    asyncio.run(fill(path))
    told = call("recover", path, new)
    assert told == (0, f"Copied {RUNS} runs and {RUNS} workflows to {new}.\n", "")

    async def compare() -> None:
        stores = [SqliteStore(f"sqlite:///{each}") for each in (path, new)]
        for one in await stores[0].runs():
            told = [(await s.get_run(one.id), await s.events(one.id)) for s in stores]
            assert told[0] == told[1]
        for calls in zip(*[(s.workflows(), s.runs(), s.published(), s.items("s")) for s in stores], strict=True):
            assert await calls[0] == await calls[1]
        for store in stores:
            await store.close()

    asyncio.run(compare())


def test_what_can_be_read_of_a_damaged_file_is_copied_and_the_rest_is_told(tmp_path: Path) -> None:
    path, new = tmp_path / "x.db", tmp_path / "new.db"
    asyncio.run(fill(path))
    spoil(path, workflow=2, run=2, journal=4)
    before = path.read_bytes()
    code, _, lost = call("recover", path, new)
    assert code == 0
    assert path.read_bytes() == before

    async def look() -> tuple[int, int]:
        store = SqliteStore(f"sqlite:///{new}")
        runs = await store.runs()
        cut = 0
        for head in runs:
            run, events = await store.get_run(head.id), await store.events(head.id)
            assert (run.key, run.inputs["large"]) == (f"k{run.id[1:]}", LARGE)
            assert [event.seq for event in events] == [*range(1, len(events) + 1)]
            cut += len(events) < 62
        counts = len(runs), cut
        assert RUNS // 2 < len(await store.workflows()) < RUNS
        await store.close()
        return counts

    kept, cut = asyncio.run(look())
    assert RUNS // 2 < kept < RUNS
    assert lost.count("Lost: run r") == cut > 0
    assert "the events from 1 on" in lost
    assert call("check", new)[0] == 0


def test_recovery_refuses_what_it_cannot_do(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    asyncio.run(fill(path))
    with pytest.raises(StoreUnusable, match="such a file already"):
        call("recover", path, path)
    (tmp_path / "letter").write_text("Dear Ada")
    with pytest.raises(StoreUnusable, match="not a database"):
        call("recover", tmp_path / "letter", tmp_path / "new.db")
    assert not (tmp_path / "new.db").exists()
    assert call("recover", tmp_path / "none", tmp_path / "new.db")[0] == 2

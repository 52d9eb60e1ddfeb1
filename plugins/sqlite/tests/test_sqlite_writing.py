"""How the file is written: together, beside those who read, and with room ahead."""

import asyncio
import os
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from blockloom import Event
from blockloom.testing import a_journal, a_run, fill_store, on_store
from blockloom_sqlite import SqliteStore

_T = TypeVar("_T")


def on(path: Path, story: Callable[[SqliteStore], Awaitable[_T]]) -> _T:
    return on_store(lambda: SqliteStore(f"sqlite:///{path}"), story)


def test_a_commit_finds_room_in_the_wal_before_the_file_must_grow(tmp_path: Path) -> None:
    path = tmp_path / "x.db"

    def end(db: object) -> tuple[int, bytes]:
        with Path(f"{path}-wal").open("rb") as wal:
            size = wal.seek(-4096, os.SEEK_END) + 4096
            return size, wal.read()

    async def story(store: SqliteStore) -> None:
        await store.create_run(a_run("r"))
        sizes = set()
        for event in a_journal(1100):
            await store.append("r", [event])
            size, last = await store.write(end)
            assert last == bytes(4096), "there is no room"
            sizes.add(size)
        assert len(sizes) <= 6, "it grew page by page"
        assert max(sizes) < 5_000_000

    on(path, story)


def test_reading_does_not_keep_anybody_from_writing(tmp_path: Path) -> None:
    async def story(store: SqliteStore) -> None:
        await fill_store(store, 2)
        reads, may_end = threading.Event(), threading.Event()

        def read(db: sqlite3.Connection) -> int:
            found: int = db.execute("SELECT count(*) FROM journal").fetchone()[0]
            reads.set()
            assert may_end.wait(10)
            assert db.execute("SELECT count(*) FROM journal").fetchone()[0] == found
            return found

        reading = asyncio.create_task(store._reader.do(read))
        await asyncio.to_thread(reads.wait)
        await store.append("r1", [Event(51, 1.0, "run.paused", None, {})])
        assert not reading.done()
        may_end.set()
        await reading
        assert len(await store.events("r1")) == 51

    on(tmp_path / "x.db", story)


def test_what_comes_together_is_written_together(tmp_path: Path) -> None:
    async def story(store: SqliteStore) -> None:
        commits: list[str] = []

        def note(statement: str) -> None:
            if statement == "COMMIT":
                commits.append(statement)

        await fill_store(store, 100, 1)
        await store.write(lambda db: db.set_trace_callback(note))
        await asyncio.gather(*(store.append(f"r{n}", a_journal(5)[1:]) for n in range(100)))
        await store.write(lambda db: db.set_trace_callback(None))
        assert len(commits) <= 5
        assert all([len(await store.events(f"r{n}")) == 5 for n in range(100)])

    on(tmp_path / "x.db", story)


def test_what_another_program_writes_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "x.db"

    async def story(store: SqliteStore) -> None:
        await store.create_run(a_run("r"))
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("CREATE TABLE notes (n)")
            for event in a_journal(300):
                await store.append("r", [event])
                other.execute("INSERT INTO notes VALUES (?)", (event.seq,))
            assert other.execute("SELECT count(*) FROM notes").fetchone() == (300,)
            assert other.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert await store.events("r") == a_journal(300)

    on(path, story)

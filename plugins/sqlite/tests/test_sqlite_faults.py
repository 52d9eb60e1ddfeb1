"""What goes wrong with files and disks, and the exact outcome of each."""

import asyncio
import json
import os
import random
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from blockloom import BadUsage, Event, NotFound, StoredRun, StoreFailed, StoreTaken, StoreUnusable
from blockloom.testing import a_journal, a_run, fill_store, on_store
from blockloom_sqlite import SqliteStore

_T = TypeVar("_T")

LARGE = "large " * 20_000


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def on(path: Path, story: Callable[[SqliteStore], Awaitable[_T]]) -> _T:
    return on_store(lambda: SqliteStore(url(path)), story)


def cut_off(path: Path, story: Callable[[SqliteStore], Awaitable[object]] = fill_store) -> Path:
    """A copy of a file, with its WAL, from a moment at which it was open."""
    copy = path.with_name("copy.db")

    async def go(store: SqliteStore) -> None:
        await story(store)
        for end in ("", "-wal"):
            shutil.copy(f"{path}{end}", f"{copy}{end}")

    on(path, go)
    return copy


def contents(path: Path) -> tuple[bytes, bytes]:
    """A file and its WAL."""
    return path.read_bytes(), Path(f"{path}-wal").read_bytes()


def refusal(path: Path, kind: type[Exception] = StoreUnusable) -> str:
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(kind) as caught:
        SqliteStore(url(path))
    assert (path.read_bytes() if path.is_file() else b"") == before, "something was changed"
    return str(caught.value)


# Damage


def test_damage_is_found_where_the_file_was_not_closed(tmp_path: Path) -> None:
    copy = cut_off(tmp_path / "x.db")
    with closing(sqlite3.connect(copy)) as settle:
        settle.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = copy.stat().st_size
    with copy.open("r+b") as file:
        file.seek(size // 2 // 4096 * 4096)
        file.write(random.Random(1).randbytes(4096))
    told = refusal(copy)
    assert "the file is damaged (" in told
    assert f"blockloom db recover {copy} NEW_FILE" in told
    assert told.count("\n") == 0


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    on(path, fill_store)
    os.truncate(path, path.stat().st_size // 2)
    assert "the file is damaged (" in refusal(path)


def test_damage_that_is_met_later_is_told_and_not_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    on(path, fill_store)
    with closing(sqlite3.connect(path)) as look:
        sql = "SELECT rootpage FROM sqlite_master WHERE name = 'journal'"
        page = look.execute(sql).fetchone()[0]
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)

    async def story(store: SqliteStore) -> None:
        with pytest.raises(StoreUnusable, match="the file is damaged"):
            await store.events("r1")
        with pytest.raises(StoreUnusable, match="the file is damaged"):
            await store.append("r1", [Event(51, 1.0, "run.paused", None, {})])
        assert await store.workflows() == []

    on(path, story)


def test_tables_that_somebody_changed_are_told_and_not_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "x.db"

    async def story(store: SqliteStore) -> None:
        await fill_store(store)
        with closing(sqlite3.connect(path)) as other:
            other.execute("ALTER TABLE journal RENAME COLUMN place TO spot")
        with pytest.raises(StoreUnusable, match=r"SQLite says .*no column named place.* Somebody may have changed"):
            await store.append("r1", [Event(51, 1.0, "run.paused", None, {})])

    on(path, story)


def test_what_was_answered_outlives_a_loss_of_power(tmp_path: Path) -> None:
    copies: list[tuple[int, bytes, bytes]] = []
    path = tmp_path / "x.db"

    async def story(store: SqliteStore) -> None:
        await store.create_run(a_run("r"))
        for event in a_journal(40):
            await store.append("r", [event])
            copies.append((event.seq, *contents(path)))

    on(path, story)
    lost = tmp_path / "lost.db"
    for seq, file, wal in copies[::5]:
        for torn in (0, 1, 1000):
            lost.write_bytes(file)
            Path(f"{lost}-wal").write_bytes(wal[: len(wal) - torn])
            kept = on(lost, lambda store: store.events("r"))
            assert kept == a_journal(40)[: len(kept)]
            assert len(kept) == seq if not torn else len(kept) >= seq - 1


# Writing


def test_a_full_disk_refuses_writes_and_keeps_what_was_there(tmp_path: Path) -> None:
    async def story(store: SqliteStore) -> None:
        async def limit(pages: int) -> None:
            await store.write(lambda db: db.execute(f"PRAGMA max_page_count = {pages}").fetchone())

        await fill_store(store, 3)
        used = await store.write(lambda db: db.execute("PRAGMA page_count").fetchone()[0])
        await limit(used + 2)
        with pytest.raises(StoreFailed, match="cannot write just now: the disk is full"):
            await store.create_run(a_run("big", inputs={"x": [LARGE]}))
        large = [Event(51, 1.0, "task.completed", "a", {"outputs": {"x": LARGE}})]
        small = [store.put("s", str(n), n) for n in range(5)]
        failed, *done = await asyncio.gather(store.append("r1", large), *small, return_exceptions=True)
        assert isinstance(failed, StoreFailed)
        assert done == [None] * 5
        assert await store.events("r1") == a_journal(50, ends=True)
        with pytest.raises(NotFound):
            await store.get_run("big")
        await limit(10_000)
        await store.append("r1", large)
        assert len(await store.events("r1")) == 51
        assert await store.write(lambda db: db.execute("PRAGMA integrity_check").fetchone()) == ("ok",)

    on(tmp_path / "x.db", story)


def test_a_disk_that_takes_no_more_is_told(tmp_path: Path) -> None:
    async def story(store: SqliteStore) -> None:
        await fill_store(store, 2)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
        try:
            with pytest.raises(StoreFailed, match="cannot write just now: the disk"):
                await store.put("s", "x", 1)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        await store.put("s", "x", 2)
        assert await store.get("s", "x") == 2
        assert len(await store.runs()) == 2

    on(tmp_path / "x.db", story)


def test_a_store_that_is_closed_or_only_read_refuses(tmp_path: Path) -> None:
    path = tmp_path / "x.db"

    async def story(store: SqliteStore) -> SqliteStore:
        await fill_store(store, 2)
        reader = SqliteStore(url(path), readonly=True)
        assert len(await reader.runs()) == 2
        await store.put("s", "x", 1)
        assert await reader.get("s", "x") == 1
        with pytest.raises(BadUsage, match="for reading only"):
            await reader.put("s", "x", 2)
        await reader.close()
        return store

    closed = on(path, story)
    with pytest.raises(BadUsage, match="is closed"):
        asyncio.run(closed.runs())
    with pytest.raises(BadUsage, match="is closed"):
        asyncio.run(closed.put("s", "x", 1))
    with pytest.raises(NotFound):
        SqliteStore(url(tmp_path / "none.db"), readonly=True)
    assert not (tmp_path / "none.db").exists()


# Two processes, and one that is killed

OWNER = """
import asyncio, sys
from blockloom import StoredRun
from blockloom_sqlite import SqliteStore
from blockloom.testing.storesamples import a_journal, a_run

async def main():
    store = SqliteStore(sys.argv[1])
    await store.create_run(a_run("r"))
    for event in a_journal(10_000):
        await store.append("r", [event])
        print(event.seq, flush=True)

asyncio.run(main())
"""


@contextmanager
def owner(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has a file open, and writes event by event, telling each."""
    command = [sys.executable, "-c", OWNER, url(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_second_process_is_told_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with owner(path) as process:
        assert process.stdout is not None
        process.stdout.readline()
        told = []
        with pytest.raises(StoreTaken) as caught:
            SqliteStore(url(path))
        told.append(str(caught.value))
        assert f"in use by the process {process.pid} on {socket.gethostname()}, since 20" in told[0]
        about = json.loads(Path(f"{path}.lock").read_text())
        assert about.keys() == {"pid", "host", "started"}
        reader = SqliteStore(url(path), readonly=True)
        assert asyncio.run(_seqs_then_close(reader))


async def _seqs_then_close(reader: SqliteStore) -> list[int]:
    events = await reader.events("r")
    await reader.close()
    return [event.seq for event in events]


def test_nothing_that_was_answered_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    told = 0
    for kill in range(3):
        with owner(path) as process:
            assert process.stdout is not None
            for _ in range(7 + kill):
                told = max(told, int(process.stdout.readline() or told))
            process.send_signal(signal.SIGKILL)
            told = max([told, *map(int, process.stdout.read().split())])

        async def story(store: SqliteStore) -> list[Event]:
            assert await store.write(lambda db: db.execute("PRAGMA integrity_check").fetchone()) == ("ok",)
            return await store.events("r")

        kept = on(path, story)
        assert kept == a_journal(10_000)[: len(kept)]
        assert len(kept) in (told, told + 1)


def test_what_was_cut_off_while_a_store_was_made_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "x.db.new").write_bytes(b"SQLite format 3\x00 and then the power went")
    on(tmp_path / "x.db", fill_store)
    assert not (tmp_path / "x.db.new").exists()


# Size


def test_a_large_value_is_kept_once_and_goes_with_the_last_that_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "x.db"

    async def values(store: SqliteStore) -> Any:
        return await store.write(
            lambda db: db.execute("SELECT count(*) FROM value WHERE length(json) > 65536").fetchone()[0]
        )

    async def story(store: SqliteStore) -> None:
        for n in range(5):
            await store.create_run(StoredRun(id=f"r{n}", graph={"n": n}, inputs={"x": LARGE}, created=1.0))
            large = {"outputs": {"a": LARGE, "b": LARGE}}
            await store.append(f"r{n}", [Event(1, 1.0, "task.completed", "a", large), *a_journal(3, ends=True)[1:]])
        assert await values(store) == 1
        for n in range(4):
            await store.delete_run(f"r{n}")
        assert (await store.events("r4"))[0].data == {"outputs": {"a": LARGE, "b": LARGE}}
        assert await store.prune(1e12) == 1
        assert await values(store) == 0

    on(path, story)
    assert path.stat().st_size < 200_000


def test_the_file_shrinks_when_runs_are_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    on(path, lambda store: fill_store(store, 450, 100))
    full = path.stat().st_size
    assert on(path, lambda store: store.prune(1e12)) == 450
    assert path.stat().st_size < full / 4

"""Files that are no store, or none that can be written, and what is said of each."""

import asyncio
import os
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from blockloom import BadUsage, StoreUnusable
from blockloom.testing import fill_store, on_store
from blockloom_sqlite import SqliteStore, opening
from blockloom_sqlite.layout import VERSIONS
from blockloom_sqlite.opening import file_system

_T = TypeVar("_T")


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def on(path: Path, story: Callable[[SqliteStore], Awaitable[_T]]) -> _T:
    return on_store(lambda: SqliteStore(url(path)), story)


def refusal(path: Path, kind: type[Exception] = StoreUnusable) -> str:
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(kind) as caught:
        SqliteStore(url(path))
    assert (path.read_bytes() if path.is_file() else b"") == before, "something was changed"
    return str(caught.value)


# Opening


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_text("Dear Ada, this is a letter.")
    assert refusal(path) == (
        f"The store {path} cannot be used: the file is not a database. Use another path, or restore a backup."
    )


def test_a_file_with_its_header_zeroed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    on(path, fill_store)
    with path.open("r+b") as file:
        file.write(bytes(100))
    assert "the file is not a database" in refusal(path)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.touch()
    assert "the file is empty, though a store never is. Restore a backup, or delete the file" in refusal(path)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.db").mkdir()
    assert "it cannot be read: Is a directory" in refusal(tmp_path / "x.db")


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE run (id)")
    assert "the file is a database of something else. Use another path." in refusal(path)


def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    on(path, fill_store)
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 7")
    told = refusal(path)
    assert "it is of version 7, and this blockloom-sqlite knows versions up to 1. Upgrade blockloom-sqlite." in told


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ("ALTER TABLE journal RENAME COLUMN time TO moment", "journal.time is"),
        ("ALTER TABLE shelf RENAME TO drawer", "shelf.id, shelf.shelf, shelf.value are"),
        ("DROP INDEX run_by_state", "run_by_state is"),
        ("DROP TRIGGER held_no_more", "held_no_more is"),
    ],
)
def test_a_file_whose_tables_were_changed_is_refused(tmp_path: Path, change: str, missing: str) -> None:
    path = tmp_path / "x.db"
    on(path, fill_store)
    with closing(sqlite3.connect(path)) as other:
        other.execute(change)
    told = f"somebody has changed its tables: {missing} missing. Restore a backup, or use another path."
    assert told in refusal(path)
    with pytest.raises(StoreUnusable, match=r"somebody has changed its tables"):
        SqliteStore(url(path), readonly=True)


def test_what_somebody_added_to_a_file_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    on(path, fill_store)
    with closing(sqlite3.connect(path)) as other:
        other.executescript("CREATE TABLE notes (text); CREATE VIEW names AS SELECT name FROM run")
    assert len(on(path, lambda store: store.runs())) == 20


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    told = refusal(tmp_path / "no/x.db")
    assert f"the folder {tmp_path / 'no'} is not there. Make it" in told


@pytest.mark.parametrize("wrong", ["sqlite:", "sqlite:x.db", "sqlite://host/x.db", "sqlite:///", "sqlite:///:memory:"])
def test_a_url_that_names_no_file_is_refused(wrong: str) -> None:
    with pytest.raises(BadUsage, match="names no file: write sqlite:///PATH"):
        SqliteStore(wrong)


def test_a_path_may_be_relative_or_in_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for given in ("sqlite:///a b?c#%d.db", "sqlite:///~/漢.db"):
        store = SqliteStore(given)
        asyncio.run(store.close())
    assert {"a b?c#%d.db", "漢.db"} <= {path.name for path in tmp_path.iterdir()}


@contextmanager
def as_nobody() -> Iterator[Path]:
    """A folder of the user nobody, and the rights of that user if this is root, whom no mode keeps out."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o777)
        root = os.geteuid() == 0
        if root:
            os.chown(name, 65534, 65534)
            os.seteuid(65534)
        try:
            yield Path(name)
        finally:
            if root:
                os.seteuid(0)
            os.chmod(name, 0o700)


def test_a_read_only_file_is_refused() -> None:
    with as_nobody() as folder:
        path = folder / "x.db"
        on(path, fill_store)
        path.chmod(0o444)
        assert "the file is read-only. Make it writable, or use another path." in refusal(path)


def test_a_read_only_folder_is_refused() -> None:
    with as_nobody() as folder:
        path = folder / "x.db"
        on(path, fill_store)
        for each in (path, folder / "new.db"):
            folder.chmod(0o555)
            assert "Make it writable, or use another path." in refusal(each) or "Make the folder writable" in refusal(
                each
            )
        folder.chmod(0o777)
        on(path, lambda store: store.runs())


@pytest.mark.parametrize(("kind", "refused"), [("nfs4", "nfs4"), ("fuse.sshfs", "fuse.sshfs"), ("ext4", None)])
def test_a_file_system_over_a_network_is_known(tmp_path: Path, kind: str, refused: str | None) -> None:
    device = tmp_path.stat().st_dev
    mounts = tmp_path / "mounts"
    mounts.write_text(
        f"21 1 999:1 / / rw - nfs other rw\n22 1 {os.major(device)}:{os.minor(device)} / /x rw shared:1 - {kind} y rw\n"
    )
    assert file_system(tmp_path, mounts) == refused
    assert file_system(tmp_path, tmp_path / "none") is None


# Older files


def test_an_older_file_is_brought_up_to_date_or_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.db"
    on(path, fill_store)
    first = VERSIONS
    monkeypatch.setattr(opening, "VERSIONS", (*first, "ALTER TABLE run ADD COLUMN more TEXT; SELECT broken;"))
    with pytest.raises(StoreUnusable, match="no such column: broken"):
        SqliteStore(url(path))
    reading = pytest.raises(StoreUnusable, match="it is of version 1, and 2 is the version that is read")
    with reading:
        SqliteStore(url(path), readonly=True)
    monkeypatch.setattr(opening, "VERSIONS", (*first, "ALTER TABLE run ADD COLUMN more TEXT;"))

    async def story(store: SqliteStore) -> None:
        assert len(await store.events("r3")) == 50
        assert await store.write(lambda db: db.execute("PRAGMA user_version").fetchone()) == (2,)

    on(path, story)
    monkeypatch.setattr(opening, "VERSIONS", first)
    assert "it is of version 2" in refusal(path)

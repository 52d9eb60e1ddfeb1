"""The tables of the file, version by version."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from functools import cache
from typing import Final

VERSIONS: Final = (
    """
    CREATE TABLE blockloom (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    INSERT INTO blockloom VALUES ('about', 'A store of blockloom: https://pypi.org/project/blockloom-sqlite/');

    CREATE TABLE workflow (
        n INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        revision INTEGER NOT NULL,
        changed REAL NOT NULL,
        graph TEXT NOT NULL
    );

    -- `graph` is the hash of a value; `inputs` and `settings` are JSON; `moved` is when `state` last changed.
    CREATE TABLE run (
        n INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        key TEXT UNIQUE,
        workflow TEXT,
        name TEXT,
        state TEXT NOT NULL,
        created REAL NOT NULL,
        moved REAL,
        graph BLOB NOT NULL,
        inputs TEXT NOT NULL,
        settings TEXT NOT NULL
    );
    CREATE INDEX run_by_workflow ON run (workflow, n);
    CREATE INDEX run_by_state ON run (state, n);

    -- The events of a run from `first` on, as a JSON list of [time, type, task, data] or of
    -- [time, type, task, data, [[path, hash], …]], with what stands at each path kept as a value. `time` is that of the
    -- last one, and `place` is its number, behind the run's times 2^32: a row more costs one page, and no index.
    CREATE TABLE journal (
        place INTEGER PRIMARY KEY,
        first INTEGER NOT NULL,
        time REAL NOT NULL,
        events TEXT NOT NULL
    );
    CREATE TRIGGER journal_gone AFTER DELETE ON run BEGIN
        DELETE FROM journal WHERE place > (old.n << 32) AND place < ((old.n + 1) << 32);
    END;

    -- Graphs and large values, each once, by the SHA-256 of its JSON; and the runs that hold them.
    CREATE TABLE value (hash BLOB PRIMARY KEY, json TEXT NOT NULL);
    CREATE TABLE holds (
        run INTEGER NOT NULL REFERENCES run (n) ON DELETE CASCADE,
        hash BLOB NOT NULL REFERENCES value (hash),
        PRIMARY KEY (run, hash)
    ) WITHOUT ROWID;
    CREATE INDEX held ON holds (hash);
    CREATE TRIGGER held_no_more AFTER DELETE ON holds BEGIN
        DELETE FROM value WHERE hash = old.hash AND NOT EXISTS (SELECT 1 FROM holds WHERE hash = old.hash);
    END;

    CREATE TABLE published (
        n INTEGER PRIMARY KEY AUTOINCREMENT,
        time REAL NOT NULL,
        name TEXT NOT NULL,
        payload TEXT NOT NULL,
        run TEXT
    );

    CREATE TABLE shelf (
        shelf TEXT NOT NULL,
        id TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (shelf, id)
    ) WITHOUT ROWID;
    -- What belongs to one run stands on one shelf under `run/…`; the character after the slash is 0.
    CREATE TRIGGER gone_with_its_run AFTER DELETE ON run BEGIN
        DELETE FROM shelf WHERE shelf = 'of-runs' AND id >= old.id || '/' AND id < old.id || '0';
    END;
    """,
)
"""What makes each version from the one before it; `PRAGMA user_version` says which one a file is."""

_COLUMNS: Final = (
    "SELECT held.name || '.' || part.name FROM sqlite_master AS held, pragma_table_info(held.name) AS part"
    " WHERE held.type = 'table'"
)
_REST: Final = "SELECT name FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"


def lacking(db: sqlite3.Connection, versions: Sequence[str]) -> list[str]:
    """Which columns, indexes and triggers of a file of the last of these versions are not there."""
    return sorted(_sound(tuple(versions)) - _parts(db))


@cache
def _sound(versions: tuple[str, ...]) -> set[str]:
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript("".join(versions))
        return _parts(db)


def _parts(db: sqlite3.Connection) -> set[str]:
    return {name for sql in (_COLUMNS, _REST) for (name,) in db.execute(sql)}

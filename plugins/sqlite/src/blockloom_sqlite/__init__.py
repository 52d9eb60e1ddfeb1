"""The store `sqlite`: one file that holds workflows, runs and their journals, and outlives the process."""

from typing import Any

from blockloom import hookimpl

from .store import SqliteStore

__all__ = ["SqliteStore", "blockloom_commands", "blockloom_stores"]


@hookimpl
def blockloom_stores() -> list[type[SqliteStore]]:
    """The store `sqlite`."""
    return [SqliteStore]


@hookimpl
def blockloom_commands() -> list[Any]:
    """The commands `db check` and `db recover`."""
    from .commands import db

    return [db]

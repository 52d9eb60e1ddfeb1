"""The store `sqlite`: one file that holds workflows, runs and their journals, and outlives the process."""

from blockloom import hookimpl

from .store import SqliteStore

__all__ = ["SqliteStore", "blockloom_stores"]


@hookimpl
def blockloom_stores() -> list[type[SqliteStore]]:
    """The store `sqlite`."""
    return [SqliteStore]

"""The store in a file passes the checks that every store passes."""

from pathlib import Path

from blockloom import Store
from blockloom.testing import StoreConformance
from blockloom_sqlite import SqliteStore


class TestSqliteStore(StoreConformance):
    def open(self, folder: Path) -> Store:
        return SqliteStore(SqliteStore.url_in(folder))

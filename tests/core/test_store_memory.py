"""The store in memory passes the checks that every store passes."""

from pathlib import Path

from blockloom import MemoryStore
from blockloom.testing import StoreConformance


class TestMemoryStore(StoreConformance):
    def open(self, folder: Path) -> MemoryStore:
        return MemoryStore()

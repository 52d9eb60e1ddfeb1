"""Room ahead in the WAL: a commit that writes over what is there takes half the time of one that lets the file grow."""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Final

_HEADER: Final = 32
_FRAME: Final = 24
"""Bytes before the frames of a WAL, and before the page in each."""

LEAST: Final = 64
MOST: Final = 1024
"""Frames for which there is room, at first and at last; after a thousand SQLite begins the file anew, and it stays."""

NEAR: Final = 8
"""Frames that are still free when there is to be more room."""


class Headroom:
    """Lengthens the WAL of a file by zeros, which SQLite takes for nothing, well before it would grow by itself."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        """`connection` is the one that writes."""
        self._path = f"{path}-wal"
        self._connection = connection
        self._frame: int = _FRAME + connection.execute("PRAGMA page_size").fetchone()[0]
        self._frames = 0
        self._file: int | None = None

    def keep(self) -> None:
        """See that there is some, between two transactions; where that cannot be, the file grows by itself."""
        if self._frames < MOST and not self._is_free(self._frames - NEAR):
            with suppress(OSError, sqlite3.Error):
                self._connection.execute("BEGIN IMMEDIATE")  # nobody else writes meanwhile
                try:
                    self._lengthen()
                finally:
                    self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _is_free(self, frame: int) -> bool:
        """Whether nothing stands in a frame of which there is room."""
        if frame < 0 or self._file is None:
            return False
        return os.pread(self._file, 4, _HEADER + frame * self._frame) == bytes(4)

    def _lengthen(self) -> None:
        if self._file is None:
            self._file = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        size = os.fstat(self._file).st_size
        self._frames = min(max(LEAST, 2 * self._frames, 2 * size // self._frame), MOST)
        missing = _HEADER + self._frames * self._frame - size
        if missing > 0:
            os.pwrite(self._file, bytes(missing), size)
            os.fsync(self._file)

"""The owner's lock: one process writes a file, as long as it lives."""

import fcntl
import json
import os
import socket
from datetime import UTC, datetime
from pathlib import Path

from blockloom import StoreTaken, StoreUnusable


class OwnerLock:
    """A lock on `<file>.lock`, which says whose it is. The system lets go of it when the process ends, however it ends.

    The file stays where it is: another process may be about to lock it.
    """

    def __init__(self, path: Path) -> None:
        """Take the lock; raises StoreTaken with the owner's process, or StoreUnusable."""
        beside = path.with_name(f"{path.name}.lock")
        try:
            self._file = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            why = f"its lock {beside} cannot be written: {error.strerror}"
            raise StoreUnusable(str(path), why, "Make the folder writable, or use another store.") from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = _holder(os.read(self._file, 1000))
            os.close(self._file)
            if isinstance(error, BlockingIOError):
                raise StoreTaken(str(path), holder) from None
            why = f"its lock {beside} cannot be taken: {error.strerror}"
            raise StoreUnusable(str(path), why, "Put the store on a local disk.") from None
        started = datetime.now(UTC).isoformat(timespec="seconds")
        about = {"pid": os.getpid(), "host": socket.gethostname(), "started": started}
        os.ftruncate(self._file, 0)
        os.write(self._file, json.dumps(about).encode() + b"\n")

    def release(self) -> None:
        """Let the next process have it."""
        os.close(self._file)


def _holder(text: bytes) -> str:
    try:
        about = json.loads(text)
        return f"the process {about['pid']} on {about['host']}, since {about['started']}"
    except (ValueError, KeyError, TypeError):
        return "another process"

"""Opens a file, once it is sure that it is a sound store of blockloom and nobody else's."""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from blockloom import BadUsage, StoreUnusable

from .faults import damaged, told
from .layout import VERSIONS, lacking

_SETTINGS: Final = (
    "PRAGMA synchronous = FULL",
    "PRAGMA busy_timeout = 5000",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA mmap_size = 0",
    "PRAGMA journal_size_limit = 67108864",
)
_OVER_A_NETWORK: Final = frozenset(
    {"9p", "afpfs", "afs", "beegfs", "ceph", "cifs", "davfs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4"}
    | {"orangefs", "smb3", "smbfs"}
    | {f"fuse.{name}" for name in ("ceph", "cifs", "davfs2", "gcsfuse", "glusterfs", "rclone", "s3fs", "sshfs")}
)
_HEADER: Final = b"SQLite format 3\x00"


def path_of(url: str) -> Path:
    """The file that `sqlite:///PATH` names: three slashes and a relative path, or four and an absolute one."""
    _, slashes, path = url.partition(":///")
    if not slashes or not path or path.startswith(":") or path.endswith("/") or "\0" in path:
        raise BadUsage(
            f"{url!r} names no file: write sqlite:///PATH, with an absolute PATH as in sqlite:////var/lib/blockloom.db."
        )
    return Path(path).expanduser().absolute()


def examine(path: Path) -> None:
    """Refuse what is no store, and a place where there cannot be one, with StoreUnusable; change nothing."""
    where = str(path)
    if not path.parent.is_dir():
        raise StoreUnusable(where, f"the folder {path.parent} is not there", "Make it, or use another path.")
    if kind := file_system(path.parent):
        why = f"it lies on a file system over the network ({kind}), where SQLite loses data"
        raise StoreUnusable(where, why, "Put it on a local disk.")
    if not os.path.lexists(path):
        return
    try:
        with path.open("rb") as file:
            header = file.read(len(_HEADER))
    except OSError as error:
        raise StoreUnusable(where, f"it cannot be read: {error.strerror}", "Use another path.") from None
    if not header:
        why = "the file is empty, though a store never is"
        raise StoreUnusable(where, why, "Restore a backup, or delete the file to begin anew.")
    if header != _HEADER:
        raise StoreUnusable(where, "the file is not a database", "Use another path, or restore a backup.")


def make(path: Path) -> None:
    """Make a store where there is none: all of it, or nothing."""
    made = path.with_name(f"{path.name}.new")
    with _saying(path):
        made.unlink(missing_ok=True)
        connection = sqlite3.connect(made, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            _migrate(connection, 0)
        finally:
            connection.close()
        made.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def open_to_write(path: Path) -> sqlite3.Connection:
    """The connection that writes; the file is brought to today's version, and checked if it was not closed."""
    _must_be_writable(path)
    with _saying(path):
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            version = _version(connection, path)
            connection.execute("PRAGMA journal_mode = WAL")
            for setting in _SETTINGS:
                connection.execute(setting)
            if connection.execute("SELECT 1 FROM blockloom WHERE name = 'open'").fetchone():
                _check(connection, path)
            _migrate(connection, version)
            _must_be_whole(connection, path)
            connection.execute("INSERT OR REPLACE INTO blockloom VALUES ('open', 'not closed yet')")
        except BaseException:
            connection.close()
            raise
        return connection


def open_to_read(path: Path) -> sqlite3.Connection:
    """A connection that only reads, beside the one that writes."""
    with _saying(path):
        uri = f"{path.as_uri()}?mode=ro"
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        try:
            if (version := _version(connection, path)) < len(VERSIONS):
                why = f"it is of version {version}, and {len(VERSIONS)} is the version that is read"
                raise StoreUnusable(str(path), why, "Open it to write once: blockloom serve brings it up to date.")
            _must_be_whole(connection, path)
            for setting in ("PRAGMA busy_timeout = 5000", "PRAGMA trusted_schema = OFF", "PRAGMA mmap_size = 0"):
                connection.execute(setting)
        except BaseException:
            connection.close()
            raise
        return connection


def say_closed(connection: sqlite3.Connection) -> None:
    """Write down that the file was closed in order."""
    with contextlib.suppress(sqlite3.Error):  # a full disk: it is checked at the next opening, that is all
        connection.execute("DELETE FROM blockloom WHERE name = 'open'")


def shrink(connection: sqlite3.Connection, pages: int = 2000) -> int:
    """Give free pages back to the system, some at a time; how many are left."""
    for _ in connection.execute(f"PRAGMA incremental_vacuum({pages})"):
        pass
    left: int = connection.execute("PRAGMA freelist_count").fetchone()[0]
    return left


def file_system(folder: Path, mounts: Path = Path("/proc/self/mountinfo")) -> str | None:
    """The kind of file system under a folder, if it is one over a network."""
    device = folder.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    try:
        lines = mounts.read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    for line in lines:
        about, _, kind = line.partition(" - ")
        if about.split()[2:3] == [number] and kind.split()[0] in _OVER_A_NETWORK:
            return kind.split()[0]
    return None


def _must_be_writable(path: Path) -> None:
    for each in (path, path.parent):
        if not os.access(each, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
            what = "the file is read-only" if each == path else f"the folder {each} is read-only"
            raise StoreUnusable(str(path), what, "Make it writable, or use another path.")


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """The version of a store; raises StoreUnusable for a database of something else, and for a newer one."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'blockloom'").fetchone():
        raise StoreUnusable(str(path), "the file is a database of something else", "Use another path.")
    if version > len(VERSIONS):
        why = f"it is of version {version}, and this blockloom-sqlite knows versions up to {len(VERSIONS)}"
        raise StoreUnusable(str(path), why, "Upgrade blockloom-sqlite.")
    return version


def _must_be_whole(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a file that says it is of today's version and has not all of its parts."""
    if missing := lacking(connection, VERSIONS):
        why = (
            f"somebody has changed its tables: {', '.join(missing[:5])} {'is' if len(missing) == 1 else 'are'} missing"
        )
        raise StoreUnusable(str(path), why, "Restore a backup, or use another path.")


def _check(connection: sqlite3.Connection, path: Path) -> None:
    found = [row[0] for row in connection.execute("PRAGMA quick_check(3)")]
    if found != ["ok"]:
        raise damaged(str(path), "; ".join(line.replace("\n", " ") for line in found))


def _migrate(connection: sqlite3.Connection, version: int) -> None:
    for number, script in list(enumerate(VERSIONS, 1))[version:]:
        connection.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {number}; COMMIT;")


@contextlib.contextmanager
def _saying(path: Path) -> Iterator[None]:
    """Whatever SQLite or the system says, as StoreUnusable."""
    try:
        yield
    except sqlite3.Error as error:
        fault = told(error, str(path))
        if isinstance(fault, StoreUnusable):
            raise fault from None
        why = getattr(fault, "why", str(error))
        raise StoreUnusable(str(path), why, "Use another path, or mend what is wrong and try again.") from None
    except OSError as error:
        raise StoreUnusable(str(path), error.strerror or str(error), "Use another path.") from None

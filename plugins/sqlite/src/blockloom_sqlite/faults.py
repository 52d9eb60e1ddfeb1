"""What SQLite says when it fails, as the errors of a store."""

import sqlite3
from typing import Final

from blockloom import BadValue, BlockloomError, StoreFailed, StoreUnusable

_DAMAGED: Final = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT}
_SENTENCES: Final = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "the file is read-only",
    sqlite3.SQLITE_IOERR: "the disk does not read or write",
    sqlite3.SQLITE_CANTOPEN: "the file or its folder cannot be opened",
    sqlite3.SQLITE_BUSY: "another program has locked the file",
    sqlite3.SQLITE_LOCKED: "another program has locked the file",
    sqlite3.SQLITE_PROTOCOL: "another program has locked the file",
    sqlite3.SQLITE_NOMEM: "there is too little memory",
}
RECOVER: Final = "Restore a backup, or copy what can still be read: blockloom db recover {} NEW_FILE"


def told(error: BaseException, path: str) -> BaseException:
    """The error of a store that says what SQLite, or Python on the way to it, said; others are left as they are.

    What may pass by itself is StoreFailed; the rest, such as a table that is not there, is StoreUnusable.
    """
    if isinstance(error, BlockloomError):
        return error
    if isinstance(error, UnicodeEncodeError):
        return BadValue("a text holds half a surrogate pair and cannot be kept")
    if isinstance(error, OverflowError | sqlite3.DataError):
        return BadValue(f"a value is too large to be kept: {error}")
    if not isinstance(error, sqlite3.Error):
        return error
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _DAMAGED:
        return damaged(path, str(error))
    if code in _SENTENCES:
        return StoreFailed(path, _SENTENCES[code])
    why = f"SQLite says {str(error) or type(error).__name__!r}"
    return StoreUnusable(path, why, "Somebody may have changed its tables: use a backup, or another path.")


def damaged(path: str, what: str) -> StoreUnusable:
    """The file is a database, and broken."""
    return StoreUnusable(path, f"the file is damaged ({what})", RECOVER.format(path))

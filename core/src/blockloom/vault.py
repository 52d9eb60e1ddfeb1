"""Where secrets come from, and what hides those that were used from whatever is recorded, sent or logged."""

import json
import logging
import os
import re
import stat
import sys
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, quote_plus

from .errors import TaskFailed
from .home import home
from .keys import HIDDEN, SECRET_NAME, SHORTEST, change_texts, hide_keys, may_hold_key, some_text

PREFIX: Final = "BLOCKLOOM_SECRET_"
"""What the name of a variable begins with that holds a secret."""

LARGEST: Final = 64 * 1024
"""Bytes that a secret may have."""


class Vault:
    """The secrets of one engine: read when a task asks for one, and hidden from then on."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._environment = environment
        self._known: dict[str, str] = {}
        self._forms: tuple[str, ...] = ()
        self._may_hold: Callable[[str], bool] = may_hold_key
        self._logs: _MaskingFactory | None = None

    def open(self, name: str) -> str:
        """The value of a secret, from its variable or else its file; raises TaskFailed where there is none."""
        value = self._find(name)
        if self._known.get(name) != value:
            self._learn(name, value)
        return value

    def names(self) -> list[str]:
        """The secrets that are set, in variables or files."""
        variables = (name.removeprefix(PREFIX).lower() for name in self._environment if name.startswith(PREFIX))
        files = (path.name for path in self.folder.iterdir()) if self.folder.is_dir() else ()
        return sorted({name for name in (*variables, *files) if re.fullmatch(SECRET_NAME, name)})

    def flaw_of(self, name: str) -> str | None:
        """Why the value of a secret cannot be read; None where it can."""
        try:
            self._find(name)
        except TaskFailed as error:
            return error.message
        return None

    @property
    def folder(self) -> Path:
        """Where the files of secrets are, each named as its secret."""
        return home(self._environment) / "secrets"

    def mask(self, value: Any) -> Any:
        """A JSON value without the secrets that were used or anything that looks like a key; itself if it has none."""
        return change_texts(value, self.mask_text) if some_text(value, self._may_hold) else value

    def mask_text(self, text: str) -> str:
        """A text without them."""
        for form in self._forms:
            text = text.replace(form, HIDDEN)
        return hide_keys(text)

    def close(self) -> None:
        """Leave what is logged alone from now on."""
        if self._logs is not None:
            self._logs.remove()

    def _find(self, name: str) -> str:
        if not re.fullmatch(SECRET_NAME, name):
            raise TaskFailed("no-secret", f"{name!r} cannot be the name of a secret.", retry=False)
        value = self._environment.get(PREFIX + name.upper(), "").strip("\r\n") or _read(self.folder / name)
        if not value:
            where = f"set {PREFIX}{name.upper()}, or write it into the file {self.folder / name} (mode 0600)"
            raise TaskFailed("no-secret", f"The secret {name!r} is not set: {where}.", retry=False)
        return value

    def _learn(self, name: str, value: str) -> None:
        self._known[name] = value
        forms = {form for known in self._known.values() for form in _forms(known)} | set(self._forms)
        self._forms = tuple(sorted(forms, key=lambda form: (-len(form), form)))
        self._may_hold = lambda text: may_hold_key(text) or any(form in text for form in self._forms)
        if self._logs is None:
            self._logs = _MaskingFactory(self)


def _read(path: Path) -> str:
    """What a file of a secret holds, nothing where there is none; raises TaskFailed where others can read it."""
    try:
        with path.open("rb") as file:
            if sys.platform != "win32" and (mode := stat.S_IMODE(os.fstat(file.fileno()).st_mode)) & 0o077:
                raise _unusable(path, f"has the mode {mode:04o}, so that others can read it: run chmod 600 {path}")
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise _unusable(path, f"has more than {LARGEST} bytes")
        return data.decode().strip("\r\n")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise _unusable(path, "is not UTF-8") from None


def _unusable(path: Path, why: str) -> TaskFailed:
    return TaskFailed("no-secret", f"The file {path} of a secret {why}.", retry=False)


def _forms(value: str) -> Iterator[str]:
    """How a secret may stand in a text: as it is, escaped, in an address, in base64 wherever it begins."""
    if len(value) < SHORTEST:
        return
    yield value
    yield from (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1])
    for written in (quote(value, safe=""), quote(value), quote_plus(value)):
        yield from (written, quote(written, safe=""))
    for shift in range(3):
        data = bytes(shift) + value.encode()
        # Of the characters at the ends, some hold bits of what stands beside the secret.
        first, last = (8 * shift + 5) // 6, 8 * len(data) // 6
        for encode in (b64encode, urlsafe_b64encode):
            if len(form := encode(data).decode()[first:last]) >= SHORTEST:
                yield form


class _MaskingFactory:
    """Makes the records of `logging`, in a chain with whatever made them before, without the secrets of a vault."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._before: Any = logging.getLogRecordFactory()
        logging.setLogRecordFactory(self)

    def __call__(self, *given: Any, **named: Any) -> logging.LogRecord:
        record: logging.LogRecord = self._before(*given, **named)
        try:
            told = record.getMessage()
            masked = self._vault.mask_text(told)
            if masked != told:
                record.msg, record.args = masked, ()
            if record.exc_info:
                record.exc_text = self._vault.mask_text(logging.Formatter().formatException(record.exc_info))
            if record.stack_info:
                record.stack_info = self._vault.mask_text(record.stack_info)
        except Exception:  # a message that does not fit its arguments is for the handler to complain of
            record.msg, record.args = self._vault.mask_text(str(record.msg)), ()
        return record

    def remove(self) -> None:
        """Leave the chain."""
        link: Any = logging.getLogRecordFactory()
        if link is self:
            logging.setLogRecordFactory(self._before)
        while isinstance(link, _MaskingFactory):
            if link._before is self:
                link._before = self._before
                return
            link = link._before

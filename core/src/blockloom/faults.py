"""What went wrong with plugins while they ran, kept in a file, so that commands can tell what happened in a server."""

import contextlib
import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from .words import Text

KEPT: Final = 7 * 24 * 3600.0
"""Seconds after which a fault that did not come again is forgotten."""

MOST: Final = 20
"""Faults that are kept of one plugin."""


class Fault(NamedTuple):
    """One thing that a plugin did wrong, and what to do about it."""

    text: Text
    remedy: Text


class Faults:
    """The faults of the installed plugins, by distribution and version. Without a path they last as long as this."""

    def __init__(self, path: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._told: dict[str, list[dict[str, Any]]] = {}

    def of(self, distribution: str, version: str) -> list[Fault]:
        """What one version of a distribution did wrong lately."""
        since = self._clock() - KEPT
        found = self._read().get(_key(distribution, version), ())
        return [Fault(each["text"], each["remedy"]) for each in found if each["time"] >= since]

    def add(self, distribution: str, version: str, fault: Fault) -> None:
        """Keep a fault; one that is known already is as new again. Where the file cannot be written, nothing is."""
        told = self._read()
        now, key = self._clock(), _key(distribution, version)
        others = [each for each in told.get(key, ()) if each["text"] != fault.text and each["time"] >= now - KEPT]
        told[key] = [*others, {**fault._asdict(), "time": now}][-MOST:]
        self._told = told
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                beside = self._path.with_name(f"{self._path.name}.{os.getpid()}")
                beside.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
                beside.replace(self._path)

    def _read(self) -> dict[str, list[dict[str, Any]]]:
        """What is in the file, as far as it can be read."""
        if self._path is None:
            return self._told
        try:
            told = json.loads(self._path.read_text(encoding="utf-8"))
            return {key: [each for each in faults if _is_fault(each)] for key, faults in told.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            return {}


def _key(distribution: str, version: str) -> str:
    return f"{distribution} {version}"


def _is_fault(told: Any) -> bool:
    return (
        isinstance(told, Mapping)
        and all(isinstance(told.get(key), str | dict) for key in ("text", "remedy"))
        and isinstance(told.get("time"), int | float)
    )

"""The example graphs, and something to run them with."""

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from blockloom.codec import read_file
from blockloom.errors import BadFormat

FAVOURITES: Final = ("release-notes", "ticket-triage")
"""The examples that the demo runs, the first that it can."""

_SUFFIXES: Final = (".json", ".yaml", ".yml")
_TICKET: Final = "The shop is down since nine and two orders are lost, please help"


def folder() -> Path | None:
    """The folder `examples` of the repository, seen from here or from where the demo was started."""
    for start in (Path.cwd(), Path(__file__).resolve()):
        for above in (start, *start.parents):
            if (above / "examples").is_dir() and (above / "pyproject.toml").is_file():
                return above / "examples"
    return None


def graphs() -> Iterator[dict[str, Any]]:
    """The example graphs that can be read, by the names of their files."""
    place = folder()
    for path in sorted(place.iterdir()) if place is not None else ():
        if path.suffix in _SUFFIXES:
            try:
                yield read_file(path)
            except BadFormat as error:
                print(f"{path.name}: {error.message}", flush=True)


def inputs_for(graph: Mapping[str, Any]) -> dict[str, Any] | None:
    """Inputs for a favourite; None where there are none."""
    declared = graph.get("inputs") or {}
    if graph.get("name") == FAVOURITES[0] and "log" in declared:
        log = git_log()
        return {"log": log} if log else None
    if graph.get("name") == FAVOURITES[1] and "ticket" in declared:
        return {"ticket": _TICKET}
    return None


def git_log() -> str:
    """The latest commits of the repository in which the demo was started; empty if there are none."""
    command = ["git", "log", "-n", "200", "--format=%h %s"]
    try:
        done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace") if done.returncode == 0 else ""

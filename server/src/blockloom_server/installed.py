"""Looks whether plugins come and go while the server runs, and tells of it."""

import asyncio
import os
import sys
from typing import Final, TypeAlias

from blockloom.plugins import Plugins

from .notices import Notices

TYPES_CHANGED: Final = "types.changed"

PAUSE: Final = 1.0
"""Seconds between two looks at the folders where distributions are installed."""

Stamp: TypeAlias = tuple[int, ...]


async def watch_what_is_installed(plugins: Plugins, notices: Notices, pause: float = PAUSE) -> None:
    """Without end: once something was installed or removed, and that is over, look at the plugins again."""
    known = before = _stamp()
    while True:
        await asyncio.sleep(pause)
        now = _stamp()
        if now != known and now == before:
            known = now
            if await asyncio.to_thread(plugins.refresh):
                notices.add(TYPES_CHANGED, {"hash": plugins.registry.fingerprint()})
        before = now


def _stamp() -> Stamp:
    """When anything was last put into or taken out of the folders that Python imports from."""
    times = []
    for folder in sys.path:
        try:
            times.append(os.stat(folder or ".").st_mtime_ns)
        except OSError:
            times.append(0)
    return tuple(times)

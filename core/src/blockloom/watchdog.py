"""Watches an event loop from a thread, and names the plugin whose code holds it up."""

import asyncio
import logging
import sys
import threading
import traceback
from types import FrameType
from typing import Final, Protocol

from .plugin import Plugin

_log = logging.getLogger(__name__)

BEAT: Final = 0.25
"""Seconds between two looks at the loop; who stands in the way at two of them in a row is named."""


class Owners(Protocol):
    """Who knows which plugin a module belongs to, and takes note of one that holds up the loop."""

    def owner_of(self, module: str) -> Plugin | None:
        """See Plugins."""

    def blame(self, row: Plugin, place: str) -> bool:
        """See Plugins."""


class Watchdog:
    """A thread that looks whether an event loop goes on; a simulated one, which has no threads beside it, it leaves."""

    def __init__(self, plugins: Owners, beat: float = BEAT) -> None:
        self._plugins = plugins
        self._beat = beat
        self._ended = threading.Event()
        self._alive = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Watch the running loop from now on, once."""
        if self._thread is None:
            self._loop = asyncio.get_running_loop()
            self._watched = threading.get_ident()
            self._thread = threading.Thread(target=self._watch, name="blockloom-watchdog", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Watch no longer."""
        self._ended.set()
        self._alive.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        before: Plugin | None = None
        while not self._ended.is_set():
            self._alive.clear()
            try:
                self._loop.call_soon_threadsafe(self._alive.set)
            except RuntimeError:  # the loop is closed, or has no threads beside it
                return
            if self._alive.wait(self._beat):
                before = None
                self._ended.wait(self._beat)
            else:
                before = self._look(before)

    def _look(self, before: Plugin | None) -> Plugin | None:
        """The plugin that stands in the way; it is blamed where it stood there before."""
        frame = sys._current_frames().get(self._watched)
        stack = traceback.format_stack(frame)
        while frame is not None and not self._ended.is_set():
            plugin = self._plugins.owner_of(str(frame.f_globals.get("__name__", "")))
            if plugin is not None:
                if plugin is before and self._plugins.blame(plugin, _place(frame)):
                    _log.warning("the plugin %s holds up the event loop:\n%s", plugin.name, "".join(stack))
                return plugin
            frame = frame.f_back
        return None


def _place(frame: FrameType) -> str:
    return f"{frame.f_code.co_qualname}, {frame.f_code.co_filename}:{frame.f_lineno}"

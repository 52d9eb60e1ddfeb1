"""Events as JSON text, made once for all who are told of them."""

from collections import OrderedDict
from typing import Final

from blockloom.events import Event

from .bulk import tell_event
from .wire import encode

KEPT: Final = 4 * 1024 * 1024
"""Bytes of events that are kept for the next who is to be told."""


class Telling:
    """The latest events as text: what stands in a notification behind its subscription."""

    def __init__(self, most: int = KEPT) -> None:
        # The event is kept beside its text: while it lives, nothing else has its identity.
        self._texts: OrderedDict[tuple[str | None, int], tuple[Event, bytes]] = OrderedDict()
        self._most = most
        self._size = 0

    def told(self, run: str | None, event: Event) -> bytes:
        """An event of a run (None outside of runs), from its first member to the end of the notification."""
        key = (run, event.seq or -id(event))
        known = self._texts.get(key)
        return known[1] if known is not None else self._kept(key, run, event)

    def _kept(self, key: tuple[str | None, int], run: str | None, event: Event) -> bytes:
        text = encode({"run": run, **tell_event(event)})[1:] + b"}"
        self._texts[key] = (event, text)
        self._size += len(text)
        while self._size > self._most:
            _, (_, oldest) = self._texts.popitem(last=False)
            self._size -= len(oldest)
        return text

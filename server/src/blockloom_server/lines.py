"""The log: one line of JSON for each thing that happened, with ids, and few lines a second from one source."""

import json
import logging
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final

MOST: Final = 5
"""Lines a second that one source, such as an address, may cause."""

SOURCES: Final = 1000
"""Sources that are remembered."""

_log = logging.getLogger("blockloom_server")


class Lines:
    """Writes what happens into the log; what a source causes beyond its lines is counted, and told of in one more."""

    def __init__(self, most: int = MOST, clock: Callable[[], float] = monotonic) -> None:
        self._most = most
        self._clock = clock
        self._sources: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def tell(self, event: str, source: str, **facts: Any) -> None:
        """Write one line, unless its source has had enough of them in this second."""
        if not _log.isEnabledFor(logging.INFO):
            return
        now = self._clock()
        since, count = self._sources.pop(source, (now, 0))
        if now - since >= 1:
            self._own_up(source, count)
            since, count = now, 0
        self._sources[source] = (since, count + 1)
        if count < self._most:
            _write(event, facts)
        if len(self._sources) > SOURCES:
            oldest, (_, count) = self._sources.popitem(last=False)
            self._own_up(oldest, count)

    def close(self) -> None:
        """Tell what has been left out so far."""
        for source, (_, count) in self._sources.items():
            self._own_up(source, count)
        self._sources.clear()

    def _own_up(self, source: str, count: int) -> None:
        if count > self._most:
            _write("log.left-out", {"source": source, "lines": count - self._most})


class Formatter(logging.Formatter):
    """Gives any record of the log as one line of JSON: `time`, `level`, `event`, and the facts."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"time": time, "level": record.levelname.lower()}
        facts = getattr(record, "facts", None)
        if facts is not None:
            line |= {"event": record.getMessage(), **facts}
        else:
            line |= {"event": "log", "logger": record.name, "message": record.getMessage()}
        if record.exc_info:
            # Whoever made the record may have written the trace already, without what nobody may see.
            line["trace"] = record.exc_text or self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=True, default=str)


def _write(event: str, facts: dict[str, Any]) -> None:
    _log.info(event, extra={"facts": {key: fact for key, fact in facts.items() if fact is not None}})

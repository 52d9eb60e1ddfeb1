"""What is shown on stderr while a run goes on: a live view on a terminal, else one line a task that starts or ends."""

import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from .. import events as e
from ..events import Event
from .speech import note, one_line, say


class Progress(AbstractContextManager["Progress"], Protocol):
    """Shows a run as it goes on, from being entered to being left."""

    def take(self, events: Sequence[Event]) -> None:
        """Show what has happened."""

    def say(self, line: str) -> None:
        """Show a line from elsewhere; whether anybody reads it changes nothing for the run."""


def progress(name: str, tasks: Iterable[str]) -> Progress:
    """The live view where stderr is a terminal that can show it, else plain lines."""
    if sys.stderr.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown"):
        from .liveview import LiveView

        return LiveView(name, tasks)
    return Lines()


class Lines(AbstractContextManager["Lines"]):
    """Plain lines on stderr. When nobody reads them any more, the run goes on all the same."""

    def __init__(self) -> None:
        self._started: dict[str, float] = {}
        self._mute = False

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def take(self, events: Sequence[Event]) -> None:
        """Print a line for each task that started or ended, and for each line that a task logs."""
        lines = [line for event in events if (line := self._line(event))]
        if lines:
            self.say("\n".join(lines))

    def say(self, line: str) -> None:
        """Print a line."""
        if not self._mute:
            try:
                note(line)
            except OSError:
                self._mute = True

    def _line(self, event: Event) -> str | None:
        if event.task is None:
            return None
        if event.type == e.TASK_STARTED:
            self._started[event.task] = event.time
        return say(*told) if (told := _tell(event, self._started)) else None


def _tell(event: Event, started: dict[str, float]) -> tuple[str, str] | None:
    """An event of a task in one line, in English and Chinese; None for those not worth one."""
    task, data = event.task or "", event.data
    if event.type == e.TASK_STARTED:
        return f"{task}: started", f"{task}：开始"
    if event.type == e.TASK_OUTPUT and "log" in data:
        return (f"{task} | {one_line(data['log'], 1000)}",) * 2
    took = event.time - started.get(task, event.time)
    if event.type == e.TASK_COMPLETED:
        return f"{task}: completed in {took:.2f} s", f"{task}：完成，用时 {took:.2f} 秒"
    why = one_line((data.get("error") or {}).get("message", ""))
    if event.type == e.TASK_RETRYING:
        delay = f"{data.get('delay', 0):.2f}"
        return f"{task}: tries again in {delay} s: {why}", f"{task}：{delay} 秒后重试：{why}"
    if event.type == e.TASK_FAILED:
        return f"{task}: failed after {took:.2f} s: {why}", f"{task}：失败，用时 {took:.2f} 秒：{why}"
    return None

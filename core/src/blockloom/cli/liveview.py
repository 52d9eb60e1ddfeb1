"""The live view of a run on a terminal: who runs and how far, and the counts; readable however many tasks there are."""

import io
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, redirect_stdout, suppress
from threading import Event, Lock, Thread
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from .. import events as e
from ..states import TaskState
from .speech import one_line, say
from .tally import Step, Tally

ROWS: Final = 12
"""Running tasks that are shown at once; the others are counted."""

PAUSE: Final = 0.1
"""Seconds between two drawings."""

_BAR: Final = 24
_STATES: Final = {
    TaskState.RUNNING: ("running", "运行中", "cyan"),
    TaskState.COMPLETED: ("completed", "已完成", "green"),
    TaskState.FAILED: ("failed", "失败", "red"),
    TaskState.CANCELED: ("canceled", "已取消", "yellow"),
}


class LiveView(AbstractContextManager["LiveView"]):
    """Drawn a few times a second by a thread of its own: it moves while a task keeps the loop busy, and costs the
    run no time of its own."""

    def __init__(self, name: str, tasks: Iterable[str], console: Console | None = None) -> None:
        self.name = name
        self.console = console or Console(stderr=True)
        self._tally = Tally(tasks)
        self._began = time.time()
        self._lock = Lock()
        self._lines: list[str] = []
        self._over = Event()
        self._painter = Thread(target=self._paint, daemon=True)
        self._printed = Printed(self.say)
        self._prints = redirect_stdout(self._printed)
        self._live = Live(
            console=self.console, get_renderable=self.render, transient=True, auto_refresh=False, redirect_stdout=False
        )

    def __enter__(self) -> "LiveView":
        self._live.start()
        self._painter.start()
        self._prints.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._prints.__exit__(None, None, None)
        self._printed.close()
        self._over.set()
        self._painter.join()
        with suppress(OSError):
            self._draw()
            self._live.stop()

    def take(self, events: Sequence[e.Event]) -> None:
        """Count what has happened; what tasks log is printed above the view."""
        with self._lock:
            for event in events:
                self._tally.take(event)
                if event.type == e.TASK_OUTPUT and "log" in event.data:
                    self._lines.append(f"{event.task} | {one_line(event.data['log'], 1000)}")

    def say(self, line: str) -> None:
        """Print a line above the view."""
        with self._lock:
            self._lines.append(line)

    def _paint(self) -> None:
        with suppress(OSError):  # nobody looks any more: the run goes on all the same
            while not self._over.wait(PAUSE):
                self._draw()

    def _draw(self) -> None:
        with self._lock:
            lines, self._lines = self._lines, []
        if lines:
            self.console.print(Text("\n".join(lines)))
        self._live.refresh()

    def render(self) -> RenderableType:
        """The rows of running tasks above the line of counts."""
        with self._lock:
            running = list(self._tally.running.items())
            counts = dict(self._tally.counts)
            done, total = self._tally.done, self._tally.total
        now = time.time()
        room = max(1, min(ROWS, self.console.height - 4))
        rows = Table.grid(padding=(0, 2))
        for column in range(4):
            rows.add_column(no_wrap=True, overflow="ellipsis", ratio=1 if column == 3 else None)
        for task, step in running[:room]:
            rows.add_row(*_row(task, step, now))
        more = len(running) - room
        rest = [Text(say(f"… and {more} more running", f"……另有 {more} 个运行中"), style="dim")] if more > 0 else []
        return Group(rows, *rest, self._summary(counts, done, total, now - self._began))

    def _summary(self, counts: dict[TaskState, int], done: int, total: int, seconds: float) -> RenderableType:
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(f"{done}/{total}")
        for state, (english, chinese, color) in _STATES.items():
            if counts.get(state):
                text.append("  ")
                text.append(say(f"{counts[state]} {english}", f"{counts[state]} {chinese}"), style=color)
        text.append(f"  {_clock(seconds)}", style="dim")
        line = Table.grid(padding=(0, 2))
        line.add_row(Text(one_line(self.name, 40), style="bold"), ProgressBar(max(total, 1), done, width=_BAR), text)
        return line


class Printed(io.TextIOBase):
    """Stands in for stdout while the view is up: what is printed there is said line by line."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._rest = ""

    def write(self, text: str) -> int:
        """Take a piece of text."""
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._say(one_line(line, 1000))
        return len(text)

    def close(self) -> None:
        """Say what stands on a line that did not end."""
        if self._rest:
            self.write("\n")
        super().close()


def _row(task: str, step: Step, now: float) -> tuple[RenderableType, ...]:
    """A running task: its id, for how long, how far, and what it says itself."""
    known = step.fraction is not None
    bar = ProgressBar(1.0, min(max(step.fraction or 0.0, 0.0), 1.0), width=_BAR, pulse=not known)
    percent = f"{step.fraction:.0%} " if step.fraction is not None else ""
    said = Text(percent + one_line(step.message, 100))
    return Text(one_line(task, 40), style="cyan"), Text(_clock(now - step.started), style="dim"), bar, said


def _clock(seconds: float) -> str:
    seconds = max(0.0, seconds)
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"

"""What the server counts and measures, for Prometheus."""

import asyncio
from collections import Counter as Counts
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from blockloom import events as e
from blockloom.events import Event
from blockloom.live import LiveRun
from blockloom.states import RunState, TaskState
from prometheus_client import CollectorRegistry, Counter, Histogram, Info, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily

from .version import VERSION

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

PULSE: Final = 0.5
"""Seconds between two looks at how late the event loop is."""

MOMENTS: Final[Mapping[str, str]] = {
    "blockloom_runs": "Runs that go on, by state.",
    "blockloom_tasks": "Their tasks that are ready, which is the queue, or run, by state.",
    "blockloom_connections": "WebSockets that are open.",
    "blockloom_subscriptions": "Their subscriptions.",
    "blockloom_messages_waiting": "Messages that wait to be sent.",
}
"""What stands at the moment, asked for when somebody looks."""

_SHORT: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 2.5, 10)
_LONG: Final = (0.001, 0.01, 0.1, 1, 10, 60, 600, 3600, 86400)
_RUN_ENDS: Final = {e.RUN_COMPLETED: "COMPLETED", e.RUN_FAILED: "FAILED", e.RUN_STOPPED: "STOPPED"}
_TASK_ENDS: Final = {e.TASK_COMPLETED: "COMPLETED", e.TASK_FAILED: "FAILED", e.TASK_CANCELED: "CANCELED"}


class Metrics:
    """The figures of one server. What it holds at the moment is asked for when somebody looks."""

    def __init__(self) -> None:
        self._registry = made = CollectorRegistry()
        Info("blockloom", "The server.", registry=made).info({"version": VERSION})
        ProcessCollector(registry=made)
        self._runs_started = Counter("blockloom_runs_started", "Runs that began.", registry=made)
        self._runs = Counter("blockloom_runs_ended", "Runs that ended, by how.", ["state"], registry=made)
        self._run_seconds = Histogram(
            "blockloom_run_seconds", "From the beginning of a run to its end.", buckets=_LONG, registry=made
        )
        self._tasks = Counter("blockloom_tasks_ended", "Tasks that ended, by how.", ["state"], registry=made)
        self._task_seconds = Histogram(
            "blockloom_task_seconds", "From the start of a task to its end, all attempts.", buckets=_LONG, registry=made
        )
        self._retries = Counter("blockloom_task_retries", "Attempts that failed and were followed.", registry=made)
        self._lag = Histogram(
            "blockloom_loop_lag_seconds", "How late the event loop was.", buckets=_SHORT, registry=made
        )
        self._calls = Histogram(
            "blockloom_call_seconds", "Calls that were answered, by method.", ["method"], buckets=_SHORT, registry=made
        )
        self._refused = Counter("blockloom_calls_refused", "Calls that were refused, by code.", ["code"], registry=made)
        self._opened = Counter("blockloom_connections_opened", "WebSockets that were opened.", registry=made)
        self._closed = Counter("blockloom_connections_closed", "WebSockets closed, by code.", ["code"], registry=made)
        self._turned_away = Counter(
            "blockloom_requests_refused", "HTTP requests refused, by status.", ["status"], registry=made
        )
        self._sent = Counter("blockloom_messages_sent", "Messages to clients.", registry=made)
        self._dropped = Counter("blockloom_messages_dropped", "Events that may be dropped, and were.", registry=made)
        self._timed: dict[str, Histogram] = {}
        self._begun: dict[tuple[str, str | None], float] = {}

    def see(self, run: str, event: Event) -> None:
        """Count a recorded event."""
        type, key = event.type, (run, event.task)
        if type == e.TASK_STARTED:
            self._begun.setdefault(key, event.time)
        elif type in _TASK_ENDS:
            self._tasks.labels(_TASK_ENDS[type]).inc()
            self._over(key, event, self._task_seconds)
        elif type == e.TASK_RETRYING:
            self._retries.inc()
        elif type == e.RUN_STARTED:
            self._runs_started.inc()
            self._begun[key] = event.time
        elif type in _RUN_ENDS:
            self._runs.labels(_RUN_ENDS[type]).inc()
            self._over(key, event, self._run_seconds)

    def _over(self, key: tuple[str, str | None], event: Event, seconds: Histogram) -> None:
        if (begun := self._begun.pop(key, None)) is not None:
            seconds.observe(max(0.0, event.time - begun))

    # Connections

    def answered(self, method: str, seconds: float) -> None:
        """Count a call that was answered."""
        if (timed := self._timed.get(method)) is None:
            timed = self._timed[method] = self._calls.labels(method)
        timed.observe(seconds)

    def refused(self, code: int) -> None:
        """Count a call that was refused."""
        self._refused.labels(code).inc()

    def turned_away(self, status: int) -> None:
        """Count an HTTP request that was refused."""
        self._turned_away.labels(status).inc()

    def opened(self) -> None:
        """Count a WebSocket."""
        self._opened.inc()

    def closed(self, code: int | None, sent: int, dropped: int) -> None:
        """Count a WebSocket that is over, and what was sent over it."""
        self._closed.labels(code or 1006).inc()
        self._sent.inc(sent)
        self._dropped.inc(dropped)

    def show(self, name: str, look: Callable[[], Mapping[str, int] | int]) -> None:
        """Have one of MOMENTS told too."""
        self._registry.register(Moment(name, look))

    async def watch_the_loop(self) -> None:
        """Look again and again how late the event loop is."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + PULSE
            await asyncio.sleep(PULSE)
            self._lag.observe(max(0.0, loop.time() - due))

    def described(self) -> dict[str, str]:
        """What each figure is, by name; but for those of the process."""
        found = {f.name + ("_total" if f.type == "counter" else ""): f.documentation for f in self._registry.collect()}
        return {name: text for name, text in (found | dict(MOMENTS)).items() if name.startswith("blockloom_")}

    def text(self) -> str:
        """Everything, as Prometheus reads it."""
        return generate_latest(self._registry).decode()


class Moment:
    """A figure of this moment, asked for when somebody looks: a number, or numbers by state."""

    def __init__(self, name: str, look: Callable[[], Mapping[str, int] | int]) -> None:
        self._name = name
        self._text = MOMENTS[name]
        self._look = look

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The figure, for the registry."""
        found = self._look()
        if isinstance(found, int):
            yield GaugeMetricFamily(self._name, self._text, value=found)
            return
        family = GaugeMetricFamily(self._name, self._text, labels=["state"])
        for value, number in found.items():
            family.add_metric([value], number)
        yield family


def runs_by_state(runs: Iterable[LiveRun]) -> dict[str, int]:
    """How many of the runs that go on are in each state."""
    return _counted((run.state for run in runs), (RunState.PENDING, RunState.RUNNING, RunState.PAUSED))


def tasks_by_state(runs: Iterable[LiveRun]) -> dict[str, int]:
    """How many of their tasks are ready, which is the queue, and how many run."""
    records = (record.state for run in runs for record in run.tasks.values())
    return _counted(records, (TaskState.READY, TaskState.RUNNING))


def _counted(found: Iterable[Any], kinds: Iterable[Any]) -> dict[str, int]:
    counts = Counts(found)
    return {kind.value: counts[kind] for kind in kinds}

"""What Prometheus reads, how ready the server is, and what stands in the log."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from blockloom import Event, MemoryStore, Plugins
from blockloom.errors import StoreFailed
from blockloom_server.lines import MOST, Formatter, Lines
from blockloom_server.metrics import Metrics
from blockloom_server.remote import Refused, session
from blockloom_server.server import Server
from blockloom_server.testing import Gates, serving, socket_of
from prometheus_client.parser import text_string_to_metric_families

GATED = {"blockloom": 1, "tasks": [{"id": "a", "type": "test.gate"}, {"id": "b", "type": "merge"}]}


async def get(server: Server, path: str, *headers: str) -> tuple[int, str, str]:
    """The status, the head and the body of a page."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    lines = "".join(f"{header}\r\n" for header in ("Host: localhost", *headers))
    writer.write(f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode())
    head, _, body = (await asyncio.wait_for(reader.read(), 10)).decode().partition("\r\n\r\n")
    writer.close()
    return int(head.split()[1]), head, body


async def figures(server: Server) -> dict[str, float]:
    """Every figure by name and labels, as Prometheus reads them."""
    status, head, body = await get(server, "/metrics")
    assert status == 200
    assert "Content-Type: text/plain; version=0.0.4; charset=utf-8" in head
    found = {}
    for family in text_string_to_metric_families(body):
        for sample in family.samples:
            labels = ",".join(sample.labels.values())
            found[sample.name + (f"{{{labels}}}" if labels else "")] = sample.value
    return found


def test_the_figures_tell_what_goes_on_and_what_is_over() -> None:
    async def go() -> tuple[dict[str, float], dict[str, float]]:
        gates = Gates()
        async with serving(gates.type) as server, session(socket_of(server)) as remote:
            await remote.call("subscribe", all=True)
            run = (await remote.call("run.start", graph=GATED, max_concurrency=1))["run"]
            await gates.wait_for("main")
            with pytest.raises(Refused):
                await remote.call("run.get", run="nope")
            during = await figures(server)
            gates.open("main")
            while (await remote.event())["type"] != "run.completed":
                pass
            with pytest.raises(Refused):
                await remote.call("run.pause", run=run)
            await get(server, "/nowhere")
        async with serving() as other:
            assert (await figures(other))["blockloom_runs_started_total"] == 0
        return during, await figures_after(server)

    async def figures_after(server: Server) -> dict[str, float]:
        text = server.hub.metrics.text()
        return {
            sample.name + "".join(f"{{{value}}}" for value in sample.labels.values()): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    during, after = asyncio.run(go())
    assert during["blockloom_runs{RUNNING}"] == 1
    assert (during["blockloom_tasks{RUNNING}"], during["blockloom_tasks{READY}"]) == (1, 1)
    assert (during["blockloom_connections"], during["blockloom_subscriptions"]) == (1, 1)
    assert during["blockloom_calls_refused_total{-32002}"] == 1
    assert during["blockloom_call_seconds_count{run.start}"] == 1
    assert after["blockloom_runs_ended_total{COMPLETED}"] == 1
    assert after["blockloom_tasks_ended_total{COMPLETED}"] == 2
    assert after["blockloom_run_seconds_count"] == 1
    assert after["blockloom_task_seconds_count"] == 2
    assert after["blockloom_requests_refused_total{404}"] == 1
    assert after["blockloom_connections_closed_total{1000}"] == 1
    assert after["blockloom_messages_sent_total"] > 10


def test_how_late_the_loop_is_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("blockloom_server.metrics.PULSE", 0.001)

    async def go() -> Metrics:
        metrics = Metrics()
        watching = asyncio.create_task(metrics.watch_the_loop())
        async with asyncio.timeout(10):
            while "blockloom_loop_lag_seconds_count 0.0" in metrics.text():  # noqa: ASYNC110
                await asyncio.sleep(0)
        watching.cancel()
        return metrics

    assert "blockloom_loop_lag_seconds_bucket" in asyncio.run(go()).text()


def test_where_there_is_a_token_the_figures_want_it() -> None:
    async def go() -> list[int]:
        async with serving(token="sesam-1") as server:
            shown = ((), ("Authorization: Bearer wrong",), ("Authorization: Bearer sesam-1",))
            found = [(await get(server, "/metrics", *headers))[0] for headers in shown]
            return [*found, (await get(server, "/health"))[0]]

    assert asyncio.run(go()) == [401, 401, 200, 200]


class Sick(MemoryStore):
    """A store that may answer no more."""

    sick = False

    async def runs(self, *wanted: Any, **more: Any) -> Any:
        if self.sick:
            raise StoreFailed("memory:", "it is sick")
        return await super().runs(*wanted, **more)


def test_it_is_ready_where_its_store_answers() -> None:
    async def go() -> list[tuple[int, bool]]:
        store = Sick()
        found = []
        async with Server(Plugins.load(), store, port=0) as server:
            for store.sick in (False, True, False):
                status, _, body = await get(server, "/health")
                found.append((status, json.loads(body)["ready"]))
        return found

    assert asyncio.run(go()) == [(200, True), (503, False), (200, True)]


class Full(MemoryStore):
    """A store that may be full."""

    def __init__(self) -> None:
        super().__init__()
        self.full = True
        self.tried = asyncio.Event()

    async def append(self, run: str, events: Sequence[Event]) -> None:
        if self.full:
            self.tried.set()
            raise StoreFailed("memory:", "the disk is full")
        await super().append(run, events)


def test_it_is_not_ready_while_a_run_waits_for_a_full_disk() -> None:
    async def go() -> list[int]:
        store = Full()
        async with Server(Plugins.load(), store, port=0) as server:
            run = await server.hub.start({"blockloom": 1, "tasks": [{"id": "a", "type": "merge"}]}, {}, None)
            await store.tried.wait()
            found = [(await get(server, "/health"))[0]]
            store.full = False
            await run.wait()
            return [*found, (await get(server, "/health"))[0]]

    assert asyncio.run(go()) == [503, 200]


# The log


def lines_of(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """What stands in the log, as it is written."""
    form = Formatter()
    return [json.loads(form.format(record)) for record in caplog.records if record.name == "blockloom_server"]


def logged(caplog: pytest.LogCaptureFixture, act: Callable[[Server], Awaitable[None]], **settings: Any) -> list[Any]:
    """The lines that a server writes while something is done to it."""
    caplog.set_level(logging.INFO, "blockloom_server")

    async def go() -> None:
        async with serving(**settings) as server:
            await act(server)

    asyncio.run(go())
    return lines_of(caplog)


def test_a_line_for_every_connection_and_run_with_their_ids(caplog: pytest.LogCaptureFixture) -> None:
    ids: list[str] = []

    async def act(server: Server) -> None:
        async with session(socket_of(server)) as remote:
            graph = {"blockloom": 1, "tasks": [{"id": "a", "type": "stop", "config": {"state": "failed"}}]}
            ids.append((await remote.call("run.start", graph=graph))["run"])
            await (await server.hub.engine.run(ids[0])).wait()

    told = logged(caplog, act)
    assert [line["event"] for line in told] == ["connection.opened", "run.started", "run.failed", "connection.closed"]
    assert {line["client"] for line in told if "client" in line} == {"c1"}
    assert {line["run"] for line in told if "run" in line} == set(ids)
    assert told[2]["task"] == "a"
    assert told[3]["code"] == 1000
    assert all(line["level"] == "info" and line["time"] for line in told)


def test_who_keeps_knocking_gets_few_lines(caplog: pytest.LogCaptureFixture) -> None:
    async def act(server: Server) -> None:
        for _ in range(100):
            await get(server, '/nowhere?<script>\x7f"')

    told = logged(caplog, act)
    refused = [line for line in told if line["event"] == "request.refused"]
    left_out = sum(line["lines"] for line in told if line["event"] == "log.left-out")
    assert len(refused) + left_out == 100
    assert len(refused) < 100
    assert (refused[0]["status"], refused[0]["path"]) == (404, "/nowhere")  # a query may hold a secret


def test_each_source_has_its_own_lines_and_many_sources_are_forgotten(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "blockloom_server")
    now = [0.0]
    lines = Lines(clock=lambda: now[0])
    for _ in range(MOST + 3):
        lines.tell("a", "one")
    lines.tell("b", "two")
    now[0] = 1
    lines.tell("c", "one")
    told = [(line["event"], line.get("lines")) for line in lines_of(caplog)]
    assert told == [*[("a", None)] * MOST, ("b", None), ("log.left-out", 3), ("c", None)]
    for number in range(3000):
        lines.tell("d", str(number))
    assert len(lines._sources) <= 1000


def test_a_mistake_of_the_servers_own_is_one_line_with_its_trace() -> None:
    try:
        raise ValueError("no\nway")
    except ValueError as error:
        record = logging.LogRecord("x", logging.ERROR, "", 0, "it %s", ("failed",), (type(error), error, None))
    line = Formatter().format(record)
    assert "\n" not in line
    assert json.loads(line)["message"] == "it failed"
    assert "ValueError" in json.loads(line)["trace"]

"""Twenty secrets in fifty runs, failures and a killed server included: they appear nowhere but where they are sent."""

import asyncio
import base64
import io
import json
import logging
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, quote_plus

import pytest
from blockloom import Engine, InvalidGraph, MemoryStore, Plugins
from blockloom.errors import InvalidTrigger
from blockloom.testing import Asked, Reply, ScriptedServer, refuses, says
from blockloom.vault import Vault
from blockloom_server.lines import Formatter
from websockets.asyncio.client import connect

RUNS: Final = 50
SECRETS: Final = {f"canary_{i}": f"canary/{i:02}+{os.urandom(9).hex()}" for i in range(20)}
STATUSES: Final = (200, 400, 401, 422, 500)


def forms(value: str) -> Iterator[bytes]:
    """How a secret may be written: as it is, escaped, in an address, in base64 at each of its three places."""
    for written in (value, json.dumps(value)[1:-1], quote(value), quote(value, safe=""), quote_plus(value)):
        yield from (written.encode(), quote(written, safe="").encode())
    for before in range(3):
        yield base64.b64encode(b"-" * before + value.encode())[4:-4]


FORMS: Final = {name: set(forms(value)) for name, value in SECRETS.items()}


def found_in(data: bytes) -> list[str]:
    return [name for name, written in FORMS.items() if any(form in data for form in written)]


def echo(asked: Asked) -> Reply:
    """An interface that sends back all it was sent, in several ways; a model that does so, too."""
    heard = "\n".join([asked.target, *asked.headers.values(), asked.body.decode(errors="replace")])
    words = f"{heard} {json.dumps(heard)} {base64.b64encode(heard.encode()).decode()} {quote(heard)}"
    number = int(asked.headers.get("x-run", "0"))
    if asked.target.startswith("/hold"):
        return Reply(pieces=[words], never=True)
    if not asked.target.endswith("/chat/completions"):
        headers = {"x-echo": quote(words[:300]), "content-type": "text/plain"}
        return Reply(status=STATUSES[number % len(STATUSES)], body=words, headers=headers)
    if json.loads(asked.body)["model"] == "refusing":
        return refuses(400, words)
    answer = says(*(words[i : i + 2000] for i in range(0, len(words), 2000)))
    assert callable(answer)
    return answer(asked)


def graph(number: int, url: str) -> dict[str, Any]:
    """A run that sends a few secrets in all the ways there are, and shows what comes back."""
    names = [f"canary_{(number + i) % len(SECRETS)}" for i in range(4)]
    key, other, third, fourth = ({"$secret": name} for name in names)
    http = {
        "method": "POST",
        "url": f"{url}/hold" if number % 10 == 9 else f"{url}/call",
        "query": {"key": key},
        "headers": {"x-key": other, "x-run": str(number)},
        "auth": {"user": "ada", "password": third},
        "body": {"deep": [fourth, "{{ words }}"]},
    }
    llm = {"base_url": f"{url}/v1", "model": "refusing" if number % 3 else "chatty", "key": key}
    return {
        "blockloom": 1,
        "name": f"canary-{number}",
        "inputs": {"words": {"type": "string"}},
        "tasks": [
            {"id": "start", "type": "start"},
            {"id": "call", "type": "http", "config": http, "retry": {"attempts": 2, "delay": 0}},
            {"id": "ask", "type": "llm", "config": llm, "inputs": {"prompt": "hi"}, "retry": {"attempts": 1}},
            {"id": "see", "type": "blocks", "blocks": [{"id": "t", "type": "text", "content": {"text": "{{ body }}"}}]},
            {"id": "end", "type": "end"},
        ],
        "connections": [
            {"from": "start.words", "to": "call.words"},
            {"from": "start", "to": "ask"},
            {"from": "call.body", "to": "see.body"},
            {"from": "see.t", "to": "end.seen"},
            {"from": "ask.text", "to": "end.said"},
            {"from": "ask.error" if number % 2 else "ask.usage", "to": "end.more"},
        ],
    }


class Home:
    """A folder with secrets and a store, and a server on it; everything it writes is kept in files."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.home = path / "home"
        folder = self.home / "secrets"
        folder.mkdir(parents=True)
        files = dict(list(SECRETS.items())[10:])
        for name, value in files.items():
            (folder / name).write_text(f"{value}\n")
            (folder / name).chmod(0o600)
        variables = {f"BLOCKLOOM_SECRET_{n.upper()}": v for n, v in SECRETS.items() if n not in files}
        self.environment = {**os.environ, **variables, "BLOCKLOOM_HOME": str(self.home)}
        self.environment |= {"BLOCKLOOM_HTTP_ALLOW": "127.0.0.1", "BLOCKLOOM_LANG": "en"}
        self.store = f"sqlite:///{path}/store/runs.db"
        (path / "store").mkdir()
        self.frames = bytearray()

    @contextmanager
    def serving(self, name: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
        log = self.path / f"{name}.log"
        command = [sys.executable, "-m", "blockloom.cli", "serve", "--port", "0", "--store", self.store]
        with log.open("wb") as output:
            server = subprocess.Popen(command, env=self.environment, stdout=output, stderr=output)
        try:
            while not (there := re.search(rb"ws://[\w.:]+/ws", log.read_bytes())):
                assert server.poll() is None, log.read_text()
            yield there[0].decode(), server
        finally:
            server.terminate()
            server.wait(20)

    def command(self, *arguments: str) -> bytes:
        command = [sys.executable, "-m", "blockloom.cli", *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, timeout=60, check=False)
        return done.stdout + done.stderr

    def written(self) -> Iterator[tuple[str, bytes]]:
        for path in self.path.rglob("*"):
            if path.is_file() and path.parent.name != "secrets":
                yield str(path), path.read_bytes()


class Caller:
    """A client that keeps every frame."""

    def __init__(self, socket: Any, frames: bytearray) -> None:
        self.socket, self.frames = socket, frames
        self.events: list[Mapping[str, Any]] = []
        self._next = 0

    async def call(self, method: str, **params: Any) -> Any:
        self._next += 1
        await self.socket.send(json.dumps({"jsonrpc": "2.0", "id": self._next, "method": method, "params": params}))
        while (told := await self.read()).get("id") != self._next:
            pass
        return told.get("result", told.get("error"))

    async def read(self) -> dict[str, Any]:
        frame = await self.socket.recv()
        self.frames += frame.encode() if isinstance(frame, str) else frame
        told: dict[str, Any] = json.loads(frame)
        if told.get("method") == "event":
            self.events.append(told["params"])
        return told

    async def until(self, run: str, *types: str) -> None:
        while not any(event["run"] == run and event["type"] in types for event in self.events):
            await self.read()


async def first_half(home: Home, url: str) -> list[str]:
    """Half of the runs; the server is killed while some of them are in the middle of a call."""
    runs = []
    with home.serving("first") as (address, server):
        async with connect(address, max_size=None) as socket:
            caller = Caller(socket, home.frames)
            await caller.call("subscribe", all=True)
            for number in range(RUNS // 2):
                told = await caller.call("run.start", graph=graph(number, url), inputs={"words": "hello"})
                runs.append(told["run"])
            for number, run in enumerate(runs):
                if number % 10 != 9:
                    await caller.until(run, "run.completed", "run.failed")
            server.send_signal(signal.SIGKILL)
            server.wait(20)
    return runs


async def second_half(home: Home, url: str, runs: list[str]) -> None:
    """The other half, and everything that can be asked of all of them."""
    with home.serving("second") as (address, _):
        async with connect(address, max_size=None) as socket:
            caller = Caller(socket, home.frames)
            await caller.call("subscribe", all=True)
            for number in range(RUNS // 2, RUNS):
                told = await caller.call("run.start", graph=graph(number, url), inputs={"words": "hello"})
                runs.append(told["run"])
            for number, run in enumerate(runs):
                if number % 10 == 9:
                    await caller.call("run.stop", run=run)
                elif number >= RUNS // 2:
                    await caller.until(run, "run.completed", "run.failed")
            for run in runs:
                for method in ("run.get", "run.events", "run.outputs"):
                    await caller.call(method, run=run)
                for task in ("call", "ask"):
                    await caller.call("run.explain", run=run, task=task)
            for method in ("run.list", "workflow.list", "plugins.list"):
                await caller.call(method)
            leak = graph(0, url) | {"title": "ghp_" + "a1B2c3D4e5" * 4}
            refused = await caller.call("workflow.create", graph=leak)
            assert refused["code"] == -32004


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_twenty_secrets_in_fifty_runs_appear_nowhere(tmp_path: Path) -> None:
    home = Home(tmp_path)
    asked: list[Asked] = []

    async def go() -> list[str]:
        async with ScriptedServer(echo) as outside:
            runs = await first_half(home, outside.url)
            await second_half(home, outside.url, runs)
            asked.extend(outside.asked)
            return runs

    runs = asyncio.run(asyncio.wait_for(go(), 100))
    told = [home.command("runs", "show", run, "--store", home.store) for run in runs[::25]]
    told += [home.command("runs", "export", run, "--store", home.store) for run in runs[::25]]
    told += [home.command("doctor", "--json")]

    # They were sent, all of them, and what was sent came back.
    sent = b"\n".join(f"{a.target} {a.headers} {a.body!r}".encode() for a in asked)
    assert found_in(sent) == list(SECRETS)
    assert home.frames.count(b"***") > RUNS
    assert len(asked) > RUNS

    assert found_in(bytes(home.frames)) == []
    assert found_in(b"\n".join(told)) == []
    files = dict(home.written())
    assert any("runs.db" in name for name in files)
    assert {name: found for name, data in files.items() if (found := found_in(data))} == {}


def test_logs_at_their_loudest_tell_none(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(f"BLOCKLOOM_SECRET_{name.upper()}", value)
    monkeypatch.setenv("BLOCKLOOM_HTTP_ALLOW", "127.0.0.1")
    caplog.set_level(logging.DEBUG)

    async def go() -> int:
        async with ScriptedServer(echo) as outside, Engine(Plugins.load()) as engine:
            for number in range(8):
                await (await engine.start(graph(number, outside.url), {"words": "hello"})).wait()
            return len(outside.asked)

    assert asyncio.run(asyncio.wait_for(go(), 60)) >= 8
    assert len(caplog.text) > 1000
    lines = caplog.text.encode().splitlines()
    assert [line for line in lines if found_in(line)] == []


def test_the_log_of_the_server_tells_none(monkeypatch: pytest.MonkeyPatch) -> None:
    name, value = next(iter(SECRETS.items()))
    vault, written = Vault({f"BLOCKLOOM_SECRET_{name.upper()}": value}), io.StringIO()
    log, handler = logging.getLogger("test.lines"), logging.StreamHandler(written)
    handler.setFormatter(Formatter())
    log.addHandler(handler)
    try:
        vault.open(name)
        try:
            raise ValueError(value)
        except ValueError:
            log.exception("it failed with %s", value)
    finally:
        vault.close()
        log.removeHandler(handler)
    assert "ValueError: ***" in written.getvalue()
    assert found_in(written.getvalue().encode()) == []


def test_a_key_is_kept_in_no_trigger_and_no_event(tmp_path: Path) -> None:
    key = "sk-proj-" + "a1b2c3d4e5" * 3
    store = MemoryStore()

    async def go() -> None:
        async with Engine(Plugins.load(), store) as engine:
            with pytest.raises(InvalidTrigger, match="/inputs/key"):
                await engine.triggers.create(
                    {"id": "t", "type": "event", "config": {"name": "x"}, "inputs": {"key": key}, "workflow": "w"}
                )
            document = {"blockloom": 1, "tasks": [{"id": "m", "type": "merge", "inputs": {"key": key}}]}
            with pytest.raises(InvalidGraph, match="/tasks/0/inputs/key"):
                await engine.start(document)
            await engine.publish("x", {"key": key})
            published = await store.published(0, 10)
            assert "***" in repr(published)
            assert key not in repr(published)

    asyncio.run(go())

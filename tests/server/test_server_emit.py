"""`blockloom emit`, the token that a server makes for itself, and its connections by TLS."""

import asyncio
import json
import os
import re
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
import trustme
from blockloom.cli import Program
from blockloom_server.asking import socket_address
from blockloom_server.remote import session
from blockloom_server.testing import serving
from click.testing import CliRunner, Result
from websockets.asyncio.client import connect

BLOCKLOOM: Final = str(Path(sys.executable).with_name("blockloom"))
WAITING: Final = {
    "blockloom": 1,
    "tasks": [
        {"id": "wait", "type": "wait", "config": {"trigger": {"type": "event", "config": {"name": "paid"}}}},
        {"id": "end", "type": "end"},
    ],
    "connections": [{"from": "wait.payload", "to": "end.told"}],
}


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BLOCKLOOM_TOKEN", "BLOCKLOOM_SERVER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BLOCKLOOM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BLOCKLOOM_LANG", "en")


async def emit(*arguments: str) -> Result:
    """The command, while a server runs here."""
    return await asyncio.to_thread(lambda: CliRunner().invoke(Program(), ["emit", *arguments]))


def test_an_event_reaches_the_runs_that_wait_for_it() -> None:
    async def go() -> tuple[Result, Result, Any]:
        async with serving() as server, session(f"ws://127.0.0.1:{server.port}/ws") as remote:
            address = f"http://127.0.0.1:{server.port}/"
            run = (await remote.call("run.start", graph=WAITING))["run"]
            await remote.call("subscribe", run=run, after=0)
            while (await remote.event())["type"] != "task.started":
                pass
            told = await emit("paid", "--data", '{"order": 7}', "--server", address)
            while (await remote.event())["type"] != "run.completed":
                pass
            later = await emit("paid", "--json", "--server", address)
            return told, later, (await remote.call("run.outputs", run=run))["outputs"]

    told, later, outputs = asyncio.run(go())
    assert (told.exit_code, told.stdout) == (0, "1 run heard it.\n")
    assert (later.exit_code, json.loads(later.stdout)) == (0, {"delivered": 0})
    assert outputs == {"told": {"order": 7}}


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("a", "--data", "{"), 2, "--data is not JSON"),
        (("a", "--data", "paid"), 2, "--data is not JSON"),
        (("a", "--data", "NaN"), 2, "--data is not JSON"),
        (("a", "--server", "ftp://here"), 2, "--server ftp://here: write it as ws://127.0.0.1:8765/ws"),
        (("a", "--server", "ws://127.0.0.1:1"), 1, "There is no server at ws://127.0.0.1:1/ws"),
        ((), 2, "Missing argument"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(arguments: tuple[str, ...], status: int, said: str) -> None:
    done = CliRunner().invoke(Program(), ["emit", *arguments])
    assert (done.exit_code, done.stdout) == (status, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_refusal_is_said_in_a_sentence() -> None:
    async def go() -> tuple[Result, Result]:
        async with serving(token="sesam") as server:
            address = f"127.0.0.1:{server.port}"
            refused = await emit("a", "--server", address, "--token", "wrong")
            return refused, await emit("a", "--run", "nope", "--server", address, "--token", "sesam")

    for done, said in zip(asyncio.run(go()), ("wants its token", "nope"), strict=True):
        assert (done.exit_code, done.stdout) == (1, "")
        assert done.stderr.startswith("Error: The server refuses: ")
        assert said in done.stderr


@pytest.mark.parametrize(
    ("server", "address"),
    [
        ("ws://h:1/ws", "ws://h:1/ws"),
        ("http://h:1", "ws://h:1/ws"),
        ("https://h/", "wss://h/ws"),
        ("h:1", "ws://h:1/ws"),
        ("wss://h/a/ws", "wss://h/a/ws"),
    ],
)
def test_a_server_may_be_named_by_its_page(server: str, address: str) -> None:
    assert socket_address(server) == address


# A server as a process of its own


@contextmanager
def served(*arguments: str) -> Iterator[tuple[int, list[str], subprocess.Popen[str]]]:
    """A running `blockloom serve`: its port, and what it said before."""
    command = [BLOCKLOOM, "serve", "--port", "0", "--store", "memory:", *arguments]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert process.stderr is not None
    said: list[str] = []
    try:
        for line in process.stderr:
            said.append(line)
            if found := re.search(r"wss?://\S+:(\d+)/ws", line):
                yield int(found[1]), said, process
                return
        pytest.fail("".join(said))
    finally:
        process.kill()
        process.communicate()


def test_off_loopback_it_makes_a_token_that_emit_finds_and_keeps_it(tmp_path: Path) -> None:
    file = tmp_path / "home/token"
    with served("--host", "0.0.0.0") as (port, said, _):
        token = file.read_text(encoding="utf-8").strip()
        assert len(token) > 40
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert str(file) in said[0]
        assert token not in "".join(said)
        done = CliRunner().invoke(Program(), ["emit", "a", "--server", f"127.0.0.1:{port}"])
        assert (done.exit_code, done.stdout) == (0, "0 runs heard it.\n")
        os.environ["BLOCKLOOM_TOKEN"] = "another"
        assert CliRunner().invoke(Program(), ["emit", "a", "--server", f"127.0.0.1:{port}"]).exit_code == 1
    os.environ.pop("BLOCKLOOM_TOKEN")
    with served("--host", "0.0.0.0"):
        assert file.read_text(encoding="utf-8").strip() == token


@pytest.mark.parametrize(("mode", "text"), [(0o644, "secret"), (0o600, "")])
def test_a_token_that_others_can_read_is_not_used(mode: int, text: str, tmp_path: Path) -> None:
    file = tmp_path / "home/token"
    file.parent.mkdir()
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)
    done = CliRunner().invoke(Program(), ["serve", "--host", "0.0.0.0", "--port", "0", "--store", "memory:"])
    assert done.exit_code == 2
    assert done.stderr.startswith(f"Error: {file} ")


def test_with_a_certificate_it_speaks_tls_and_nothing_else(tmp_path: Path) -> None:
    authority = trustme.CA()
    pair = tmp_path / "server.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(pair))
    context = ssl.create_default_context()
    authority.configure_trust(context)

    async def go(port: int) -> tuple[Any, bytes]:
        async with connect(f"wss://127.0.0.1:{port}/ws", ssl=context, proxy=None) as socket:
            await socket.send('{"jsonrpc": "2.0", "id": 1, "method": "session.ping"}')
            answer = json.loads(await socket.recv())
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        plain = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        return answer["result"], plain

    with served("--tls-cert", str(pair)) as (port, said, process):
        assert f"https://127.0.0.1:{port}/" in said[-1]
        result, plain = asyncio.run(go(port))
        process.terminate()
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
    assert result == {}
    assert not plain.startswith(b"HTTP")

"""The server as a process of its own: it starts, serves, and ends as it is told."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.request import ProxyHandler, build_opener

import pytest
from blockloom import Finding
from blockloom.cli import Program
from blockloom_server.remote import session
from blockloom_server.serving import warning
from click.testing import CliRunner
from websockets.exceptions import ConnectionClosed

BLOCKLOOM: Final = str(Path(sys.executable).with_name("blockloom"))
ROOT: Final = Path(__file__).parents[2]
ENVIRONMENT: Final = {**os.environ, "BLOCKLOOM_LANG": "en"}


def blockloom(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself."""
    command = [BLOCKLOOM, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=ENVIRONMENT)


@contextmanager
def serving_process(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running `blockloom serve` and the address of its WebSocket."""
    command = [BLOCKLOOM, "serve", *arguments]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
    assert process.stderr is not None
    try:
        line = process.stderr.readline()
        found = re.search(r"ws://\S+/ws", line)
        assert found is not None, line + process.stderr.read()
        yield process, found[0]
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(number: signal.Signals) -> None:
    async def go(process: subprocess.Popen[str], address: str) -> int | None:
        graph = {
            "blockloom": 1,
            "tasks": [{"id": "a", "type": "blocks", "blocks": [{"id": "b", "type": "text", "content": {"text": "t"}}]}],
        }
        async with session(address) as remote:
            await remote.call("run.start", graph=graph)
            process.send_signal(number)
            with pytest.raises(ConnectionClosed) as caught:
                await remote.event()
            return caught.value.rcvd.code if caught.value.rcvd else None

    with serving_process("--port", "0") as (process, address):
        assert asyncio.run(go(process, address)) == 1001
        out, err = process.communicate(timeout=10)
        assert (process.returncode, out) == (0, "")
        lines = [json.loads(line) for line in err.splitlines()]
        assert [line["event"] for line in lines if line["event"].startswith("connection.")] == [
            "connection.opened",
            "connection.closed",
        ]
        assert "run.started" in {line["event"] for line in lines}
        assert {line["level"] for line in lines} == {"info"}


def test_a_second_signal_ends_it_at_once() -> None:
    async def go(process: subprocess.Popen[str], address: str) -> int:
        async with session(address) as remote:
            # It will not take part in the closing, which the server waits for.
            remote.socket.transport.pause_reading()
            process.terminate()
            # The first signal has been heard once nobody new is let in.
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", int(address.split(":")[2].partition("/")[0]))
                except (ConnectionRefusedError, ConnectionResetError):
                    break
                writer.close()
            assert process.poll() is None
            process.terminate()
            code = await asyncio.to_thread(process.wait, 5)
            remote.socket.transport.abort()
            return code

    with serving_process("--port", "0") as (process, address):
        assert asyncio.run(go(process, address)) == 130


def test_it_serves_pages_and_a_second_one_cannot_have_its_port() -> None:
    with serving_process("--port", "0") as (process, address):
        port = address.split(":")[2].partition("/")[0]
        page = f"http://127.0.0.1:{port}/"
        with build_opener(ProxyHandler({})).open(page, timeout=10) as answer:
            assert address in answer.read().decode()
        second = blockloom("serve", "--port", port, "--store", "memory:")
        assert second.returncode == 5
        assert second.stdout == ""
        assert second.stderr.count("\n") == 1
        assert f"127.0.0.1:{port} is in use" in second.stderr
        process.terminate()
        assert process.wait(timeout=10) == 0


def test_a_token_is_wanted_where_it_was_given() -> None:
    async def go(address: str) -> object:
        async with session(address, "sesam") as remote:
            return await remote.call("workflow.list")

    with serving_process("--port", "0", "--token", "sesam") as (_, address):
        assert asyncio.run(go(address)) == {"workflows": []}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--port", "70000"),
        ("--port", "-1"),
        ("--port", "http"),
        ("--max-message", "10"),
        ("--max-message", "many"),
        ("--token", ""),
        ("--limit", "rate"),
        ("--limit", "speed=5"),
        ("--limit", "rate=fast"),
        ("--limit", "rate=0"),
        ("--limit", "drain=9"),
        ("--tls-key", "key.pem"),
        ("--tls-cert", "nowhere.pem"),
        ("--store", "nope:"),
        ("--store", "nope"),
        ("--no-such-option",),
        ("argument",),
    ],
)
def test_bad_options_are_refused_in_a_sentence(arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLOCKLOOM_LANG", "en")
    done = CliRunner().invoke(Program(), ["serve", *arguments])
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr.startswith("Error: ")


def test_the_process_ends_with_the_status_too() -> None:
    done = blockloom("serve", "--limit", "rate=0")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: --limit rate=0: ")


def test_an_address_that_is_not_here_is_said_to_be_so() -> None:
    done = blockloom("serve", "--host", "192.0.2.1", "--token", "t", "--port", "0")
    assert done.returncode == 5
    assert done.stderr.startswith("Error: It is not possible to listen on 192.0.2.1:0")
    assert done.stderr.count("\n") == 1


def test_without_a_sandbox_it_does_not_start_where_one_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLOCKLOOM_LANG", "en")
    monkeypatch.setenv("BLOCKLOOM_DISABLE", "code")
    done = CliRunner().invoke(Program(), ["serve", "--port", "0", "--require-sandbox", "strict"])
    assert done.exit_code == 5
    assert done.stderr == "Error: no installed plugin has a sandbox; see 'blockloom plugins'.\n"


def test_a_layer_that_is_missing_is_warned_of_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLOCKLOOM_LANG", "en")
    told = warning([Finding(name="sandbox.roof", text="no roof", state="warning")])
    assert told == "Warning: the sandbox is not complete: sandbox.roof. See 'blockloom doctor'."


def test_the_protocol_is_printed() -> None:
    done = blockloom("schema", "protocol")
    assert done.returncode == 0
    assert '"openrpc": "1.3.2"' in done.stdout
    assert done.stderr == ""


def test_importing_the_server_is_light() -> None:
    code = "import sys, blockloom_server; print('websockets' in sys.modules, 'blockloom_server.server' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "False False\n"


def demo(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    """The demo, without a terminal and without stdin."""
    command = [sys.executable, "-m", "blockloom_server.demo", "--once", *arguments]
    close = lambda: os.close(0)  # noqa: E731
    return subprocess.run(
        command, capture_output=True, timeout=60, check=False, cwd=ROOT, env=ENVIRONMENT, preexec_fn=close
    )


def test_the_demo_runs_an_example_from_beginning_to_end() -> None:
    done = demo("--port", "0")
    told = done.stdout.decode()
    assert done.returncode == 0, told + done.stderr.decode()
    assert "run completed" in told
    assert "\nCOMPLETED\n" in told
    assert re.search(r"http://127\.0\.0\.1:\d+/", told)
    assert done.stderr == b""


def test_the_demo_takes_another_port_where_its_own_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = demo("--port", str(port))
    told = done.stdout.decode()
    assert done.returncode == 0, told + done.stderr.decode()
    assert f"127.0.0.1:{port} is in use" in told
    assert "\nCOMPLETED\n" in told

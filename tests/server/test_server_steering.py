"""The commands `runs` beside a server, and once it is gone; and what a server forgets."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from blockloom_server.background import Caller

BLOCKLOOM: Final = str(Path(sys.executable).with_name("blockloom"))

WAITING: Final[dict[str, Any]] = {
    "blockloom": 1,
    "name": "waiting",
    "tasks": [
        {"id": "w", "type": "wait", "config": {"trigger": {"type": "event", "config": {"name": "go"}}}},
        {"id": "end", "type": "end"},
    ],
    "connections": [{"from": "w.payload", "to": "end.got"}],
}

PATIENT: Final[dict[str, Any]] = {
    **WAITING,
    "tasks": [
        {"id": "w", "type": "wait", "config": {"trigger": {"type": "after", "config": {"delay": "300ms"}}}},
        {"id": "end", "type": "end"},
    ],
    "connections": [{"from": "w.time", "to": "end.got"}],
}

FAILING: Final[dict[str, Any]] = {
    "blockloom": 1,
    "inputs": {"n": {"default": [0]}},
    "tasks": [
        {"id": "start", "type": "start"},
        {"id": "a", "type": "blocks", "blocks": [{"id": "x", "type": "code", "content": {"source": "1 / n[0]"}}]},
    ],
    "connections": [{"from": "start.n", "to": "a.n"}],
}


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "BLOCKLOOM_LANG": "en", **more}


def call(*args: object, status: int = 0, **more: str) -> tuple[str, str]:
    command = [BLOCKLOOM, *map(str, args)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env=environment(**more), input=None
    )
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout, done.stderr


@contextmanager
def serving(*args: str) -> Iterator[tuple[subprocess.Popen[str], Caller]]:
    """A server in a process of its own, and a client of it."""
    command = [BLOCKLOOM, "serve", "--port", "0", *args]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment())
    assert process.stderr is not None
    try:
        lines = iter(process.stderr.readline, "")
        found = next(filter(None, (re.search(r"ws://\S+/ws", line) for line in lines)))
        with Caller(found[0]) as caller:
            yield process, caller
    finally:
        process.terminate()
        process.communicate(timeout=20)


def state_of(id: str) -> str:
    state: str = json.loads(call("runs", "show", id, "--json")[0])["state"]
    return state


def test_a_run_of_a_server_is_paused_resumed_and_stopped() -> None:
    with serving() as (_, caller):
        id = caller.call("run.start", graph=WAITING)["run"]
        assert call("runs", "pause", id)[0] == f"{id}  PAUSED\n"
        assert state_of(id) == "PAUSED"
        assert json.loads(call("runs", "resume", id, "--json")[0]) == {"run": id, "state": "RUNNING"}
        assert call("runs", "stop", id)[0] == f"{id}  STOPPED\n"
        assert "is STOPPED: only" in call("runs", "resume", id, status=1)[1]
        assert "There is no run 'r0'" in call("runs", "stop", "r0", status=2)[1]
        assert "is in use by the process" in call("runs", "delete", id, status=4)[1]
    call("runs", "delete", id)


def test_a_failed_run_of_a_server_is_tried_again() -> None:
    with serving() as (_, caller):
        run = caller.run(FAILING)
        assert run["state"] == "FAILED"
        told = json.loads(call("runs", "retry", run["run"], "--json")[0])
        assert told["run"] == run["run"]
        assert told["state"] in ("RUNNING", "FAILED")


def test_without_a_server_a_failed_run_is_tried_again_here() -> None:
    graph = json.dumps(FAILING)
    done = subprocess.run(
        [BLOCKLOOM, "run", "-", "--json"], capture_output=True, text=True, input=graph, env=environment(), check=False
    )
    assert done.returncode == 1, done.stderr
    id = json.loads(done.stdout)["run"]
    out, _ = call("runs", "retry", id, "--json", status=1)
    told = json.loads(out)
    assert (told["run"], told["state"]) == (id, "FAILED")
    assert "no server has it" in call("runs", "stop", id, status=2)[1]
    assert "only a run that is not over" in call("runs", "resume", id, status=2)[1]


def test_a_run_that_was_cut_off_with_its_server_goes_on_here() -> None:
    with serving() as (process, caller):
        id = caller.call("run.start", graph=PATIENT)["run"]
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)
    assert state_of(id) in ("PENDING", "RUNNING")
    out, _ = call("runs", "resume", id, "--json")
    told = json.loads(out)
    assert (told["run"], told["state"], [*told["outputs"]]) == (id, "COMPLETED", ["got"])
    assert state_of(id) == "COMPLETED"


def test_a_server_forgets_what_is_old() -> None:
    with serving("--keep", "0.01s") as (_, caller):
        id = caller.run({"blockloom": 1, "tasks": [{"id": "m", "type": "merge"}]})["run"]
        waiting = caller.call("run.start", graph=WAITING)["run"]
        until = time.monotonic() + 20
        while id in [row["run"] for row in caller.call("run.list")["runs"]]:
            assert time.monotonic() < until
            time.sleep(0.1)
        assert [row["run"] for row in caller.call("run.list")["runs"]] == [waiting]


@pytest.mark.parametrize("wrong", ["soon", "-1d", ""])
def test_a_wrong_duration_is_refused(wrong: str) -> None:
    assert "is not a duration" in call("serve", "--keep", wrong, status=2)[1]

"""The command line as a user has it: real processes, real pipes and signals, and a real terminal."""

import fcntl
import io
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent
from typing import IO, Any

import pytest
from blockloom import Event
from blockloom.cli.liveview import ROWS, LiveView, Printed
from rich.console import Console

PLUGIN = dedent(
    '''
    import asyncio, os
    import blockloom, click

    class Base(blockloom.TaskType):
        class Config(blockloom.Config):
            path: str = ""

    class Forever(Base):
        name = "acme.forever"
        async def run(self, task):
            task.log("it has begun")
            await asyncio.Event().wait()

    class Stuck(Base):
        name = "acme.stuck"
        def run(self, task):
            os.write(2, b"it is stuck\\n")
            while True:
                pass

    class Piped(Base):
        """Reports how far it is, then waits until somebody writes into a pipe."""
        name = "acme.piped"
        blocking = True
        class Outputs(blockloom.Ports):
            got: str
        def run(self, task):
            print("printed by a task")
            task.log("[bold]logged[/bold] by a task")
            task.progress(0.5, "half way")
            with open(task.config.path) as pipe:
                return {"got": pipe.read()}

    @blockloom.hookimpl
    def blockloom_task_types():
        return [Forever, Stuck, Piped]
    '''
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two installed plugins: one that works, and one that ends the program when it is imported."""
    folder = tmp_path_factory.mktemp("site")
    for name, module, source in (("acme", "acme_tools", PLUGIN), ("quits", "acme_quits", "import sys; sys.exit(3)")):
        (folder / f"{module}.py").write_text(source)
        info = folder / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[blockloom]\n{name} = {module}\n")
    return folder


@pytest.fixture
def env(site: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("BLOCKLOOM_", "LC_"))}
    kept["BLOCKLOOM_HOME"] = os.environ["BLOCKLOOM_HOME"]
    return kept | {"PYTHONPATH": str(site), "LANG": "C.UTF-8", "TERM": "xterm-256color", "BLOCKLOOM_LANG": "en"}


def command(*args: str) -> list[str]:
    return [sys.executable, "-m", "blockloom.cli", *args]


def finish(args: list[str], env: Mapping[str, str], **more: Any) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(args, env=env, capture_output=True, text=True, timeout=60, check=False, **more)
    assert "Traceback" not in done.stderr
    return done


def write(path: Path, *tasks: Mapping[str, Any], **more: Any) -> str:
    path.write_text(json.dumps({"blockloom": 1, "tasks": tasks, **more}), encoding="utf-8")
    return str(path)


def adding(path: Path) -> str:
    block = {"id": "sum", "type": "code", "content": {"source": "a + b"}}
    tasks = {"id": "start", "type": "start"}, {"id": "add", "type": "blocks", "blocks": [block]}
    ends = [("start.a", "add.a"), ("start.b", "add.b"), ("add.result", "end.sum")]
    lines = [{"from": start, "to": end} for start, end in ends]
    return write(path, *tasks, {"id": "end", "type": "end"}, connections=lines)


# Results, and what is said beside them


def test_a_graph_runs_in_a_sandbox_and_says_what_came_of_it(tmp_path: Path, env: dict[str, str]) -> None:
    script = str(Path(sys.executable).with_name("blockloom"))
    done = finish([script, "run", adding(tmp_path / "add.json"), "-i", "a=[1]", "-i", "b=[2]", "--json"], env)
    assert done.returncode == 0
    told = json.loads(done.stdout)
    assert told["outputs"] == {"sum": [1, 2]}
    assert list(told["tasks"]) == ["start", "add", "end"]
    assert "add: completed in" in done.stderr


def test_a_failed_run_exits_1(tmp_path: Path, env: dict[str, str]) -> None:
    done = finish(command("run", adding(tmp_path / "add.json"), "-i", "a=1", "-i", "b=x", "--json"), env)
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["type"] == "TypeError"
    assert "add: failed after" in done.stderr


def test_json_is_utf8_and_text_is_printable_whatever_the_locale(tmp_path: Path, env: dict[str, str]) -> None:
    task = {"id": "end", "type": "end", "inputs": {"x": "工单 😀"}}
    args = command("run", write(tmp_path / "g.json", task))
    narrow = env | {"PYTHONIOENCODING": "latin-1"}
    done = subprocess.run([*args, "--json"], env=narrow, capture_output=True, timeout=60, check=True)
    assert json.loads(done.stdout.decode())["outputs"] == {"x": "工单 😀"}
    assert "工单".encode() in done.stdout
    assert finish(args, narrow).stdout == "x: \\u5de5\\u5355 \\U0001f600\n"


def test_a_broken_plugin_breaks_no_command(env: dict[str, str]) -> None:
    done = finish(command("plugins", "--json"), env)
    assert done.returncode == 0
    status = {plugin["name"]: plugin["status"] for plugin in json.loads(done.stdout)["plugins"]}
    assert status["quits"] == "broken"
    assert status["acme"] == "active"
    assert finish(command("types", "acme.forever"), env).returncode == 0


def test_the_help_loads_nothing_heavy(env: dict[str, str]) -> None:
    code = "import sys; from blockloom.cli import main\ntry: main()\nfinally: print(*sys.modules)"
    done = finish([sys.executable, "-c", code, "--help"], env)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "blockloom.cli.running" in loaded
    assert not loaded & {"rich", "yaml", "jsonschema", "websockets", "RestrictedPython"}


# Pipes


def test_a_reader_that_goes_away_ends_it_quietly(env: dict[str, str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command("types"), env=env, stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_run_goes_on_when_nobody_reads_its_progress(tmp_path: Path, env: dict[str, str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    args = command("run", write(tmp_path / "g.json", {"id": "end", "type": "end", "inputs": {"x": 1}}), "--json")
    done = subprocess.run(args, env=env, stdout=subprocess.PIPE, stderr=writing, timeout=60, check=False)
    os.close(writing)
    assert done.returncode == 0
    assert json.loads(done.stdout)["outputs"] == {"x": 1}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_told_in_a_sentence(env: dict[str, str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command("types"), env=env, stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr == b"Error: The output cannot be written: No space left on device.\n"


def test_a_closed_stdin_is_an_empty_graph(env: dict[str, str]) -> None:
    done = finish(["sh", "-c", '"$@" <&-', "sh", *command("run", "-")], env)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: stdin: This is not JSON")


# Signals


def read_until(stream: IO[bytes], wanted: bytes) -> bytes:
    seen = b""
    while wanted not in seen:
        line = stream.readline()
        assert line, seen
        seen += line
    return seen


@contextmanager
def started(args: list[str], env: Mapping[str, str], **more: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is over, one way or another, when the test is."""
    with subprocess.Popen(args, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_the_run_in_good_order(tmp_path: Path, env: dict[str, str], number: signal.Signals) -> None:
    tasks = {"id": "long", "type": "acme.forever"}, {"id": "end", "type": "end"}
    graph = write(tmp_path / "g.json", *tasks, connections=[{"from": "long", "to": "end"}])
    with started(command("run", graph, "--json"), env) as process:
        assert process.stderr is not None
        read_until(process.stderr, b"it has begun")
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    told = json.loads(out)
    assert told["state"] == "STOPPED"
    assert {task["reason"] for task in told["tasks"].values()} == {"stopped"}
    assert b"Stopping; press Ctrl-C again" in err
    assert b"Traceback" not in err


def test_a_second_ctrl_c_leaves_a_task_that_never_lets_go(tmp_path: Path, env: dict[str, str]) -> None:
    graph = write(tmp_path / "g.json", {"id": "hard", "type": "acme.stuck"})
    with started(command("run", graph), env) as process:
        assert process.stderr is not None
        read_until(process.stderr, b"it is stuck")
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)  # two of one kind at once would count as one
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == b""
    assert err.endswith(b"Interrupted.\n")


# A terminal


class Terminal:
    """A program on a terminal of 80 by 24: what it has written so far."""

    def __init__(self, args: list[str], env: Mapping[str, str]) -> None:
        self.seen = ""
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.process = subprocess.Popen(args, env=env, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
        os.close(slave)

    def read(self, until: str | None = None) -> str:
        """What it writes up to `until`, or to its end."""
        while until is None or until not in self.seen:
            ready, _, _ = select.select([self._master], [], [], 60)
            assert ready, self.seen
            try:
                data = os.read(self._master, 65536)
            except OSError:  # the other end is closed
                data = b""
            if not data:
                break
            self.seen += data.decode(errors="replace")
        assert until is None or until in self.seen, self.seen
        return self.seen

    def close(self) -> int:
        self.process.kill()
        os.close(self._master)
        return self.process.wait()


def test_a_terminal_shows_a_run_live(tmp_path: Path, env: dict[str, str]) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    task = {"id": "wait", "type": "acme.piped", "config": {"path": str(pipe)}}
    graph = write(
        tmp_path / "g.json", task, {"id": "end", "type": "end"}, connections=[{"from": "wait.got", "to": "end.x"}]
    )
    terminal = Terminal(command("run", graph), env)
    try:
        live = terminal.read("half way")
        assert "50%" in live
        terminal.read("0/2")
        terminal.read("1 running")
        pipe.write_text("done")
        everything = terminal.read()
        status = terminal.process.wait(timeout=60)
    finally:
        terminal.close()
    assert status == 0
    assert "\x1b[2K" in everything  # it redraws itself
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", everything)
    assert "printed by a task" in plain
    assert "wait | [bold]logged[/bold] by a task" in plain
    assert plain.rstrip().endswith("x: done")
    assert "Completed in" in plain
    assert "wait: started" not in plain
    assert everything.endswith("done\r\n")
    assert everything.count("\x1b[?25l") == everything.count("\x1b[?25h")  # the cursor is given back


def test_a_dumb_terminal_gets_plain_lines(tmp_path: Path, env: dict[str, str]) -> None:
    graph = write(tmp_path / "g.json", {"id": "end", "type": "end", "inputs": {"x": 1}})
    terminal = Terminal(command("run", graph), env | {"TERM": "dumb", "NO_COLOR": "1"})
    try:
        everything = terminal.read()
    finally:
        terminal.close()
    assert "end: started\r\n" in everything
    assert everything.endswith("x: 1\r\n")
    assert "\x1b" not in everything


# The live view itself


def screen(view: LiveView) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=80, height=24, color_system=None).print(view.render())
    return out.getvalue().splitlines()


def view_of(tasks: list[str]) -> LiveView:
    return LiveView("many", tasks, Console(file=io.StringIO(), width=80, height=24))


def test_a_thousand_running_tasks_stay_readable() -> None:
    ids = [f"t{i}" for i in range(1000)]
    view = view_of(ids)
    view.take([Event(i + 1, 0.0, "task.started", id, {"attempt": 1}) for i, id in enumerate(ids)])
    view.take([Event(0, 0.0, "task.progress", "t3", {"fraction": 0.25, "message": "a\nb" + "x" * 500})])
    lines = screen(view)
    assert len(lines) == ROWS + 2
    assert max(map(len, lines)) <= 80
    assert "25% a bxxx" in lines[3]
    assert lines[-2] == f"… and {1000 - ROWS} more running"
    assert "0/1000  1000 running" in lines[-1]


def test_counts_follow_the_events() -> None:
    view = view_of(["a", "b", "c"])
    facts: list[tuple[str, str, dict[str, Any]]] = [
        ("task.ready", "a", {}),
        ("task.started", "a", {"attempt": 1}),
        ("task.started", "b", {"attempt": 1}),
        ("task.retrying", "b", {"delay": 1}),
        ("task.completed", "a", {"outputs": {}}),
        ("task.started", "each[0].x", {"attempt": 1}),
        ("task.failed", "each[0].x", {"error": {}}),
        ("task.canceled", "c", {"reason": "branch"}),
        ("task.progress", "gone", {"fraction": None}),
    ]
    view.take([Event(i, 0.0, type, task, data) for i, (type, task, data) in enumerate(facts, 1)])
    assert "3/4  1 completed  1 failed  1 canceled" in screen(view)[-1]


def test_prints_are_passed_on_by_the_line() -> None:
    said: list[str] = []
    printed = Printed(said.append)
    for piece in ("a", "b\nc\n", "\x1b[31md"):
        printed.write(piece)
    printed.close()
    assert said == ["ab", "c", "[31md"]

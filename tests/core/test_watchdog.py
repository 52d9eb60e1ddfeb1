"""Who holds up the event loop is named with where, whatever runs the workflow: a command, a program, an engine."""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, Final

import pytest
from blockloom import Engine, NotFound, Plugins
from blockloom.testing import NotSimulated, simulate

PLUGIN: Final = '''
import logging, os, threading, blockloom

def hold_up():
    """Until the watchdog barks."""
    barked = threading.Event()
    logging.getLogger("blockloom.watchdog").addFilter(lambda record: barked.set() or True)
    assert barked.wait(30)

class Nap(blockloom.TaskType):
    name = "lazy.nap"
    async def run(self, task):
        hold_up()

class Quick(blockloom.TaskType):
    name = "lazy.quick"
    async def run(self, task):
        pass

@blockloom.hookimpl
def blockloom_task_types():
    return [Nap, Quick]

@blockloom.hookimpl
def blockloom_event(run, event):
    if event.type == "run.completed" and os.environ.get("LAZY_HOOK"):
        hold_up()
'''
PROGRAM: Final = """
import asyncio, blockloom
from blockloom.plugins import installed
graph = {"blockloom": 1, "tasks": [{"id": "a", "type": "lazy.quick"}]}
asyncio.run(blockloom.Workflow.from_json(graph).run())
print(*(row.why for row in installed().found if row.name == "lazy"))
"""


def graph(type: str) -> dict[str, Any]:
    return {"blockloom": 1, "tasks": [{"id": "a", "type": type}]}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder in which a plugin is installed that holds up whoever runs it."""
    (tmp_path / "lazy_plugin.py").write_text(PLUGIN)
    info = tmp_path / "lazy_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lazy-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[blockloom]\nlazy = lazy_plugin\n")
    return tmp_path


@pytest.fixture
def shell(site: Path) -> Mapping[str, str]:
    return {**os.environ, "PYTHONPATH": str(site), "BLOCKLOOM_HOME": str(site / "home"), "BLOCKLOOM_LANG": "en"}


def ran(shell: Mapping[str, str], *command: object) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([*map(str, command)], env=shell, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done


def test_a_command_names_a_task_that_blocks_with_its_stack(shell: Mapping[str, str], site: Path) -> None:
    (site / "graph.json").write_text(json.dumps(graph("lazy.nap")))
    blockloom = Path(sys.executable).with_name("blockloom")
    told = ran(shell, blockloom, "run", site / "graph.json").stderr
    assert "the plugin lazy holds up the event loop" in told
    assert "lazy_plugin.py" in told
    assert "hold_up()" in told
    (row,) = [
        p for p in json.loads(ran(shell, blockloom, "plugins", "--json").stdout)["plugins"] if p["name"] == "lazy"
    ]
    assert "it held up the event loop, in hold_up, " in row["why"]
    assert "blocking = True" in row["remedy"]


def test_a_program_names_a_hook_that_blocks(shell: Mapping[str, str]) -> None:
    done = ran({**shell, "LAZY_HOOK": "1"}, sys.executable, "-c", PROGRAM)
    assert "it held up the event loop, in hold_up, " in done.stdout
    assert "in blockloom_event" in done.stderr


def test_an_engine_names_a_task_that_blocks(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(site)
    plugins = Plugins()
    row = plugins.add(EntryPoint("lazy", "lazy_plugin", "blockloom"))

    async def go() -> None:
        async with Engine(plugins) as engine:
            await (await engine.start(graph("lazy.nap"))).wait()

    asyncio.run(go())
    assert "it held up the event loop, in hold_up, " in row.why


def test_what_nobody_watches_is_closed_all_the_same() -> None:
    async def go() -> None:
        engine = Engine(Plugins.load())
        with pytest.raises(NotFound):
            await engine.run("nowhere")
        await engine.close()

    asyncio.run(go())


def test_no_thread_calls_into_a_simulation() -> None:
    async def go() -> BaseException | None:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor() as pool:
            return pool.submit(loop.call_soon_threadsafe, print).exception()

    assert isinstance(simulate(go), NotSimulated)


def test_a_simulation_has_no_watchdog_beside_it() -> None:
    async def go() -> None:
        async with Engine(Plugins.load()) as engine:
            await (await engine.start({"blockloom": 1, "tasks": [{"id": "m", "type": "merge"}]})).wait()
            while any(thread.name == "blockloom-watchdog" for thread in threading.enumerate()):
                time.sleep(0.001)  # noqa: ASYNC251

    simulate(go)

"""A stranger's plugin, as the contract shows it: installed, found, used, and gone again."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

PYPROJECT = """
[project]
name = "blockloom-shout"
version = "1.0"
requires-python = ">=3.11"
dependencies = ["blockloom"]

[project.entry-points.blockloom]
shout = "blockloom_shout"

[build-system]
requires = ["uv_build>=0.9,<1"]
build-backend = "uv_build"
"""

SHOUT = '''
import blockloom

class Shout(blockloom.TaskType):
    """Upper-case a text."""
    name = "acme.shout"
    version = 1
    class Config(blockloom.Config):
        mark: str = "!"
    class Inputs(blockloom.Ports):
        text: str
    class Outputs(blockloom.Ports):
        text: str
    async def run(self, task: blockloom.TaskContext) -> Outputs:
        return self.Outputs(text=task.inputs.text.upper() + task.config.mark)

@blockloom.hookimpl
def blockloom_task_types():
    return [Shout]
'''

GRAPH = {
    "blockloom": 1,
    "inputs": {"text": {"type": "string"}},
    "tasks": [
        {"id": "start", "type": "start"},
        {"id": "shout", "type": "acme.shout", "config": {"mark": "?!"}},
        {"id": "end", "type": "end"},
    ],
    "connections": [{"from": "start.text", "to": "shout.text"}, {"from": "shout.text", "to": "end.said"}],
}

ASK = """
import asyncio, json, sys
from blockloom import Engine, InvalidGraph, Plugins

plugins = Plugins.load()
graph = json.load(sys.stdin)
told = {"plugins": [p.to_json() for p in plugins.found], "types": [o.to_json() for o in plugins.registry.offers()]}

async def run():
    async with Engine(plugins) as engine:
        finished = await (await engine.start(graph, {"text": "hello"})).wait()
        return finished.to_json()

try:
    told["run"] = asyncio.run(run())
except InvalidGraph as error:
    told["problems"] = [p.to_json("en") for p in error.problems]
json.dump(told, sys.stdout)
"""


def find_uv() -> str | None:
    private = ROOT / ".uv" / "bin" / "uv"
    return shutil.which("uv") or (str(private) if private.is_file() else None)


class Home:
    """A virtual environment of its own, and the installer that fills it."""

    def __init__(self, path: Path, uv: str) -> None:
        self.path = path
        self.uv = uv
        self.python = path / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    def run(self, *command: str | Path, input: str | None = None) -> str:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
        done = subprocess.run(command, env=clean, input=input, capture_output=True, text=True, check=False, timeout=110)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def pip(self, verb: str, *more: str | Path) -> None:
        self.run(self.uv, "pip", verb, "--quiet", "--python", self.python, *more)

    def ask(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.run(self.python, "-c", ASK, input=json.dumps(GRAPH)))
        return told

    def blockloom(self, *arguments: str | Path) -> Any:
        """What the command prints as JSON."""
        return json.loads(self.run(self.python.with_name("blockloom"), *arguments, "--json"))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    uv = find_uv()
    if uv is None:
        pytest.skip("no installer: uv is neither on the PATH nor in .uv/bin")
    made = Home(tmp_path / "venv", uv)
    made.run(uv, "venv", "--quiet", "--python", sys.executable, made.path)
    made.pip("install", ROOT / "core", ROOT / "plugins" / "flow")
    return made


@pytest.fixture
def project(tmp_path: Path) -> Path:
    made = tmp_path / "project"
    package = made / "src" / "blockloom_shout"
    package.mkdir(parents=True)
    (made / "pyproject.toml").write_text(PYPROJECT)
    (package / "__init__.py").write_text(SHOUT)
    return made


@pytest.mark.slow
def test_a_stranger_is_installed_used_and_uninstalled(home: Home, project: Path, tmp_path: Path) -> None:
    before = home.ask()
    assert "shout" not in {plugin["name"] for plugin in before["plugins"]}
    assert [(p["code"], p["path"]) for p in before["problems"]] == [("unknown-type", "/tasks/1/type")]

    home.pip("install", project)
    told = home.ask()
    (row,) = [plugin for plugin in told["plugins"] if plugin["name"] == "shout"]
    assert (row["distribution"], row["version"], row["status"]) == ("blockloom-shout", "1.0", "active")
    assert row["types"] == ["task:acme.shout"]
    (shout,) = [type for type in told["types"] if type["name"] == "acme.shout"]
    assert shout["description"] == "Upper-case a text."
    assert shout["schema"]["properties"]["mark"]["default"] == "!"
    assert shout["ports"]["inputs"]["text"] == {"schema": {"type": "string"}, "required": True}
    assert told["run"]["state"] == "COMPLETED"
    assert told["run"]["outputs"] == {"said": "HELLO?!"}

    (tmp_path / "graph.json").write_text(json.dumps(GRAPH))
    assert "acme.shout" in {type["name"] for type in home.blockloom("types")["types"]}
    finished = home.blockloom("run", tmp_path / "graph.json", "-i", "text=hello", "--store", "memory:")
    assert finished["outputs"] == {"said": "HELLO?!"}

    home.pip("uninstall", "blockloom-shout")
    after = home.ask()
    assert after["types"] == before["types"]
    assert "acme.shout" not in {type["name"] for type in home.blockloom("types")["types"]}
    assert after["problems"] == before["problems"]

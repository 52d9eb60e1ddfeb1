"""A stranger's plugin, as the contract shows it: installed, found, used, and gone again."""

import json
from pathlib import Path
from typing import Any

import pytest
from homes import ROOT, Home

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


def ask(home: Home) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(home.run(home.python, "-c", ASK, input=json.dumps(GRAPH)))
    return told


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home.make(tmp_path / "venv")
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
    before = ask(home)
    assert "shout" not in {plugin["name"] for plugin in before["plugins"]}
    assert [(p["code"], p["path"]) for p in before["problems"]] == [("unknown-type", "/tasks/1/type")]

    home.pip("install", project)
    told = ask(home)
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
    after = ask(home)
    assert after["types"] == before["types"]
    assert "acme.shout" not in {type["name"] for type in home.blockloom("types")["types"]}
    assert after["problems"] == before["problems"]

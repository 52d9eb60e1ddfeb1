"""The plugin author's kit, in a fresh environment of wheels: new projects, the page about a block, a real plugin."""

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_blockloom
import pytest_blockloom_server
from blockloom import testing
from blockloom.errors import BadUsage
from blockloom.scaffold import KINDS, new_plugin
from blockloom_server.background import Caller
from homes import ROOT, Home, wheels

MARKDOWN: Final = ROOT / "examples/plugins/blockloom-markdown"
PAGE: Final = ROOT / "docs/howto/write-a-block.md"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """An environment with blockloom and its server from wheels, and the tools of a plugin author."""
    folder = tmp_path_factory.mktemp("kit")
    made = Home.make(folder / "venv")
    members = [ROOT / "core", ROOT / "server", *(ROOT / "plugins" / name for name in ("flow", "text"))]
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["dev"]
    wanted = [tool for tool in tools if tool.startswith(("mypy", "pytest>", "ruff"))]
    made.pip("install", *wheels(made.uv, folder / "dist", members).values(), *wanted)
    return made


@pytest.mark.slow
def test_a_new_project_of_each_kind_passes_its_own_checks_at_once(home: Home, tmp_path: Path) -> None:
    command = home.python.with_name("blockloom")
    for kind in KINDS:
        home.run(command, "new", "plugin", f"my-{kind}", f"--{kind}", cwd=tmp_path)
    home.run(command, "new", "plugin", "my-all", *(f"--{kind}" for kind in KINDS), cwd=tmp_path)
    projects = sorted(tmp_path.iterdir())
    assert [project.name for project in projects] == sorted(f"blockloom-my-{name}" for name in [*KINDS, "all"])
    home.pip("install", *projects)
    try:
        for project in projects:
            home.run(home.python.with_name("ruff"), "check", cwd=project)
            home.run(home.python.with_name("ruff"), "format", "--check", cwd=project)
        everything = next(project for project in projects if project.name.endswith("all"))
        pytest_of_all = (home.python.with_name("pytest"), "-q", "-p", "no:cacheprovider", "--import-mode=importlib")
        done = home.run(*pytest_of_all, *projects, cwd=tmp_path)
        assert re.search(r"^2\d\d passed in", done, re.M), done
        sources = [project / "src" for project in projects]
        home.run(home.python.with_name("mypy"), "--strict", *sources, everything / "tests", cwd=tmp_path)
        types = {type["name"] for type in home.blockloom("types")["types"]}
        assert {"my-block.block", "my-task.task", "my-trigger.trigger", "my-store"} <= types
    finally:
        home.pip("uninstall", *(project.name for project in projects))


def steps(page: str) -> Iterator[tuple[str, str]]:
    """What a page tells to do, in order: a file to write, by its path, or `$` and a command."""
    for found in re.finditer(r"(?:^`([\w/.]+)`:\n+)?^```(\w+)\n(.*?)^```$", page, re.M | re.S):
        if found[2] == "console":
            yield from (("$", command) for command in re.findall(r"^\$ (.*)$", found[3], re.M))
        elif found[1]:
            yield found[1], found[3]


@pytest.mark.slow
def test_the_page_about_a_block_is_followed_to_the_letter(home: Home, tmp_path: Path) -> None:
    folder, printed = tmp_path, ""
    for what, text in steps(PAGE.read_text(encoding="utf-8")):
        if what != "$":
            (folder / what).write_text(text, encoding="utf-8")
            continue
        command = shlex.split(text)
        if command[0] == "cd":
            folder = folder / command[1]
        elif command[0] == "pip":
            home.pip(*command[1:], cwd=folder)
        else:
            printed = home.run(home.python.with_name(command[0]), *command[1:], cwd=folder)
    assert printed.startswith("block acme.table – Table")
    assert "acme.table" in {type["name"] for type in home.blockloom("types")["types"]}
    home.pip("uninstall", "blockloom-table")


NOT_INSTALLED: Final = "not its_plugin_is_installed and not imports_nothing_heavy"
"""The checks that only a type of a plugin can pass; those of the pages are of none."""


def test_the_tests_on_the_pages_pass(tmp_path: Path) -> None:
    for page in ("test-a-plugin", "upgrade-a-plugin"):
        text = (ROOT / f"docs/howto/{page}.md").read_text(encoding="utf-8")
        source = "\n".join(re.findall(r"^```python\n(.*?)^```", text, re.M | re.S))
        (tmp_path / f"test_{page.replace('-', '_')}.py").write_text(source, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", NOT_INSTALLED]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(re.findall(r"(\d+) passed", done.stdout)[0]) > 90


def test_all_of_the_kit_is_explained() -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("docs/**/*.md"))
    assert {name for name in testing.__all__ if not re.search(rf"\b{name}\b", pages)} == set()
    page = (ROOT / "docs/howto/test-a-plugin.md").read_text(encoding="utf-8")
    fixtures = {name for module in (pytest_blockloom, pytest_blockloom_server) for name in vars(module)}
    told = set(re.findall(r"^\| `(blockloom_\w+)` \|", page, re.M))
    assert told == {name for name in fixtures if name.startswith("blockloom_")}


GRAPH: Final[dict[str, Any]] = {
    "blockloom": 1,
    "inputs": {"text": {"type": "string"}},
    "tasks": [
        {"id": "start", "type": "start"},
        {"id": "page", "type": "blocks", "blocks": [{"id": "p", "type": "markdown.page", "content": {"text": "# A"}}]},
        {"id": "render", "type": "markdown.render"},
        {"id": "end", "type": "end"},
    ],
    "connections": [
        {"from": "start", "to": "page"},
        {"from": "start.text", "to": "render.text"},
        {"from": "page.p", "to": "end.sections"},
        {"from": "render.html", "to": "end.html"},
        {"from": "render.title", "to": "end.title"},
    ],
}


@pytest.mark.slow
def test_a_real_plugin_comes_and_goes_while_a_server_runs(home: Home, tmp_path: Path) -> None:
    (wheel,) = wheels(home.uv, tmp_path, [MARKDOWN]).values()
    command = [str(home.python.with_name("blockloom")), "serve", "--port", "0", "--store", "memory:"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=home.environment) as server:
        assert server.stderr is not None
        try:
            found = next(filter(None, (re.search(r"ws://[\w.:]+/ws", line) for line in server.stderr)))
            with Caller(found[0]) as client:
                kept = client.call("workflow.create", graph=GRAPH)["workflow"]
                before = [p["code"] for p in client.call("workflow.check", workflow=kept)["problems"]]
                assert before == ["unknown-type", "unknown-type"]
                client.call("subscribe", all=True)
                home.pip("install", wheel)
                client.wait_for("types.changed")
                run = client.run(client.call("workflow.get", workflow=kept)["graph"], {"text": "# *Hi*"})
                assert run["outputs"] == {
                    "sections": [{"level": 1, "title": "A", "text": ""}],
                    "html": "<h1><em>Hi</em></h1>\n",
                    "title": "*Hi*",
                }
                (row,) = [p for p in client.call("plugins.list")["plugins"] if p["name"] == "markdown"]
                assert (row["status"], row["why"]) == ("active", "")
                assert home.run(home.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=MARKDOWN)
                home.pip("uninstall", "blockloom-markdown")
                client.wait_for("types.changed")
                after = [p["code"] for p in client.call("workflow.check", workflow=kept)["problems"]]
                assert after == before
        finally:
            server.terminate()


@pytest.mark.parametrize("name", ["", "Two Words", "-x", "x-", "a--b", "../x", "x" + "ü"])
def test_a_name_that_cannot_be_one_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadUsage, match="cannot be the name of a plugin"):
        new_plugin(name, ["task"], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_project_that_is_there_is_left_alone(tmp_path: Path) -> None:
    made = new_plugin("blockloom-twice", ["task"], tmp_path)
    (made / "README.md").write_text("mine")
    with pytest.raises(BadUsage, match="is there already"):
        new_plugin("twice", ["task"], tmp_path)
    assert (made / "README.md").read_text() == "mine"

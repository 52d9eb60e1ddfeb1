"""What the README files and docs/ say is true: their Python, their graphs, their commands, their lists, their links.

- Python blocks run, those of one page after each other in one module; `await` may stand at the top.
- A YAML or JSON block that is a graph is sound, unless what stands below it says what `check` says.
  Below a graph may stand: Given `{…}` it gives `{…}`. Then `task` is STATE (`reason`). `check` says `code` at `path`.
  Given may also name events that are published meanwhile: Given `{…}` and `name` at 0.1 s (`payload`) it gives `{…}`.
  A graph that has a name is stored under it. (test_journey_patterns.py runs those of docs/reference/patterns.md.)
- A console block after `<!-- runs -->` prints what it shows; a line of three dots stands for any lines.
"""

import ast
import asyncio
import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple
from unittest.mock import patch

import blockloom
import click
import pytest
from blockloom import (
    BadFormat,
    BlockloomError,
    Engine,
    MemoryStore,
    Plugins,
    Ports,
    RunView,
    TaskContext,
    TaskType,
    hookspecs,
)
from blockloom.cli.installed import Installed
from blockloom.cli.program import Program
from blockloom.codec import read_json, read_yaml
from blockloom.events import FLEETING
from blockloom.fold import FOLD
from blockloom.sentences import SENTENCES

ROOT: Final = Path(__file__).parents[2]
REFERENCE: Final = ROOT / "docs/reference"
READMES: Final = [*ROOT.glob("README*.md"), *(ROOT / name / "README.md" for name in ("core", "plugins/flow"))]
PAGES: Final = sorted([*READMES, *ROOT.glob("docs/**/*.md"), ROOT / "examples/README.md"])
FENCE: Final = re.compile(
    r"(?P<mark><!-- runs -->\n+)?```(?P<kind>[\w]*)\n(?P<text>.*?)^```\n(?P<below>.*?)(?=^#|^```|\Z)", re.M | re.S
)

# Where the pages say that the server listens.
ADDRESS: Final = "127.0.0.1:8765"

# What `git log` prints in the README; the real history grows.
LOG: Final = """\
f7e6562 Write workflows in Python, and the plugins flow, text, checklist, time
add921a Let a plan run: the fold, its decisions, the scheduler and the engine
4369b4d Lay the workspace and the lower floors of the core
"""


class Fence(NamedTuple):
    """A block of a page: what it holds, what stands below it, and where it is."""

    page: Path
    line: int
    kind: str
    text: str
    below: str
    runs: bool

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def fences(page: Path) -> Iterator[Fence]:
    text = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        line = text.count("\n", 0, found.start("text")) + 1
        yield Fence(page, line, found["kind"], found["text"], found["below"], found["mark"] is not None)


ALL: Final = [fence for page in PAGES for fence in fences(page)]
PYTHON: Final = sorted({fence.page for fence in ALL if fence.kind == "python"})
DRAWN: Final = [f for f in ALL if f.kind in {"yaml", "json"} and re.search(r"^\W*blockloom\"?:", f.text)]
GRAPHS: Final = [f for f in DRAWN if f.page != REFERENCE / "patterns.md"]
CONSOLES: Final = [fence for fence in ALL if fence.kind == "console" and fence.runs]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


# Python


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where a server listens that belongs to these tests."""
    command = [str(Path(sys.executable).with_name("blockloom")), "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        assert server.stdout is not None
        try:
            lines = iter(server.stdout.readline, "")
            found = next(filter(None, (re.search(r"ws://([\w.:]+)/ws", line) for line in lines)))
            yield found[1]
        finally:
            server.terminate()


def run_python(page: Path, address: str) -> None:
    names: dict[str, Any] = {"__name__": page.stem}
    for fence in fences(page):
        if fence.kind == "python":
            source = "\n" * (fence.line - 1) + fence.text.replace(ADDRESS, address or ADDRESS)
            code = compile(source, named(page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            result = eval(code, names)
            if inspect.iscoroutine(result):
                asyncio.run(asyncio.wait_for(result, timeout=20))


@pytest.mark.parametrize("page", PYTHON, ids=named)
def test_the_python_of_a_page_runs(page: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    with patch.dict(os.environ):  # a page may set variables
        run_python(page, request.getfixturevalue("address") if ADDRESS in page.read_text(encoding="utf-8") else "")


# Graphs


class Greet(TaskType):
    """A type with inputs of declared types, for pages that need one."""

    name = "acme.greet"

    class Inputs(Ports):
        name: str
        times: int

    def run(self, task: TaskContext) -> Mapping[str, Any]:
        return {}


class Pay(TaskType):
    """A type that makes a call that costs."""

    name = "acme.pay"

    class Inputs(Ports):
        amount: int

    class Outputs(Ports):
        paid: int

    async def run(self, task: TaskContext) -> Mapping[str, Any]:
        async with task.call():
            return {"paid": task.inputs.amount}


def new_engine() -> Engine:
    plugins = Plugins.load()
    for type in (Greet, Pay):
        plugins.registry.add("task", type)
    return Engine(plugins, MemoryStore())


def read(fence: Fence) -> dict[str, Any]:
    return read_yaml(fence.text) if fence.kind == "yaml" else read_json(fence.text)


def problems(engine: Engine, fence: Fence) -> set[tuple[str, str]]:
    try:
        return {(problem.code, problem.path) for problem in engine.check(read(fence))}
    except BadFormat as error:
        return {(problem.code, problem.path) for problem in error.problems}


def claims(text: str) -> Iterator[re.Match[str]]:
    return re.finditer(
        r"(?P<gives>(?:Given (?P<given>(?:`[^`]*`|[^`.]|\.(?=\d))+?) it gives|It gives) `(?P<outputs>\{.*?\})`)"
        r"|(?P<state>Then `(?P<task>[^`]+)` is (?P<is>[A-Z]+)(?: \(`(?P<reason>[\w-]+)`\))?)",
        " ".join(text.split()),
    )


def events(given: str) -> list[tuple[float, str, Any]]:
    """The events that are published during a run, each with the seconds since it began, its name and its payload."""
    found = re.findall(r"`([\w.]+)` at ([\d.]+) s(?: \(`([^`]*)`\))?", given)
    return sorted(((float(at), name, json.loads(payload or "null")) for name, at, payload in found), key=lambda e: e[0])


async def run_graph(engine: Engine, graph: Mapping[str, Any], given: str = "") -> RunView:
    inputs = re.match(r"`(\{.*?\})`", given)
    run = await engine.start(graph, json.loads(inputs[1]) if inputs else {})
    now = 0.0
    for at, name, payload in events(given):
        await asyncio.sleep(at - now)
        now = at
        await engine.publish(name, payload, run.id)
    return await run.wait()


async def hold_graph(fence: Fence) -> None:
    async with new_engine() as engine:
        said = set(re.findall(r"`check` says `([\w-]+)` at `([^`]*)`", fence.below))
        assert problems(engine, fence) == said
        assert len([*claims(fence.below)]) == len(re.findall(r"\b[Ii]t gives\b|\bThen `", fence.below)), "unread"
        run: RunView | None = None
        for claim in claims(fence.below):
            if claim["gives"]:
                graph = read(fence)
                if "name" in graph and not await engine.workflows():
                    await engine.create_workflow(graph)
                run = await run_graph(engine, graph, claim["given"] or "")
                assert run.state == "COMPLETED", run.error
                assert run.outputs == json.loads(claim["outputs"]), claim[0]
            else:
                assert run is not None
                task = run.tasks[claim["task"]]
                assert (task.state, task.reason) == (claim["is"], claim["reason"]), claim[0]


@pytest.mark.parametrize("fence", GRAPHS, ids=str)
def test_a_graph_is_what_the_page_says(fence: Fence) -> None:
    asyncio.run(asyncio.wait_for(hold_graph(fence), timeout=20))


@pytest.mark.parametrize(
    ("below", "holds"),
    [
        ("Given `{}` it gives `{}`. Then `a` is COMPLETED.", True),
        ("It gives `{}`.", True),
        ("It gives `{}`. `check` says `cycle` at `/tasks/0`.", False),
        ('It gives `{"x": 1}`.', False),
        ("Given `{}` surely. It gives `{}`. It gives nothing.", False),
        ("It gives `{}`. Then `a` is CANCELED (`branch`).", False),
        ("It gives `{}`. Then `b` is COMPLETED.", False),
    ],
)
def test_a_false_word_about_a_graph_is_found(below: str, holds: bool) -> None:
    fence = Fence(ROOT, 1, "yaml", "blockloom: 1\ntasks: [{id: a, type: merge}]\n", below, False)
    if holds:
        asyncio.run(hold_graph(fence))
    else:
        with pytest.raises((AssertionError, KeyError)):
            asyncio.run(hold_graph(fence))


def test_what_a_page_says_is_found() -> None:
    found = [*claims('Given `{"a": 1}` it gives `{"b": {"c": 2}}`. Then `x` is CANCELED (`branch`).\nIt gives `{}`.')]
    assert [(m["given"], m["outputs"], m["task"], m["reason"]) for m in found] == [
        ('`{"a": 1}`', '{"b": {"c": 2}}', None, None),
        (None, None, "x", "branch"),
        (None, "{}", None, None),
    ]
    assert len(GRAPHS) > 30
    assert events('`{}`, `b` at 0.2 s and `a` at 0.1 s (`{"x": 1}`)') == [(0.1, "a", {"x": 1}), (0.2, "b", None)]


# Commands


@pytest.fixture
def shell(tmp_path: Path) -> Mapping[str, str]:
    """A place of its own for the commands of a page, with a `git` that tells a history of three commits."""
    git = tmp_path / "bin/git"
    git.parent.mkdir()
    git.write_text(f"#!/bin/sh\ncat <<'END'\n{LOG}END\n")
    git.chmod(0o755)
    path = os.pathsep.join([str(git.parent), str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return os.environ | {"PATH": path, "BLOCKLOOM_HOME": str(tmp_path), "BLOCKLOOM_LANG": "en", "COLUMNS": "120"}


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Each command of a console block, and what it prints."""
    for part in re.split(r"^\$ ", text, flags=re.M)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def matches(shown: str, printed: str) -> bool:
    parts = [re.escape(part) for part in re.split(r"^\.\.\.\n", shown, flags=re.M)]
    lines = "".join(line.rstrip() + "\n" for line in printed.splitlines())
    return re.fullmatch("(?:.*\n)*?".join(parts), lines) is not None


@pytest.mark.parametrize("fence", CONSOLES, ids=str)
def test_a_command_prints_what_the_page_shows(fence: Fence, shell: Mapping[str, str]) -> None:
    for command, shown in commands(fence.text):
        done = subprocess.run(
            ["sh", "-c", command], cwd=ROOT, env=shell, capture_output=True, text=True, timeout=60, check=False
        )
        assert matches(shown, done.stdout), f"$ {command}\n{done.stdout}{done.stderr}"


def test_three_dots_stand_for_any_lines() -> None:
    assert matches("a\n...\nd\n", "a\nb\nc\nd\n")
    assert matches("a\n...\nd\n", "a \nd\n")
    assert not matches("a\n...\nd\n", "a\nb\n")
    assert not matches("a\n", "a\nb\n")


def test_the_make_targets_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    used = {name for page in PAGES for name in re.findall(r"^(?:\$ )?make (\w+)", page.read_text("utf-8"), re.M)}
    assert {"run", "test"} <= used
    assert used <= set(re.findall(r"^(\w+):", makefile, re.M))


def test_the_bench_measures_floor_and_engine() -> None:
    command = [sys.executable, str(ROOT / "bench/run.py"), "--tasks", "200", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert {"chain", "fan-out", "layered", "if-ladder"} <= {figure["graph"] for figure in told["graphs"]}
    assert all(figure["floor"] > 0 and figure["engine"] > 0 for figure in told["graphs"])
    assert {"check", "json_to_plan", "import", "own_process", "a_second_a_core"} <= told["others"].keys()


# Lists that must be complete


def headings(page: Path) -> set[str]:
    """The names in the headings of a page, as in "## `name`"."""
    return set(re.findall(r"^#+ `([\w.-]+)`", page.read_text(encoding="utf-8"), re.M))


def rows(page: Path) -> dict[str, str]:
    """The first cell of each row of the tables of a page, if it is code, and the rest of the row."""
    return dict(re.findall(r"^\| `([\w.-]+)` \|(.*)\|$", page.read_text(encoding="utf-8"), re.M))


def test_every_problem_is_explained() -> None:
    page = REFERENCE / "problems.md"
    assert headings(page) == {sentence.code for sentence in SENTENCES.values()}
    shown = set(re.findall(r"`check` says `([\w-]+)`", page.read_text(encoding="utf-8")))
    assert shown >= headings(page) - {"maybe-missing"}


def test_every_event_is_explained() -> None:
    table = rows(REFERENCE / "events.md")
    assert table.keys() == FOLD.keys() | FLEETING
    named = {value for name, value in vars(blockloom.events).items() if name.isupper() and isinstance(value, str)}
    assert table.keys() == named


EVENTFUL: Final = {
    "blockloom": 1,
    "tasks": [
        {
            "id": "fail",
            "type": "blocks",
            "retry": {"attempts": 2, "delay": 0},
            "blocks": [{"id": "x", "type": "code", "content": {"source": "1 / 0"}}],
        },
        {"id": "later", "type": "merge"},
    ],
    "connections": [{"from": "fail", "to": "later"}],
}


def test_events_carry_what_is_explained() -> None:
    async def follow() -> list[blockloom.Event]:
        async with Engine(Plugins.load()) as engine:
            failed = await run_graph(engine, EVENTFUL)
            fine = await run_graph(engine, {"blockloom": 1, "tasks": [{"id": "m", "type": "merge"}]})
            return [*failed.events, *fine.events]

    table = rows(REFERENCE / "events.md")
    events = asyncio.run(follow())
    assert {"run.failed", "run.completed", "task.retrying", "task.canceled"} <= {event.type for event in events}
    for event in events:
        assert set(re.findall(r"`(\w+)`", table[event.type].split("|")[0])) >= event.data.keys(), event


def test_every_hook_is_explained() -> None:
    hooks = {name for name, made in vars(hookspecs).items() if name.startswith("blockloom_") and callable(made)}
    assert headings(REFERENCE / "hooks.md") == hooks


def test_every_setting_is_explained() -> None:
    sources = [*ROOT.glob("core/src/**/*.py"), *ROOT.glob("server/src/**/*.py"), *ROOT.glob("plugins/*/src/**/*.py")]
    read = {name for path in sources for name in re.findall(r"\bBLOCKLOOM_[A-Z_]+", path.read_text(encoding="utf-8"))}
    explained = rows(REFERENCE / "settings.md").keys()
    missing = {name for name in read if not any(setting.startswith(name) for setting in explained)}
    assert missing == set(), "write them into docs/reference/settings.md"
    assert {name for name in explained if not any(name.startswith(known) for known in read)} == set()


def commands_of(group: click.Group, context: click.Context, *above: str) -> Iterator[tuple[str, click.Command]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands_of(command, context, *above, name)
        else:
            yield " ".join([*above, name]), command


def test_every_command_is_explained() -> None:
    page = (REFERENCE / "commands.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## `([\w -]+)`\n(.*?)(?=^## |\Z)", page, re.M | re.S))
    program = Program()
    commands = dict(commands_of(program, click.Context(program, obj=Installed())))
    assert sections.keys() == commands.keys(), "docs/reference/commands.md has a section for each command"
    for name, command in commands.items():
        options = {option for param in command.params if isinstance(param, click.Option) for option in param.opts}
        told = set(re.findall(r"(?<=^\| `)--?[\w-]+", sections[name], re.M))
        assert told == options, f"{name}: docs/reference/commands.md explains each option in a row of a table"


def test_every_error_is_explained() -> None:
    def below(kind: type[BlockloomError]) -> Iterator[type[BlockloomError]]:
        yield kind
        for sub in kind.__subclasses__():
            yield from below(sub)

    table = {name: row for name, row in rows(REFERENCE / "errors.md").items() if name[0].isupper()}
    classes = {k.__name__: k for k in below(BlockloomError) if k.__module__ == "blockloom.errors"}
    assert table.keys() == {name for name in classes if name in blockloom.__all__}
    for name, row in table.items():
        assert f"`{classes[name].code}`" in row, name


def offered(kind: str, *plugins: str) -> set[str]:
    """The types of a kind that some of blockloom's own plugins offer."""
    of = {f"blockloom-{plugin}" for plugin in plugins}
    return {offer.name for offer in Plugins.load().registry.offers(kind) if offer.distribution in of}


def test_every_flow_task_is_explained() -> None:
    assert headings(REFERENCE / "flow.md") == offered("task", "flow")
    assert rows(ROOT / "plugins/flow/README.md").keys() == offered("task", "flow")


def test_every_trigger_is_explained() -> None:
    assert headings(REFERENCE / "triggers.md") == offered("trigger", "time", "event")


@pytest.mark.parametrize("page", [page for page in READMES if page.parent == ROOT], ids=named)
def test_the_readme_names_every_block_and_trigger(page: Path) -> None:
    ours = ("flow", "text", "code", "checklist", "time", "event")
    text = page.read_text(encoding="utf-8")
    assert {f"`{name}`" for name in offered("block", *ours) | offered("trigger", *ours)} <= set(
        re.findall(r"`[\w.]+`", text)
    )


# Links


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)]+)\)", text):
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target


def test_the_chinese_pages_have_the_same_structure() -> None:
    pages = [page for page in PAGES if page.name.endswith(".zh-CN.md")]
    assert len(pages) >= 2
    for page in pages:
        english = page.with_name(page.name.replace(".zh-CN", ""))
        levels = [re.findall(r"^#+(?= )", p.read_text(encoding="utf-8"), re.M) for p in (page, english)]
        assert levels[0] == levels[1]
        assert [f.text for f in fences(page) if f.kind == "python"] == [
            f.text for f in fences(english) if f.kind == "python"
        ]

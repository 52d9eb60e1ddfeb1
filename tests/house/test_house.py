"""The rules of the house that can be read off the source; each rule is also shown a source that breaks it."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from configparser import ConfigParser
from itertools import chain
from pathlib import Path
from typing import Final, TypeAlias

import pytest

ROOT: Final = Path(__file__).parents[2]
CORE: Final = ROOT / "core/src/blockloom"
PLUGINS: Final = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))
MEMBERS: Final = [ROOT / "core", ROOT / "server", *PLUGINS]
SOURCES: Final = sorted(chain.from_iterable(member.glob("src/**/*.py") for member in MEMBERS))
CORE_SOURCES: Final = [path for path in SOURCES if path.is_relative_to(CORE)]
TESTS: Final = sorted([*ROOT.glob("tests/**/*.py"), *ROOT.glob("plugins/*/tests/**/*.py")])
PLUGIN_FILES: Final = [path for path in SOURCES + TESTS if path.is_relative_to(ROOT / "plugins")]

LONGEST_FILE: Final = 400
LONGEST_FUNCTION: Final = 60
HEAVY: Final = {"websockets", "RestrictedPython", "openai", "httpx2", "cronsim"}

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Definition: TypeAlias = Function | ast.ClassDef
Rule: TypeAlias = Callable[[ast.Module], Iterator[str]]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(tree: ast.Module) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def imports(tree: ast.Module) -> Iterator[str]:
    """Everything a file imports, inside functions too: `a.b` for `import a.b`, `a.b:c` for `from a.b import c`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}:{alias.name}" for alias in node.names)


def package(imported: str) -> str:
    return imported.partition(":")[0].partition(".")[0]


def asynchronous_rooms() -> set[str]:
    """The rooms on the floors from `store` upwards, as `.importlinter` draws them."""
    config = ConfigParser()
    config.read(ROOT / ".importlinter", encoding="utf-8")
    floors = config["importlinter:contract:floors"]["layers"].split("\n")
    rooms = [set(re.findall(r"\w+", floor)) for floor in floors]
    lowest = next(index for index, beside in enumerate(rooms) if "store" in beside)
    return set().union(*rooms[: lowest + 1])


def face() -> set[str]:
    """The names that the face of the core gives, read off its source."""
    return set(all_of(parse(CORE / "__init__.py")))


def all_of(tree: ast.Module) -> list[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]:
            names: list[str] = ast.literal_eval(node.value)
            return names
    return []


# The rules: each yields what breaks it.


def long_functions(tree: ast.Module) -> Iterator[str]:
    for function in functions(tree):
        lines = (function.end_lineno or 0) - function.lineno + 1
        if lines > LONGEST_FUNCTION:
            yield f"{function.name} has {lines} lines"


def untyped(tree: ast.Module) -> Iterator[str]:
    for function in functions(tree):
        given = function.args
        every = [*given.posonlyargs, *given.args, *given.kwonlyargs, *filter(None, (given.vararg, given.kwarg))]
        bare = [arg.arg for arg in every if arg.annotation is None and arg.arg not in {"self", "cls", "mcs"}]
        if bare or function.returns is None:
            yield f"{function.name}: {', '.join(bare) or 'what it gives back'}"


def undocumented(tree: ast.Module) -> Iterator[str]:
    if not ast.get_docstring(tree):
        yield "the module itself"
    for node in tree.body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            if not ast.get_docstring(node):
                yield node.name
            if isinstance(node, ast.ClassDef):
                yield from undocumented_methods(node)


def undocumented_methods(owner: ast.ClassDef) -> Iterator[str]:
    """Methods that a type offers; those of a private base or protocol say it where they are made."""
    if any(ast.unparse(base) == "Protocol" for base in owner.bases):
        return
    for node in owner.body:
        if isinstance(node, Function) and not node.name.startswith("_") and not ast.get_docstring(node):
            yield f"{owner.name}.{node.name}"


def behind_the_face(tree: ast.Module) -> Iterator[str]:
    """What a plugin imports of the core that the face does not give."""
    known = face()
    for imported in imports(tree):
        module, _, name = imported.partition(":")
        if package(module) != "blockloom" or module == "blockloom.testing":
            continue
        if module != "blockloom" or name not in {"", "testing", *known}:
            yield imported
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "blockloom" and node.attr not in known:
            yield f"blockloom.{node.attr}"


def asynchronous(tree: ast.Module) -> Iterator[str]:
    return (imported for imported in imports(tree) if package(imported) in {"asyncio", "anyio", "trio"})


def more_than_a_face(tree: ast.Module) -> Iterator[str]:
    for index, node in enumerate(tree.body):
        docstring = index == 0 and ast.get_docstring(tree) is not None
        names = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        if not (docstring or names or isinstance(node, ast.ImportFrom)):
            yield ast.unparse(node)
    listed = all_of(tree)
    if listed != sorted(listed, key=lambda name: (not name.isupper(), not name[:1].isupper(), name)):
        yield "__all__ is not sorted"
    given = [imported.partition(":")[2] for imported in imports(tree)]
    if missing := set(given) ^ set(listed):
        yield f"imports and __all__ differ in {', '.join(sorted(missing))}"


def strangers(tree: ast.Module, own: str, forbidden: Callable[[str], bool]) -> Iterator[str]:
    return (name for name in imports(tree) if package(name) != own and forbidden(package(name)))


RULES: Final[dict[str, tuple[Rule, list[Path]]]] = {
    "functions have at most 60 lines": (long_functions, SOURCES),
    "every signature is typed": (untyped, SOURCES + TESTS),
    "public names of the core have a docstring": (undocumented, CORE_SOURCES),
    "plugins import the face alone": (behind_the_face, PLUGIN_FILES),
    "the face defines nothing and lists all it gives": (more_than_a_face, [CORE / "__init__.py"]),
    "no asyncio below the store, the executor and the scheduler": (
        asynchronous,
        [p for p in CORE_SOURCES if p.relative_to(CORE).parts[0].removesuffix(".py") not in asynchronous_rooms()],
    ),
}

BROKEN: Final[list[tuple[Rule, str]]] = [
    (long_functions, "def f():\n" + "    pass\n" * 60),
    (untyped, "def f(a) -> int: ..."),
    (untyped, "class C:\n    async def f(self, *a: int, **b): ..."),
    (untyped, "def f(a: int): ..."),
    (undocumented, "x = 1"),
    (undocumented, "'''A room.'''\nclass Door: ..."),
    (undocumented, "'''A room.'''\ndef door() -> None: ..."),
    (undocumented, "'''A room.'''\nclass Door:\n    '''A door.'''\n    def open(self) -> None: ..."),
    (behind_the_face, "from blockloom.values import is_id"),
    (behind_the_face, "import blockloom.values"),
    (behind_the_face, "from blockloom import values"),
    (behind_the_face, "import blockloom\nblockloom.values.is_id('a')"),
    (behind_the_face, "def f():\n    from blockloom.codec import read"),
    (asynchronous, "import asyncio"),
    (asynchronous, "def f():\n    from asyncio.queues import Queue"),
    (more_than_a_face, "from .a import B\n__all__ = ['B']\nC = 1"),
    (more_than_a_face, "from .a import b, C\n__all__ = ['b', 'C']"),
    (more_than_a_face, "from .a import B\n__all__ = []"),
    (more_than_a_face, "from .a import B\n__all__ = ['B', 'C']"),
]

FINE: Final[list[tuple[Rule, str]]] = [
    (long_functions, "def f():\n" + "    pass\n" * 59),
    (untyped, "class C:\n    def f(self, a: int, *b: int, c: int = 0, **d: int) -> None: ..."),
    (undocumented, "'''A room.'''\ndef _door() -> None: ..."),
    (
        behind_the_face,
        "import blockloom\nfrom blockloom import Config\nfrom blockloom.testing import x\nblockloom.Ports",
    ),
    (asynchronous, "import concurrent.futures"),
    (more_than_a_face, "'''Face.'''\nfrom .a import NO, Yes, maybe\n__all__ = ['NO', 'Yes', 'maybe']"),
]


@pytest.mark.parametrize("rule", RULES)
def test_the_rules_hold(rule: str) -> None:
    find, paths = RULES[rule]
    assert paths
    broken = [f"{named(path)}: {flaw}" for path in paths for flaw in find(parse(path))]
    assert not broken, f"{rule}:\n" + "\n".join(broken)


@pytest.mark.parametrize(("rule", "source"), BROKEN)
def test_each_rule_finds_what_breaks_it(rule: Rule, source: str) -> None:
    assert list(rule(ast.parse(source)))


@pytest.mark.parametrize(("rule", "source"), FINE)
def test_each_rule_lets_pass_what_is_fine(rule: Rule, source: str) -> None:
    assert not list(rule(ast.parse(source)))


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


def is_plugin(name: str) -> bool:
    return name.startswith("blockloom_") and name != "blockloom_server"


def test_plugins_and_server_do_not_know_each_other() -> None:
    found = []
    for member in MEMBERS:
        own = "blockloom" if member.name == "core" else f"blockloom_{member.name}"
        # Of the workspace, a member may import the core and itself.
        for path in sorted(member.glob("src/**/*.py")):
            flaws = strangers(parse(path), own, lambda name: is_plugin(name) or name == "blockloom_server")
            found += [f"{named(path)}: {flaw}" for flaw in flaws]
    assert not found


def test_a_stranger_is_found() -> None:
    tree = ast.parse("def f():\n    import blockloom_code.worker\nimport blockloom_text, blockloom")
    assert list(strangers(tree, "blockloom_text", is_plugin)) == ["blockloom_code.worker"]


def test_asyncio_begins_at_the_store() -> None:
    rooms = asynchronous_rooms()
    assert {"store", "executor", "scheduler", "engine"} <= rooms
    assert not rooms & {"run", "fold", "check", "plan", "task", "block", "values", "errors"}


# Circles: a room is a module or a folder of the core.


def arrows(path: Path, tree: ast.Module, home: Path) -> Iterator[Path]:
    """The files of `home` that a file of it imports, wherever in the file it does so."""
    for imported in imports(tree):
        module, _, name = imported.partition(":")
        up = len(module) - len(module.lstrip("."))
        if up:
            base = path.parents[up - 1]
        elif package(module) == home.name:
            base, module = home.parent, module
        else:
            continue
        target = base.joinpath(*filter(None, module.lstrip(".").split(".")))
        yield from as_file(target / name, as_file(target, []))


def as_file(target: Path, otherwise: list[Path]) -> list[Path]:
    candidates = (target.with_suffix(".py"), target / "__init__.py")
    return [path for path in candidates if path.is_file()] or otherwise


def circle(ahead: dict[Path, set[Path]]) -> set[Path]:
    """The files that are left when those that lead nowhere are taken away again and again."""
    left = dict(ahead)
    while done := [node for node, targets in left.items() if not targets & left.keys() - {node}]:
        for node in done:
            del left[node]
    return set(left)


def graph_of(home: Path) -> dict[Path, set[Path]]:
    return {path: set(arrows(path, parse(path), home)) for path in sorted(home.rglob("*.py"))}


def test_the_core_has_no_import_circle() -> None:
    ahead = graph_of(CORE)
    assert sum(map(len, ahead.values())) > len(ahead)
    assert not {named(path) for path in circle(ahead)}


def test_a_circle_is_found_wherever_it_closes(tmp_path: Path) -> None:
    home = tmp_path / "house"
    (home / "sub").mkdir(parents=True)
    sources = {
        "__init__.py": "from .a import x",
        "a.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .sub import b",
        "sub/__init__.py": "",
        "sub/b.py": "def f():\n    from ..c import y",
        "c.py": "import house.a",
        "d.py": "from . import c",
    }
    for name, source in sources.items():
        (home / name).write_text(source)
    circling = {str(path.relative_to(home)) for path in circle(graph_of(home))}
    assert {"a.py", "sub/b.py", "c.py"} <= circling
    (home / "c.py").write_text("import json")
    assert not circle(graph_of(home))


# What an import costs, in a process of its own.


def loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize("module", ["blockloom", *(f"blockloom_{path.name}" for path in PLUGINS)])
def test_an_import_is_light(module: str) -> None:
    loaded = loaded_by(f"import {module}")
    assert module in loaded
    assert not loaded & HEAVY


def test_a_heavy_import_is_seen() -> None:
    assert loaded_by("import cronsim") & HEAVY == {"cronsim"}


@pytest.mark.parametrize("member", MEMBERS, ids=named)
def test_every_member_is_complete(member: Path) -> None:
    modules = [path for path in (member / "src").iterdir() if path.is_dir() and not path.name.endswith(".egg-info")]
    project = tomllib.loads((member / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    fixtures = set(project.get("entry-points", {}).get("pytest11", {}).values())
    assert {path.name for path in modules} == {project["name"].replace("-", "_"), *fixtures}
    assert all((module / "py.typed").is_file() for module in modules)
    assert (member / "README.md").read_text(encoding="utf-8").startswith(f"# {project['name']}")
    assert project["license"] == "Apache-2.0"
    assert project["readme"] == "README.md"


def test_the_floors_hold() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr

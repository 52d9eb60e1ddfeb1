"""Real distributions in folders of their own, found as pip's would be, in a process that knows no others of theirs."""

import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import pytest
from blockloom import Plugins
from blockloom.plugin import Plugin

GOOD = """
import blockloom

class {name}(blockloom.TaskType):
    name = "acme.{lower}"
    def run(self, task):
        return None

@blockloom.hookimpl
def blockloom_task_types():
    return [{name}]
"""


class Site:
    """A folder of installed distributions."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def install(self, name: str, source: str, *requires: str, points: str | None = None, version: str = "1.0") -> None:
        module = name.replace("-", "_")
        (self.path / f"{module}.py").write_text(dedent(source))
        info = self.path / f"{module}-{version}.dist-info"
        info.mkdir()
        needs = "".join(f"Requires-Dist: {text}\n" for text in requires)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}")
        point = name.split("-", 1)[-1]
        (info / "entry_points.txt").write_text(points or f"[blockloom]\n{point} = {module}\n")

    def good(self, name: str, type: str, **more: Any) -> None:
        self.install(name, GOOD.format(name=type, lower=type.lower()), **more)

    def ask(self, code: str, **environment: str) -> Any:
        """What a fresh process prints as JSON, on a stdout that nothing else may write to."""
        done = self.run(
            f"import json\nfrom blockloom import *\nplugins = Plugins.load()\n{dedent(code)}", **environment
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def run(self, code: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONPATH": str(self.path), "PATH": "", **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def rows(self, **environment: str) -> dict[str, Any]:
        code = "print(json.dumps([p.to_json() for p in plugins.found]))"
        return {row["distribution"]: row for row in self.ask(code, **environment)}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_a_plugin_is_found_and_offers_its_types(site: Site) -> None:
    site.good("acme-shout", "Shout")
    row = site.rows()["acme-shout"]
    assert row.pop("milliseconds") >= 0
    assert row == {
        "name": "shout",
        "distribution": "acme-shout",
        "version": "1.0",
        "status": "active",
        "why": "",
        "remedy": "",
        "types": ["task:acme.shout"],
    }


BROKEN = {
    "import-error": ("import no_such_module_at_all", "ModuleNotFoundError: No module named 'no_such_module_at_all'"),
    "syntax": ("def f(:", "SyntaxError"),
    "exits": ("import sys; sys.exit(3)", "SystemExit: 3"),
    "raises-base": ("raise BaseException('odd')", "BaseException: odd"),
    "hook-raises": (
        "import blockloom\n@blockloom.hookimpl\ndef blockloom_task_types(): raise OSError('disk')",
        "OSError: disk",
    ),
    "hook-exits": ("import blockloom\n@blockloom.hookimpl\ndef blockloom_block_types(): exit()", "SystemExit"),
    "hook-none": (
        "import blockloom\n@blockloom.hookimpl\ndef blockloom_task_types(): pass",
        "blockloom_task_types gave back NoneType instead of a list",
    ),
    "hook-text": (
        "import blockloom\n@blockloom.hookimpl\ndef blockloom_block_types(): return 'abc'",
        "blockloom_block_types gave back str instead of a list",
    ),
    "hook-rubbish": (
        "import blockloom\n@blockloom.hookimpl\ndef blockloom_task_types(): return [int]",
        "<class 'int'> is offered as a task type and is none",
    ),
    "hook-instance": (
        "import blockloom\n@blockloom.hookimpl\ndef blockloom_stores(): return [5]",
        "5 is offered as a store type and is none",
    ),
    "hook-late": (
        "import blockloom\n@blockloom.hookimpl\ndef blockloom_task_types():\n    yield from []\n    raise KeyError(1)",
        "KeyError: 1",
    ),
    "unknown-hook": ("import blockloom\n@blockloom.hookimpl\ndef blockloom_tasks(): return []", "blockloom_tasks"),
    "wrong-argument": (
        "import blockloom\n@blockloom.hookimpl\ndef blockloom_task_types(nonsense): return []",
        "nonsense",
    ),
}


@pytest.fixture(scope="module")
def broken_rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """All the broken ones at once, among good ones, in one process."""
    site = Site(tmp_path_factory.mktemp("broken"))
    site.good("acme-a", "First")
    for name, (source, _) in BROKEN.items():
        site.install(f"broken-{name}", source)
    for name, (body, _) in UNUSABLE.items():
        site.install(f"unusable-{name}", TYPE.format(body=indent(body, "    ")))
    site.good("acme-z", "Last")
    return site.rows()


TYPE = """
import blockloom
from blockloom import *

class T(TaskType):
    name = "bad.type"
    def run(self, task): ...
{body}

class B(BlockType):
    name = "bad.block"

@blockloom.hookimpl
def blockloom_task_types():
    return [T]
"""

UNUSABLE = {
    "no-run": ("run = TaskType.run", "'bad.type' does not define run"),
    "error-port": ("class Outputs(Ports):\n    error: str", "declares an output 'error'"),
    "no-name": ("name = ''", "has no usable name: ''"),
    "odd-name": ("name = 'two words'", "has no usable name: 'two words'"),
    "name-is-number": ("name = 5", "has no usable name: 5"),
    "config": ("class Config: ...", "Config of the task type 'bad.type' is no class made of blockloom.Config"),
    "inputs": ("Inputs = {'text': str}", "Inputs of the task type 'bad.type' is no class made of blockloom.Ports"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_plugin_is_listed_with_why(broken_rows: dict[str, Any], name: str) -> None:
    row = broken_rows[f"broken-{name}"]
    assert row["status"] == "broken"
    assert BROKEN[name][1] in row["why"]
    assert row["types"] == []


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_type_that_cannot_work_breaks_its_plugin(broken_rows: dict[str, Any], name: str) -> None:
    row = broken_rows[f"unusable-{name}"]
    assert row["status"] == "broken"
    assert UNUSABLE[name][1] in row["why"]


def test_the_rest_works(broken_rows: dict[str, Any]) -> None:
    for name in ("acme-a", "acme-z", "blockloom", "blockloom-flow", "blockloom-text"):
        assert broken_rows[name]["status"] == "active", broken_rows[name]["why"]
    assert broken_rows["acme-z"]["types"] == ["task:acme.last"]


def test_nothing_of_a_plugin_that_breaks_half_way_is_used(site: Site) -> None:
    site.install(
        "acme-half",
        GOOD.format(name="Half", lower="half")
        + "\nclass Bad(blockloom.BlockType): ...\n@blockloom.hookimpl\ndef blockloom_block_types(): return [Bad]\n"
        + "@blockloom.hookimpl\ndef blockloom_event(run, event): ...\n",
    )
    told = site.ask(
        """
        try: plugins.registry.task("acme.half")
        except UnknownType as error: print(json.dumps([error.message, len(plugins.observers)]))
        """
    )
    assert "The plugin half (acme-half) is broken: the block type Bad has no usable name: None" in told[0]
    assert told[1] == 0


def test_what_a_plugin_prints_goes_to_stderr(site: Site) -> None:
    loud = "print('hello from import')\n" + GOOD.format(name="Loud", lower="loud").replace(
        "    return [Loud]", "    print('hello from hook'); return [Loud]"
    )
    site.install("acme-loud", loud)
    done = site.run("from blockloom import Plugins; Plugins.load(); print('only this')")
    assert done.stdout == "only this\n"
    assert "hello from import" in done.stderr
    assert "hello from hook" in done.stderr


def test_an_interrupt_passes(site: Site) -> None:
    site.install("acme-interrupt", "raise KeyboardInterrupt")
    done = site.run("from blockloom import Plugins\ntry: Plugins.load()\nexcept KeyboardInterrupt: print('passed')")
    assert done.stdout == "passed\n"


def test_a_type_of_two_distributions_is_used_by_neither(site: Site) -> None:
    site.install("acme-one", GOOD.format(name="Same", lower="same"))
    site.install("acme-two", GOOD.format(name="Same", lower="same"))
    told = site.ask(
        """
        from blockloom.check import check
        rows = {p.distribution: p.to_json() for p in plugins.found}
        try: plugins.registry.task("acme.same")
        except TypeConflict as error: message = error.message
        graph = {"blockloom": 1, "tasks": [{"id": "a", "type": "acme.same"}]}
        problems = [p.to_json("en") for p in check(graph, plugins.registry)]
        listed = [o.owner for o in plugins.registry.offers("task") if o.name == "acme.same"]
        print(json.dumps([rows["acme-one"], rows["acme-two"], message, problems, listed]))
        """
    )
    one, two, message, problems, listed = told
    assert one["status"] == two["status"] == "conflict"
    assert one["why"] == "the task type 'acme.same' is also offered by two (acme-two)"
    assert two["why"] == "the task type 'acme.same' is also offered by one (acme-one)"
    assert "one (acme-one) and by two (acme-two)" in message
    assert [(p["code"], p["path"]) for p in problems] == [("unknown-type", "/tasks/0/type")]
    assert "one (acme-one), two (acme-two)" in problems[0]["message"]
    assert listed == ["one (acme-one)", "two (acme-two)"]


def test_two_entry_points_of_one_name_are_both_loaded_and_named(site: Site) -> None:
    for name, type in (("acme-one", "One"), ("acme-two", "Two")):
        module = name.replace("-", "_")
        site.good(name, type, points=f"[blockloom]\nsame = {module}\n")
    rows = site.rows()
    for name, other in (("acme-one", "acme-two"), ("acme-two", "acme-one")):
        assert rows[name]["status"] == "conflict"
        assert rows[name]["why"] == f"the entry point 'same' is also used by {other}"
        assert len(rows[name]["types"]) == 1


REQUIRES = [
    ("blockloom>=99", False),
    ("Blockloom (<0.0.1)", False),
    ("blockloom>=0.1; python_version < '3'", True),
    ("blockloom>=99; extra == 'dev'", True),
    ("blockloom>=99; python_version < '3'", True),
    ("blockloom", True),
    ("other>=99", True),
    ("this is not a requirement!", True),
]


@pytest.fixture(scope="module")
def picky_rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    site = Site(tmp_path_factory.mktemp("picky"))
    for number, (text, _) in enumerate(REQUIRES):
        site.install(f"acme-picky{number}", "raise RuntimeError('it was imported')", text)
    return site.rows()


@pytest.mark.parametrize("number", range(len(REQUIRES)), ids=[text for text, _ in REQUIRES])
def test_the_version_of_blockloom_must_fit(picky_rows: dict[str, Any], number: int) -> None:
    row = picky_rows[f"acme-picky{number}"]
    if REQUIRES[number][1]:
        assert row["status"] == "broken"
        assert "it was imported" in row["why"]
    else:
        assert row["status"] == "incompatible"
        assert row["why"].startswith("it requires blockloom")


@pytest.mark.parametrize("name", ["shout", "acme-shout", "ACME_shout", "other, shout ,"])
def test_a_plugin_is_disabled_by_its_name_or_its_distribution(site: Site, name: str) -> None:
    site.install("acme-shout", "raise RuntimeError('it was imported')")
    site.good("acme-other2", "Other")
    rows = site.rows(BLOCKLOOM_DISABLE=name)
    assert rows["acme-shout"]["status"] == "disabled"
    assert rows["acme-other2"]["status"] == "active"


def test_one_module_under_two_entry_points_breaks_the_second_alone(site: Site) -> None:
    site.good("acme-twice", "Twice", points="[blockloom]\na = acme_twice\nb = acme_twice\n")
    told = site.ask("print(json.dumps([p.to_json() for p in plugins.found if p.distribution == 'acme-twice']))")
    assert [(row["name"], row["status"]) for row in told] == [("a", "active"), ("b", "broken")]


def test_a_distribution_without_metadata_is_a_row_like_any(site: Site) -> None:
    site.good("acme-torn", "Torn")
    (site.path / "acme_torn-1.0.dist-info" / "METADATA").unlink()
    told = site.ask("print(json.dumps([p.to_json() for p in plugins.found if p.name == 'torn']))")
    assert [(row["distribution"], row["version"], row["status"]) for row in told] == [("", "", "active")]


def test_an_observer_asks_for_what_it_needs(site: Site) -> None:
    site.install(
        "acme-watch",
        """
        import blockloom
        seen = []
        @blockloom.hookimpl
        def blockloom_event(event):
            seen.append(event.type)
        """,
    )
    told = site.ask(
        """
        import asyncio, acme_watch
        graph = {"blockloom": 1, "tasks": [{"id": "a", "type": "merge"}]}
        async def go():
            async with Engine(plugins) as engine:
                await (await engine.start(graph)).wait()
        asyncio.run(go())
        print(json.dumps(acme_watch.seen))
        """
    )
    assert told[0] == "run.started"
    assert told[-1] == "run.completed"


def test_the_first_complaint_decides_the_status() -> None:
    plugin = Plugin("a", "acme-a", "1")
    plugin.spoil("conflict", "one")
    plugin.spoil("broken", "two")
    assert (plugin.status, plugin.why) == ("conflict", "one; two")


def test_every_installed_plugin_is_active() -> None:
    assert {p.name: p.why for p in Plugins.load(disable=()).found if p.status != "active"} == {}

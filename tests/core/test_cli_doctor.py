"""`blockloom doctor`, and `--require-sandbox` of `run`: what plugins find on a machine, and what follows."""

import json
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import blockloom
import pytest
from blockloom import Finding, Plugins
from blockloom.cli import Program
from click.testing import CliRunner, Result

Check = Callable[[], Any]

HOLDS = Finding(name="sandbox.walls", text={"en": "walls", "zh": "墙"})
LACKS = Finding(
    name="sandbox.roof",
    text={"en": "missing: a roof", "zh": "缺少：屋顶"},
    state="warning",
    remedy={"en": "Build one.", "zh": "请搭建。"},
)
FAILS = Finding(name="store", text="the disk is full", state="failed")


def plugins_with(monkeypatch: pytest.MonkeyPatch, *checks: Check) -> Plugins:
    """Plugins of a program of its own, each with one check."""
    loaded = Plugins()
    for number, check in enumerate(checks):
        module = ModuleType(f"plugin{number}")
        check.__name__ = "blockloom_checks"
        module.blockloom_checks = blockloom.hookimpl(check)  # type: ignore[attr-defined]
        monkeypatch.setitem(__import__("sys").modules, module.__name__, module)
        loaded.add(EntryPoint(f"p{number}", module.__name__, "blockloom"))
    return loaded


def call(plugins: Plugins, *args: str | Path, lang: str = "en") -> Result:
    return CliRunner().invoke(Program(plugins), [str(arg) for arg in args], env={"BLOCKLOOM_LANG": lang})


def test_findings_are_told_by_name_with_their_remedies(monkeypatch: pytest.MonkeyPatch) -> None:
    result = call(plugins_with(monkeypatch, lambda: [HOLDS, LACKS]), "doctor")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "ok       plugin.p0      : active",
        "warning  sandbox.roof   missing: a roof",
        "  → Build one.",
        "ok       sandbox.walls  walls",
        "warning  store          nothing is kept, for no installed plugin offers a default store.",
    ]
    assert result.stderr == "2 warnings.\n"


def test_it_speaks_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    result = call(plugins_with(monkeypatch, lambda: [LACKS]), "doctor", lang="zh")
    assert "警告  sandbox.roof  缺少：屋顶\n  → 请搭建。\n" in result.stdout


def test_something_that_failed_is_the_status(monkeypatch: pytest.MonkeyPatch) -> None:
    result = call(plugins_with(monkeypatch, lambda: [FAILS]), "doctor")
    assert result.exit_code == 1
    assert "failed  store" in result.stdout


def test_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    result = call(plugins_with(monkeypatch, lambda: [LACKS]), "doctor", "--json")
    assert json.loads(result.stdout)["findings"][1] == {
        "name": "sandbox.roof",
        "state": "warning",
        "text": "missing: a roof",
        "remedy": "Build one.",
    }


def boom() -> Any:
    raise RuntimeError("no such device")


@pytest.mark.parametrize(
    ("check", "why"),
    [
        (boom, "RuntimeError: no such device"),
        (lambda: ["junk"], "gave back str instead of a Finding"),
        (lambda: None, "TypeError"),
    ],
)
def test_a_plugin_that_cannot_look_is_a_finding_and_hides_no_other(
    monkeypatch: pytest.MonkeyPatch, check: Check, why: str
) -> None:
    found = plugins_with(monkeypatch, check, lambda: [HOLDS]).findings()
    wrong = [finding for finding in found if finding.state == "failed"]
    assert [finding.name for finding in wrong] == ["plugin.p0"]
    assert why in wrong[0].message
    assert HOLDS in found


def test_a_broken_plugin_is_a_finding() -> None:
    loaded = Plugins()
    loaded.add(EntryPoint("gone", "no_such_module", "blockloom"))
    (finding,) = loaded.findings("plugin")
    assert (finding.name, finding.state) == ("plugin.gone", "failed")
    assert "No module named" in finding.message


def test_this_machine_is_looked_at() -> None:
    names = {finding.name for finding in Plugins.load().findings()}
    assert {"blockloom", "plugin.core", "plugin.code", "sandbox.syscalls", "sandbox.limits"} <= names


GRAPH = {"blockloom": 1, "tasks": [{"id": "a", "type": "nothing"}]}


@pytest.mark.parametrize(
    ("checks", "sentence"),
    [
        ((lambda: [HOLDS, LACKS],), "the sandbox is not complete: sandbox.roof: missing: a roof"),
        ((lambda: [FAILS],), "no installed plugin has a sandbox"),
    ],
)
def test_a_run_that_requires_a_sandbox_begins_only_with_every_layer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, checks: tuple[Check, ...], sentence: str
) -> None:
    file = tmp_path / "graph.json"
    file.write_text(json.dumps(GRAPH))
    plugins = plugins_with(monkeypatch, *checks)
    result = call(plugins, "run", file, "--require-sandbox", "strict")
    assert result.exit_code == 5
    assert sentence in result.stderr
    assert call(plugins, "run", file).exit_code == 2


def test_a_run_goes_on_where_every_layer_holds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "graph.json"
    file.write_text(json.dumps(GRAPH))
    result = call(plugins_with(monkeypatch, lambda: [HOLDS]), "run", file, "--require-sandbox", "strict")
    assert result.exit_code == 2

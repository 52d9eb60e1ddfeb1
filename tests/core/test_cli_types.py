"""`blockloom types` and `plugins`, and the program itself, called in this process."""

import json
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint, version
from types import ModuleType
from typing import Any

import blockloom
import click
import pytest
from blockloom import Plugins
from blockloom.cli import Program
from click.testing import CliRunner, Result

Call = Callable[..., Result]


class Shout(blockloom.TaskType):
    """Upper-case a text."""

    name = "acme.shout"
    title = {"en": "Shout", "zh": "大喊"}

    class Config(blockloom.Config):
        mark: str = "!"

    class Inputs(blockloom.Ports):
        text: str
        times: int = 1

    class Outputs(blockloom.Ports):
        text: str
        loud: bool = blockloom.NOT_TAKEN

    def run(self, task: blockloom.TaskContext) -> Any:
        return {"text": task.inputs.text.upper()}


class Mute(blockloom.TaskType):
    """A type whose settings have no JSON Schema, and whose example is none."""

    name = "acme.mute"
    examples = (5,)  # type: ignore[assignment]

    class Config(blockloom.Config):
        call: Callable[[], None] | None = None

    def run(self, task: blockloom.TaskContext) -> Any:
        return None


@click.command()
def hello() -> None:
    """Say hello."""
    click.echo("hello")


@click.command("bad")
def bad() -> None:
    """Raise one of blockloom's own errors."""
    raise blockloom.NotFound("run", "r1")


@click.group("schema")
def more_schemas() -> None:
    """A group of the same name as blockloom's own."""


@more_schemas.command("extra")
def extra() -> None:
    """Print a document."""
    click.echo("{}")


@more_schemas.command("graph")
def other_graph() -> None:
    """A name that is taken."""


@click.command("run")
def other_run() -> None:
    """A name that is taken."""


def add(plugins: Plugins, name: str, types: list[Any], commands: list[Any]) -> None:
    """Add a plugin that is a module of this process alone."""
    module = ModuleType(f"test_cli_types_{name}")

    def task_types() -> list[Any]:
        return types

    def offered() -> list[Any]:
        return commands

    task_types.__name__, offered.__name__ = "blockloom_task_types", "blockloom_commands"
    vars(module)["blockloom_task_types"] = blockloom.hookimpl(task_types)
    vars(module)["blockloom_commands"] = blockloom.hookimpl(offered)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, module.__name__, module)
        plugins.add(EntryPoint(name, module.__name__, "blockloom"))


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    loaded = Plugins.load()
    add(loaded, "acme", [Shout, Mute], [hello, bad, more_schemas, "junk"])
    add(loaded, "rival", [Shout], [other_run])
    loaded.add(EntryPoint("gone", "test_cli_types_gone", "blockloom"))
    loaded.find_conflicts()
    return loaded


@pytest.fixture
def call(plugins: Plugins) -> Call:
    def call(*args: str, language: str = "en") -> Result:
        runner = CliRunner(env={"BLOCKLOOM_LANG": language, "NO_COLOR": "1"})
        result = runner.invoke(Program(plugins), args)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    return call


# types


def test_types_lists_what_is_installed_by_kind(call: Call) -> None:
    result = call("types")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert [line for line in lines if not line.startswith(" ")] == ["block", "executor", "store", "task", "trigger"]
    assert any(line.split() == ["code", "Code", "code", "(blockloom-code)"] for line in lines)
    shouts = [line.split() for line in lines if "acme.shout" in line]
    assert shouts == [["acme.shout", "Shout", "acme", "conflict"], ["acme.shout", "Shout", "rival", "conflict"]]


def test_types_of_one_kind(call: Call) -> None:
    told = json.loads(call("types", "--kind", "trigger", "--json").stdout)["types"]
    assert {"at", "after", "every", "cron"} <= {each["name"] for each in told}
    assert {each["kind"] for each in told} == {"trigger"}
    assert call("types", "--kind", "store").stdout.splitlines()[0] == "store"
    wrong = call("types", "--kind", "tasks")
    assert wrong.exit_code == 2
    assert wrong.stderr.startswith("Error: Invalid value for '--kind': 'tasks' is not one of 'block', 'task'")


def test_a_type_that_cannot_describe_itself_hides_no_other(call: Call) -> None:
    told = json.loads(call("types", "--json").stdout)["types"]
    (mute,) = [each for each in told if each["name"] == "acme.mute"]
    assert "TypeError" in mute["broken"]
    assert {"code", "text", "memory", "blocks"} <= {each["name"] for each in told}
    assert call("types", "acme.mute").stdout.startswith("task acme.mute\nA type whose settings have no JSON Schema")


def test_one_type_is_shown_with_ports_and_schema(call: Call) -> None:
    result = call("types", "if")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "task if – If"
    assert "  true   any value  a branch: alive only if taken" in lines
    assert any('"condition"' in line for line in lines)
    assert '  {"condition": "value > limit"}' in lines
    assert json.loads(call("types", "if", "--json").stdout)["types"][0]["schema"]["required"] == ["condition"]


def test_a_name_of_several_kinds_shows_them_all(call: Call, plugins: Plugins) -> None:
    plugins.registry.add("block", type("Twin", (blockloom.BlockType,), {"name": "end"}), "twin", "acme-twin")
    assert [line for line in call("types", "end").stdout.splitlines() if " end" in line] == [
        "block end",
        "task end – End",
    ]
    assert "block end" not in call("types", "end", "--kind", "task").stdout


def test_an_unknown_type_is_told_with_near_names_and_broken_plugins(call: Call) -> None:
    result = call("types", "forech")
    assert result.exit_code == 2
    assert result.stdout == ""
    first, warning = result.stderr.splitlines()[:2]
    assert first == "Error: No installed plugin offers a type 'forech'. Did you mean 'foreach'?"
    assert warning.startswith("Warning: the plugin gone () is broken: ModuleNotFoundError")
    (problem,) = json.loads(call("types", "forech", "--json").stdout)["problems"]
    assert problem["code"] == "unknown-type"
    assert "`blockloom types` lists" in call("types", "zzzzzz").stderr


def test_a_conflict_names_both_owners(call: Call) -> None:
    result = call("types", "acme.shout")
    assert result.exit_code == 2
    assert "'acme.shout' is offered by acme and by rival" in result.stderr.splitlines()[0]
    assert json.loads(call("types", "acme.shout", "--json").stdout)["problems"][0]["code"] == "type-conflict"


# plugins


def test_plugins_are_listed_with_status_and_why(call: Call) -> None:
    result = call("plugins")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    text = next(line for line in lines if line.startswith("text "))
    assert text.split() == ["text", "blockloom-text", version("blockloom-text"), "active", "block:text"]
    gone = next(i for i, line in enumerate(lines) if line.startswith("gone "))
    assert "broken" in lines[gone]
    assert "ModuleNotFoundError" in lines[gone + 1]


def test_plugins_as_json(call: Call) -> None:
    told = {each["name"]: each for each in json.loads(call("plugins", "--json").stdout)["plugins"]}
    assert told["flow"]["status"] == "active"
    assert {"task:start", "task:end"} <= set(told["flow"]["types"])
    assert told["gone"]["status"] == "broken"
    assert told["acme"]["status"] == "conflict"
    assert "also offered by rival" in told["acme"]["why"]


def test_lists_speak_chinese_and_stand_in_columns(call: Call) -> None:
    lines = call("plugins", language="zh").stdout.splitlines()
    assert any("可用" in line for line in lines)
    heads = [line for line in call("types", language="zh").stdout.splitlines() if not line.startswith(" ")]
    assert heads == ["块", "执行器", "存储", "任务", "触发器"]
    assert "没有已安装的插件提供类型 'forech'。你是想写 'foreach' 吗？" in call("types", "forech", language="zh").stderr


# The program


def test_a_command_of_a_plugin_is_added(call: Call) -> None:
    assert call("hello").stdout == "hello\n"
    assert "hello" in call("--help").stdout


def test_a_group_of_a_known_name_is_merged_into_it(call: Call) -> None:
    assert call("schema", "extra").stdout == "{}\n"
    assert json.loads(call("schema", "graph").stdout)["title"] == "blockloom graph"
    assert {"graph", "extra"} <= set(call("schema", "--help").stdout.split())


def test_what_a_plugin_offers_wrongly_is_told_and_left_out(call: Call) -> None:
    result = call("--help")
    assert result.exit_code == 0
    assert "Warning: 'junk' is not a usable command." in result.stderr
    assert "offers a command 'run', which exists." in result.stderr
    assert "offers a command 'schema graph', which exists." in result.stderr
    assert "Run GRAPH to its end" in result.stdout


def test_an_error_of_a_plugins_command_is_a_sentence(call: Call) -> None:
    result = call("bad")
    assert (result.exit_code, result.stderr) == (2, "Error: There is no run 'r1'.\n")


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["rum"], "No such command 'rum'. Did you mean 'run'?"),
        (["helo"], "No such command 'helo'. Did you mean 'hello'?"),
        (["--verison"], "No such option '--verison'. Did you mean '--version'?"),
        (["schema", "grph"], "No such command 'grph'. Did you mean 'graph'?"),
    ],
)
def test_a_slip_is_answered_with_a_guess(call: Call, args: list[str], sentence: str) -> None:
    result = call(*args)
    assert result.exit_code == 2
    assert f"Error: {sentence}\nTry 'blockloom" in result.stderr


def test_the_version(call: Call) -> None:
    assert call("--version").stdout == f"blockloom {version('blockloom')}\n"


def test_every_command_has_a_help_in_both_spellings(call: Call) -> None:
    for name in ("run", "check", "types", "plugins", "graph", "schema"):
        assert call(name, "-h").stdout == call(name, "--help").stdout
    assert "Exit status: 0 completed, 1 failed or stopped, 2" in call("run", "--help").stdout

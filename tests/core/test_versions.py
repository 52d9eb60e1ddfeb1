"""Graphs that were written for other versions of their types, or for types that are not there."""

import asyncio
import json
from pathlib import Path
from typing import Any, ClassVar

import blockloom
import pytest
from blockloom import BlockContext, BlockType, Engine, MemoryStore, Registry, TaskContext, TaskType, Workflow
from blockloom.check import check
from blockloom.cli.program import Program
from blockloom.plugins import Plugins
from blockloom.requires import with_requires
from blockloom.testing import engine_with, registry_with, run_graph
from blockloom.upgrading import upgrades
from click.testing import CliRunner


class Pay(TaskType):
    """Pays; in its first version the amount was in euros and called `sum`, in its second it was in cents."""

    name = "acme.pay"
    version = 3
    replaces = ("acme.transfer",)

    class Config(blockloom.Config):
        cents: int
        note: str = ""

    class Outputs(blockloom.Ports):
        paid: int

    def migrate(self, config: dict[str, Any], from_version: int) -> dict[str, Any]:
        if from_version < 2:
            config["cents"] = config.pop("sum") * 100
        if from_version < 3:
            config.setdefault("note", "older")
        return config

    def run(self, task: TaskContext) -> Any:
        return {"paid": task.config.cents}


class Word(BlockType):
    """A word, which was called `w` once."""

    name = "acme.word"
    version = 2

    class Content(blockloom.Config):
        text: str

    def migrate(self, config: dict[str, Any], from_version: int) -> dict[str, Any]:
        return {"text": config["w"]}

    def evaluate(self, block: BlockContext) -> str:
        return str(block.content.text)


def paying(**task: Any) -> dict[str, Any]:
    tasks = [{"id": "pay", "type": "acme.pay", **task}, {"id": "end", "type": "end"}]
    return {"blockloom": 1, "tasks": tasks, "connections": [{"from": "pay.paid", "to": "end.paid"}]}


@pytest.mark.parametrize(
    "task",
    [
        {"config": {"sum": 5}},
        {"version": 1, "config": {"sum": 5}},
        {"version": 2, "config": {"cents": 500}},
        {"version": 3, "config": {"cents": 500}},
        {"type": "acme.transfer", "config": {"sum": 5}},
    ],
)
def test_settings_of_every_version_run_and_the_document_stays(task: dict[str, Any]) -> None:
    graph = paying(**task)
    before = json.dumps(graph)
    assert run_graph(graph, {}, Pay).outputs == {"paid": 500}
    assert json.dumps(graph) == before


def test_a_block_is_brought_along_too() -> None:
    tasks = [
        {"id": "say", "type": "blocks", "blocks": [{"id": "w", "type": "acme.word", "content": {"w": "hi"}}]},
        {"id": "end", "type": "end"},
    ]
    graph = {"tasks": tasks, "connections": [{"from": "say.w", "to": "end.w"}]}
    assert run_graph(graph, {}, Word).outputs == {"w": "hi"}


def codes(graph: Any, *types: type[Any]) -> list[tuple[str, str]]:
    return [(p.code, p.path) for p in check(graph, registry_with(*types))]


def test_what_cannot_be_brought_along_is_told_where() -> None:
    assert codes(paying(config={}), Pay) == [("bad-config", "/tasks/0/version")]
    assert codes(paying(config={"sum": "x"}), Pay) == [("bad-config", "/tasks/0/config/cents")]
    (problem,) = check(paying(version=4, config={"cents": 1}), registry_with(Pay))
    assert (problem.code, problem.path) == ("unsupported-version", "/tasks/0/version")
    assert "written for version 4 of the task type 'acme.pay'" in problem.to_json("en")["message"]


def test_a_version_that_is_no_number_is_an_unknown_field() -> None:
    assert codes(paying(version="draft", config={"sum": 5}), Pay) == []


def test_two_that_replace_one_name_are_a_conflict() -> None:
    other = type("Other", (Pay,), {"name": "acme.wire"})
    registry = registry_with(Pay, other)
    with pytest.raises(blockloom.TypeConflict, match=r"acme\.transfer"):
        registry.task("acme.transfer")
    own = type("Own", (Pay,), {"name": "acme.transfer", "replaces": ()})
    assert isinstance(registry_with(Pay, own).task("acme.transfer"), own), "who has the name now comes first"


GRAPH: dict[str, Any] = {
    "blockloom": 1,
    "tasks": [
        {"id": "each", "type": "foreach", "config": {"body": {"tasks": [{"id": "m", "type": "acme.gone"}]}}},
        {"id": "way", "type": "if", "config": {"condition": "x"}},
        {"id": "wait", "type": "wait", "config": {"trigger": {"type": "after", "config": {"delay": 1}}}},
        {"id": "t", "type": "blocks", "blocks": [{"id": "t", "type": "text", "content": {"text": ""}}]},
    ],
    "triggers": [{"id": "e", "type": "event", "config": {"name": "x"}}],
}


def test_all_that_a_graph_needs_is_written_when_it_is_saved() -> None:
    needed = {f"blockloom-{name}": ">=0.1" for name in ("code", "event", "flow", "text", "time")}

    async def story() -> Any:
        async with engine_with(store=MemoryStore()) as engine:
            kept = await engine.create_workflow({**GRAPH, "requires": {"acme-gone": ">=2", "blockloom-text": ">=0"}})
            again = await engine.update_workflow(kept.id, kept.graph, kept.revision)
            return kept.graph["requires"], again.graph["requires"]

    first, again = asyncio.run(story())
    assert first == again == {**needed, "acme-gone": ">=2", "blockloom-text": ">=0"}
    assert with_requires({"tasks": []}, Registry()) == {"tasks": []}
    assert with_requires({"tasks": 5, "requires": 6}, Registry()) == {"tasks": 5, "requires": 6}


def test_another_version_than_is_required_is_a_warning() -> None:
    graph = {"blockloom": 1, "requires": {"blockloom-flow": ">=99"}, "tasks": [{"id": "m", "type": "merge"}]}
    (problem,) = check(graph, Plugins.load().registry)
    assert (problem.code, problem.severity, problem.path) == (
        "unsupported-version",
        "warning",
        "/requires/blockloom-flow",
    )
    assert problem.to_json("en")["hint"] == 'pip install "blockloom-flow>=99"'


def test_python_says_for_which_version_it_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    plugins = Plugins()
    plugins.registry = registry_with(Pay, Word)
    for room in ("task", "block", "workflow"):
        monkeypatch.setattr(f"blockloom.face.{room}.installed", lambda: plugins)
    task = blockloom.TaskSpec("acme.pay", {"cents": 5})
    assert task.to_json()["version"] == 3
    assert "version" not in blockloom.TaskSpec("merge").to_json()
    old = blockloom.TaskSpec.from_json({"type": "acme.pay", "config": {"sum": 5}})
    assert "version" not in old.to_json()
    old.set_type("acme.pay", {"cents": 5})
    assert old.to_json()["version"] == 3
    block = blockloom.Block.from_json({"type": "acme.word", "content": {"w": "hi"}})
    assert (block.check(), "version" in block.to_json()) == ([], False)
    block.write({"text": "ho"})
    assert (block.check(), block.to_json()["version"]) == ([], 2)


def test_a_graph_whose_plugin_is_missing_keeps_all_and_runs_once_it_is_there() -> None:
    graph = {**paying(version=2, config={"cents": 7, "x": [1]}, ui={"x": 3}), "requires": {"acme-pay": ">=2"}, "own": 1}
    graph["tasks"][0]["config"].pop("x")
    (problem,) = check(graph, registry_with())
    assert (problem.code, problem.path) == ("unknown-type", "/tasks/0/type")
    assert problem.to_json("en")["hint"] == 'Install what the graph requires: pip install "acme-pay>=2"'
    workflow = Workflow.from_json(graph)
    told = workflow.to_json()
    assert {key: value for key, value in told.items() if key != "requires"} == {
        key: value for key, value in graph.items() if key != "requires"
    }
    assert told["requires"]["acme-pay"] == ">=2"
    assert "pay" in workflow.graph("mermaid")
    assert run_graph(told, {}, Pay).outputs == {"paid": 7}


class Verdicts:
    GRAPH: ClassVar[dict[str, Any]] = {
        "blockloom": 1,
        "tasks": [
            {"id": "old", "type": "acme.pay", "config": {"sum": 1}},
            {"id": "renamed", "type": "acme.transfer", "version": 3, "config": {"cents": 1}},
            {"id": "broken", "type": "acme.pay", "config": {"amount": 1}},
            {"id": "newer", "type": "acme.pay", "version": 9, "config": {}},
            {"id": "gone", "type": "acme.gone"},
            {"id": "fine", "type": "acme.pay", "version": 3, "config": {"cents": 1}},
            {
                "id": "each",
                "type": "foreach",
                "inputs": {"items": []},
                "config": {"body": {"tasks": [{"id": "in", "type": "acme.pay", "config": {"sum": 1}}]}},
            },
        ],
    }
    WANTED: ClassVar[list[tuple[str, str]]] = [
        ("/tasks/0", "safe"),
        ("/tasks/1", "safe"),
        ("/tasks/2", "breaking"),
        ("/tasks/3", "blocked"),
        ("/tasks/4", "blocked"),
        ("/tasks/6/config/body/tasks/0", "safe"),
    ]


def test_an_upgrade_is_safe_breaking_or_blocked() -> None:
    found = upgrades(Verdicts.GRAPH, registry_with(Pay))
    assert [(upgrade.path, upgrade.verdict) for upgrade in found] == Verdicts.WANTED


@pytest.mark.parametrize(("tasks", "status"), [(slice(0, 2), 0), (slice(0, 5), 2)])
def test_the_command_tells_of_upgrades(tmp_path: Path, tasks: slice, status: int) -> None:
    plugins = Plugins()
    plugins.registry = registry_with(Pay)
    file = tmp_path / "graph.json"
    file.write_text(json.dumps({**Verdicts.GRAPH, "tasks": Verdicts.GRAPH["tasks"][tasks]}))
    done = CliRunner().invoke(Program(plugins), ["check", "--upgrade", "--json", str(file)])
    told = [(each["path"], each["verdict"]) for each in json.loads(done.stdout)["upgrades"]]
    assert (done.exit_code, told) == (status, Verdicts.WANTED[tasks])
    plain = CliRunner().invoke(Program(plugins), ["check", "--upgrade", str(file)])
    assert plain.output.startswith("safe /tasks/0 acme.pay\n  written for version 1, and brought to version 3\n")


def test_engines_with_other_versions_share_a_workflow() -> None:
    store = MemoryStore()
    older = type("Older", (Pay,), {"version": 2})

    async def story() -> Any:
        registry = registry_with(older)
        async with Engine(registry, store, owns_store=False) as engine:
            kept = await engine.create_workflow(paying(version=2, config={"cents": 9}))
        async with Engine(registry_with(Pay), store, owns_store=False) as engine:
            graph = (await engine.get_workflow(kept.id)).graph
            return (await (await engine.start(graph)).wait()).outputs

    assert asyncio.run(story()) == {"paid": 9}

"""Types that misbehave while a graph is checked: each is told with its mistake, and none breaks the check."""

from collections.abc import Callable
from typing import Any

import blockloom
import pytest
from blockloom import BlockContext, BlockType, Plugins, Problem, Registry, TaskContext, TaskType, TriggerType
from blockloom.check import check, check_content, prepare_task
from pydantic import field_validator


def boom(*_: Any) -> Any:
    raise RuntimeError("boom")


class Stubborn(blockloom.Config):
    x: int = 0

    @field_validator("x")
    @classmethod
    def refuse(cls, value: int) -> int:
        raise RuntimeError("boom")


class Plain(TaskType):
    name = "acme.plain"

    def run(self, task: TaskContext) -> Any:
        return None


class PlainBlock(BlockType):
    name = "acme.block"

    def evaluate(self, block: BlockContext) -> Any:
        return None


class PlainTrigger(TriggerType):
    name = "acme.trigger"


GRAPH = {
    "blockloom": 1,
    "tasks": [
        {"id": "a", "type": "acme.plain", "config": {}, "blocks": [{"id": "b", "type": "acme.block", "content": {}}]},
        {"id": "c", "type": "merge", "join": "nonsense"},
    ],
    "triggers": [{"id": "t", "type": "acme.trigger"}],
}


def found(kind: str, **methods: Any) -> list[Problem]:
    registry = Plugins.load(disable=()).registry
    bases: dict[str, type[Any]] = {"task": Plain, "block": PlainBlock, "trigger": PlainTrigger}
    for each, base in bases.items():
        registry.add(each, type("Odd", (base,), methods) if each == kind else base)
    problems = check(GRAPH, registry)
    assert ("bad-join", "/tasks/1/join") in [(p.code, p.path) for p in problems], "the rest is checked all the same"
    return [p for p in problems if p.code != "bad-join"]


def test_the_plain_types_have_no_problem() -> None:
    assert found("task") == []


@pytest.mark.parametrize("result", [boom, lambda *_: None, lambda *_: 5, lambda *_: [5], lambda *_: [("x",)]])
@pytest.mark.parametrize(
    ("kind", "method", "code", "path"),
    [
        ("task", "embedded", "bad-config", "/tasks/0/config"),
        ("task", "bodies", "bad-config", "/tasks/0/config"),
        ("task", "check", "bad-config", "/tasks/0/config"),
        ("block", "check", "bad-content", "/tasks/0/blocks/0/content"),
        ("trigger", "check", "bad-trigger", "/triggers/0/config"),
    ],
)
def test_a_method_that_raises_or_gives_rubbish(
    kind: str, method: str, code: str, path: str, result: Callable[..., Any]
) -> None:
    (problem,) = found(kind, **{method: result})
    assert (problem.code, problem.path) == (code, path)
    assert "its plugin raised" in problem.to_json("en")["message"]
    assert "其插件抛出了" in problem.to_json("zh")["message"]


@pytest.mark.parametrize("result", [boom, lambda *_: None, lambda *_: {"inputs": {}}])
def test_ports_that_are_none(result: Callable[..., Any]) -> None:
    (problem,) = found("task", ports=result)
    assert (problem.code, problem.path) == ("bad-config", "/tasks/0")
    assert "mistake of the plugin" in problem.to_json("en")["message"]


@pytest.mark.parametrize(
    ("kind", "model", "code", "path"),
    [
        ("task", "Config", "bad-config", "/tasks/0/config"),
        ("block", "Content", "bad-content", "/tasks/0/blocks/0/content"),
        ("trigger", "Config", "bad-trigger", "/triggers/0/config"),
    ],
)
def test_settings_whose_validation_breaks(kind: str, model: str, code: str, path: str) -> None:
    model_of = type("Model", (Stubborn,), {"model_config": {"validate_default": True}})
    (problem,) = found(kind, **{model: model_of})
    assert (problem.code, problem.path) == (code, path)
    assert "RuntimeError: boom" in problem.to_json("en")["message"]


@pytest.mark.parametrize(
    ("kind", "path"), [("task", "/tasks/0/type"), ("block", "/tasks/0/blocks/0/type"), ("trigger", "/triggers/0/type")]
)
def test_a_type_that_cannot_be_made(kind: str, path: str) -> None:
    (problem,) = found(kind, __init__=boom)
    assert (problem.code, problem.path) == ("unknown-type", path)
    assert "RuntimeError: boom" in problem.to_json("en")["message"]


def test_problems_of_a_type_come_with_their_place() -> None:
    odd = Problem(code="bad-content", path="/x", text="odd")
    (problem,) = found("block", check=lambda *_: iter([odd]))
    assert problem.path == "/tasks/0/blocks/0/content/x"


def test_a_type_is_told_the_graph_that_its_settings_stand_in() -> None:
    told: list[Any] = []

    def check(self: Any, config: Any, *around: Any) -> Any:
        told.append(around)
        return ()

    assert found("task", check=check) == []
    ((id, tasks),) = told
    assert (id, list(tasks)) == ("a", ["a", "c"])


REGISTRY = Plugins.load(disable=()).registry


def test_a_content_is_checked_by_itself() -> None:
    assert check_content({"id": "b", "type": "text", "content": {"text": "x"}}, REGISTRY) == []
    found = check_content({"id": "b", "type": "text"}, REGISTRY)
    assert [(p.code, p.path) for p in found] == [("bad-content", "/text")]
    assert [p.code for p in check_content({"id": "b", "type": "no.such"}, REGISTRY)] == ["unknown-type"]


def test_a_task_is_prepared_by_itself() -> None:
    task = {"id": "a", "type": "if", "config": {"condition": "x"}, "inputs": {"x": 1}, "join": {"count": 5}}
    plan = prepare_task(task, REGISTRY)
    assert plan.fixed == {"value": None, "x": 1}
    with pytest.raises(blockloom.InvalidGraph) as caught:
        prepare_task({"id": "a", "type": "if", "config": {"condition": "1 +"}}, REGISTRY)
    assert [p.path for p in caught.value.problems] == ["/tasks/0/config/condition"]


def test_an_empty_registry_knows_nothing_and_says_so() -> None:
    assert {p.code for p in check(GRAPH, Registry())} == {"unknown-type", "bad-join"}

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from blockloom import (
    BadUsage,
    BadValue,
    Block,
    InvalidGraph,
    Task,
    TaskFailed,
    TaskSpec,
    Trigger,
    UnknownPart,
    UnknownType,
)


class Sum(TaskSpec):
    def __init__(self) -> None:
        super().__init__()
        self.double = Block("code", {"source": "x * 2"})
        self.total = Block("code", {"source": "double + y"})
        self.shown = Block("text", {"text": "= {{ total }}"})


# Blocks


def test_a_block_is_what_it_was_given() -> None:
    content = {"text": "x"}
    block = Block("text", content, "b")
    content["text"] = "y"
    assert (block.id, block.type, block.content) == ("b", "text", {"text": "x"})
    assert block.to_json() == {"id": "b", "type": "text", "content": {"text": "x"}}
    assert Block("text").to_json() == {"type": "text", "content": {}}


def test_a_block_is_written_appended_to_and_rendered() -> None:
    block = Block("text", {"text": "Hello"})
    block.append(" world")
    assert block.content == {"text": "Hello world"}
    block.write({"text": "Bye"})
    assert block.render() == "Bye"
    listed = Block("checklist", {"items": []})
    listed.append({"id": "a", "text": "backup"})
    assert listed.content == {"items": [{"id": "a", "text": "backup", "done": False}]}
    assert listed.render() == "- [ ] backup"


def test_a_block_tells_what_is_wrong() -> None:
    assert Block("text", {"text": "x"}).check() == []
    assert [(p.code, p.path) for p in Block("text", {"txt": "x"}).check()] == [
        ("bad-content", "/text"),
        ("bad-content", "/txt"),
    ]
    assert [(p.code, p.path) for p in Block("code", {"source": "if"}).check()] == [("bad-content", "/source")]
    assert [p.code for p in Block("vendor.thing").check()] == ["unknown-type"]


def test_a_block_is_evaluated() -> None:
    assert asyncio.run(Block("text", {"text": "{{ a }}"}).evaluate({"a": 1})) == "1"
    assert asyncio.run(Block("code", {"source": "inputs['a'] + a"}).evaluate({"a": 1})) == 2
    with pytest.raises(TaskFailed):
        asyncio.run(Block("text", {"text": "{{ a }}"}).evaluate())
    calls: list[Callable[[Block], Any]] = [
        lambda block: block.render(),
        lambda block: block.append("x"),
        lambda block: asyncio.run(block.evaluate()),
    ]
    for call in calls:
        with pytest.raises(InvalidGraph):
            call(Block("text", {"text": 5}))
        with pytest.raises(UnknownType):
            call(Block("vendor.thing"))


def test_a_content_is_json() -> None:
    with pytest.raises(BadValue):
        Block("text", {"text": {1}})
    with pytest.raises(BadValue):
        Block("text").write({"text": float("nan")})


# Specs of tasks


def test_attributes_become_blocks() -> None:
    spec = Sum()
    assert list(spec.blocks) == ["double", "total", "shown"]
    assert spec.type == "blocks"
    assert [block["id"] for block in spec.to_json()["blocks"]] == ["double", "total", "shown"]


def test_a_block_has_one_id_in_a_task() -> None:
    spec: Any = TaskSpec()
    spec.first = Block("text")
    spec.again = spec.first
    assert list(spec.blocks) == ["first"]
    for add, why in (
        (lambda: spec.add_block(spec.first, "second"), "'first' is in the task already; it cannot be 'second' too"),
        (lambda: spec.add_block(Block("text"), "first"), "has a block 'first' already"),
        (lambda: spec.add_block(Block("text")), "needs an id"),
        (lambda: setattr(spec, "first", Block("text")), "has a block 'first' already"),
    ):
        with pytest.raises(BadUsage, match=why):
            add()
    assert list(spec.blocks) == ["first"]


def test_one_block_in_two_tasks_keeps_both_ids() -> None:
    block = Block("text", {"text": "x"})
    one, two = TaskSpec(), TaskSpec()
    one.add_block(block, "a")
    two.add_block(block, "b")
    assert [spec.to_json()["blocks"][0]["id"] for spec in (one, two)] == ["a", "b"]


@pytest.mark.parametrize("name", ["type", "settings", "blocks", "extra", "config", "inputs", "links"])
def test_a_block_cannot_take_the_place_of_a_field(name: str) -> None:
    spec = TaskSpec()
    with pytest.raises(BadUsage, match=f"'{name}' is a field of TaskSpec itself: use add_block"):
        setattr(spec, name, Block("text"))
    assert spec.blocks == {}
    spec.add_block(Block("text"), name)
    assert list(spec.blocks) == [name]


@pytest.mark.parametrize("name", ["link", "block", "set", "to_json", "add_block"])
def test_a_block_may_be_called_like_a_method(name: str) -> None:
    spec: Any = TaskSpec()
    setattr(spec, name, Block("text", {"text": "x"}))
    spec.other = Block("text", {"text": "y"})
    assert [block["id"] for block in TaskSpec.to_json(spec)["blocks"]] == [name, "other"]


def test_a_spec_that_was_not_made_says_so() -> None:
    class Forgetful(TaskSpec):
        def __init__(self) -> None:
            self.a = Block("text")

    with pytest.raises(BadUsage, match=r"Call super\(\).__init__\(\) before the first block"):
        Forgetful()


def test_settings() -> None:
    spec = TaskSpec("if", {"condition": "x"}, title="Is it?", retry={"attempts": 2}, timeout="1s", cache=True)
    assert spec.to_json() == {
        "type": "if",
        "config": {"condition": "x"},
        "title": "Is it?",
        "retry": {"attempts": 2},
        "timeout": "1s",
        "cache": True,
    }
    with pytest.raises(BadUsage, match=r"no setting colour, retries; it has title"):
        TaskSpec("if", retries=3, colour="red")


def test_settings_are_given_later_and_taken_away() -> None:
    task = Task(TaskSpec("merge", title="all of them", timeout="1s")).set(join="all", retry={"attempts": 2})
    assert task.set(timeout=None).to_json() == {
        "type": "merge",
        "title": "all of them",
        "join": "all",
        "retry": {"attempts": 2},
    }
    with pytest.raises(BadUsage, match="no setting joins"):
        task.set(joins="all")


def test_a_task_without_a_spec_is_an_empty_list_of_blocks() -> None:
    assert Task().to_json() == {"type": "blocks"}


class Score(TaskSpec):
    """A spec that somebody forgets to call."""


def untyped(value: Any) -> Any:
    """A value as a program without type hints gives it."""
    return value


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: Task(untyped("if")), r"made from a TaskSpec, .*, not a value of type str"),
        (lambda: Task(untyped(Score)), r"made from a TaskSpec, .*, not the class Score itself"),
        (lambda: TaskSpec(untyped({"type": "if"})), r"type of a task is a name, .*, not a value of type dict"),
        (lambda: Task().add_block(untyped({"type": "text"})), r"added is a Block, .*, not a value of type dict"),
        (lambda: Task().connect(untyped("b.x")), r"leads to a task or to a port of one, .*, not a value of type str"),
        (
            lambda: Task()["x"].connect(untyped(Score())),
            r"leads to a task or to a port of one, .*, not a value of type Score",
        ),
        (
            lambda: Block("text", untyped("hello")),
            r"content of a block of the type 'text' is a mapping, not a value of type str",
        ),
        (lambda: Block("text").write(untyped([1])), r"content of a block of the type 'text' is a mapping, not .* list"),
    ],
)
def test_what_is_no_part_is_refused_where_it_is_given(make: Any, why: str) -> None:
    with pytest.raises(BadUsage, match=why):
        make()


def test_links() -> None:
    spec = Sum()
    spec.double.link(spec.total)
    spec.link("total", "shown")
    assert set(spec.links) == {("double", "total"), ("total", "shown")}
    for a, b in (("double", "x"), ("x", "double")):
        with pytest.raises(UnknownPart, match="The task has no block 'x'"):
            spec.link(a, b)
    spec.remove_block("total")
    assert (list(spec.blocks), spec.links) == (["double", "shown"], [])
    with pytest.raises(UnknownPart, match=r"no block 'total'. There are: double, shown\."):
        spec.remove_block("total")


def test_a_link_to_a_block_of_another_task_is_reported() -> None:
    spec = Sum()
    spec.double.link(Block("text", {"text": "x"}, "stranger"))
    assert spec.links == [("double", "stranger")]
    with pytest.raises(InvalidGraph, match="unknown-block"):
        asyncio.run(Task(spec).evaluate("double", {"x": 1}))


# Tasks


def test_a_task_is_made_of_its_spec() -> None:
    task = Task(Sum(), "sum")
    task.add_block(Block("text", {"text": "end"}), "last")
    task.link("shown", "last")
    assert task.remove_block("double").id == "double"
    assert list(task.blocks) == ["total", "shown", "last"]
    task.set_type("vendor.thing", {"a": 1})
    assert task.type == "vendor.thing"
    told = task.to_json()
    assert (told["id"], told["type"], told["config"]) == ("sum", "vendor.thing", {"a": 1})
    task.set_type("blocks")
    assert "config" not in task.to_json()


def test_a_block_of_a_task_is_evaluated_with_those_before_it() -> None:
    task = Task(Sum())
    assert asyncio.run(task.evaluate("shown", {"x": 1, "y": 2})) == "= 4"
    assert asyncio.run(task.evaluate("double", {"x": 5})) == 10
    with pytest.raises(UnknownPart, match="no block 'nothing'"):
        asyncio.run(task.evaluate("nothing"))
    with pytest.raises(TaskFailed):
        asyncio.run(task.evaluate("double", {}))


def test_a_block_sees_literal_inputs_and_what_is_given_over_them() -> None:
    spec = Sum()
    spec.inputs.update(x=1, y=1)
    task = Task(spec)
    assert asyncio.run(task.evaluate("total")) == 3
    assert asyncio.run(task.evaluate("total", {"x": 10})) == 21


def test_a_block_is_evaluated_whatever_leads_to_its_task() -> None:
    task = Task(TaskSpec("blocks", join={"count": 5}))
    task.add_block(Block("text", {"text": "x"}), "b")
    assert asyncio.run(task.evaluate("b")) == "x"


def test_a_task_with_problems_is_not_evaluated() -> None:
    task = Task(TaskSpec("vendor.thing"))
    task.add_block(Block("text", {"text": "x"}), "b")
    with pytest.raises(InvalidGraph, match="unknown-type"):
        asyncio.run(task.evaluate("b"))


# Triggers


def test_triggers() -> None:
    trigger = Trigger("cron", {"expression": "0 9 * * *"}, "nightly")
    trigger.inputs["ticket"] = "x"
    trigger.set_action("http", {"url": "https://example.com"})
    assert trigger.to_json() == {
        "id": "nightly",
        "type": "cron",
        "config": {"expression": "0 9 * * *"},
        "inputs": {"ticket": "x"},
        "action": {"type": "http", "config": {"url": "https://example.com"}},
    }
    trigger.set_type("after", {"delay": "1s"})
    assert (trigger.type, trigger.config) == ("after", {"delay": "1s"})
    assert Trigger.from_json(trigger.to_json()).to_json() == trigger.to_json()
    assert Trigger("cron").to_json() == {"type": "cron", "config": {}}


def processes() -> set[str]:
    """The processes that this one has started."""
    return {pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}


def test_blocks_of_one_loop_share_what_is_warm_and_the_loop_takes_it_along() -> None:
    before = processes()

    async def evaluate() -> list[set[str]]:
        found = []
        for number in range(3):
            assert await Block("code", {"source": "x = [n]\nx"}).evaluate({"n": number}) == [number]
            found.append(processes() - before)
        task = Task(Sum())
        assert await task.evaluate("shown", {"x": 2, "y": 3}) == "= 7"
        return found

    first, second, third = asyncio.run(evaluate())
    assert len(first) == 1
    assert first == second == third
    assert processes() == before


def test_a_trigger_says_what_becomes_of_firings_that_are_missed_or_overlap() -> None:
    trigger = Trigger("every", {"interval": "1h"}, "hourly")
    trigger.workflow, trigger.enabled, trigger.misfire, trigger.overlap = "report", False, "skip", "allow"
    told = trigger.to_json()
    assert told == {
        "id": "hourly",
        "type": "every",
        "config": {"interval": "1h"},
        "workflow": "report",
        "enabled": False,
        "misfire": "skip",
        "overlap": "allow",
    }
    again = Trigger.from_json(told)
    assert (again.workflow, again.enabled, again.misfire, again.overlap) == ("report", False, "skip", "allow")
    assert Trigger.from_json({**told, "misfire": None}).to_json() == {**told, "misfire": None}

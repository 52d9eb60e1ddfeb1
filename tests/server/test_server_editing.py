"""Edits of a graph: a new document comes out, the old one and what it holds beyond the known stay as they were."""

from copy import deepcopy
from typing import Any, Final

import pytest
from blockloom import BadUsage, Plugins, UnknownPart
from blockloom_server.editing import blocks, tasks

GRAPH: Final[dict[str, Any]] = {
    "blockloom": 1,
    "x-own": [1],
    "tasks": [
        {"id": "a", "type": "start", "ui": {"x": 1}},
        {"id": "b", "type": "merge", "x-own": {"deep": True}},
        {
            "id": "c",
            "type": "blocks",
            "blocks": [
                {"id": "one", "type": "text", "content": {"text": "1"}, "x-own": 1},
                {"id": "two", "type": "text", "content": {"text": "2"}},
            ],
            "links": [{"from": "one", "to": "two", "x-own": 1}, "no link"],
        },
        "no task",
    ],
    "connections": [
        {"from": "a.x", "to": "b.x", "x-own": 1},
        {"from": "b", "to": "c"},
        {"from": "ab", "to": "c.b"},
        "no line",
    ],
}

REGISTRY = Plugins.load().registry


@pytest.fixture
def graph() -> Any:
    made = deepcopy(GRAPH)
    yield made
    assert made == GRAPH


def lines(graph: Any) -> list[Any]:
    return [(line["from"], line["to"]) if isinstance(line, dict) else line for line in graph["connections"]]


def ids(graph: Any) -> list[Any]:
    return [task["id"] if isinstance(task, dict) else task for task in graph["tasks"]]


def test_add(graph: Any) -> None:
    made = tasks.add_task(graph, {"id": "d", "type": "no.such"})
    assert ids(made) == ["a", "b", "c", "no task", "d"]
    assert made["x-own"] == [1]
    assert tasks.add_task({}, {"id": "d"}) == {"tasks": [{"id": "d"}]}


def test_remove_takes_the_lines_along(graph: Any) -> None:
    made = tasks.remove_task(graph, "b")
    assert ids(made) == ["a", "c", "no task"]
    assert lines(made) == [("ab", "c.b"), "no line"]
    assert "connections" not in tasks.remove_task({"tasks": [{"id": "a"}]}, "a")


def test_update_changes_and_takes_away(graph: Any) -> None:
    made = tasks.update_task(graph, "a", {"title": "A", "ui": None})
    assert made["tasks"][0] == {"id": "a", "type": "start", "title": "A"}
    assert made["tasks"][1:] == graph["tasks"][1:]


def test_a_new_id_takes_the_lines_along(graph: Any) -> None:
    made = tasks.update_task(graph, "b", {"id": "任务"})
    assert ids(made) == ["a", "任务", "c", "no task"]
    assert lines(made) == [("a.x", "任务.x"), ("任务", "c"), ("ab", "c.b"), "no line"]
    assert made["connections"][0]["x-own"] == 1


def test_set_type_replaces_the_settings(graph: Any) -> None:
    made = tasks.set_type(graph, "b", "if", {"condition": "True"}, REGISTRY)
    assert made["tasks"][1] == {"id": "b", "type": "if", "x-own": {"deep": True}, "config": {"condition": "True"}}
    assert "config" not in tasks.set_type(made, "b", "merge", None, REGISTRY)["tasks"][1]


@pytest.mark.parametrize(("index", "order"), [(0, "cab"), (1, "acb"), (2, "abc")])
def test_move(graph: Any, index: int, order: str) -> None:
    assert [id for id in ids(tasks.move_task(graph, "c", index)) if len(id) == 1] == list(order)


def test_swap_exchanges_places_and_lines() -> None:
    registry = REGISTRY
    graph = {
        "blockloom": 1,
        "tasks": [{"id": id, "type": "merge"} for id in "abc"],
        "connections": [{"from": "a", "to": "b"}, {"from": "b.result", "to": "c.x"}],
    }
    before = deepcopy(graph)
    made = tasks.swap_tasks(graph, "a", "c", registry)
    assert ids(made) == ["c", "b", "a"]
    assert lines(made) == [("c", "b"), ("b.result", "a.x")]
    assert graph == before
    assert tasks.swap_tasks(made, "a", "c", registry) == graph
    graph["tasks"][2]["type"] = "start"  # type: ignore[index]
    with pytest.raises(BadUsage, match="cannot be swapped"):
        tasks.swap_tasks({**graph, "connections": [{"from": "b.result", "to": "a.x"}]}, "a", "c", registry)


def test_connect_and_disconnect(graph: Any) -> None:
    made = tasks.connect(graph, "a", "c.one")
    assert made["connections"][-1] == {"from": "a", "to": "c.one"}
    assert tasks.disconnect(made, "a", "c.one") == graph
    assert lines(tasks.disconnect(graph, "b", "c")) == [("a.x", "b.x"), ("ab", "c.b"), "no line"]


def test_blocks(graph: Any) -> None:
    made = blocks.add_block(graph, "c", {"id": "three", "type": "text"})
    made = blocks.write_block(made, "c", "one", {"text": "new"}, REGISTRY)
    assert blocks.block_of(made, "c", "one") == {"id": "one", "type": "text", "content": {"text": "new"}, "x-own": 1}
    made = blocks.remove_block(made, "c", "two")
    assert [block["id"] for block in made["tasks"][2]["blocks"]] == ["one", "three"]
    assert made["tasks"][2]["links"] == ["no link"]


@pytest.mark.parametrize(
    "edit",
    [
        lambda graph: tasks.remove_task(graph, "z"),
        lambda graph: tasks.connect(graph, "a", "z"),
        lambda graph: tasks.disconnect(graph, "a", "b"),
        lambda graph: blocks.remove_block(graph, "z", "one"),
        lambda graph: blocks.remove_block(graph, "c", "z"),
        lambda graph: blocks.block_of(graph, "a", "one"),
    ],
)
def test_what_is_not_there(graph: Any, edit: Any) -> None:
    with pytest.raises(UnknownPart):
        edit(graph)


@pytest.mark.parametrize("tasks_", [5, "abc", {"a": 1}, True])
def test_a_draft_that_cannot_be_edited_in_parts_says_so(tasks_: Any) -> None:
    with pytest.raises(BadUsage, match=r"send the whole graph with workflow\.update"):
        tasks.add_task({"tasks": tasks_}, {"id": "a"})

"""Triggers in a document: when they fire, what they do, and with what."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from blockloom import Plugins
from blockloom.check import check

REGISTRY = Plugins.load(disable=()).registry
DECLARED = {"ticket": {"type": "string"}, "limit": {"type": "number", "default": 1}}
BODY = {"tasks": [{"id": "a", "type": "nope"}]}


def found(trigger: Mapping[str, Any], **graph: Any) -> list[tuple[str, str, str]]:
    """Code, path and sentence of each problem; each has a sentence and an advice in both languages."""
    made = {"id": "t", "type": "after", "config": {"delay": 1}, **trigger}
    problems = check({"blockloom": 1, "tasks": [], **graph, "triggers": [made]}, REGISTRY)
    for problem in problems:
        english, chinese = problem.to_json("en"), problem.to_json("zh")
        for key in ("message", "hint"):
            assert re.search("[\u4e00-\u9fff]", chinese[key])
            assert english[key]
            assert not re.search("[\u4e00-\u9fff]", english[key])
    return [(p.code, p.path.removeprefix("/triggers/0"), p.to_json("en")["message"]) for p in problems]


FINE: list[dict[str, Any]] = [
    {},
    {"enabled": True},
    {"enabled": False, "misfire": "once", "overlap": "queue"},
    {"misfire": "skip", "overlap": "skip"},
    {"misfire": "all", "overlap": "allow"},
    {"workflow": "nightly"},
    {"inputs": {"ticket": "x", "limit": 2}},
    {"workflow": "other", "inputs": {"anything": 1}},
    {"action": {"type": "merge"}},
    {"action": {"type": "merge", "config": None}},
    {"action": {"type": "merge", "config": {}, "note": "kept"}, "inputs": {"anything": 1}},
    {"action": {"type": "if", "config": {"condition": "payload"}}},
    {"action": {"type": "workflow", "config": {"body": {"tasks": []}}}},
    dict.fromkeys(("enabled", "misfire", "overlap", "workflow", "inputs", "action")),
    {"note": "kept"},
]
WRONG: list[tuple[dict[str, Any], list[tuple[str, str, str]]]] = [
    (
        {"enabled": "yes"},
        [("bad-trigger", "/enabled", "The trigger 't' does not fit: enabled: must be true or false")],
    ),
    ({"enabled": 1}, [("bad-trigger", "/enabled", "")]),
    (
        {"misfire": "never"},
        [("bad-trigger", "/misfire", "The trigger 't' does not fit: misfire: must be 'once', 'skip'")],
    ),
    ({"misfire": ["once"]}, [("bad-trigger", "/misfire", "")]),
    (
        {"overlap": "wait"},
        [("bad-trigger", "/overlap", "The trigger 't' does not fit: overlap: must be 'queue', 'skip'")],
    ),
    ({"workflow": ""}, [("bad-trigger", "/workflow", "")]),
    (
        {"workflow": 5},
        [("bad-trigger", "/workflow", "The trigger 't' does not fit: workflow: must be a text.")],
    ),
    (
        {"inputs": [1]},
        [("bad-trigger", "/inputs", "The trigger 't' does not fit: inputs: must be a mapping.")],
    ),
    ({"inputs": {"a-b": 1}}, [("bad-trigger", "/inputs/a-b", "The trigger 't' does not fit: inputs: 'a-b' cannot be")]),
    ({"inputs": {"inputs": 1}, "workflow": "x"}, [("bad-trigger", "/inputs/inputs", "The trigger 't' does not fit: ")]),
    (
        {"inputs": {"tikcet": "x"}},
        [("bad-trigger", "/inputs/tikcet", "The trigger 't' does not fit: inputs: the work")],
    ),
    (
        {"inputs": {"ticket": 5}},
        [("bad-trigger", "/inputs/ticket", "The trigger 't' does not fit: inputs.ticket: exp")],
    ),
    ({"action": "merge"}, [("bad-trigger", "/action", "The trigger 't' does not fit: action: ")]),
    (
        {"action": {}},
        [("bad-trigger", "/action/type", "The trigger 't' does not fit: action.type: this field is miss")],
    ),
    (
        {"action": {"type": 5}},
        [("bad-trigger", "/action/type", "The trigger 't' does not fit: action.type: must be a")],
    ),
    (
        {"action": {"type": "mergo"}},
        [("unknown-type", "/action/type", "No installed plugin offers the task type 'mer")],
    ),
    (
        {"action": {"type": "merge", "config": []}},
        [("bad-trigger", "/action/config", "The trigger 't' does not fit: a")],
    ),
    ({"action": {"type": "if"}}, [("bad-trigger", "/action/config/condition", "The action of the trigger 't' does n")]),
    (
        {"action": {"type": "if", "config": {"condition": "import x"}}},
        [("bad-trigger", "/action/config/condition", "The action of the trigger 't' does not fit: condition: not one")],
    ),
    (
        {"action": {"type": "if", "config": {"condition": "a._b"}}},
        [("bad-trigger", "/action/config/condition", "")],
    ),
    (
        {"action": {"type": "workflow", "config": {"body": BODY}}},
        [("unknown-type", "/action/config/body/tasks/0/type", "No installed plugin offers the task type 'nope'.")],
    ),
    (
        {"action": {"type": "wait", "config": {"trigger": {"type": "after", "config": {"delay": "x"}}}}},
        [("bad-trigger", "/action/config/trigger/config/delay", "'x' is not a duration.")],
    ),
    (
        {"misfire": 1, "overlap": 2, "enabled": 3, "config": {"delay": "x"}},
        [("bad-trigger", f"/{field}", "") for field in ("config/delay", "enabled", "misfire", "overlap")],
    ),
]


@pytest.mark.parametrize("trigger", FINE, ids=str)
def test_what_is_fine(trigger: dict[str, Any]) -> None:
    assert found(trigger, inputs=DECLARED) == []


@pytest.mark.parametrize(("trigger", "expected"), WRONG, ids=[str(trigger) for trigger, _ in WRONG])
def test_what_is_wrong_is_told_with_its_place(trigger: dict[str, Any], expected: list[tuple[str, str, str]]) -> None:
    problems = sorted(found(trigger, inputs=DECLARED))
    assert [problem[:2] for problem in problems] == [problem[:2] for problem in expected]
    for (_, _, message), (_, _, opening) in zip(problems, expected, strict=True):
        assert message.startswith(opening)


def test_inputs_are_those_that_the_graph_takes() -> None:
    start = {"tasks": [{"id": "s", "type": "start"}, {"id": "e", "type": "end"}]}
    named = {**start, "connections": [{"from": "s.a", "to": "e.a"}]}
    open = {**start, "connections": [{"from": "s", "to": "e.a"}]}
    assert found({"inputs": {"a": 1}}, **named) == []
    assert [problem[1] for problem in found({"inputs": {"b": 1}}, **named)] == ["/inputs/b"]
    assert found({"inputs": {"b": 1}}, **open) == []


def test_an_action_is_told_what_it_takes() -> None:
    made = {"id": "t", "type": "after", "config": {"delay": 1}, "misfire": "x", "action": {"type": "if"}}
    hints = [p.to_json("en")["hint"] for p in check({"blockloom": 1, "tasks": [], "triggers": [made]}, REGISTRY)]
    assert hints == ['Write "once", "skip" or "all".', "Correct it here; `blockloom types if` shows what fits."]

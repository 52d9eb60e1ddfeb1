"""Connections, flow, joins and triggers: each mistake, its place, and its sentence in both languages."""

import re
from typing import Any

import pytest
from blockloom.check import check
from blockloom.sentences import SENTENCES
from mistakes import Mistake, assert_found, assert_in_both_languages, graph, line, registry, task

REGISTRY = registry()


def shout(**more: Any) -> dict[str, Any]:
    return task("a", "acme.shout", inputs={"text": "x"}, **more)


LINE = {"connections": [line("a", "b")]}
TWO = (task("a"), task("b"))

WRONG: dict[str, Mistake] = {
    "a line": (graph(connections=["a.b"]), [("bad-format", "/connections/0", "a connection must be a mapping")]),
    "line open": (graph(task(), connections=[{"from": "a"}]), [("bad-format", "/connections/0", "to is missing.")]),
    "line null": (graph(task(), connections=[line(None, "a")]), [("bad-format", "/connections/0", "from is missing.")]),
    "line dots": (
        graph(*TWO, connections=[line("a.x.y", "b")]),
        [("bad-format", "/connections/0/from", "'a.x.y' is not the end of a connection.")],
    ),
    "line trails": (
        graph(*TWO, connections=[line("a", "b.")]),
        [("bad-format", "/connections/0/to", "'b.' is not the")],
    ),
    "line number": (
        graph(*TWO, connections=[line(5, "b")]),
        [("bad-format", "/connections/0/from", "5 is not the end")],
    ),
    "line mapping": (
        graph(*TWO, connections=[line("a", {"x": 1})]),
        [("bad-format", "/connections/0/to", "{'x': 1} is not the end of a connection.")],
    ),
    "unknown task": (
        graph(task("score"), connections=[line("scroe", "score")]),
        [("unknown-task", "/connections/0/from", "There is no task 'scroe'. Did you mean 'score'?")],
    ),
    "unknown output": (
        graph(*TWO, connections=[line("a.reslut", "b.x")]),
        [("unknown-port", "/connections/0/from", "The task 'a' (merge) has no output 'reslut'.")],
    ),
    "unknown input": (
        graph(task("b"), shout(), connections=[line("b.result", "a.txt")]),
        [("unknown-port", "/connections/0/to", "The task 'a' (acme.shout) has no input 'txt'.")],
    ),
    "bad input": (graph(*TWO, connections=[line("a.result", "b.x-y")]), [("bad-format", "/connections/0/to", "'x-y'")]),
    "into a start": (
        graph(task("s", "start"), task("a"), connections=[line("s", "a"), line("a.result", "s.x")]),
        [
            ("cycle", "/tasks/0", "These tasks wait for each other in a circle: s → a → s."),
            ("unknown-port", "/connections/1/to", "The task 's' (start) has no input 'x'."),
        ],
    ),
    "undeclared input": (
        graph(task("s", "start"), task("a"), inputs={"x": {}}, connections=[line("s.y", "a.x")]),
        [("unknown-port", "/connections/0/from", "The task 's' (start) has no output 'y'.")],
    ),
    "type mismatch": (
        graph(task("b"), shout(), connections=[line("b.values", "a.text")]),
        [("type-mismatch", "/connections/0", "b.values gives array, and a.text takes string: no value fits both.")],
    ),
    "error mismatch": (
        graph(task("b"), shout(), connections=[line("b.error", "a.text")]),
        [("type-mismatch", "/connections/0", "b.error gives object, and a.text takes string")],
    ),
    "mapping mismatch": (
        graph(task("b"), shout(), connections=[line("b", "a.text")]),
        [("type-mismatch", "/connections/0", "b gives object, and a.text takes string")],
    ),
    "missing input": (
        graph(task(type="acme.shout")),
        [("missing-input", "/tasks/0", "The required input 'text' of the task 'a' can never have a value.")],
    ),
    "fed by none that runs": (
        graph(
            task("s", "start"),
            task("lost"),
            task("a", "acme.shout"),
            connections=[line("s", "a"), line("lost.result", "a.text")],
        ),
        [
            ("missing-input", "/tasks/2", "The required input 'text' of the task 'a' can never have a value."),
            ("unreachable", "/tasks/1", "No start task leads to the task 'lost'"),
        ],
    ),
    "cycle": (
        graph(*(task(i) for i in "abcd"), connections=[line("b", "c"), line("c", "b"), line("c", "d"), line("d", "b")]),
        [("cycle", "/tasks/1", "These tasks wait for each other in a circle: b → c → b.")],
    ),
    "itself": (graph(task(), connections=[line("a", "a")]), [("cycle", "/tasks/0", "These tasks wait for each other")]),
    "join": (
        graph(task(join="some")),
        [("bad-join", "/tasks/0/join", "The join of the task 'a' is not one: it is 'some'")],
    ),
    "join 0": (
        graph(*TWO, **LINE) | {"tasks": [task("a"), task("b", join={"count": 0})]},
        [("bad-join", "/tasks/1/join", "The")],
    ),
    "join true": (
        graph(task(join={"count": True})),
        [("bad-join", "/tasks/0/join", "The join of the task 'a' is not")],
    ),
    "join list": (
        graph(task(join=[])),
        [("bad-join", "/tasks/0/join", "The join of the task 'a' is not one: it is []")],
    ),
    "join rest": (graph(task(join={"cancel_rest": True})), [("bad-join", "/tasks/0/join", "The join of the task 'a'")]),
    "join of rest": (
        graph(task("a"), task("b", join={"count": 1, "cancel_rest": "yes"}), **LINE),
        [("bad-join", "/tasks/1/join", "The join of the task 'b' is not one: it is {'count': 1")],
    ),
    "join too many": (
        graph(task("a"), task("b", join={"count": 2}), connections=[line("a", "b"), line("a.result", "b.x")]),
        [("bad-join", "/tasks/1/join", "The join of the task 'b' is not one: it counts 2, and only 1 connections")],
    ),
    "a trigger": (graph(triggers=[5]), [("bad-format", "/triggers/0", "a trigger must be a mapping; here it is a")]),
    "trigger id": (
        graph(triggers=[{"type": "cron"}]),
        [
            ("bad-format", "/triggers/0", "id is missing."),
            (
                "bad-trigger",
                "/triggers/0/config/expression",
                "The settings of the trigger '#0' do not fit: expression: this",
            ),
        ],
    ),
    "trigger twice": (
        graph(triggers=[{"id": "t", "type": "after", "config": {"delay": 1}}] * 2),
        [("duplicate-id", "/triggers/1/id", "The id 't' is used by more than one trigger.")],
    ),
    "trigger config": (
        graph(triggers=[{"id": "t", "type": "after", "config": 5}]),
        [("bad-format", "/triggers/0/config", "config must be a mapping; here it is a number.")],
    ),
    "trigger union": (
        graph(triggers=[{"id": "t", "type": "after", "config": {"delay": []}}]),
        [
            (
                "bad-trigger",
                "/triggers/0/config/delay",
                "The settings of the trigger 't' do not fit: delay: must be a",
            )
        ],
    ),
    "trigger never": (
        graph(triggers=[{"id": "t", "type": "cron", "config": {"expression": "0 0 30 2 *"}}]),
        [("bad-trigger", "/triggers/0/config/expression", "")],
    ),
    "trigger inputs": (
        graph(triggers=[{"id": "t", "type": "after", "config": {"delay": 1}, "inputs": 5}]),
        [("bad-trigger", "/triggers/0/inputs", "The trigger 't' does not fit: inputs: must be a mapping.")],
    ),
    "unreachable": (
        graph(task("s", "start"), task("a")),
        [("unreachable", "/tasks/1", "No start task leads to the task 'a': it will be canceled.")],
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_with_its_place(name: str) -> None:
    assert_found(WRONG[name], REGISTRY)


@pytest.mark.parametrize("name", WRONG)
def test_a_problem_is_a_sentence_and_an_advice_in_both_languages(name: str) -> None:
    for problem in check(WRONG[name][0], REGISTRY):
        assert_in_both_languages(problem)


def test_these_are_the_codes_of_this_page() -> None:
    assert {code for _, expected in WRONG.values() for code, _, _ in expected} == {
        "bad-format",
        "duplicate-id",
        "unknown-task",
        "unknown-port",
        "type-mismatch",
        "missing-input",
        "cycle",
        "bad-join",
        "bad-trigger",
        "unreachable",
    }


def test_every_sentence_has_a_code_of_the_contract() -> None:
    assert {sentence.code for sentence in SENTENCES.values()} == {
        *("bad-format", "unsupported-version", "duplicate-id", "unknown-type", "unknown-task", "unknown-port"),
        *("unknown-block", "type-mismatch", "missing-input", "bad-config", "bad-content", "cycle", "bad-join"),
        *("bad-trigger", "unreachable", "maybe-missing"),
        "bad-secret",  # which the contract speaks of without giving it a code
    }


@pytest.mark.parametrize(
    ("schema", "text", "times"),
    [
        ({}, True, True),
        ({"type": "string"}, True, False),
        ({"type": ["string", "null"]}, True, True),
        ({"type": "number"}, False, True),
        ({"anyOf": [{"type": "array"}, {"type": "integer"}]}, False, True),
        ({"enum": [1.5, "one"]}, True, False),
        ({"const": [1]}, False, False),
        ({"type": "boolean"}, False, False),
    ],
)
def test_a_type_mismatch_is_told_only_where_no_value_could_fit(schema: Any, text: bool, times: bool) -> None:
    """`text` takes a text, `times`, which is optional, an integer or null."""
    for name, fits in (("text", text), ("times", times)):
        lines = [line("s.x", f"a.{name}")]
        made = graph(task("s", "start"), shout(), inputs={"x": schema}, connections=lines)
        mismatch = [problem.path for problem in check(made, REGISTRY) if problem.code == "type-mismatch"]
        assert mismatch == ([] if fits else ["/connections/0"]), name


def test_a_literal_null_fits_an_input_that_is_optional() -> None:
    optional, required = (
        task("a", "acme.shout", inputs={"text": "x", "times": None}),
        task("a", "acme.shout", inputs={"text": None}),
    )
    assert check(graph(optional), REGISTRY) == []
    assert [(p.code, p.path) for p in check(graph(required), REGISTRY)] == [("type-mismatch", "/tasks/0/inputs/text")]


def test_what_does_not_fit_is_told_in_chinese_to_the_last_word() -> None:
    empty: dict[str, Any] = {"body": {"tasks": []}}
    made = graph(
        task("a", "acme.shout", inputs={"text": 5}, timeout="soon", retry={"attempts": 0}, cache=1),
        task("b", "loop", config=empty),
        task("c", "switch", config={"cases": [{"port": "default", "when": "True"}], "mode": "some"}),
        task("d", "wait", config={"trigger": "soon"}),
        task("e", "foreach", config={"body": 5, "on_error": "ask"}, inputs={"items": []}),
        task("f", "workflow"),
        task("g", "acme.nothing"),
    )
    told = [problem.to_json("zh")["message"] for problem in check(made, REGISTRY)]
    assert len(told) == 12
    for message in told:
        named = re.sub(r"'[^']*'|\"[^\"]*\"|{[^}]*}", "", message)
        assert not re.search(r"[A-Za-z]{2,}[ ,:]+[A-Za-z]{2,}", named), message

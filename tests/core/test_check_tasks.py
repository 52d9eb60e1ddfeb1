"""The envelope, tasks and blocks: each mistake, its place, and its sentence in both languages."""

from typing import Any

import pytest
from blockloom.check import check
from mistakes import Mistake, assert_found, assert_in_both_languages, graph, line, registry, task

REGISTRY = registry()


def block(id: str = "b", type: str = "text", **content: Any) -> dict[str, Any]:
    return {"id": id, "type": type, "content": content or {"text": "x"}}


def blocks(*them: Any, links: Any = (), **more: Any) -> dict[str, Any]:
    return task(type="blocks", blocks=list(them), links=list(links), **more)


def shout(**more: Any) -> dict[str, Any]:
    return task("a", "acme.shout", inputs={"text": "x"}, **more)


def condition(text: Any) -> dict[str, Any]:
    return task(type="if", config={"condition": text})


def switch(*cases: Any, **more: Any) -> dict[str, Any]:
    return task("a", "switch", config={"cases": list(cases), **more})


WRONG: dict[str, Mistake] = {
    "not a mapping": ([], [("bad-format", "", "A graph is a mapping")]),
    "null": (None, [("bad-format", "", "A graph is a mapping")]),
    "a set inside": (graph(ui={1}), [("bad-format", "", "The document holds something that is not JSON: ui: ")]),
    "NaN inside": (
        graph(task(inputs={"x": float("nan")})),
        [("bad-format", "", "The document holds something that is not JSON: tasks[0].inputs.x: nan")],
    ),
    "no version": ({"tasks": []}, [("bad-format", "", "The format's version is missing")]),
    "version 0": ({"blockloom": 0}, [("bad-format", "/blockloom", "The format's version is missing")]),
    "version true": ({"blockloom": True}, [("bad-format", "/blockloom", "The format's version")]),
    "version text": ({"blockloom": "1"}, [("bad-format", "/blockloom", "The format's version")]),
    "version 2": (
        {"blockloom": 2, "tasks": 5},
        [
            (
                "unsupported-version",
                "/blockloom",
                "The graph is written in version 2 of the format; this blockloom reads",
            )
        ],
    ),
    "name": (graph(name=5), [("bad-format", "/name", "name must be a text; here it is a number.")]),
    "title": (graph(title=[]), [("bad-format", "/title", "title must be a text; here it is a list.")]),
    "tasks": ({"blockloom": 1, "tasks": {}}, [("bad-format", "/tasks", "tasks must be a list; here it is a mapping.")]),
    "connections": (graph(connections="x"), [("bad-format", "/connections", "connections must be a list")]),
    "triggers": (graph(triggers=True), [("bad-format", "/triggers", "triggers must be a list; here it is true or")]),
    "inputs": (graph(inputs=[1]), [("bad-format", "/inputs", "inputs must be a mapping; here it is a list.")]),
    "groups": (graph(groups=1), [("bad-format", "/groups", "groups must be a mapping; here it is a number.")]),
    "a limit": (graph(groups={"g": 0}), [("bad-config", "/groups/g", "g: 0 is not a limit.")]),
    "a limit true": (graph(groups={"g": True}), [("bad-config", "/groups/g", "g: True is not a limit.")]),
    "input name": (graph(inputs={"a-b": {}}), [("bad-format", "/inputs/a-b", "'a-b' cannot be the name of an input")]),
    "input reserved": (graph(inputs={"inputs": {}}), [("bad-format", "/inputs/inputs", "'inputs' cannot be the")]),
    "input keyword": (graph(inputs={"class": {}}), [("bad-format", "/inputs/class", "'class' cannot be the name")]),
    "input path": (graph(inputs={"a/~": {}}), [("bad-format", "/inputs/a~1~0", "'a/~' cannot be the name")]),
    "input schema": (
        graph(inputs={"x": {"type": "text"}}),
        [("bad-format", "/inputs/x", "The type of the input 'x' is not a JSON Schema: 'text' is not valid")],
    ),
    "input text": (graph(inputs={"x": "string"}), [("bad-format", "/inputs/x", "The type of the input 'x' is not")]),
    "input null": (graph(inputs={"x": None}), [("bad-format", "/inputs/x", "The type of the input 'x' is not a")]),
    "input far": (
        graph(inputs={"x": {"$ref": "http://127.0.0.1:9/x"}}),
        [("bad-format", "/inputs/x", "The type of the input 'x' is not a JSON Schema: it refers to 'http")],
    ),
    "input default": (
        graph(inputs={"x": {"type": "string", "default": 5}}),
        [("type-mismatch", "/inputs/x/default", "The value of 'x' does not fit: expected string, got integer.")],
    ),
    "task text": (graph("a"), [("bad-format", "/tasks/0", "a task must be a mapping; here it is a text.")]),
    "task null": (graph(None), [("bad-format", "/tasks/0", "a task must be a mapping; here it is null.")]),
    "no id": (graph({"type": "merge"}), [("bad-format", "/tasks/0", "id is missing.")]),
    "null id": (graph({"id": None, "type": "merge"}), [("bad-format", "/tasks/0", "id is missing.")]),
    "dotted id": (graph(task("a.b")), [("bad-format", "/tasks/0/id", "'a.b' cannot be an id.")]),
    "empty id": (graph(task("")), [("bad-format", "/tasks/0/id", "'' cannot be an id.")]),
    "long id": (graph(task("x" * 201)), [("bad-format", "/tasks/0/id", "'xxx")]),
    "number id": (graph({"id": 5, "type": "merge"}), [("bad-format", "/tasks/0/id", "5 cannot be an id.")]),
    "mapping id": (graph({"id": {"en": 1}, "type": "merge"}), [("bad-format", "/tasks/0/id", "{'en': 1} cannot be")]),
    "duplicate id": (
        graph(task("a"), task("a")),
        [("duplicate-id", "/tasks/1/id", "The id 'a' is used by more than one task.")],
    ),
    "no type": (graph({"id": "a"}), [("bad-format", "/tasks/0", "type is missing.")]),
    "type number": (graph({"id": "a", "type": 5}), [("bad-format", "/tasks/0/type", "type must be a text; here")]),
    "unknown type": (
        graph(task(type="margo")),
        [("unknown-type", "/tasks/0/type", "No installed plugin offers the task type 'margo'.")],
    ),
    "conflict": (
        graph(task(type="acme.same")),
        [("unknown-type", "/tasks/0/type", "The task type 'acme.same' is offered by one (acme-one), two (acme-two)")],
    ),
    "block type": (
        graph(blocks(block(type="txet"))),
        [("unknown-type", "/tasks/0/blocks/0/type", "No installed plugin offers the block type 'txet'.")],
    ),
    "trigger type": (
        graph(triggers=[{"id": "t", "type": "corn"}]),
        [("unknown-type", "/triggers/0/type", "No installed plugin offers the trigger type 'corn'.")],
    ),
    "task title": (graph(task(title=5)), [("bad-format", "/tasks/0/title", "title must be a text")]),
    "config": (
        graph(task(type="if")),
        [("bad-config", "/tasks/0/config/condition", "The settings do not fit: condition: this field is missing.")],
    ),
    "config list": (graph(task(type="if", config=[])), [("bad-format", "/tasks/0/config", "config must be a mapping")]),
    "config text": (
        graph(task(type="if", config="x")),
        [("bad-format", "/tasks/0/config", "config must be a mapping")],
    ),
    "extra setting": (
        graph(shout(config={"mark": "?", "volume": 11})),
        [("bad-config", "/tasks/0/config/volume", "The settings do not fit: volume: there is no such field.")],
    ),
    "wrong setting": (
        graph(shout(config={"mark": 5})),
        [("bad-config", "/tasks/0/config/mark", "The settings do not fit: mark: must be a text.")],
    ),
    "condition syntax": (
        graph(condition("a >")),
        [
            (
                "bad-config",
                "/tasks/0/config/condition",
                "The settings do not fit: condition: not one expression: invalid syntax (line 1, column 4).",
            )
        ],
    ),
    "two expressions": (
        graph(condition("a\nb")),
        [("bad-config", "/tasks/0/config/condition", "The settings do not fit: condition: not one expression")],
    ),
    "a statement": (
        graph(condition("x = 1")),
        [("bad-config", "/tasks/0/config/condition", "The settings do not fit: condition: not one expression")],
    ),
    "condition number": (
        graph(condition(5)),
        [("bad-config", "/tasks/0/config/condition", "The settings do not fit: condition: must be a text.")],
    ),
    "condition refused": (graph(condition("a._b")), [("bad-config", "/tasks/0/config/condition", "")]),
    "case": (
        graph(switch({"port": "ok", "when": "1"}, {"port": "no", "when": "1 +"})),
        [("bad-config", "/tasks/0/config/cases/1/when", "The settings do not fit: cases.1.when: not one expression")],
    ),
    "case named default": (
        graph(switch({"port": "default", "when": "1"})),
        [("bad-config", "/tasks/0/config/cases", "The settings do not fit: cases: a case cannot be named 'default'")],
    ),
    "case with a dot": (
        graph(switch({"port": "a.b", "when": "1"})),
        [
            (
                "bad-config",
                "/tasks/0/config/cases/0/port",
                "The settings do not fit: cases.0.port: 'a.b' cannot be a port",
            )
        ],
    ),
    "case with a blank": (
        graph(switch({"port": "a b", "when": "1"})),
        [
            (
                "bad-config",
                "/tasks/0/config/cases/0/port",
                "The settings do not fit: cases.0.port: 'a b' cannot be a port",
            )
        ],
    ),
    "case without a name": (
        graph(switch({"port": "", "when": "1"})),
        [("bad-config", "/tasks/0/config/cases/0/port", "The settings do not fit: cases.0.port: '' cannot be a port")],
    ),
    "no cases": (
        graph(switch()),
        [("bad-config", "/tasks/0/config/cases", "The settings do not fit: cases: must have 1 or more items")],
    ),
    "mode": (
        graph(switch({"port": "a", "when": "1"}, mode="some")),
        [("bad-config", "/tasks/0/config/mode", "The settings do not fit: mode: must be 'first' or 'all'.")],
    ),
    "blocks": (graph(task(type="blocks", blocks={})), [("bad-format", "/tasks/0/blocks", "blocks must be a list")]),
    "a block": (graph(blocks(5)), [("bad-format", "/tasks/0/blocks/0", "a block must be a mapping; here it is a")]),
    "block id": (graph(blocks(block("9"))), [("bad-format", "/tasks/0/blocks/0/id", "'9' cannot be the name of a")]),
    "block reserved": (graph(blocks(block("result"))), [("bad-format", "/tasks/0/blocks/0/id", "'result' cannot be")]),
    "block twice": (
        graph(blocks(block(), block())),
        [("duplicate-id", "/tasks/0/blocks/1/id", "The id 'b' is used by more than one block.")],
    ),
    "content": (
        graph(blocks({"id": "b", "type": "text"})),
        [("bad-content", "/tasks/0/blocks/0/content/text", "The content of the block 'b' does not fit: text: this")],
    ),
    "content list": (
        graph(blocks({"id": "b", "type": "text", "content": [1]})),
        [("bad-content", "/tasks/0/blocks/0/content", "The content of the block 'b' does not fit: ")],
    ),
    "code syntax": (
        graph(blocks(block(type="code", source="if"))),
        [("bad-content", "/tasks/0/blocks/0/content/source", "")],
    ),
    "checklist": (
        graph(blocks(block(type="checklist", items=[{"id": "a", "text": "x"}, {"id": "a", "text": "y"}]))),
        [("bad-content", "/tasks/0/blocks/0/content/items/1/id", "Two items have the id 'a'.")],
    ),
    "links": (graph(task(type="blocks", links=5)), [("bad-format", "/tasks/0/links", "links must be a list; here it")]),
    "a link": (graph(blocks(block(), links=["b"])), [("bad-format", "/tasks/0/links/0", "a link must be a mapping")]),
    "link end": (
        graph(blocks(block(), links=[line("b", "c")])),
        [("unknown-block", "/tasks/0/links/0/to", "A link names the block 'c', which the task 'a' does not have.")],
    ),
    "link list": (
        graph(blocks(block(), links=[line([], "b")])),
        [("bad-format", "/tasks/0/links/0/from", "from must be a text; here it is a list.")],
    ),
    "link open": (
        graph(blocks(block(), links=[{"from": "b"}])),
        [("bad-format", "/tasks/0/links/0", "to is missing.")],
    ),
    "block circle": (
        graph(blocks(block("x"), block("y"), block("z"), links=[line("x", "y"), line("y", "x")])),
        [("cycle", "/tasks/0/links", "The blocks of the task 'a' are linked in a circle: x → y → x.")],
    ),
    "block itself": (
        graph(blocks(block("x"), links=[line("x", "x")])),
        [("cycle", "/tasks/0/links", "The blocks of the task 'a' are linked in a circle: x → x.")],
    ),
    "literals": (graph(task(inputs=5)), [("bad-format", "/tasks/0/inputs", "inputs must be a mapping")]),
    "literal type": (
        graph(task(type="acme.shout", inputs={"text": 5})),
        [("type-mismatch", "/tasks/0/inputs/text", "The value of 'text' does not fit: expected string, got integer.")],
    ),
    "literal unknown": (
        graph(task(type="acme.shout", inputs={"text": "x", "txt": 1})),
        [("unknown-port", "/tasks/0/inputs/txt", "The task 'a' (acme.shout) has no input 'txt'.")],
    ),
    "literal name": (graph(task(inputs={"a-b": 1})), [("bad-format", "/tasks/0/inputs/a-b", "'a-b' cannot be the")]),
    "literal reserved": (graph(task(inputs={"inputs": 1})), [("bad-format", "/tasks/0/inputs/inputs", "'inputs'")]),
    "retry": (
        graph(task(retry={"attempts": 0})),
        [("bad-config", "/tasks/0/retry/attempts", "The settings do not fit: retry.attempts: must be at least 1")],
    ),
    "retry true": (graph(task(retry=True)), [("bad-config", "/tasks/0/retry", "The settings do not fit: retry: ")]),
    "retry field": (graph(task(retry={"tries": 2})), [("bad-config", "/tasks/0/retry/tries", "The settings do not")]),
    "retry delay": (
        graph(task(retry={"delay": "soon"})),
        [("bad-config", "/tasks/0/retry/delay", "The settings do not fit: retry.delay: 'soon' is not a duration")],
    ),
    "timeout": (
        graph(task(timeout="10x")),
        [("bad-config", "/tasks/0/timeout", "The settings do not fit: timeout: '10")],
    ),
    "timeout true": (graph(task(timeout=True)), [("bad-config", "/tasks/0/timeout", "The settings do not fit: timeo")]),
    "timeout huge": (graph(task(timeout=-(10**400))), [("bad-config", "/tasks/0/timeout", "The settings do not fit")]),
    "cache": (
        graph(task(cache={"ttl": "x"})),
        [("bad-config", "/tasks/0/cache/ttl", "The settings do not fit: cache")],
    ),
    "cache text": (graph(task(cache="yes")), [("bad-config", "/tasks/0/cache", "The settings do not fit: cache: ")]),
    "group": (graph(task(group="")), [("bad-config", "/tasks/0/group", "The settings do not fit: group: ")]),
}

# What a library says of a value is not translated.
LIBRARIES = {"code syntax", "condition syntax", "two expressions", "a statement", "case", "input schema"}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_with_its_place(name: str) -> None:
    assert_found(WRONG[name], REGISTRY)


@pytest.mark.parametrize("name", WRONG)
def test_a_problem_is_a_sentence_and_an_advice_in_both_languages(name: str) -> None:
    for problem in check(WRONG[name][0], REGISTRY):
        assert_in_both_languages(problem, name in LIBRARIES)


def test_these_are_the_codes_of_this_page() -> None:
    assert {code for _, expected in WRONG.values() for code, _, _ in expected} == {
        "bad-format",
        "unsupported-version",
        "duplicate-id",
        "unknown-type",
        "unknown-port",
        "unknown-block",
        "type-mismatch",
        "bad-config",
        "bad-content",
        "cycle",
    }

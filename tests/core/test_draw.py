import json
import re
from typing import Any

import pytest
from blockloom import BadUsage, WorkflowSpec
from blockloom.draw import draw
from hypothesis import given
from hypothesis import strategies as st

GRAPH: dict[str, Any] = {
    "blockloom": 1,
    "tasks": [
        {"id": "a", "type": "start"},
        {"id": "b-1", "type": "if", "title": "Is it?"},
        {"id": "end", "type": "end"},
    ],
    "connections": [
        {"from": "a.x", "to": "b-1.value"},
        {"from": "a", "to": "b-1"},
        {"from": "b-1.true", "to": "end"},
        {"from": "nobody", "to": "end"},
    ],
}


def test_mermaid() -> None:
    assert draw(GRAPH, "mermaid") == (
        "flowchart LR\n"
        '    t0["a (start)"]\n'
        '    t1["Is it? (if)"]\n'
        '    t2["end (end)"]\n'
        '    t0 -->|"x → value"| t1\n'
        "    t0 -.-> t1\n"
        '    t1 -.->|"true"| t2\n'
    )


def test_dot() -> None:
    assert draw(GRAPH, "dot") == (
        "digraph {\n"
        "    rankdir=LR;\n"
        "    node [shape=box];\n"
        '    "a" [label="a (start)"];\n'
        '    "b-1" [label="Is it? (if)"];\n'
        '    "end" [label="end (end)"];\n'
        '    "a" -> "b-1" [label="x → value"];\n'
        '    "a" -> "b-1" [label="", style=dashed];\n'
        '    "b-1" -> "end" [label="true", style=dashed];\n'
        "}\n"
    )


def test_json_is_the_document() -> None:
    assert json.loads(draw(GRAPH, "json")) == GRAPH
    assert WorkflowSpec.from_json(draw(GRAPH, "json")).to_json() == {**GRAPH, "requires": {"blockloom-flow": ">=0.1"}}


def test_another_format_is_refused() -> None:
    with pytest.raises(BadUsage, match="mermaid, dot, json; 'svg' is none of them"):
        draw(GRAPH, "svg")


HOSTILE = [
    '"]; click t0 call alert()',
    "</script><script>alert(1)</script>",
    "a\nb\r\n%%{init: {}}%%\nend",
    "#quot;] --> x",
    "&quot;&#34;",
    "`code`",
    "\\",
    '\\"];x [label="',
    "\\N\\G",
    "\x00\x1b\u2028\u202e",
    "subgraph end direction",
]


def titled(title: Any) -> dict[str, Any]:
    tasks = [{"id": "a", "type": title, "title": title}, {"id": title, "type": "x"}]
    return {"tasks": tasks, "connections": [{"from": f"a.{title}", "to": f"{title}.{title}"}, {"from": "a", "to": "a"}]}


NODE = re.compile(r'    t\d+\["[^"#&<>`\\]*(#\d+;[^"#&<>`\\]*)*"\]')
ARROW = re.compile(r'    t\d+ -\.?->?(\|"[^"#&<>`\\]*(#\d+;[^"#&<>`\\]*)*"\|)? t\d+')
QUOTED = r'"([^"\\\n]|\\.)*"'
DOT = re.compile(rf"    {QUOTED}( -> {QUOTED})? \[label={QUOTED}(, style=dashed)?\];")


@given(st.sampled_from(HOSTILE) | st.text())
def test_no_title_gets_out_of_its_quotes(title: str) -> None:
    drawn = draw(titled(title), "mermaid").removesuffix("\n").split("\n")
    assert drawn[0] == "flowchart LR"
    assert all(NODE.fullmatch(line) or ARROW.fullmatch(line) for line in drawn[1:])
    dotted = draw(titled(title), "dot").removesuffix("\n").split("\n")
    assert all(DOT.fullmatch(line) for line in dotted[3:-1])


@pytest.mark.parametrize("format", ["mermaid", "dot"])
@pytest.mark.parametrize(
    "graph",
    [
        {},
        {"tasks": None, "connections": None},
        {"tasks": 5, "connections": "x"},
        {"tasks": [5, None, {}, {"id": None}, {"id": ["x"]}], "connections": [5, {}, {"from": 1, "to": []}]},
        {"tasks": [{"id": "a", "title": {"en": "x"}, "type": None}], "connections": [{"from": "a", "to": "a"}]},
    ],
)
def test_a_graph_with_problems_is_drawn_as_far_as_it_goes(graph: Any, format: str) -> None:
    assert draw(graph, format)

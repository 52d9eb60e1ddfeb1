"""`blockloom check`, `graph` and `schema graph`, called in this process."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from blockloom import Plugins
from blockloom.cli import Program
from blockloom.document_schema import document_schema
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

Call = Callable[..., Result]

GOOD: dict[str, Any] = {
    "blockloom": 1,
    "tasks": [
        {"id": "start", "type": "start"},
        {"id": "look", "type": "if", "title": 'Is it "big"?', "config": {"condition": "value > 1"}},
        {"id": "end", "type": "end"},
    ],
    "connections": [
        {"from": "start.n", "to": "look.value"},
        {"from": "look.true", "to": "end.big"},
        {"from": "look.false", "to": "end"},
    ],
}
BAD: dict[str, Any] = {
    "blockloom": 1,
    "tasks": [
        {"id": "start", "type": "start"},
        {"id": "a", "type": "blokcs"},
        {"id": "b", "type": "if"},
        {"id": "lost", "type": "end"},
    ],
    "connections": [{"from": "start", "to": "a"}, {"from": "start", "to": "b"}, {"from": "start", "to": "zz"}],
}


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    return Plugins.load()


@pytest.fixture
def call(plugins: Plugins) -> Call:
    def call(*args: str, input: Any = None, language: str = "en") -> Result:
        text = input if isinstance(input, str | None) else json.dumps(input)
        env = {"BLOCKLOOM_LANG": language, "NO_COLOR": "1"}
        result = CliRunner(env=env).invoke(Program(plugins), args, input=text)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    return call


def test_a_good_graph_has_no_problems(call: Call) -> None:
    result = call("check", "-", input=GOOD)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "stdin: no problems\n", "")


def test_problems_are_grouped_errors_before_warnings(call: Call) -> None:
    result = call("check", "-", input=BAD)
    assert result.exit_code == 2
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert lines[0] == "stdin: 3 errors, 1 warning"
    heads = [line for line in lines if re.match(r"error|warning", line)]
    assert heads == [
        "error unknown-type /tasks/1/type",
        "error bad-config /tasks/2/config/condition",
        "error unknown-task /connections/2/to",
        "warning unreachable /tasks/3",
    ]
    assert "  No installed plugin offers the task type 'blokcs'." in lines
    assert "  → Did you mean 'blocks'?" in lines


def test_warnings_alone_exit_0(call: Call) -> None:
    lost = {"blockloom": 1, "tasks": [{"id": "start", "type": "start"}, {"id": "lost", "type": "end"}]}
    result = call("check", "-", input=lost)
    assert result.exit_code == 0
    assert result.stdout.startswith("stdin: 1 warning\n\nwarning unreachable /tasks/1\n")


def test_as_json_it_is_one_document(call: Call) -> None:
    result = call("check", "-", "--json", input=BAD)
    assert result.exit_code == 2
    assert result.stderr == ""
    (key, problems), *more = json.loads(result.stdout).items()
    assert (key, more) == ("problems", [])
    assert [p["code"] for p in problems] == ["unknown-type", "bad-config", "unknown-task", "unreachable"]
    assert all(set(p) == {"code", "severity", "path", "message", "hint"} for p in problems)
    assert json.loads(call("check", "-", "--json", input=GOOD).stdout) == {"problems": []}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1, "a": 2}', '{"a": NaN}'])
def test_what_cannot_be_read_is_a_problem_like_any_other(call: Call, text: str) -> None:
    result = call("check", "-", "--json", input=text)
    assert result.exit_code == 2
    (problem,) = json.loads(result.stdout)["problems"]
    assert problem["code"] == "bad-format"
    assert problem["path"] == ""


def test_a_file_that_is_not_there_is_a_problem_too(call: Call, tmp_path: Path) -> None:
    result = call("check", str(tmp_path / "nope.json"))
    assert result.exit_code == 2
    assert "nope.json cannot be read: No such file or directory." in result.stdout
    assert call("check", str(tmp_path)).exit_code == 2


def test_it_speaks_chinese(call: Call) -> None:
    result = call("check", "-", input=BAD, language="zh")
    assert result.stdout.startswith("标准输入：3 个错误，1 个警告\n\n错误 unknown-type /tasks/1/type\n")
    assert "没有已安装的插件提供任务类型 'blokcs'。" in result.stdout
    assert "警告 unreachable" in result.stdout
    assert call("check", "-", input=GOOD, language="zh").stdout == "标准输入：没有问题\n"
    told = json.loads(call("check", "-", "--json", input=BAD, language="zh").stdout)["problems"][0]
    assert told["hint"] == "你是想写 'blocks' 吗？"


def test_control_characters_stay_out_of_the_sentences(call: Call) -> None:
    wrong = {"blockloom": 1, "tasks": [{"id": "\x1b[31m\n", "type": "end"}]}
    assert "\x1b" not in call("check", "-", input=wrong).stdout


# graph


def test_a_graph_is_drawn_for_mermaid_and_dot(call: Call) -> None:
    mermaid = call("graph", "-", input=GOOD)
    assert mermaid.exit_code == 0
    assert mermaid.stderr == ""
    assert mermaid.stdout.startswith("flowchart LR\n")
    assert '? (if)"]\n' in mermaid.stdout
    dot = call("graph", "-", "--format", "dot", input=GOOD)
    assert '"look" -> "end" [label="true → big"];' in dot.stdout
    assert dot.stdout.endswith("}\n")


@pytest.mark.parametrize("odd", [5, "x", {"a": 1}, [5, None], [{"id": 1}], [{"from": 1}]])
def test_a_graph_with_problems_is_drawn_as_far_as_it_can_be(call: Call, odd: Any) -> None:
    for key in ("tasks", "connections"):
        result = call("graph", "-", input=GOOD | {key: odd})
        assert result.exit_code == 0
        assert result.stdout.startswith("flowchart LR\n")
        assert "see `blockloom check -`" in result.stderr


@pytest.mark.parametrize("args", [["nope.json"], ["-"], ["-", "--format", "png"]])
def test_what_cannot_be_drawn_is_refused(call: Call, args: list[str]) -> None:
    result = call("graph", *args, input="[")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")


# schema graph


def schema() -> Draft202012Validator:
    made = document_schema()
    Draft202012Validator.check_schema(made)
    return Draft202012Validator(made)


EXAMPLE = {  # the example of the contract, shortened where it repeats itself
    "blockloom": 1,
    "name": "ticket-triage",
    "title": "Ticket triage",
    "inputs": {"ticket": {"type": "string"}, "limit": {"type": "number", "default": 0.5}},
    "tasks": [
        {"id": "start", "type": "start"},
        {
            "id": "score",
            "type": "blocks",
            "blocks": [
                {"id": "words", "type": "code", "content": {"source": "ticket.lower().split()"}},
                {"id": "urgency", "type": "code", "content": {"source": "len(words)"}},
            ],
            "links": [{"from": "words", "to": "urgency"}],
        },
        {"id": "check", "type": "if", "config": {"condition": "value > limit"}},
        {"id": "end", "type": "end"},
    ],
    "connections": [
        {"from": "start.ticket", "to": "score.ticket"},
        {"from": "score.result", "to": "check.value"},
        {"from": "start.limit", "to": "check.limit"},
        {"from": "check.true", "to": "end"},
    ],
    "triggers": [
        {
            "id": "nightly",
            "type": "cron",
            "config": {"expression": "0 9 * * *", "timezone": "Asia/Shanghai"},
            "inputs": {"ticket": "nightly check"},
        }
    ],
}


def test_the_schema_is_printed(call: Call) -> None:
    result = call("schema", "graph")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == document_schema()
    assert json.loads(result.stdout)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def with_task(**more: Any) -> dict[str, Any]:
    return {"blockloom": 1, "tasks": [{"id": "a", "type": "blocks", **more}, {"id": "b", "type": "end"}]}


FINE = [
    EXAMPLE,
    GOOD,
    {"blockloom": 1},
    {"blockloom": 1, "tasks": None, "inputs": None, "connections": None, "name": None, "triggers": None},
    {"blockloom": 1, "vendor.extra": {"anything": [1]}, "groups": {"openai": 4}},
    {"blockloom": 1, "inputs": {"工单": {}, "x": {"anyOf": [{"type": "string"}, {"type": "null"}]}}},
    with_task(retry={"attempts": 3, "delay": "1s", "backoff": 2, "max_delay": "60s", "jitter": True}),
    with_task(timeout="1.5s", cache={"ttl": "1d"}, group="openai", join="any", ui={"x": 1}),
    {
        "blockloom": 1,
        "tasks": [{"id": "a", "type": "blocks"}, {"id": "b", "type": "end", "join": {"count": 1, "cancel_rest": True}}],
        "connections": [{"from": "a", "to": "b"}],
    },
    with_task(timeout=3, cache=True, join=None, inputs={"x": [1]}, extra="kept"),
    with_task(blocks=[{"id": "文_1", "type": "text", "content": {"text": "x"}, "extra": 1}]),
    {"blockloom": 1, "tasks": [{"id": "0-é-任务", "type": "end"}]},
]
WRONG = [
    [],
    {},
    {"blockloom": 2},
    {"blockloom": "1"},
    {"blockloom": 1, "tasks": {}},
    {"blockloom": 1, "tasks": [5]},
    {"blockloom": 1, "tasks": [{"type": "end"}]},
    {"blockloom": 1, "tasks": [{"id": "a.b", "type": "end"}]},
    {"blockloom": 1, "tasks": [{"id": "a b", "type": "end"}]},
    {"blockloom": 1, "tasks": [{"id": "", "type": "end"}]},
    {"blockloom": 1, "tasks": [{"id": "x" * 201, "type": "end"}]},
    {"blockloom": 1, "tasks": [{"id": "a"}]},
    {"blockloom": 1, "inputs": {"inputs": {}}},
    {"blockloom": 1, "inputs": {"two words": {}}},
    {"blockloom": 1, "inputs": {"x": {"type": "text"}}},
    {"blockloom": 1, "inputs": {"x": True}},
    {"blockloom": 1, "groups": {"openai": 0}},
    {"blockloom": 1, "connections": [{"from": "a"}]},
    {"blockloom": 1, "connections": [{"from": "a.b.c", "to": "b"}]},
    with_task(retry={"attempts": 0}),
    with_task(retry={"delay": "soon"}),
    with_task(timeout="-1s"),
    with_task(join="some"),
    with_task(join={"count": 0}),
    with_task(config=[]),
    with_task(blocks=[{"id": "result", "type": "text", "content": {"text": ""}}]),
    with_task(blocks=[{"id": "1a", "type": "text", "content": {"text": ""}}]),
]


@pytest.mark.parametrize("graph", FINE)
def test_the_schema_accepts_what_check_accepts(call: Call, graph: Any) -> None:
    assert json.loads(call("check", "-", "--json", input=graph).stdout)["problems"] == []
    assert list(schema().iter_errors(graph)) == []


@pytest.mark.parametrize("graph", WRONG)
def test_the_schema_refuses_only_what_check_refuses(call: Call, graph: Any) -> None:
    assert call("check", "-", input=graph).exit_code == 2
    assert list(schema().iter_errors(graph))


def test_a_place_in_a_text_is_shown_with_a_mark(call: Call) -> None:
    source = "x = 1\nif x:\n    y = x; nonlocal y"
    block = {"id": "b", "type": "code", "content": {"source": source}}
    graph = {"blockloom": 1, "tasks": [{"id": "t", "type": "blocks", "blocks": [block]}]}
    result = call("check", "-", input=graph)
    assert "\n    y = x; nonlocal y\n           ^^^^^^^^^^\n  → Keep" in result.stdout

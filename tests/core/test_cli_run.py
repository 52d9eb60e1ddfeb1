"""`blockloom run`, called in this process: inputs, outputs, exit statuses, and every mistake a user may make."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import blockloom
import pytest
from blockloom import Plugins
from blockloom.cli import Program
from click.testing import CliRunner, Result

Call = Callable[..., Result]


class Odd(blockloom.TaskType):
    """Fails, or prints."""

    name = "test.odd"

    class Config(blockloom.Config):
        say: str = ""
        fail: str = ""

    class Outputs(blockloom.Ports):
        said: str

    def run(self, task: blockloom.TaskContext) -> Any:
        print(task.config.say)
        if task.config.fail:
            raise blockloom.TaskFailed("odd", task.config.fail)
        return {"said": task.config.say}


class Locked:
    """A store that never opens."""

    name = "locked"

    def __init__(self, url: str) -> None:
        raise PermissionError(13, "Permission denied", url)


class Full(blockloom.MemoryStore):
    """A store that keeps a run and then has no room for what happens in it."""

    name = "full"

    async def append(self, run: str, events: Sequence[blockloom.Event]) -> None:
        raise OSError(28, "No space left on device")


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    loaded = Plugins.load()
    loaded.registry.add("task", Odd, "odd", "test-odd")
    loaded.registry.add("store", Locked, "odd", "test-odd")
    loaded.registry.add("store", Full, "odd", "test-odd")
    return loaded


@pytest.fixture
def call(plugins: Plugins, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    monkeypatch.chdir(tmp_path)

    def call(*args: str, input: str | bytes | None = None, language: str = "en") -> Result:
        runner = CliRunner(env={"BLOCKLOOM_LANG": language, "NO_COLOR": "1"})
        result = runner.invoke(Program(plugins), args, input=input)
        assert "Traceback" not in result.output
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    return call


def graph(*tasks: Mapping[str, Any], connections: list[tuple[str, str]] | None = None, **more: Any) -> str:
    lines = [{"from": start, "to": end} for start, end in connections or ()]
    return json.dumps({"blockloom": 1, "tasks": tasks, "connections": lines, **more}, ensure_ascii=False)


ECHO = graph(
    {"id": "start", "type": "start"},
    {"id": "end", "type": "end"},
    connections=[("start.a", "end.a"), ("start.b", "end.b")],
    inputs={"a": {}, "b": {"default": None}},
)
TYPED = graph(
    {"id": "start", "type": "start"},
    {"id": "end", "type": "end"},
    connections=[("start.name", "end.name")],
    inputs={"name": {"type": "string"}, "limit": {"type": "number", "default": 1}},
)
FAILING = graph(
    {"id": "boom", "type": "test.odd", "config": {"fail": "it is\nbroken"}},
    {"id": "after", "type": "end"},
    connections=[("boom.said", "after.x")],
)


def outputs_of(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)["outputs"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("1.5", 1.5),
        ("true", True),
        ("null", None),
        ('"12"', "12"),
        ('{"x": [1]}', {"x": [1]}),
        ("the site is down", "the site is down"),
        ("", ""),
        ("a=b", "a=b"),
        ("NaN", "NaN"),
        ("Infinity", "Infinity"),
        ("1e999", "1e999"),
        ('{"x": 1, "x": 2}', '{"x": 1, "x": 2}'),
        ("[" * 300 + "]" * 300, "[" * 300 + "]" * 300),
        ("True", "True"),
        ("{", "{"),
    ],
)
def test_an_input_is_json_where_it_parses_strictly_else_text(call: Call, text: str, value: Any) -> None:
    assert outputs_of(call("run", "-", "--json", "-i", f"a={text}", input=ECHO)) == {"a": value, "b": None}


@pytest.mark.parametrize(("name", "text"), [("in.json", '{"a": 1, "b": [2]}'), ("in.yaml", "a: 1\nb:\n- 2\n")])
def test_inputs_come_from_a_file_and_the_command_line_wins(call: Call, tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    result = call("run", "-", "--json", "-i", "a=7", "-i", "a=8", "--inputs", name, input=ECHO)
    assert outputs_of(result) == {"a": 8, "b": [2]}


def test_inputs_come_from_stdin_where_the_graph_does_not(call: Call, tmp_path: Path) -> None:
    (tmp_path / "g.json").write_text(ECHO)
    assert outputs_of(call("run", "g.json", "--json", "--inputs", "-", input='{"a": "x"}'))["a"] == "x"
    both = call("run", "-", "--inputs", "-", input=ECHO)
    assert both.exit_code == 2
    assert "Only one of GRAPH and --inputs" in both.stderr


def test_a_graph_is_read_as_yaml_by_its_name(call: Call, tmp_path: Path) -> None:
    text = "blockloom: 1\ntasks:\n- {id: one, type: test.odd, config: {say: no}}\n- {id: end, type: end}\n"
    (tmp_path / "g.YML").write_text(text + "connections: [{from: one.said, to: end.x}]\n")
    assert outputs_of(call("run", "g.YML", "--json")) == {"x": "no"}


def test_outputs_are_printed_each_under_its_name(call: Call) -> None:
    text = json.dumps({"text": "two\nlines", "short": [1, "é"], "long": ["x" * 60, "y" * 60], "number": 1})
    listed = graph(
        {"id": "start", "type": "start"},
        {"id": "end", "type": "end"},
        connections=[(f"start.{name}", f"end.{name}") for name in json.loads(text)],
    )
    result = call("run", "-", "--inputs", "in.json", input=listed)
    assert result.exit_code == 2
    Path("in.json").write_text(text)
    result = call("run", "-", "--inputs", "in.json", input=listed)
    assert result.stdout.splitlines() == [
        "text:",
        "  two",
        "  lines",
        'short: [1, "é"]',
        "long:",
        "  [",
        f'    "{"x" * 60}",',
        f'    "{"y" * 60}"',
        "  ]",
        "number: 1",
    ]
    assert "Completed in" in result.stderr


def test_progress_is_a_line_a_task_on_stderr(call: Call) -> None:
    result = call("run", "-", "-i", "a=1", input=ECHO)
    assert result.stderr.splitlines()[:2] == ["start: started", "start: completed in 0.00 s"]
    assert "2 tasks: 2 completed" in result.stderr


def test_what_a_task_prints_is_not_the_result(call: Call) -> None:
    printing = graph({"id": "one", "type": "test.odd", "config": {"say": "printed"}})
    result = call("run", "-", "--json", input=printing)
    assert json.loads(result.stdout)["state"] == "COMPLETED"
    assert "printed" in result.stderr


def test_a_failed_run_says_why_and_exits_1(call: Call) -> None:
    result = call("run", "-", input=FAILING)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "Error: the run failed at the task 'boom': odd: it is broken" in result.stderr
    assert "after CANCELED: failed-run (the run had failed)" in result.stderr


def test_a_failure_in_a_text_shows_its_place_with_a_mark(call: Call) -> None:
    block = {"id": "b", "type": "code", "content": {"source": "n = 0\nreturn 1 + 2 / n"}}
    result = call("run", "-", input=graph({"id": "t", "type": "blocks", "blocks": [block]}))
    assert result.exit_code == 1
    assert "ZeroDivisionError: division by zero (line 2: `return 1 + 2 / n`)" in result.stderr
    assert "\n    return 1 + 2 / n\n               ^^^^^\n" in result.stderr


def test_a_failed_run_as_json_is_one_document_with_the_error(call: Call) -> None:
    result = call("run", "-", "--json", input=FAILING)
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["state"] == "FAILED"
    assert told["error"] == {"type": "odd", "message": "it is\nbroken", "task": "boom"}
    assert told["tasks"]["after"]["reason"] == "failed-run"
    assert set(told) == {"run", "state", "outputs", "tasks", "error"}


def test_a_caught_failure_is_told_and_exits_0(call: Call) -> None:
    caught = graph(
        {"id": "boom", "type": "test.odd", "config": {"fail": "no"}},
        {"id": "end", "type": "end"},
        connections=[("boom.error", "end.error")],
    )
    result = call("run", "-", input=caught)
    assert result.exit_code == 0
    assert "boom FAILED: odd: no" in result.stderr
    assert '"message": "no"' in result.stdout


def test_a_stopped_run_exits_1(call: Call) -> None:
    result = call("run", "-", input=graph({"id": "halt", "type": "stop"}, {"id": "end", "type": "end"}))
    assert result.exit_code == 1
    assert "the run was stopped after" in result.stderr


def test_many_canceled_tasks_are_counted(call: Call) -> None:
    ends: list[Mapping[str, Any]] = [{"id": f"e{i}", "type": "end"} for i in range(30)]
    boom = {"id": "boom", "type": "test.odd", "config": {"fail": "no"}}
    result = call("run", "-", input=graph(boom, *ends, connections=[("boom.said", f"e{i}.x") for i in range(30)]))
    assert result.stderr.count("failed-run") == 11
    assert "… and 20 more CANCELED: failed-run" in result.stderr


# Mistakes: one clear sentence first on stderr, status 2, never a traceback.


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["nope.json"], "The file nope.json cannot be read: No such file or directory."),
        (["."], "The file . cannot be read: Is a directory."),
        (["bad.json"], "bad.json: This is not JSON: Expecting property name"),
        (["nan.json"], "nan.json: NaN is not a finite number."),
        (["twice.json"], "twice.json: The key 'a' is repeated in one mapping."),
        (["bad.yaml"], "bad.yaml: This is not the YAML that is read here:"),
        (["tag.yaml"], "the tag tag:yaml.org,2002:python/object:x is not read"),
        (["huge.yaml"], "a number of more than 4300 digits"),
        (["list.json"], "list.json: A graph is a mapping"),
        (["latin.json"], "latin.json: The text is not UTF-8 (byte 1)."),
        (["deep.json"], "deep.json: The document nests more than 200 levels deep."),
        (["empty.json"], "empty.json: This is not JSON: Expecting value"),
        (["new.json"], "new.json cannot run: 1 error."),
        (["g.json"], "the inputs do not fit: 1 error."),
        (["g.json", "-i", "nmae=x"], "the inputs do not fit: 2 errors."),
        (["g.json", "-i", "name"], "Invalid value for -i: write name=value, not 'name'."),
        (["g.json", "-i", "=x"], "Invalid value for -i: write name=value, not '=x'."),
        (["g.json", "--inputs", "nope"], "The file nope cannot be read: No such file or directory."),
        (["g.json", "--inputs", "list.json"], "list.json: The inputs must be a mapping of names to values."),
        (["g.json", "--inputs", "bad.yaml"], "bad.yaml: This is not the YAML"),
        (["g.json", "-i", "name=x", "--store", "what"], "'what' is not the URL of a store"),
        (
            ["g.json", "-i", "name=x", "--store", "postgres://x"],
            "No installed plugin offers the store type 'postgres'.",
        ),
        (["g.json", "-i", "name=x", "--store", "locked:"], "The store locked: cannot be opened: PermissionError"),
        (["g.json", "--max-concurrency", "0"], "Invalid value for '--max-concurrency': 0 is not in the range"),
        (["g.json", "--max-concurrency", "two"], "Invalid value for '--max-concurrency': 'two' is not a valid int"),
        (["g.json", "--jsn"], "No such option '--jsn'. Did you mean '--json'?"),
        ([], "Missing argument 'GRAPH'."),
        (["g.json", "h.json"], "Got unexpected extra argument (h.json)"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_told_in_one_sentence(call: Call, tmp_path: Path, args: list[str], sentence: str) -> None:
    files = {
        "bad.json": '{"blockloom": 1, }',
        "nan.json": '{"blockloom": NaN}',
        "twice.json": '{"a": 1, "a": 2}',
        "bad.yaml": "a: [1",
        "tag.yaml": "a: !!python/object:x {}",
        "huge.yaml": "a: " + "9" * 5000,
        "list.json": "[]",
        "deep.json": '{"a": ' + "[" * 250 + "]" * 250 + "}",
        "empty.json": "",
        "new.json": '{"blockloom": 99}',
        "g.json": TYPED,
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "latin.json").write_bytes(b'"\xe9"')
    result = call("run", *args)
    assert result.exit_code == 2
    assert result.stdout == ""
    first = result.stderr.splitlines()[0]
    assert first.startswith("Error: ")
    assert sentence in first


def test_a_file_that_may_not_be_read_is_told(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(self: Path, mode: str) -> Any:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", deny)  # not by its mode: root may read everything
    result = call("run", "secret.json")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: The file secret.json cannot be read: Permission denied.\n  → ")


def test_a_store_that_fails_in_the_middle_ends_the_run_with_a_sentence(call: Call) -> None:
    result = call("run", "-", "-i", "name=x", "--store", "full:", input=TYPED)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.splitlines()[-1] == "Error: the system gave up: [Errno 28] No space left on device."


def test_wrong_inputs_are_all_told_with_what_to_do(call: Call) -> None:
    result = call("run", "-", "-i", "nmae=x", "-i", "limit=high", input=TYPED)
    assert result.exit_code == 2
    assert "error unknown-port /nmae\n  The workflow has no input 'nmae'. Did you mean 'name'?" in result.stderr
    assert "error missing-input /name" in result.stderr
    assert "error type-mismatch /limit" in result.stderr


def test_a_number_where_text_was_wanted_is_explained(call: Call) -> None:
    result = call("run", "-", "-i", "name=12", input=TYPED)
    assert result.exit_code == 2
    assert "It was read as JSON; for text, put it in quotes of its own: -i name='\"…\"'." in result.stderr
    assert call("run", "-", "-i", 'name="12"', input=TYPED).stdout == "name: 12\n"


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["nope.json"], "bad-format"),
        (["-"], "missing-input"),
        (["-", "-i", "name=x", "--store", "what"], "bad-usage"),
        (["-", "-i", "name=x", "--store", "what:"], "unknown-type"),
        (["-", "--inputs", "nope.json"], "bad-format"),
    ],
)
def test_as_json_a_mistake_is_a_list_of_problems(call: Call, args: list[str], code: str) -> None:
    result = call("run", *args, "--json", input=TYPED)
    assert result.exit_code == 2
    (problem,) = json.loads(result.stdout)["problems"]
    assert problem["code"] == code
    assert set(problem) == {"code", "severity", "path", "message", "hint"}


def test_a_wrong_graph_lists_all_that_is_wrong(call: Call) -> None:
    wrong = graph({"id": "a", "type": "test.od"}, {"id": "b", "type": "if"}, connections=[("a", "c")])
    result = call("run", "-", input=wrong)
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: stdin cannot run: 3 errors.")
    assert "error unknown-type /tasks/0/type" in result.stderr
    assert "error unknown-task /connections/0/to" in result.stderr


def test_it_speaks_chinese(call: Call) -> None:
    result = call("run", "-", "-i", "nmae=x", input=TYPED, language="zh")
    assert result.stderr.startswith("错误：输入不符合要求：2 个错误。")
    assert "错误 missing-input /name" in result.stderr
    done = call("run", "-", "-i", "name=工单", input=TYPED, language="zh")
    assert done.stdout == "name: 工单\n"
    assert "start：开始" in done.stderr
    assert "已完成，用时" in done.stderr

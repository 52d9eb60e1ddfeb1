import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from blockloom import BadFormat, Problem
from blockloom.codec import document, parse_json, read_file, read_json, read_yaml, write_json
from hypothesis import given, settings
from hypothesis import strategies as st

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def refused(call: Any, *given: Any) -> str:
    """The one sentence with which a document is refused."""
    with pytest.raises(BadFormat) as caught:
        call(*given)
    (problem,) = caught.value.problems
    assert isinstance(problem, Problem)
    assert problem.code == "bad-format"
    message: str = problem.to_json("en")["message"]
    return message


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_what_is_written_is_read(value: dict[str, Any]) -> None:
    text = write_json(value)
    assert text.endswith("\n")
    assert json.dumps(read_json(text)) == json.dumps(value)
    assert read_json(text.encode()) == value


def test_every_script_is_written_as_it_is() -> None:
    assert write_json({"标题": "é"}) == '{\n  "标题": "é"\n}\n'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": 1, "a": 2}', "The key 'a' is repeated"),
        ('{"x": {"b": 1, "c": 2, "b": 1}}', "The key 'b' is repeated"),
        ('{"a": NaN}', "NaN is not a finite number"),
        ('{"a": -Infinity}', "-Infinity is not a finite number"),
        ('{"a": 1e999}', "1e999 is not a finite number"),
        ('{"a": ' + "1" * 5000 + "}", "This is not JSON"),
        ("", "This is not JSON: Expecting value (line 1, column 1)"),
        ("{'a': 1}", "This is not JSON"),
        ('{"a": 1,}', "This is not JSON"),
        ('{"a": 1} {}', "This is not JSON: Extra data (line 1, column 10)"),
        ('{\n"a": 1 // no\n}', "(line 2, column 8)"),
        ('{"a": 01}', "This is not JSON"),
        ('{"a": "\t"}', "This is not JSON"),
        ('{"a": 0x10}', "This is not JSON"),
        ("[]", "A graph is a mapping"),
        ("null", "A graph is a mapping"),
        ('"{}"', "A graph is a mapping"),
        ('{"a": "\\ud800"}', "half a surrogate pair"),
    ],
)
def test_json_is_read_strictly(text: str, why: str) -> None:
    assert why in refused(read_json, text)


@pytest.mark.parametrize("read", [read_json, read_yaml])
def test_a_byte_order_mark_is_no_part_of_the_text(read: Any) -> None:
    assert read(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}
    assert read('\ufeff{"a": 1}') == {"a": 1}


@pytest.mark.parametrize("read", [read_json, read_yaml])
def test_only_utf8_is_read(read: Any) -> None:
    assert refused(read, b'{"a": "\xff"}') == "The text is not UTF-8 (byte 7)."
    assert "UTF-8" in refused(read, '{"a": "é"}'.encode("utf-16"))


@pytest.mark.parametrize("read", [read_json, read_yaml])
def test_two_hundred_levels_and_no_more(read: Any) -> None:
    for opened, closed in (("[", "]"), ('{"k":', "}")):
        inner = opened * 199 + "0" + closed * 199
        assert read('{"a":' + inner + "}")
        inner = opened * 200 + "0" + closed * 200
        assert "more than 200 levels" in refused(read, '{"a":' + inner + "}")


@pytest.mark.parametrize("text", ["[" * 200_000, "- " * 200_000, "{a: " * 200_000, "? " * 200_000])
def test_a_deep_text_overflows_nothing(text: str) -> None:
    # In a process of its own: what is feared is a crash of the process.
    code = "import sys; from blockloom.codec import *; read = read_yaml if sys.argv[1] == 'yaml' else read_json\n"
    code += "try: read(sys.stdin.read())\nexcept Exception as e: print(type(e).__name__)"
    for kind in ("yaml", "json"):
        run = [sys.executable, "-c", code, kind]
        done = subprocess.run(run, input=text, capture_output=True, text=True, check=True, timeout=30)
        assert done.stdout == "BadFormat\n"


def test_a_document_can_hold_one_object_many_times_but_not_itself() -> None:
    inner: list[Any] = [1]
    assert document({"a": inner, "b": inner}) == {"a": [1], "b": [1]}
    circle: dict[str, Any] = {}
    circle["a"] = circle["b"] = circle
    assert "more than 200 levels" in refused(document, circle)


@pytest.mark.parametrize(("value", "why"), [({"a": {1}}, "set is not JSON"), ({1: 2}, "must be text"), (5, "mapping")])
def test_a_mapping_of_something_else_is_no_document(value: Any, why: str) -> None:
    assert why in refused(document, value)


def test_a_document_is_a_copy() -> None:
    given: dict[str, Any] = {"a": [1]}
    document(given)["a"].append(2)
    assert given == {"a": [1]}


def test_a_text_may_be_as_large_as_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("blockloom.codec.MAX_BYTES", 20)
    assert read_json('{"a": "' + "x" * 11 + '"}')
    assert "larger than 20 bytes" in refused(read_json, '{"a": "' + "x" * 12 + '"}')


# Files


def test_the_name_of_a_file_says_how_it_is_read(tmp_path: Path) -> None:
    for name in ("a.yaml", "a.YML"):
        (tmp_path / name).write_text("a: yes # text")
        assert read_file(tmp_path / name) == {"a": "yes"}
    for name in ("a.json", "a", "a.txt"):
        (tmp_path / name).write_text('{"a": 1}')
        assert read_file(str(tmp_path / name)) == {"a": 1}


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert str(tmp_path / "no.json") in refused(read_file, tmp_path / "no.json")
    assert "No such file" in refused(read_file, tmp_path / "no.json")
    assert "directory" in refused(read_file, tmp_path)
    assert "null" in refused(read_file, f"{tmp_path}/a\0b.json")
    assert "Not a directory" in refused(read_file, Path(__file__) / "a.json")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no /dev/zero")
def test_a_file_without_an_end_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("blockloom.codec.MAX_BYTES", 1000)
    assert "larger than 1000 bytes" in refused(read_file, "/dev/zero")


def test_an_empty_file_is_no_graph() -> None:
    assert "not JSON" in refused(read_file, os.devnull)


# YAML


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("yes", "yes"), ("no", "no"), ("on", "on"), ("off", "off"), ("y", "y"), ("True", True), ("FALSE", False)),
        *(("true", True), ("tRue", "tRue"), ("null", None), ("Null", None), ("~", None), ("", None), ("nULL", "nULL")),
        *(("012", 12), ("0o14", 12), ("0x1F", 31), ("0b11", "0b11"), ("+5", 5), ("-5", -5), ("1_000", "1_000")),
        *(("1e3", 1000.0), (".5", 0.5), ("5.", 5.0), ("-.5e-1", -0.05), ("1.5.2", "1.5.2"), ("1:30", "1:30")),
        *(("0o8", "0o8"), ("-0x1", "-0x1"), (".", "."), ("e3", "e3"), ("+", "+"), ("nan", "nan"), ("inf", "inf")),
        *(("2024-01-01", "2024-01-01"), ("=", "="), ("<<", "<<"), ('"5"', "5"), ("'true'", "true"), ('""', "")),
        *(("|\n  5", "5\n"), (">-\n  true", "true"), ("[]", []), ("{}", {}), ("[a, 1, ~]", ["a", 1, None])),
        (str(2**70), 2**70),
    ],
)
def test_scalars_are_those_of_the_core_schema(text: str, value: Any) -> None:
    read = read_yaml(f"a: {text}\n")["a"]
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1: x", {"1": "x"}),
        ("yes: x", {"yes": "x"}),
        ("~: x", {"~": "x"}),
        ("true: x", {"true": "x"}),
        ('"": x', {"": "x"}),
        ("0x1F: x", {"0x1F": "x"}),
        ("<<: {a: 1}", {"<<": {"a": 1}}),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("a: &x k\n*x : v", {"a": "k", "k": "v"}),
        ("%YAML 1.2\n---\na: 1\n...\n", {"a": 1}),
        ("# only\na: b # and\n", {"a": "b"}),
    ],
)
def test_mappings(text: str, value: Any) -> None:
    assert read_yaml(text) == value


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: !!python/object/apply:os.system [x]", "tag:yaml.org,2002:python/object/apply:os.system is not read"),
        ("a: !!str 5", "tag:yaml.org,2002:str is not read"),
        ("a: ! 5", "the tag ! is not read"),
        ("a: !mine {b: 1}", "the tag !mine is not read"),
        ("a: !!set {b}", "tag:yaml.org,2002:set is not read"),
        ("!!map {a: 1}", "tag:yaml.org,2002:map is not read"),
        ("a: 1\nb: 2\na: 3", "the key 'a' is repeated (line 3, column 1)"),
        ("1: x\n'1': y", "the key '1' is repeated"),
        ("a: .nan", ".nan is not a finite number (line 1, column 4)"),
        ("a: -.inf", "-.inf is not a finite number"),
        ("a: 1e999", "1e999 is not a finite number"),
        ("a: " + "1" * 5000, "a number of more than 4300 digits"),
        ("a: &x [*x]", "an alias leads back to itself"),
        ("a: &x {b: {c: *x}}", "an alias leads back to itself"),
        ("a: *x", "'x'"),
        ("? [a]\n: b", "a key must be text"),
        ("a: 1\n---\nb: 2", "second document"),
        ("a: [", "not the YAML"),
        ("a: b: c", "not the YAML"),
        ("\ta: 1", "not the YAML"),
        ("a: \x01", "not the YAML"),
        ("a: \ud800", "not the YAML"),
        ("", "A graph is a mapping"),
        ("- a", "A graph is a mapping"),
        ("just text", "A graph is a mapping"),
    ],
)
def test_yaml_is_read_strictly(text: str, why: str) -> None:
    assert why in refused(read_yaml, text)


def bomb(width: int, levels: int) -> str:
    lines = ["a0: &a0 [" + ", ".join(["x"] * width) + "]"]
    lines += [f"a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * width) + "]" for i in range(1, levels)]
    return "\n".join(lines)


def test_aliases_that_multiply_are_refused() -> None:
    assert "aliases add more than" in refused(read_yaml, bomb(10, 30))
    long = "a: &a " + "x" * 1_000_000 + "\nb: [" + ", ".join(["*a"] * 1000) + "]"
    assert "aliases add more than" in refused(read_yaml, long)
    assert len(read_yaml(bomb(10, 3))["a2"]) == 10


def test_aliases_that_deepen_are_refused() -> None:
    lines = ["a0: &a0 []", *(f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 300))]
    assert "more than 200 levels" in refused(read_yaml, "\n".join(lines))
    assert read_yaml("\n".join(lines[:199]))


# What JSON writes as a surrogate pair, or a library of YAML 1.1 takes for the end of a line, is left out.
PRINTABLE = st.text(st.characters(max_codepoint=0xFFFD, exclude_categories=("Cs", "Cc", "Zl", "Zp")))


@given(st.dictionaries(PRINTABLE, st.lists(st.none() | st.integers() | PRINTABLE | st.floats(-9, 9)), max_size=4))
def test_json_is_yaml(value: dict[str, Any]) -> None:
    assert json.dumps(read_yaml(json.dumps(value, ensure_ascii=False))) == json.dumps(value)


@settings(max_examples=200)
@given(st.text() | st.text(alphabet='{}[]:,&*!-?|>"%# \n\tab1~.'))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (read_json, read_yaml):
        with contextlib.suppress(BadFormat):
            assert isinstance(read(text), dict)


@given(st.binary())
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for read in (read_json, read_yaml, parse_json):
        with contextlib.suppress(BadFormat):
            read(data)


def test_reading_runs_and_imports_nothing(tmp_path: Path) -> None:
    (tmp_path / "trap.py").write_text("raise SystemExit('it was imported')")
    (tmp_path / "a.yaml").write_text("a: !!python/module:trap {}\nb: !!python/name:trap.x ''")
    code = "import sys; from blockloom.codec import read_file\ntry: read_file('a.yaml')\n"
    code += "except Exception: print('trap' in sys.modules)"
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout == "False\n"

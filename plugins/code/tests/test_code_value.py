# ruff: noqa: E501
"""Which value a block has, what it sees, what it prints, and how it fails."""

from typing import Any

import pytest


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("return 1\n2", 1),
        ("result = 1\n2", 2),
        ("result = 1\nx = 2", 1),
        ("result = 1\nif result:\n    2", 1),
        ("x = 2", None),
        ("result = 1\nreturn", None),
        ("result = 1\nNone", None),
        ("def f():\n    result = 5\nf()", None),
        ("for result in [1, 2]:\n    pass", 2),
        ("if False:\n    result = 1", None),
        ("result = [1]\nresult.append(2)", [1, 2]),
    ],
)
def test_return_then_last_expression_then_result(desk: Any, source: str, expected: Any) -> None:
    assert desk.value(source) == expected


def test_names_are_variables_and_inputs_is_the_mapping(desk: Any) -> None:
    source = "x += 1\nreturn [x, inputs['x'], sorted(inputs)]"
    assert desk.value(source, {"x": 1, "y": 9}, inputs={"x": 5, "z": 6}) == [2, 5, ["x", "z"]]


def test_a_name_that_is_not_there_is_an_error_with_its_line(desk: Any) -> None:
    failure = desk.failure("y = 1\nreturn x + y")
    assert (failure.type, str(failure)) == ("NameError", "name 'x' is not defined (line 2: `return x + y`)")


def test_a_name_is_found_however_its_letters_are_composed(desk: Any) -> None:
    assert desk.value("return ﬁ + 价格", {"ﬁ": 1, "价格": 2}) == 3


def test_values_of_all_kinds_travel_both_ways(desk: Any) -> None:
    value: Any = [None, True, -(10**4000), 1.5, 1e-300, "日本\u0000\U0001f600", [], {}, {"": [{"a": None}]}]
    assert desk.value("x = v\nreturn x", {"v": value}) == value


def test_changes_stay_inside(desk: Any) -> None:
    names = {"xs": [1]}
    assert desk.value("xs.append(2)\nreturn xs", names) == [1, 2]
    assert names == {"xs": [1]}


def test_print_writes_lines_to_the_log_in_order(desk: Any) -> None:
    lines: list[str] = []
    source = "print('a', 1, sep='-')\nprint('b', end='')\nprint('c\\nd')\ndef f():\n    print('in f')\nf()\nprint('日', end='')\n1/0"
    desk.failure(source, log=lines.append)
    assert lines == ["a-1", "bc", "d", "in f", "日"]


def test_what_was_printed_before_an_endless_loop_is_kept(strict: Any) -> None:
    lines: list[str] = []
    assert strict.failure("print('here')\nwhile True: pass", log=lines.append).type == "time_limit"
    assert lines == ["here"]


def test_an_error_of_the_log_is_the_error_of_the_evaluation(desk: Any) -> None:
    def log(line: str) -> None:
        raise LookupError(line)

    with pytest.raises(LookupError, match="hello"):
        desk.value("print('hello')\nwhile True: pass", log=log)
    assert desk.value("x = 1\nx") == 1


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        ("a = 1\nb = a / 0", "ZeroDivisionError", "division by zero (line 2: `b = a / 0`)"),
        ("{}['k']", "KeyError", "there is no key 'k' (line 1: `{}['k']`)"),
        ("raise ValueError", "ValueError", "ValueError (line 1: `raise ValueError`)"),
        ("class Odd(Exception): pass\nraise Odd('so')", "Odd", "so (line 2: `raise Odd('so')`)"),
        ("x = 1\nclass A(type(len)): pass", "TypeError", "the type of a function is closed in code blocks (line 2: `class A(type(len)): pass`)"),
        ("def f():\n    return [][0]\nf()", "IndexError", "list index out of range (line 2: `return [][0]`)"),
        ("import json\njson.loads('{')", "JSONDecodeError", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1) (line 2: `json.loads('{')`)"),
        ("f = open", "NameError", "name 'open' is not defined: 'open' is not available in code blocks. A block has no files: give it the text as an input. (line 1: `f = open`)"),
        ("'x'.encode('no-such')", "LookupError", "unknown encoding: no-such (line 1: `'x'.encode('no-such')`)"),
    ],
)  # fmt: skip
def test_an_exception_has_its_own_name_and_the_line(desk: Any, source: str, kind: str, message: str) -> None:
    failure = desk.failure(source)
    assert (failure.type, str(failure)) == (kind, message)


def test_a_message_is_short_and_ends_with_the_line(desk: Any) -> None:
    failure = desk.failure("raise ValueError('é' * 10_000_000)")
    assert len(str(failure).encode()) <= 2048
    assert str(failure).endswith("(line 1: `raise ValueError('é' * 10_000_000)`)")


@pytest.mark.parametrize(
    "source",
    [
        "'x'.encode('mbcs_nope')",
        "import re\nre.compile('(')",
        "import statistics\nstatistics.mean([])",
        "from fractions import Fraction\nFraction('x')",
        "b'x'.decode('euc_jis_2004')",
        "''.encode('palmos')",
        "import hashlib\nhashlib.blake2b(1)",
        "raise OSError(2, 'No such', '/usr/lib/python3')",
    ],
)
def test_no_message_shows_a_path_of_the_host(desk: Any, source: str) -> None:
    message = str(desk.failure(source)).split("(line")[0]
    assert "/" not in message


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{1, 2}", "'set' is not JSON: use sorted(…)"),
        ("{'a': [0, {1}]}", "at result.a[1]: "),
        ("[float('nan')]", "at result[0]: nan is not a finite number"),
        ("float('inf')", "inf is not a finite number"),
        ("b'x'", "'bytes' is not JSON"),
        ("{1: 2}", "keys must be text"),
        ("{(1, 2): 3}", "keys must be text"),
        ("lambda: 0", "'function' is not JSON"),
        ("(x for x in [1])", "'generator' is not JSON: use list(…)"),
        ("map(str, [1])", "use list(…)"),
        ("{}.keys()", "use list(…)"),
        ("import datetime\ndatetime.date(2026, 1, 1)", "use .isoformat()"),
        ("from decimal import Decimal\nDecimal(1)", "use float(…)"),
        ("1j", "'complex' is not JSON"),
        ("import math\nmath", "is not JSON"),
        ("class A: pass\nA()", "'A' is not JSON"),
        ("int", "'type' is not JSON"),
        ("'\\ud800'", "half a surrogate pair"),
        ("{'\\udfff': 1}", "half a surrogate pair"),
        ("10 ** 4300", "more than 4300 digits"),
        ("a = []\na.append(a)\na", "levels deep, or holds itself"),
        ("a = []\nfor _ in range(300):\n    a = [a]\na", "levels deep"),
        ("a = {}\nfor _ in range(300):\n    a = {'x': a}\na", "levels deep"),
        ("a = [0] * 10\nfor _ in range(12):\n    a = [a] * 10\na", "more than 200000 values"),
        ("[0] * 200_001", "more than 200000 values"),
        ("'x' * 9_000_000", "larger than 8 MiB"),
        ("['x' * 1000] * 9000", "larger than 8 MiB"),
        ("['\\u0000' * 100_000] * 50", "larger than 8 MiB"),
    ],
)
def test_a_result_that_is_not_json_is_refused(desk: Any, source: str, words: str) -> None:
    failure = desk.failure(source)
    assert failure.type == "result_refused"
    assert words in str(failure)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("(1, (2,))", [1, [2]]),
        ("range(2) and [True, False]", [True, False]),
        ("class N(int): pass\n[N(3)]", [3]),
        ("class S(str): pass\n{S('k'): S('v')}", {"k": "v"}),
        ("10 ** 4299", 10**4299),
        ("a = 1\nfor _ in range(200):\n    a = [a]\nn = 0\nwhile a != 1:\n    a = a[0]\n    n += 1\nn", 200),
        ("'x' * 8_000_000 == ''", False),
    ],
)
def test_json_in_other_clothes_is_taken(desk: Any, source: str, expected: Any) -> None:
    assert desk.value(source) == expected


def test_values_too_large_to_give_to_a_block_fail_the_task(desk: Any) -> None:
    assert desk.failure("return len(x)", {"x": "x" * (65 * 1024 * 1024)}).type == "memory_limit"
    assert desk.failure("return x", {"x": 10**5000}).type == "memory_limit"

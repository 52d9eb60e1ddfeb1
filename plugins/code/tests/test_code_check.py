"""What `check` says: everything at once, where, why and what to do, in two languages, without running a line."""

from typing import Any

import pytest
from blockloom import Problem, Text


def tell(text: Text, language: str) -> str:
    """A text in one language."""
    assert not isinstance(text, str)
    return text[language]


def problems(desk: Any, source: str) -> list[Problem]:
    return list(desk.code.check(desk.block(source).content))


def test_all_problems_are_found_in_the_order_of_the_lines(desk: Any) -> None:
    source = "import os\nx._y = 1\ndef f():\n    nonlocal x\nopen('a')\nfrom math import sqroot"
    found = problems(desk, source)
    assert [tell(p.text, "en").split(",")[0] for p in found] == ["Line 1", "Line 2", "Line 4", "Line 5", "Line 6"]
    assert {(p.code, p.path, p.severity) for p in found} == {("bad-content", "/source", "error")}


def test_a_sentence_names_line_column_reason_and_the_line_itself(desk: Any) -> None:
    (problem,) = problems(desk, "y = 1\nif y:\n    价 = y; nonlocal y")
    assert problem.text == {
        "en": "Line 3, column 12: 'nonlocal' is not available in code blocks: `价 = y; nonlocal y`",
        "zh": "第 3 行第 12 列：代码块中不能使用 nonlocal: `价 = y; nonlocal y`",
    }
    assert problem.advice == {
        "en": "Keep the value in a dict or list that the inner function changes, or return it.",
        "zh": "请把值放进字典或列表，由内层函数修改，或者用 return 返回。",
    }


@pytest.mark.parametrize(("language", "word"), [("en", "not available"), ("zh", "不能使用")])
def test_the_language_is_that_of_the_process(
    desk: Any, monkeypatch: pytest.MonkeyPatch, language: str, word: str
) -> None:
    monkeypatch.setenv("BLOCKLOOM_LANG", language)
    (problem,) = problems(desk, "async def f(): pass")
    assert word in problem.message
    assert problem.hint


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("import maths", "math? "),
        ("from math import squrt", "sqrt? "),
        ("import requests", "These modules are: base64"),
        ("'{}'.format(1)", 'f"{price:.2f}"'),
        ("open('x')", "no files"),
        ("class A:\n    def __str__(self): return ''", "__init__, __contains__"),
        ("match x:\n    case 1: pass", "if, elif"),
        ("global x", "return the new one"),
        ("try:\n    pass\nexcept* ValueError:\n    pass", "without the star"),
        ("x._y", "public methods"),
        ("_x = 1", "leading underscore"),
        ("super().f()", "base class"),
        ("yield 1", "list(...)"),
        ("from math import *", "from math import sqrt"),
    ],
)
def test_the_advice_is_a_way_out(desk: Any, source: str, hint: str) -> None:
    (problem,) = problems(desk, source)
    assert hint in tell(problem.advice, "en")
    assert tell(problem.advice, "zh")


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("x = (1,\ny = 2", 1),
        ("if True:\npass", 2),
        ("x = 1\nbreak", 2),
        ("def f(a, a): pass", 1),
        ("x = 1\n\tx = 2", 2),
        ("print 'x'", 1),
        ("x = '\\ud800'\ny = '", 2),
        ("\x00", 1),
        ("(" * 300 + ")" * 300, 1),
        ("-" * 5000 + "1", 1),
        ("x = " + "+".join(["1"] * 5000), 1),
        ("class A:\n    return 1", 2),
        ("from __future__ import annotations", 1),
        ("\ud800", 1),
    ],
)
def test_a_source_that_python_cannot_read_is_a_problem_with_a_line(desk: Any, source: str, line: int) -> None:
    (problem,) = problems(desk, source)
    assert tell(problem.text, "en").startswith(f"Line {line}, column ")


def test_no_more_problems_are_told_than_a_person_can_read(desk: Any) -> None:
    assert len(problems(desk, "_a\n" * 20_000)) == 100


def test_a_source_beyond_the_limit_is_refused(desk: Any) -> None:
    (problem,) = problems(desk, "x = 1\n" * 100_000)
    assert "600000 characters" in tell(problem.text, "en")


def test_check_runs_nothing(desk: Any) -> None:
    endless = "while True:\n    pass"
    assert problems(desk, endless) == []
    assert problems(desk, "1 / 0") == []


def test_an_escape_that_python_warns_about_is_no_problem(desk: Any) -> None:
    assert problems(desk, "import re\nre.findall('\\d+', text)") == []


def test_a_name_of_the_block_itself_hides_a_missing_builtin(desk: Any) -> None:
    assert problems(desk, "def open(x):\n    return x\nopen(1)") == []


def test_a_refusal_at_run_time_has_the_same_sentence(desk: Any, english: None) -> None:
    failure = desk.failure("import os\nopen('x')")
    for problem in problems(desk, "import os\nopen('x')"):
        assert problem.message in str(failure)
        assert problem.hint in str(failure)

"""Attacks on time, memory and output: each ends as the failure that it is, and the next block works."""

import time
from typing import Any

import pytest
from blockloom_code.limits import Limits

TIME = ["while True: pass", "sum(iter(int, 1))"]
OUTPUT = [
    "while True:\n    print('x')",
    "while True:\n    try:\n        print('x')\n    except:\n        pass",
    "print('x' * 20_000)",
    "print('日' * 4_000)",
    "def f():\n    for i in range(10 ** 6):\n        print(end='x')\nf()",
]


@pytest.mark.parametrize("source", TIME)
def test_too_long_is_a_time_limit(strict: Any, source: str, english: None) -> None:
    started = time.monotonic()
    failure = strict.failure(source)
    assert (failure.type, str(failure)) == ("time_limit", "the code ran longer than 0.4 seconds")
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("source", OUTPUT)
def test_too_much_output_is_an_output_limit(strict: Any, source: str, english: None) -> None:
    lines: list[str] = []
    failure = strict.failure(source, log=lines.append)
    assert (failure.type, str(failure)) == ("output_limit", "the code printed too much")
    kept = sum(len(line.encode()) + 1 for line in lines)
    assert 9_000 < kept <= 10_002


def test_lines_are_counted_too(desk: Any, english: None) -> None:
    lines: list[str] = []
    assert desk.failure("while True: print()", log=lines.append).type == "output_limit"
    assert len(lines) == 10_000


def test_a_mebibyte_of_output_is_kept(desk: Any) -> None:
    lines: list[str] = []
    assert desk.failure("for _ in range(2000):\n    print('x' * 1023)", log=lines.append).type == "output_limit"
    assert len(lines) == 1024


def test_time_that_is_kept_to_is_enough(strict: Any) -> None:
    assert strict.value("n = 0\nfor i in range(100_000):\n    n += i\nn") == 4999950000


def test_the_limits_are_those_of_the_documentation() -> None:
    mib = 1024 * 1024
    assert Limits() == Limits(time=10.0, memory=512 * mib, result=8 * mib, output=mib)

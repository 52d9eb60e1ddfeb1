"""Attacks on time, memory and output: each ends as the failure that it is, and the next block works."""

import time
from typing import Any

import pytest
from blockloom_code.limits import Limits

TIME = [
    "while True: pass",
    "while True:\n    try:\n        while True: pass\n    except:\n        pass",
    "for _ in iter(int, 1): pass",
    "sum(iter(int, 1))",
    "x = 10 ** 10 ** 8",
    "import re\nre.match('(a+)+$', 'a' * 40 + 'b')",
    "import math\nmath.factorial(10 ** 8)",
    "import itertools\nlist(itertools.islice(itertools.count(), 10 ** 12, None))",
    "def f(n):\n    return f(n - 1) + f(n - 1) if n else 1\nf(60)",
    "import hashlib\nhashlib.pbkdf2_hmac('sha256', b'x', b'y', 10 ** 9)",
    "try:\n    while True: pass\nfinally:\n    while True: pass",
]
MEMORY = [
    "x = 'a' * 10 ** 10",
    "x = [0] * 10 ** 9",
    "x = []\nwhile True:\n    x.append('a' * 1_000_000)",
    "x = bytearray(10 ** 10)",
    "x = {}\ni = 0\nwhile True:\n    x[i] = [i] * 1000\n    i += 1",
    "import itertools\nlist(itertools.product(range(1000), repeat=3))",
    "f'{1:>10000000000}'",
    "s = 'ab'\nwhile True:\n    s = s.replace('a', 'aa') + s",
    "range(10 ** 9) and list(range(10 ** 9))",
]
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


@pytest.mark.parametrize("source", MEMORY)
def test_too_much_memory_is_a_memory_limit(small: Any, source: str) -> None:
    assert small.failure(source).type == "memory_limit"


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


RECURSION = [
    "def f(n):\n    return f(n + 1)\nf(0)",
    "class A:\n    def __eq__(self, o):\n        return self == o\nA() == A()",
]


@pytest.mark.parametrize("source", RECURSION)
def test_endless_recursion_is_an_error_of_python(desk: Any, source: str) -> None:
    assert desk.failure(source).type == "RecursionError"


CRASHES = [
    "g = iter([])\nfor _ in range(200_000):\n    g = map(str, g)\nlist(g)",
    "import itertools\nx = iter([])\nfor _ in range(300_000):\n    x = itertools.chain(x)\nlist(x)",
]


@pytest.mark.parametrize("source", CRASHES)
def test_a_crash_of_the_interpreter_is_the_job_s_own(desk: Any, source: str) -> None:
    assert desk.failure(source).type == "sandbox_crashed"
    assert desk.value("x = 1\nx") == 1


def test_time_that_is_kept_to_is_enough(strict: Any) -> None:
    assert strict.value("n = 0\nfor i in range(100_000):\n    n += i\nn") == 4999950000


def test_the_limits_are_those_of_the_documentation() -> None:
    mib = 1024 * 1024
    assert Limits() == Limits(time=10.0, memory=512 * mib, result=8 * mib, output=mib)

"""What a person is told of a mistake: the line, a mark below the place, what to write instead; in two languages."""

from typing import Any

import pytest


def excerpt(desk: Any, source: str) -> str:
    (problem,) = desk.code.check(desk.block(source).content)
    return str(problem.excerpt)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("x = 1\nif x:\n    y = x; nonlocal y", "y = x; nonlocal y\n       ^^^^^^^^^^"),
        ("价 = 1; nonlocal 价", "价 = 1; nonlocal 价\n\u3000      ^^^^^^^^^^^"),
        ("if 1:\n\topen('x')", "open('x')\n^^^^^^^^^"),
        ("x = [\n  a.__class__,\n]", "a.__class__,\n^^^^^^^^^^^"),
        ("x = (1,\ny = 2", "x = (1,\n    ^"),
        (f"x = '{'a' * 200}'; y = z._b", f"{'a' * 53}'; y = z._b\n{' ' * 60}^^^^"),
    ],
)
def test_check_shows_the_place_with_a_mark(desk: Any, source: str, shown: str) -> None:
    assert excerpt(desk, source) == shown


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("a = 1\nb = [a / 0, a]", "b = [a / 0, a]\n     ^^^^^"),
        ("def f(d):\n    return d['x'] + 1\nf({})", "return d['x'] + 1\n       ^^^^^^"),
        ("价 = '四'\nint(价)", "int(价)\n^^^^^^^"),
        ("import json\njson.loads('{')", "json.loads('{')\n^^^^^^^^^^^^^^^"),
        ("d = {}\nd['n'] += 1", "d['n'] += 1\n^^^^^^^^^^^"),
    ],
)
def test_a_failure_shows_the_place_with_a_mark(desk: Any, source: str, shown: str) -> None:
    assert desk.failure(source).excerpt == shown


@pytest.mark.parametrize(
    ("source", "english", "chinese"),
    [
        ("x = {}\nx['a']", "there is no key 'a' (line 2: `x['a']`)", "没有键 'a'（第 2 行：`x['a']`）"),
        ("1 / 0", "division by zero (line 1: `1 / 0`)", "division by zero（第 1 行：`1 / 0`）"),
        (
            "wrods + len(words)",
            "name 'wrods' is not defined. Did you mean 'words'?",
            "名称 wrods 没有定义。是否想写 words？",
        ),
        ("math.pi", "name 'math' is not defined: write 'import math' first", "请先写 import math"),
        ("list(map(open, words))", "A block has no files", "代码块不能读写文件"),
        ("f = str.format\nf('')", "use an f-string", "请用 f-string"),
        ("(lambda: 0).x", "the attribute 'x' of a function is closed", "不能访问 function 的属性 x"),
        ("import json\njson.codecs", "'codecs' is not available in the module 'json'", "模块 json 没有 codecs"),
        ("import math\nmath.pi = 3", "cannot be changed", "不能修改"),
        ("x = [1, {2}]\nx", "at result[1]: a value of the Python type 'set'", "result[1] 处：Python 类型 set"),
        ("x = {'a': [float('nan')]}\nx", "at result.a[0]: nan is not a finite number", "不是有限的数"),
        ("x = []\nx.append(x)\nx", "or holds itself", "或包含自身"),
        ("x = 'a' * 10 ** 7\nx", "larger than 8 MiB", "大于 8 MiB"),
        ("while True: print('x' * 999)", "printed too much", "打印的内容过多"),
        ("import typing", "leave this line out", "请删去这一行"),
    ],
)
def test_a_failure_speaks_two_languages(
    desk: Any, monkeypatch: pytest.MonkeyPatch, source: str, english: str, chinese: str
) -> None:
    for language, words in (("en", english), ("zh", chinese)):
        monkeypatch.setenv("BLOCKLOOM_LANG", language)
        assert words in str(desk.failure(source, {"words": []}))


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("from typing import Any", "leave this line out"),
        ("from __future__ import annotations", "leave this line out"),
        ("from dataclasses import dataclass", "__init__"),
        ("import requests", "'http'"),
        ("import urllib.request", "no network"),
        ("from pathlib import Path", "no files"),
        ("import os.path", "as an input"),
        ("import numpy as np", "plain Python"),
        ("import time", "datetime.datetime.now()"),
        ("import logging", "print("),
        ("from copy import deepcopy", "dict(x)"),
        ("import operator", "lambda"),
        ("import asyncio", "side by side"),
        ("x = 1 if __name__ == '__main__' else 2", "no main program"),
        ("x.__class__", "isinstance"),
        ("p._asdict()", "Write the dict"),
        ("class A:\n    def __len__(self): return 1", "size(self)"),
        ("class A:\n    def __enter__(self): return 1", "try and finally"),
        ("id(1)", "'is'"),
        ("exit()", "return"),
        ("vars()", "inputs"),
    ],
)
def test_the_advice_is_what_its_author_needs(desk: Any, source: str, hint: str) -> None:
    problems = list(desk.code.check(desk.block(source).content))
    assert hint in problems[0].advice["en"]
    assert problems[0].advice["zh"]


def test_what_cannot_be_put_into_words_is_told_all_the_same(desk: Any) -> None:
    nested = "x = []\nfor _ in range(100_000):\n    x = [x]\nraise KeyError(x)"
    assert desk.failure(nested).type == "KeyError"
    assert desk.failure("raise ValueError('x' * 10 ** 7)").type == "ValueError"

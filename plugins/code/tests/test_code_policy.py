"""What the language refuses: published escapes, variations on them, and ways to poison what others share."""

from typing import Any

import pytest

REFUSED = "code_refused"

BEFORE_RUNNING: list[str] = [
    # names and attributes that lead inside
    "().__class__.__bases__[0].__subclasses__()",
    "[].__class__",
    "x = ''.__class__.__mro__",
    "(lambda: 0).__globals__",
    "(lambda: 0).__code__",
    "print.__self__",
    "__import__('os')",
    "__builtins__",
    "_getattr_([], 'append')",
    "_write_ = lambda x: x",
    "_getattr_ = getattr",
    "def f(_getattr_, /): return 1",
    "def f(*_write_): return 1",
    "lambda _getitem_: 0",
    "from math import pi as _getattr_",
    "import math as __builtins__",
    "for _print_ in [1]: pass",
    "[_ for __metaclass__ in [1]]",
    "class _X: pass",
    "def _f(): pass",
    "try:\n    1 / 0\nexcept ZeroDivisionError as _e:\n    pass",
    "(_x := 1)",
    "x = {}\nx.__dict__ = 1",
    "del [].__class__",
    "d = {}\nd.__class__ += 1",
    "e = {}\ne.f__roles__",
    # frames (CVE-2023-37271) and their kin
    "(x for x in [1]).gi_frame",
    "g = (x for x in [1])\ng.gi_frame.f_back.f_builtins",
    "(x for x in [1]).gi_code.co_code",
    "try:\n    1 / 0\nexcept Exception as e:\n    e.__traceback__.tb_frame",
    "def f():\n    yield\nf().gi_yieldfrom",
    "x.f_globals\n",
    "x.ag_frame",
    "x.cr_await",
    # format strings (CVE-2023-41039)
    "'{0.__class__}'.format(1)",
    "'{x.__class__}'.format_map({'x': 1})",
    "f'{[].__class__}'",
    # try/except* (CVE-2025-22153)
    "try:\n    pass\nexcept* ValueError:\n    pass",
    # statements
    "async def f(): pass",
    "async def f():\n    await x",
    "def f():\n    n = 0\n    def g():\n        nonlocal n\n    g()",
    "global x\nx = 1",
    "def f():\n    global _getattr_",
    "match 1:\n    case 1: pass",
    "from math import *",
    "yield 1",
    "x = yield",
    # calls
    "exec('1')",
    "eval('1')",
    "compile('1', '', 'eval')",
    "open('/etc/passwd')",
    "globals()",
    "vars()",
    "locals()['x']",
    "breakpoint()",
    "input()",
    "super().x",
    # imports
    "import os",
    "import sys",
    "import subprocess as math",
    "import urllib.request",
    "import os.path",
    "from os import system",
    "from . import x",
    "from json import codecs",
    "from json import _default_encoder",
    "from re import enum",
    "from uuid import os",
    "from string import Formatter",
    "from random import SystemRandom",
    "from functools import update_wrapper",
    "from collections import abc",
    "from urllib import request",
    # classes
    "class X(metaclass=type): pass",
    "class X:\n    def __getattr__(self, n): pass",
    "class X:\n    def __init_subclass__(cls): pass",
    "class X:\n    def __reduce__(self): pass",
    "with x as _getitem_: pass",
    "f'{x.__class__=}'",
    "def f(*, _getattr_=1): pass",
    "class X:\n    __slots__ = ('a',)",
    "class X:\n    __eq__ = 3",
    "def __init__(self): pass",
    "def f(x: ().__class__): pass",
    "x: ().__class__ = 1",
    "def f() -> ().__class__: pass",
]

WHILE_RUNNING: list[tuple[str, str]] = [
    # modules behind modules
    ("import json\njson.codecs.builtins.open('/etc/passwd')", "AttributeError"),
    ("import re\nre.enum.sys.modules['os']", "AttributeError"),
    ("import datetime\ndatetime.sys.modules", "AttributeError"),
    ("import statistics\nstatistics.sys", "AttributeError"),
    ("import uuid\nuuid.os.system('id')", "AttributeError"),
    ("import textwrap\ntextwrap.re.enum.sys", "AttributeError"),
    ("import random\nrandom.SystemRandom", "AttributeError"),
    ("import random\nrandom._os", REFUSED),
    ("import string\nstring.Formatter()", "AttributeError"),
    ("import json\ngetattr(json, 'codecs')", "AttributeError"),
    ("import json\ngetattr(json, '__dict__')", "AttributeError"),
    ("import urllib\nurllib.request", "AttributeError"),
    ("import collections\ncollections.abc", "AttributeError"),
    ("import functools\nfunctools.singledispatch", "AttributeError"),
    # poisoning (a no-op _write_)
    ("import json\njson.dumps = len", "TypeError"),
    ("import math\nmath.pi = 3", "TypeError"),
    ("import math\ndel math.pi", "TypeError"),
    ("import math\nmath.pi += 1", "TypeError"),
    ("import math\nsetattr(math, 'pi', 3)", "TypeError"),
    ("import math\ndelattr(math, 'pi')", "TypeError"),
    ("from collections import Counter\nCounter.update = len", "TypeError"),
    ("str.upper = len", "TypeError"),
    ("import datetime\ndatetime.datetime.now = len", "TypeError"),
    ("def f(): pass\nf.x = 1", "TypeError"),
    ("len.x = 1", "TypeError"),
    ("from collections import namedtuple\nP = namedtuple('P', 'x', module='m')", "TypeError"),
    # names made at run time
    ("getattr([], '__class__')", "AttributeError"),
    ("getattr((lambda: 0), '__glo' + 'bals__')", "AttributeError"),
    ("setattr([], '__class__', dict)", "AttributeError"),
    ("class S(str): pass\ngetattr([], S('__class__'))", "TypeError"),
    ("class S(str): pass\nsetattr({}, S('__class__'), 1)", "TypeError"),
    ("list(map(getattr, [()], ['__class__']))", "AttributeError"),
    ("from functools import partial\npartial(getattr, [])('__class__')", "AttributeError"),
    ("from functools import partial\npartial(len).func", "AttributeError"),
    ("sorted([()], key=lambda t: getattr(t, '__class__'))", "AttributeError"),
    ("getattr('', 'for' + 'mat')('{0.__class__}', 1)", "AttributeError"),
    ("s = '{0.__class__}'\ns.format(1)", "AttributeError"),
    ("str.format('{0.__class__}', 1)", "AttributeError"),
    ("f = str.format_map\nf('{x.__class__}', {})", "AttributeError"),
    ("class S(str): pass\nS('{0.__class__}').format(1)", "AttributeError"),
    ("list(map(str.format, ['{0.__class__}'], [1]))", "AttributeError"),
    # frames and errors (CVE-2024-47532)
    ("try:\n    [].nope\nexcept AttributeError as e:\n    e.obj", "AttributeError"),
    ("try:\n    nope\nexcept NameError as e:\n    e.name", "AttributeError"),
    ("try:\n    1 / 0\nexcept Exception as e:\n    e.with_traceback(None)", "AttributeError"),
    ("g = (x for x in [1])\ngetattr(g, 'gi_' + 'frame')", "AttributeError"),
    ("class A(AttributeError): pass\ntry:\n    raise A('x')\nexcept A as e:\n    e.obj", "AttributeError"),
    # types
    ("type(type(1))('X', (), {})", "TypeError"),
    ("type('X', (), {})", "TypeError"),
    ("class X: pass\ntype(X)", "TypeError"),
    ("type(lambda: 0)", "TypeError"),
    ("type((x for x in []))", "TypeError"),
    ("import math\ntype(math)", "TypeError"),
    ("class X: pass\nX.mro()", "AttributeError"),
    ("int.mro()", "AttributeError"),
    ("class X(type(len)): pass", "TypeError"),
    ("import random\nclass X(random.Random): pass", "TypeError"),
    # things a block does not have, asked for without calling them
    ("list(map(open, ['/etc/passwd']))", "NameError"),
    ("f = eval\nf('1')", "NameError"),
    ("object().__class__ if False else BaseException", REFUSED),
    ("BaseException", "NameError"),
    ("SystemExit", "NameError"),
    ("builtins", REFUSED),
    ("memoryview", "NameError"),
    # attributes of functions and methods
    ("def f(): pass\nf.func_globals", "AttributeError"),
    ("[].append.x", "AttributeError"),
    ("print.x", "AttributeError"),
    ("import json\njson.dumps.x", "AttributeError"),
    ("class X:\n    def m(self): pass\nX().m.im_func", "AttributeError"),
    ("property(len).fget.x", "AttributeError"),
    ("(1).bit_length.x", "AttributeError"),
]


@pytest.mark.parametrize("source", BEFORE_RUNNING)
def test_check_refuses_it(desk: Any, source: str) -> None:
    assert {problem.code for problem in desk.code.check(desk.block(source).content)} == {"bad-content"}


@pytest.mark.parametrize("source", BEFORE_RUNNING)
def test_the_worker_refuses_it_too(desk: Any, source: str) -> None:
    assert desk.failure(source, {"x": 1}).type == REFUSED


@pytest.mark.parametrize(("source", "kind"), WHILE_RUNNING)
def test_a_guard_refuses_it(desk: Any, source: str, kind: str) -> None:
    failure = desk.failure(source)
    assert failure.type == kind
    assert kind == REFUSED or "(line " in str(failure)


@pytest.mark.parametrize("name", ["_getattr_", "_write_", "__builtins__", "__metaclass__", "_block_"])
def test_an_input_cannot_take_the_place_of_a_guard(desk: Any, name: str) -> None:
    source = f"# {name}\nclass A:\n    pass\nd = {{'a': []}}\nd['b'] = [1].copy()\nd"
    assert desk.value(source, {name: 1}, inputs={name: 1}) == {"a": [], "b": [1]}


def test_one_block_cannot_leave_anything_for_the_next(desk: Any) -> None:
    desk.value("import decimal, random\ndecimal.getcontext().prec = 2\nrandom.seed(1)\n0")
    assert desk.value("from decimal import Decimal\nstr(Decimal(1) / 3)") == "0." + "3" * 28
    assert len({desk.value("import random\nrandom.random()") for _ in range(5)}) == 5

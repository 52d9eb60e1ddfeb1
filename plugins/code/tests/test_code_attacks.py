# ruff: noqa: E501
"""Attacks on time, memory, output and results: each fails its own task by its own name, and the next block works."""

import asyncio
from collections.abc import Iterator
from typing import Any, Final

import pytest
from blockloom import TaskFailed
from blockloom_code import Code
from blockloom_code.limits import Limits

TIME: Final = [
    "while True: pass",
    "while 1:\n    continue",
    "for _ in iter(int, 1): pass",
    "while True:\n    try:\n        while True: pass\n    except:\n        pass",
    "while True:\n    try:\n        raise ValueError\n    except ValueError:\n        continue\n    finally:\n        continue",
    "try:\n    while True: pass\nfinally:\n    while True: pass",
    "sum(iter(int, 1))",
    "max(iter(int, 1))",
    "any(iter(int, 1))",
    "list(zip(*[iter(int, 1)] * 0)) or all(x == 0 for x in iter(int, 1))",
    "from collections import deque\ndeque(iter(int, 1), maxlen=0)",
    "import itertools\nfor _ in itertools.cycle([0]): pass",
    "import itertools\nnext(itertools.islice(itertools.count(), 10 ** 12, None))",
    "import itertools\nsum(1 for _ in itertools.permutations(range(20)))",
    "from functools import reduce\nreduce(lambda a, b: 0, iter(int, 1))",
    "x = 10 ** 10 ** 8",
    "x = 7 ** 7 ** 7 ** 7",
    "pow(3, 10 ** 9, 10 ** 9 + 7) and 3 ** (10 ** 8)",
    "x = 1 << 10 ** 8\nwhile x: x = x * x % (x + 1)",
    "import math\nmath.factorial(10 ** 8)",
    "import math\nmath.comb(10 ** 7, 5 * 10 ** 6)",
    "import re\nre.match('(a+)+$', 'a' * 40 + 'b')",
    "import re\nre.match('(a|aa)+$', 'a' * 60 + 'b')",
    "import re\nre.search('(.*a){25}', 'a' * 40)",
    "import re\nre.sub('(x+x+)+y', '', 'x' * 40)",
    "def f(n):\n    return f(n - 1) + f(n - 1) if n else 1\nf(60)",
    "def g():\n    while True: yield\nfor _ in g(): pass",
    "import hashlib\nhashlib.pbkdf2_hmac('sha256', b'x', b'y', 10 ** 9)",
    "from decimal import Decimal, getcontext\ngetcontext().prec = 10 ** 6\nx = Decimal(2).sqrt()\nwhile True: x = x.exp()",
    "from fractions import Fraction\nx = Fraction(1, 3)\nwhile True: x = x * x + x",
    "x = [3, 1] * 10_000\nwhile True: sorted(x, key=lambda v: -v)",
    "class A:\n    def __eq__(self, o):\n        while True: pass\nA() == 1",
    "sorted([2, 1], key=lambda v: [1 for _ in iter(int, 1)])",
    "import json\njson.dumps([set()], default=lambda x: [0 for _ in iter(int, 1)])",
    "from random import random\nwhile random() < 2: pass",
    "range(10 ** 18)[5] and (10 ** 17 + 0.5) in range(10 ** 12)",
]
MEMORY: Final = [
    "x = 'a' * 10 ** 10",
    "x = b'a' * 10 ** 10",
    "x = bytearray(10 ** 10)",
    "x = bytes(10 ** 10)",
    "x = [0] * 10 ** 9",
    "x = (0,) * 10 ** 9",
    "x = list(range(10 ** 9))",
    "x = {}\ni = 0\nwhile True:\n    x[i] = [i] * 1000\n    i += 1",
    "x = []\nwhile True:\n    x.append('a' * 1_000_000)",
    "x = []\nwhile True:\n    x = [x, 'a' * 1_000_000]",
    "s = 'ab'\nwhile True:\n    s = s.replace('a', 'aa') + s",
    "s = 'a'\nwhile True: s += s",
    "x = [1]\nwhile True: x.extend(x)",
    "x = {1}\ni = 0\nwhile True:\n    x |= set(range(i, i + 10 ** 5))\n    i += 10 ** 5",
    "f'{1:>10000000000}'",
    "'%10000000000d' % 1",
    "'a'.ljust(10 ** 10)",
    "'x'.join(['y' * 10 ** 6] * 10 ** 4)",
    "'a'.zfill(10 ** 10)",
    "import itertools\nlist(itertools.product(range(1000), repeat=3))",
    "import itertools\nlist(itertools.repeat(0, 10 ** 9))",
    "import re\nre.sub('', 'x' * 10 ** 5, 'y' * 10 ** 5)",
    "import json\njson.dumps(['x' * 10 ** 6] * 10 ** 4)",
    "import textwrap\ntextwrap.indent('x\\n' * 10 ** 5, ' ' * 10 ** 5)",
    "import base64\nbase64.b64encode(bytes(10 ** 8)) * 9",
    "from collections import deque\nd = deque()\nwhile True: d.append('x' * 10 ** 6)",
    "def g():\n    held = []\n    while True:\n        held.append('x' * 10 ** 6)\n        yield\nfor _ in g(): pass",
    "x = [int('9' * 4000)] * 10 ** 9",
    "try:\n    x = 'a' * 10 ** 10\nexcept MemoryError:\n    x = 'a' * 10 ** 10",
]
OUTPUT: Final = [
    "while True:\n    print('x')",
    "while True:\n    try:\n        print('x')\n    except:\n        pass",
    "print('x' * 3 * 2 ** 20)",
    "print('日' * 2 ** 20)",
    "print(*range(10 ** 6))",
    "while True: print()",
    "while True: print(end='x' * 1000)",
    "def f():\n    for i in range(10 ** 7):\n        print(end='x')\nf()",
    "[print(i) for i in range(10 ** 6)]",
    "class A:\n    def __eq__(self, o):\n        while True: print('x')\nA() == 1",
]
RESULT: Final = [
    "x = []\nx.append(x)\nx",
    "x = {}\nx['x'] = x\nx",
    "a, b = [], []\na.append(b)\nb.append(a)\na",
    "x = 1\nfor _ in range(500): x = [x]\nx",
    "x = 1\nfor _ in range(100_000): x = [x]\nx",
    "x = {}\nfor _ in range(300): x = {'a': x}\nx",
    "x = [0]\nfor _ in range(30): x = [x, x]\nx",
    "x = ['a']\nfor _ in range(10): x = [x] * 10\nx",
    "x = {'a': 1}\nfor _ in range(40): x = {'l': x, 'r': x}\nx",
    "x = 'a' * 10 ** 5\nreturn [x] * 1000",
    "list(range(10 ** 6))",
    "'x' * 10 ** 7",
    "{str(i): i for i in range(300_000)}",
    "x = 10 ** 5000\nx",
    "x = [-10 ** 4300]\nx",
    "x = 1e400\nx",
    "float('nan')",
    "[1, {'a': [float('-inf')]}]",
    "{1, 2}",
    "{'a': b'x'}",
    "{1: 'x'}",
    "{None: 1}",
    "{(1, 2): 3}",
    "x = '\\ud800'\nx",
    "{'\\udfff': 1}",
    "(x for x in [1])",
    "lambda: 1",
    "print",
    "range(10 ** 12)",
    "import math\nmath",
    "import datetime\ndatetime.date.today()",
    "import decimal\ndecimal.Decimal(1)",
    "class A: pass\nA()",
    "class A(dict):\n    def items(self):\n        while True: yield ('a', self)\nx = A(a=1)\nx['b'] = {1}\nx",
    "object()",
    "1j",
    "...",
]
CRASHES: Final = [
    "g = iter([])\nfor _ in range(200_000):\n    g = map(str, g)\nlist(g)",
    "g = iter([])\nfor _ in range(200_000):\n    g = filter(None, g)\nnext(g, 0)",
    "import itertools\nx = iter([])\nfor _ in range(300_000):\n    x = itertools.chain(x)\nlist(x)",
]
RECURSION: Final = [
    "def f(n):\n    return f(n + 1)\nf(0)",
    "f = lambda: f()\nf()",
    "def a(): return b()\ndef b(): return a()\na()",
    "class A:\n    def __eq__(self, o):\n        return self == o\nA() == A()",
    "class A:\n    @property\n    def x(self): return self.x\nA().x",
    "import json\nx = []\nfor _ in range(10_000): x = [x]\njson.dumps(x)",
    "import json\njson.loads('[' * 100_000)",
    "x = []\nfor _ in range(10_000): x = [x]\nrepr(x)",
    "from functools import reduce\nf = reduce(lambda f, _: lambda: f(), range(5000), lambda: 1)\nf()",
]

ATTACKS: Final = {
    "time_limit": TIME,
    "memory_limit": MEMORY,
    "output_limit": OUTPUT,
    "result_refused": RESULT,
    "sandbox_crashed": CRASHES,
    "RecursionError": RECURSION,
}
EVERY: Final = [(kind, source) for kind, sources in ATTACKS.items() for source in sources]


@pytest.fixture(scope="module")
def short(serving: Any) -> Iterator[Any]:
    """A desk with little time."""
    with serving(Code(Limits(time=0.15))) as desk:
        yield desk


@pytest.fixture(scope="module")
def outcomes(short: Any, small: Any) -> dict[str, Any]:
    """What every attack came to; after each, a block that is none gives its value in the same process."""

    async def attack(desk: Any, source: str) -> Any:
        try:
            return await desk.code._run(desk.block(source))
        except TaskFailed as error:
            assert await desk.code._run(desk.block("x = 1\nx")) == 1
            return error

    async def run(desk: Any, wanted: bool) -> list[Any]:
        return await asyncio.gather(
            *(attack(desk, source) for kind, source in EVERY if (kind == "time_limit") is wanted)
        )

    found = [*short.runner.run(run(short, True)), *small.runner.run(run(small, False))]
    return dict(zip((source for _, source in EVERY), found, strict=True))


@pytest.mark.parametrize(("kind", "source"), EVERY)
def test_an_attack_fails_by_its_name(outcomes: dict[str, Any], kind: str, source: str) -> None:
    failure = outcomes[source]
    assert isinstance(failure, TaskFailed), f"it came to {failure!r:.200}"
    assert failure.type == kind


def test_there_are_enough_of_them() -> None:
    assert len(EVERY) == len({source for _, source in EVERY}) > 120

# ruff: noqa: E501
"""What people and language models write first, each with the value that they expect."""

from typing import Any

import pytest

ORDERS = [
    {"id": 1, "customer": "ann", "total": 30.0, "tags": ["new"]},
    {"id": 2, "customer": "bob", "total": 12.5, "tags": []},
    {"id": 3, "customer": "ann", "total": 7.5, "tags": ["new", "gift"]},
]
NAMES = {"text": "the site is down, the site is slow", "orders": ORDERS, "n": 5, "price": 9.99, "name": "Ada"}

CASES: list[tuple[str, Any]] = [
    # one expression
    ("text.upper()", "THE SITE IS DOWN, THE SITE IS SLOW"),
    ("len(orders)", 3),
    ("orders[0]['customer']", "ann"),
    ("[o['id'] for o in orders if o['total'] > 10]", [1, 2]),
    ("{o['id']: o['total'] for o in orders}[2]", 12.5),
    ("sum(o['total'] for o in orders)", 50.0),
    ("sorted(orders, key=lambda o: o['total'])[0]['id']", 3),
    ("max(orders, key=lambda o: o['total'])['customer']", "ann"),
    ("f'{name} owes {price:.1f}'", "Ada owes 10.0"),
    ("', '.join(sorted({o['customer'] for o in orders}))", "ann, bob"),
    ("list(map(str.upper, ['a', 'b']))", ["A", "B"]),
    ("list(zip([1, 2], ['a', 'b']))", [[1, "a"], [2, "b"]]),
    ("dict(a=1, **{'b': 2})", {"a": 1, "b": 2}),
    ("any('gift' in o['tags'] for o in orders)", True),
    ("'%s is %d' % (name, n)", "Ada is 5"),
    ("round(price * n, 1)", 50.0),
    ("text.count('site') if n > 3 else 0", 2),
    ("(lambda a, b=2: a ** b)(n)", 25),
    ("[*range(3), *'ab']", [0, 1, 2, "a", "b"]),
    ("list(reversed([1, 2, 3]))[::2]", [3, 1]),
    ("divmod(17, 5)", [3, 2]),
    ("''.join(chr(ord(c) + 1) for c in 'HAL')", "IBM"),
    ("'é'.encode().hex()", "c3a9"),
    ("isinstance(n, (int, float)) and not isinstance(n, bool)", True),
    ("next((o for o in orders if o['id'] == 9), None)", None),
    ("type(n) is int", True),
    ("hasattr('x', 'upper'), hasattr('x', 'nope')", [True, False]),
    ("inputs['ticket']['title']", "T1"),
    # statements
    ("total = 0\nfor o in orders:\n    total += o['total']\ntotal", 50.0),
    ("counts = {}\nfor w in text.split():\n    counts[w] = counts.get(w, 0) + 1\nreturn counts['site']", 2),
    ("counts = {}\nfor o in orders:\n    counts.setdefault(o['customer'], []).append(o['id'])\ncounts", {"ann": [1, 3], "bob": [2]}),
    ("by = {'ann': 0, 'bob': 0}\nfor o in orders:\n    by[o['customer']] += o['total']\nby", {"ann": 37.5, "bob": 12.5}),
    ("x: int = 3\ny: list[int] = [x]\nreturn y", [3]),
    ("def f(n: int) -> int:\n    return 1 if n < 2 else n * f(n - 1)\nreturn f(n)", 120),
    ("a, (b, *c) = 1, (2, 3, 4)\n[a, b, c]", [1, 2, [3, 4]]),
    ("for i, (k, v) in enumerate({'a': 1}.items()):\n    out = [i, k, v]\nout", [0, "a", 1]),
    ("a = b = [1]\na[0] = 2\nb", [2]),
    ("n = n + 1\nn", 6),
    ("xs = [3, 1, 2]\nxs.sort(reverse=True)\nxs", [3, 2, 1]),
    ("m = [[0] * 2 for _ in range(2)]\nm[0][1] += 5\nm", [[0, 5], [0, 0]]),
    ("d = {'a': {'b': 1}}\nd['a']['b'] *= 10\ndel d['a']['b']\nd", {"a": {}}),
    ("try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    r = str(e)\nfinally:\n    done = True\n[r, done]", ["division by zero", True]),
    ("try:\n    int('x')\nexcept (ValueError, TypeError):\n    out = -1\nelse:\n    out = 1\nreturn out", -1),
    ("i = 0\nwhile True:\n    i += 1\n    if i == 3: continue\n    if i > 5: break\nelse:\n    i = 0\ni", 6),
    ("if n > 3:\n    label = 'big'\nelif n > 1:\n    label = 'mid'\nelse:\n    label = 'small'\nlabel", "big"),
    ("if (k := len(orders)) > 2:\n    return k", 3),
    ("def gen(k):\n    for i in range(k):\n        yield i * i\nlist(gen(4))", [0, 1, 4, 9]),
    ("def gen():\n    yield from [1, 2]\nreturn sum(gen())", 3),
    ("def outer():\n    seen = {'n': 0}\n    def inner():\n        seen['n'] += 1\n        return seen['n']\n    inner()\n    return inner()\nouter()", 2),
    ("assert n == 5, 'five'\n'ok'", "ok"),
    ("xs = [1, 2, 3, 4]\nxs[1:3] = [9]\nxs", [1, 9, 4]),
    ("s = set()\ns |= {1}\ns.add(2)\nsorted(s)", [1, 2]),
    ("def f(*args, **kw):\n    return [args, kw]\nf(*[1, 2], **{'a': 3})", [[1, 2], {"a": 3}]),
    ("result = n * 2", 10),
    ("print('working')\nresult = n", 5),
    ("result = n\nprint(result)", 5),
    ("result = []\nfor o in orders:\n    result.append(o['id'])", [1, 2, 3]),
    ("pass", None),
    ("", None),
    ("# only a comment", None),
    # classes
    ("class P:\n    kind = 'p'\n    def __init__(self, x):\n        self.x = x\n    def double(self):\n        return self.x * 2\np = P(4)\np.x += 1\n[p.double(), P.kind]", [10, "p"]),
    ("class Stack(list):\n    def top(self):\n        return self[-1]\ns = Stack()\ns.append(7)\ns.top()", 7),
    ("class E(Exception):\n    def __init__(self, code):\n        self.code = code\ntry:\n    raise E(42)\nexcept E as e:\n    out = e.code\nout", 42),
    ("class T:\n    @property\n    def size(self):\n        return 3\n    @staticmethod\n    def up(x):\n        return x + 1\n    @classmethod\n    def make(cls):\n        return cls()\n[T.make().size, T.up(1)]", [3, 2]),
    ("class V:\n    def __init__(self, n):\n        self.n = n\n    def __lt__(self, o):\n        return self.n < o.n\n[v.n for v in sorted([V(2), V(1)])]", [1, 2]),
    # modules
    ("import math\nmath.floor(math.sqrt(17))", 4),
    ("from math import pi as p, ceil\nceil(p)", 4),
    ("import json\njson.loads(json.dumps({'a': [1, None]}))", {"a": [1, None]}),
    ("import json\ntry:\n    json.loads('{')\nexcept json.JSONDecodeError as e:\n    out = e.pos\nout", 1),
    ("import re\nre.findall(r'\\w+', text)[:2]", ["the", "site"]),
    ("import re\nm = re.match(r'(?P<a>\\w+) (\\w+)', text)\n[m.group(2), m.groupdict(), m.span()]", ["site", {"a": "the"}, [0, 8]]),
    ("import re\nre.sub('s(i)te', lambda m: m.group(1), text)", "the i is down, the i is slow"),
    ("from datetime import datetime, timedelta\nd = datetime(2026, 1, 31, 12, 0)\n(d + timedelta(days=1)).strftime('%Y-%m-%d %A')", "2026-02-01 Sunday"),
    ("import datetime\ndatetime.datetime.strptime('01/02/2026', '%d/%m/%Y').date().isoformat()", "2026-02-01"),
    ("import datetime as dt\ndt.datetime.fromisoformat('2026-01-01T00:00:00+08:00').astimezone(dt.timezone.utc).hour", 16),
    ("import statistics\n[statistics.mean([1, 2, 6]), statistics.median([1, 5, 2])]", [3, 2]),
    ("from itertools import groupby, chain, islice, count\n[[k, len(list(g))] for k, g in groupby('aab')] + list(chain([1], islice(count(5), 2)))", [["a", 2], ["b", 1], 1, 5, 6]),
    ("import functools\nfunctools.reduce(lambda a, b: a * b, range(1, 5))", 24),
    ("from functools import lru_cache\n@lru_cache(maxsize=None)\ndef fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\nfib(60)", 1548008755920),
    ("from functools import wraps\ndef twice(f):\n    @wraps(f)\n    def g(*a):\n        return f(f(*a))\n    return g\n@twice\ndef inc(x):\n    return x + 1\ninc(1)", 3),
    ("from collections import Counter\nCounter(text.split()).most_common(1)", [["the", 2]]),
    ("from collections import Counter\nc = Counter()\nfor w in 'a b a'.split():\n    c[w] += 1\nreturn c", {"a": 2, "b": 1}),
    ("from collections import defaultdict\nd = defaultdict(list)\nfor o in orders:\n    d[o['customer']].append(o['id'])\nreturn d", {"ann": [1, 3], "bob": [2]}),
    ("from collections import deque, namedtuple\nP = namedtuple('P', 'x y')\nq = deque([P(1, 2)], maxlen=3)\nq.append(P(3, 4))\n[p.x for p in q] + list(q[0])", [1, 3, 1, 2]),
    ("import random\nrandom.seed(7)\na = random.random()\nrandom.seed(7)\na == random.random()", True),
    ("from random import Random\nr = Random(3)\nsorted(r.sample(range(10), 10)) == list(range(10))", True),
    ("import string\nstring.ascii_lowercase[:3] + string.capwords('a b')", "abcA B"),
    ("from string import Template\nTemplate('Hi $who').substitute(who=name)", "Hi Ada"),
    ("import textwrap\ntextwrap.shorten('a long sentence here', 10, placeholder='…')", "a long…"),
    ("from decimal import Decimal, ROUND_HALF_UP\nstr(Decimal('2.675').quantize(Decimal('0.01'), rounding=ROUND_HALF_UP))", "2.68"),
    ("from decimal import Decimal, getcontext\ngetcontext().prec = 5\nstr(Decimal(1) / 3)", "0.33333"),
    ("from fractions import Fraction\nf = Fraction(1, 3) + Fraction(1, 6)\n[f.numerator, f.denominator]", [1, 2]),
    ("import uuid\nlen(str(uuid.uuid4())), uuid.uuid5(uuid.NAMESPACE_DNS, 'x').version", [36, 5]),
    ("import hashlib\nhashlib.sha256(name.encode()).hexdigest()[:8]", "99a563ab"),
    ("import base64\nbase64.b64encode(b'hi').decode()", "aGk="),
    ("import html\nhtml.escape('<a>')", "&lt;a&gt;"),
    ("import urllib.parse\nurllib.parse.urlparse('https://x.org/p?q=1').netloc", "x.org"),
    ("from urllib.parse import urlencode, parse_qs\nparse_qs(urlencode({'a': 'b c'}))", {"a": ["b c"]}),
    ("import urllib.parse as up\nup.quote('a b')", "a%20b"),
    ("from urllib import parse\nparse.unquote('a%20b')", "a b"),
    ("'日本'.encode('gbk').decode('gbk') + '日'.encode('utf-16-le').hex()", "日本e565"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), CASES, ids=range(len(CASES)))
def test_a_snippet_gives_the_value_that_its_author_expects(desk: Any, source: str, expected: Any) -> None:
    assert desk.value(source, NAMES, inputs={"ticket": {"title": "T1"}}) == expected


@pytest.mark.parametrize("source", [source for source, _ in CASES], ids=range(len(CASES)))
def test_check_finds_nothing_in_a_snippet(desk: Any, source: str) -> None:
    assert list(desk.code.check(desk.block(source).content)) == []

# ruff: noqa: E501
"""What ordinary users and language models write, longer and wider than the first snippets: each works as in Python."""

import asyncio
from typing import Any, Final

import pytest

ROWS: Final = [
    {"name": "Ann", "dept": "eng", "salary": 5200, "skills": ["py", "go"], "start": "2021-03-15"},
    {"name": "Bob", "dept": "ops", "salary": 4100, "skills": ["bash"], "start": "2019-11-02"},
    {"name": "Cid", "dept": "eng", "salary": 6100, "skills": ["py", "sql", "go"], "start": "2023-07-30"},
    {"name": "Dee", "dept": None, "salary": 3900, "skills": [], "start": "2022-01-10"},
]
TEXT: Final = "The quick brown fox jumps over the lazy dog. The dog sleeps; the fox runs!\nMail: ann@x.org, bob@y.net"
SEEN: Final = {
    "rows": ROWS,
    "text": TEXT,
    "n": 7,
    "matrix": [[1, 2, 3], [4, 5, 6]],
    "data": {"a": {"b": [10, 20]}},
    "none": None,
}

EXPRESSIONS: Final[list[tuple[str, Any]]] = [
    ("text.split()[0].lower()", "the"),
    ("text[:9][::-1]", "kciuq ehT"),
    ("text.replace('fox', 'cat').count('cat')", 2),
    ("text.splitlines()[-1].startswith('Mail')", True),
    ("text.find('zebra')", -1),
    ("'fox' in text and 'cat' not in text", True),
    ("' a b '.strip().title().center(9, '*')", "***A B***"),
    ("'a,b,,c'.split(',')", ["a", "b", "", "c"]),
    ("'k=v=w'.partition('=')", ["k", "=", "v=w"]),
    ("'-'.join(str(i) for i in range(4))", "0-1-2-3"),
    ("'{' + 'x' + '}'", "{x}"),
    ("'%05.2f|%-6s|%+d|%x' % (3.14159, 'ab', 7, 255)", "03.14|ab    |+7|ff"),
    ("'%(a)s-%(b)03d' % {'a': 'x', 'b': 5}", "x-005"),
    ("f'{n:>4}|{n:<4}|{n:^4}|{n:04d}|{n:,}'", "   7|7   | 7  |0007|7"),
    ("f'{1234567.891:,.2f} {0.256:.1%} {255:#x} {5:b}'", "1,234,567.89 25.6% 0xff 101"),
    ("f'{n=} {text[:3]!r} {{literal}}'", "n=7 'The' {literal}"),
    ("f\"{', '.join(r['name'] for r in rows)}\"", "Ann, Bob, Cid, Dee"),
    ("f'{rows[0][\"name\"]:>{n}}'", "    Ann"),
    ("'Straße'.casefold() == 'STRASSE'.casefold()", True),
    ("'中文字符'[1:3] + 'é'.upper()", "文字É"),
    ("'tab\\tnew\\nline'.expandtabs(4).splitlines()", ["tab new", "line"]),
    ("'abc'.translate(str.maketrans('ab', 'xy'))", "xyc"),
    ("'file.tar.gz'.removesuffix('.gz').rsplit('.', 1)", ["file", "tar"]),
    ("'12'.zfill(5), '12'.isdigit(), 'a1'.isalnum(), 'a b'.isidentifier()", ["00012", True, True, False]),
    ("[c for c in 'hello' if c not in 'aeiou']", ["h", "l", "l"]),
    ("[r['name'] for r in rows if r['salary'] > 4000 and r['dept'] == 'eng']", ["Ann", "Cid"]),
    ("sum(r['salary'] for r in rows) / len(rows)", 4825.0),
    ("sorted(rows, key=lambda r: (-len(r['skills']), r['name']))[0]['name']", "Cid"),
    ("sorted({s for r in rows for s in r['skills']})", ["bash", "go", "py", "sql"]),
    ("{r['name']: len(r['skills']) for r in rows if r['skills']}", {"Ann": 2, "Bob": 1, "Cid": 3}),
    ("{**data, 'c': 1, 'a': 0}", {"a": 0, "c": 1}),
    ("data | {'z': 26}", {"a": {"b": [10, 20]}, "z": 26}),
    ("data.get('x', {}).get('y', 'default')", "default"),
    ("data['a']['b'][-1]", 20),
    ("[*matrix[0], *matrix[1]]", [1, 2, 3, 4, 5, 6]),
    ("[list(col) for col in zip(*matrix)]", [[1, 4], [2, 5], [3, 6]]),
    ("[[x * 2 for x in row] for row in matrix]", [[2, 4, 6], [8, 10, 12]]),
    ("[x for row in matrix for x in row if x % 2]", [1, 3, 5]),
    ("dict(zip(['a', 'b'], [1, 2]))", {"a": 1, "b": 2}),
    ("list(enumerate('ab', start=1))", [[1, "a"], [2, "b"]]),
    ("max(rows, key=lambda r: r['salary'])['name'], min([3, 1, 2]), max(1, 5, 3), max([], default=0)", ["Cid", 1, 5, 0]),
    ("all(r['salary'] > 0 for r in rows), any(r['dept'] is None for r in rows)", [True, True]),
    ("list(filter(None, [0, 1, '', 'x', None]))", [1, "x"]),
    ("list(map(lambda a, b: a + b, [1, 2], [3, 4]))", [4, 6]),
    ("list(range(10, 0, -3)), list(range(3))", [[10, 7, 4, 1], [0, 1, 2]]),
    ("abs(-3), round(2.567, 2), round(2.5), pow(2, 10), pow(3, 4, 5), divmod(-7, 2)", [3, 2.57, 2, 1024, 1, [-4, 1]]),
    ("int('42'), int('ff', 16), float('1e3'), str(12), bool(''), int(3.9)", [42, 255, 1000.0, "12", False, 3]),
    ("bin(5), hex(255), oct(8), chr(65), ord('a'), ascii('é'), repr('x')", ["0b101", "0xff", "0o10", "A", 97, "'\\xe9'", "'x'"]),
    ("7 // 2, 7 % 3, -7 // 2, 2 ** 10, 7 / 2, 1_000_000, 0x1F, 0b11, 1e-3", [3, 1, -4, 1024, 3.5, 1000000, 31, 3, 0.001]),
    ("5 & 3, 5 | 3, 5 ^ 3, ~5, 1 << 4, 256 >> 2", [1, 7, 6, -6, 16, 64]),
    ("1 < n <= 7 != 8", True),
    ("'big' if n > 5 else 'small'", "big"),
    ("none or 'fallback', none is None, not none", ["fallback", True, True]),
    ("(lambda x, *rest, key=2, **more: [x, rest, key, more])(1, 5, key=3, z=4)", [1, [5], 3, {"z": 4}]),
    ("isinstance([], (list, tuple)), isinstance(True, int), callable(len), type('x') == str", [True, True, True, True]),
    ("[i for i, c in enumerate('banana') if c == 'a']", [1, 3, 5]),
    ("len(set(text.lower().split()))", 14),
    ("sorted('banana', reverse=True)", ["n", "n", "b", "a", "a", "a"]),
    ("set('abc') & set('bcd') == {'b', 'c'}, {1, 2} | {3} == {1, 2, 3}, {1, 2} - {2} == {1}, {1} <= {1, 2}", [True, True, True, True]),
    ("tuple([1, 2]) + (3,), (1, 2) < (1, 3), (1,) * 3", [[1, 2, 3], True, [1, 1, 1]]),
    ("[1, 2, 3].index(2), [1, 1, 2].count(1), [3, 1][::-1], [0] * 3", [1, 2, [1, 3], [0, 0, 0]]),
    ("b'abc'[0], bytes([104, 105]).decode(), 'h\\u00e9'.encode('utf-8').hex(), int.from_bytes(b'\\x01\\x00', 'big')", [97, "hi", "68c3a9", 256]),
    ("sum([[1], [2]], []), sum(x ** 2 for x in range(4))", [[1, 2], 14]),
    ("next(iter({'only': 1})), next((x for x in [] if x), 'none')", ["only", "none"]),
    ("list(reversed('abc')), list(dict.fromkeys('abca'))", [["c", "b", "a"], ["a", "b", "c"]]),
    ("(3).bit_length(), (2.0).is_integer(), 0.1 + 0.2 == 0.3, 3.0 == 3", [2, True, False, True]),
    ("hash('a') == hash('a'), slice(1, 2).start, getattr('x', 'upper')(), getattr(1, 'nope', 'd')", [True, 1, "X", "d"]),
    ("inputs['n'] + len(inputs)", 13),
]  # fmt: skip

STATEMENTS: Final[list[tuple[str, Any]]] = [
    ("word_count = {}\nfor word in text.lower().split():\n    word = word.strip('.,;!')\n    if word in word_count:\n        word_count[word] += 1\n    else:\n        word_count[word] = 1\nresult = word_count['the']", 4),
    ("by_dept = {}\nfor row in rows:\n    by_dept.setdefault(row['dept'] or 'none', []).append(row['name'])\nby_dept", {"eng": ["Ann", "Cid"], "ops": ["Bob"], "none": ["Dee"]}),
    ("totals = {'eng': 0, 'ops': 0}\nfor row in rows:\n    if row['dept'] not in totals:\n        continue\n    totals[row['dept']] += row['salary']\nreturn totals", {"eng": 11300, "ops": 4100}),
    ("for row in rows:\n    row['salary'] = int(row['salary'] * 1.1)\n    row.pop('skills', None)\n    del row['start']\nrows[1]", {"name": "Bob", "dept": "ops", "salary": 4510}),
    ("total: float = 0.0\ncount: int = 0\nnames: list[str] = []\nfor row in rows:\n    total += row['salary']\n    count += 1\n    names.append(row['name'])\naverage = total / count if count else 0\nresult = {'average': average, 'names': names}", {"average": 4825.0, "names": ["Ann", "Bob", "Cid", "Dee"]}),
    ("def fib(n: int) -> int:\n    '''The n-th Fibonacci number.'''\n    a, b = 0, 1\n    for _ in range(n):\n        a, b = b, a + b\n    return a\n\n[fib(i) for i in range(8)]", [0, 1, 1, 2, 3, 5, 8, 13]),
    ("def is_prime(k):\n    if k < 2:\n        return False\n    for d in range(2, int(k ** 0.5) + 1):\n        if k % d == 0:\n            return False\n    return True\nreturn [k for k in range(20) if is_prime(k)]", [2, 3, 5, 7, 11, 13, 17, 19]),
    ("def flatten(x):\n    for item in x:\n        if isinstance(item, list):\n            yield from flatten(item)\n        else:\n            yield item\nlist(flatten([1, [2, [3, [4]], 5]]))", [1, 2, 3, 4, 5]),
    ("def quicksort(xs):\n    if len(xs) <= 1:\n        return xs\n    p, *rest = xs\n    return quicksort([x for x in rest if x < p]) + [p] + quicksort([x for x in rest if x >= p])\nquicksort([3, 6, 1, 8, 2])", [1, 2, 3, 6, 8]),
    ("def binary_search(xs, target):\n    low, high = 0, len(xs) - 1\n    while low <= high:\n        mid = (low + high) // 2\n        if xs[mid] == target:\n            return mid\n        elif xs[mid] < target:\n            low = mid + 1\n        else:\n            high = mid - 1\n    return -1\nbinary_search([1, 3, 5, 7, 9], 7)", 3),
    ("def gcd(a, b):\n    while b:\n        a, b = b, a % b\n    return a\ngcd(48, 36)", 12),
    ("def counter():\n    state = {'n': 0}\n    def step(by=1):\n        state['n'] += by\n        return state['n']\n    return step\nc = counter()\nc()\nc(by=5)", 6),
    ("def timed(f):\n    calls = []\n    def wrapper(*args, **kwargs):\n        calls.append(args)\n        return f(*args, **kwargs)\n    return wrapper, calls\nadd, calls = timed(lambda a, b: a + b)\nadd(1, 2)\nadd(b=3, a=1)\ncalls", [[1, 2], []]),
    ("def f(a, b=2, /, c=3, *, d=4):\n    return [a, b, c, d]\nf(1, d=9)", [1, 2, 3, 9]),
    ("def safe_div(a, b):\n    try:\n        return a / b\n    except ZeroDivisionError:\n        return None\n    except TypeError as error:\n        return str(error)\n[safe_div(1, 0), safe_div(4, 2), safe_div('a', 1)]", [None, 2.0, "unsupported operand type(s) for /: 'str' and 'int'"]),
    ("try:\n    value = data['missing']\nexcept KeyError as e:\n    value = f'no {e}'\nvalue", "no 'missing'"),
    ("try:\n    raise ValueError('bad', 42)\nexcept ValueError as e:\n    got = e.args\ngot", ["bad", 42]),
    ("log = []\ntry:\n    log.append('try')\n    int('x')\nexcept ValueError:\n    log.append('except')\nelse:\n    log.append('else')\nfinally:\n    log.append('finally')\nlog", ["try", "except", "finally"]),
    ("try:\n    try:\n        1 / 0\n    except ZeroDivisionError as e:\n        raise RuntimeError('wrapped') from e\nexcept RuntimeError as e:\n    out = str(e)\nout", "wrapped"),
    ("try:\n    [][0]\nexcept (KeyError, IndexError):\n    out = 'caught'\nout", "caught"),
    ("try:\n    assert n > 100, f'{n} is too small'\nexcept AssertionError as e:\n    out = str(e)\nout", "7 is too small"),
    ("for i in range(2, 10):\n    if n % i == 0:\n        found = i\n        break\nelse:\n    found = None\nfound", 7),
    ("i = 10\nsteps = 0\nwhile i != 1:\n    i = i // 2 if i % 2 == 0 else 3 * i + 1\n    steps += 1\nsteps", 6),
    ("while (n := n - 2) > 0:\n    pass\nn", -1),
    ("if not (m := [r for r in rows if r['salary'] > 9000]):\n    out = 'nobody'\nelse:\n    out = m[0]['name']\nout", "nobody"),
    ("first, *middle, last = [1, 2, 3, 4]\n(a, b), c = (1, 2), 3\nx = y = 5\nx, y = y + 1, x\n[first, middle, last, a, b, c, x, y]", [1, [2, 3], 4, 1, 2, 3, 6, 5]),
    ("xs = [5, 2, 9]\nxs.sort()\nxs.insert(0, 1)\nxs.extend([10, 11])\nxs.remove(9)\nxs[1:3] = [7]\nxs.pop()\nxs.reverse()\nxs += [0]\nxs", [10, 7, 1, 0]),
    ("xs = list(range(6))\ndel xs[::2]\nxs[0] *= 10\nxs[-1] -= 1\nxs", [10, 3, 4]),
    ("xs = [1, 2, 3, 4]\nxs[1:3] += [9]\nxs", [1, 2, 3, 9, 4]),
    ("grid = [[0] * 3 for _ in range(2)]\nfor y in range(2):\n    for x in range(3):\n        grid[y][x] = y * 3 + x\ngrid[1][2] += 100\ngrid", [[0, 1, 2], [3, 4, 105]]),
    ("d = {'a': 1}\nd['b'] = 2\nd.update(c=3)\nd['a'] //= 1\nd['l'] = []\nd['l'] += [1]\nremoved = d.pop('b')\nfor k, v in sorted(d.items(), key=lambda kv: kv[0]):\n    last = k\n[removed, list(d), last, 'a' in d, len(d)]", [2, ["a", "c", "l"], "l", True, 3]),
    ("points = {}\npoints[0, 1] = 'a'\npoints[0, 1] += 'b'\n[list(k) + [v] for k, v in points.items()]", [[0, 1, "ab"]]),
    ("nested = {}\nfor row in rows:\n    nested.setdefault(row['dept'], {}).setdefault('names', []).append(row['name'])\nnested['eng']['names']", ["Ann", "Cid"]),
    ("s = set()\nfor row in rows:\n    s.update(row['skills'])\ns.discard('go')\ns |= {'c'}\ns &= {'c', 'py', 'sql'}\nsorted(s)", ["c", "py", "sql"]),
    ("lines = []\nfor i, row in enumerate(rows, 1):\n    lines.append(f\"{i}. {row['name']:<5}{row['salary']:>6}\")\n'\\n'.join(lines)", "1. Ann    5200\n2. Bob    4100\n3. Cid    6100\n4. Dee    3900"),
    ("out = ''\nfor ch in 'Hello':\n    if ch.isupper():\n        out += ch.lower()\n    else:\n        out += ch.upper()\nout", "hELLO"),
    ("print('start')\nvalue = n * 2\nprint('value:', value, sep=' ', end='!\\n')\nvalue", 14),
    ("def main():\n    return n + 1\n\nresult = main()", 8),
    ("def helper(x):\n    return x * n\n\ndef main():\n    return [helper(i) for i in range(3)]\n\nreturn main()", [0, 7, 14]),
    ("'''A docstring first.'''\n\n# a comment\nx = 1  # another\nx", 1),
    ("x = (\n    1\n    + 2\n)\ny = [\n    x,\n    x * 2,\n]\ny", [3, 6]),
    ("x = 1; y = 2; x + y", 3),
    ("a = 5 if n else 6\nb = [1, 2][n > 3]\nc = n and 'yes' or 'no'\n[a, b, c]", [5, 2, "yes"]),
    ("def gen():\n    received = []\n    while True:\n        x = yield len(received)\n        if x is None:\n            return\n        received.append(x)\ng = gen()\nnext(g)\ng.send('a')\ng.send('b')", 2),
    ("squares = (i * i for i in range(3))\n[next(squares), list(squares)]", [0, [1, 4]]),
    ("ops = {'+': lambda a, b: a + b, '*': lambda a, b: a * b}\nops['*'](6, 7)", 42),
    ("handlers = {}\ndef on(name):\n    def add(f):\n        handlers[name] = f\n        return f\n    return add\n@on('hi')\ndef greet(who):\n    return f'hi {who}'\nhandlers['hi']('Ann')", "hi Ann"),
    ("stack = []\nfor token in '3 4 + 2 *'.split():\n    if token.isdigit():\n        stack.append(int(token))\n    else:\n        b, a = stack.pop(), stack.pop()\n        stack.append(a + b if token == '+' else a * b)\nstack[0]", 14),
    ("seen, order = set(), []\nfor x in [3, 1, 3, 2, 1]:\n    if x not in seen:\n        seen.add(x)\n        order.append(x)\norder", [3, 1, 2]),
    ("memo = {}\ndef ways(k):\n    if k in memo:\n        return memo[k]\n    memo[k] = 1 if k < 2 else ways(k - 1) + ways(k - 2)\n    return memo[k]\nways(50)", 20365011074),
    ("graph = {'a': ['b', 'c'], 'b': ['d'], 'c': ['d'], 'd': []}\nqueue, visited = ['a'], []\nwhile queue:\n    node = queue.pop(0)\n    if node in visited:\n        continue\n    visited.append(node)\n    queue.extend(graph[node])\nvisited", ["a", "b", "c", "d"]),
    ("def chunks(xs, size):\n    return [xs[i:i + size] for i in range(0, len(xs), size)]\nchunks(list(range(5)), 2)", [[0, 1], [2, 3], [4]]),
    ("def deep_get(d, path, default=None):\n    for key in path.split('.'):\n        if not isinstance(d, dict) or key not in d:\n            return default\n        d = d[key]\n    return d\n[deep_get(data, 'a.b'), deep_get(data, 'a.x', 0)]", [[10, 20], 0]),
    ("record = dict(id=1, **{'tags': ['x']})\ncopy = {**record}\ncopy['id'] = 2\n[record['id'], copy['id'], record == copy]", [1, 2, False]),
    ("csv = 'name,age\\nAnn,30\\nBob,25'\nheader, *body = csv.splitlines()\nkeys = header.split(',')\n[dict(zip(keys, line.split(','))) for line in body]", [{"name": "Ann", "age": "30"}, {"name": "Bob", "age": "25"}]),
    ("temps = [20.5, 22.1, 19.8]\nresult = {'min': min(temps), 'max': max(temps), 'mean': round(sum(temps) / len(temps), 2)}", {"min": 19.8, "max": 22.1, "mean": 20.8}),
    ("result = None\nfor row in rows:\n    if row['name'] == 'Cid':\n        result = row\n        break\nresult['salary']", 6100),
    ("printed = 'a name like any other'\nprint(printed)\nprinted", "a name like any other"),
    ("_, second, _ = 1, 2, 3\nfor _ in range(2):\n    second *= 2\nsecond", 8),
    ("list = [1, 2]\nsum = 0\nfor x in list:\n    sum += x\nsum", 3),
    ("id = 5\ninput = 'x'\n[id, input]", [5, "x"]),
    ("def apply(f, *args):\n    return f(*args)\napply(max, 1, 2, 3)", 3),
    ("x = 10\ndef f():\n    x = 20\n    return x\n[f(), x]", [20, 10]),
    ("funcs = [lambda i=i: i * 10 for i in range(3)]\n[f() for f in funcs]", [0, 10, 20]),
    ("if n == 1:\n    kind = 'one'\nelif n in (5, 7):\n    kind = 'odd'\nelse:\n    kind = 'other'\nreturn {'kind': kind}", {"kind": "odd"}),
]  # fmt: skip

CLASSES: Final[list[tuple[str, Any]]] = [
    ("class Account:\n    rate = 0.05\n    def __init__(self, owner, balance=0):\n        self.owner = owner\n        self.balance = balance\n        self.log = []\n    def deposit(self, amount):\n        if amount <= 0:\n            raise ValueError('amount must be positive')\n        self.balance += amount\n        self.log.append(('deposit', amount))\n        return self\na = Account('Ann', 10)\na.deposit(5).deposit(7)\n{'balance': a.balance, 'log': a.log, 'rate': Account.rate}", {"balance": 22, "log": [["deposit", 5], ["deposit", 7]], "rate": 0.05}),
    ("class Shape:\n    def area(self):\n        raise NotImplementedError\nclass Square(Shape):\n    def __init__(self, side):\n        self.side = side\n    def area(self):\n        return self.side ** 2\n[s.area() for s in [Square(2), Square(3)]] + [isinstance(Square(1), Shape), issubclass(Square, Shape)]", [4, 9, True, True]),
    ("class NotEnough(Exception):\n    pass\ndef pay(k):\n    if k > 5:\n        raise NotEnough(f'need {k}')\n    return k\ntry:\n    pay(9)\nexcept NotEnough as e:\n    out = str(e)\nout", "need 9"),
    ("class HttpError(Exception):\n    def __init__(self, status, message):\n        self.status = status\n        self.message = message\ntry:\n    raise HttpError(404, 'gone')\nexcept HttpError as e:\n    out = [e.status, e.message]\nout", [404, "gone"]),
    ("class Temperature:\n    def __init__(self, c):\n        self.c = c\n    @property\n    def f(self):\n        return self.c * 9 / 5 + 32\n    @f.setter\n    def f(self, value):\n        self.c = (value - 32) * 5 / 9\nt = Temperature(100)\nt.f = 50\n[t.f, t.c]", [50.0, 10.0]),
    ("class Node:\n    def __init__(self, value, next=None):\n        self.value = value\n        self.next = next\nhead = Node(1, Node(2, Node(3)))\nout = []\nnode = head\nwhile node:\n    out.append(node.value)\n    node = node.next\nout", [1, 2, 3]),
    ("class Money:\n    def __init__(self, cents):\n        self.cents = cents\n    def __eq__(self, other):\n        return self.cents == other.cents\n    def __lt__(self, other):\n        return self.cents < other.cents\n[Money(1) == Money(1), Money(2) < Money(1), min([Money(3), Money(2)]).cents]", [True, False, 2]),
    ("class Range:\n    def __init__(self, lo, hi):\n        self.lo, self.hi = lo, hi\n    def __contains__(self, x):\n        return self.lo <= x < self.hi\n[3 in Range(1, 5), 5 in Range(1, 5)]", [True, False]),
    ("class Config:\n    debug = False\n    names: list = []\n    limit: int = 5\nc = Config()\nc.debug = True\nConfig.limit = 6\nsetattr(c, 'extra', 1)\n[c.debug, Config.debug, c.limit, getattr(c, 'extra'), hasattr(c, 'nope')]", [True, False, 6, 1, False]),
    ("class Inner(dict):\n    def total(self):\n        return sum(self.values())\ni = Inner(a=1)\ni['b'] = 2\ni['b'] += 5\n[i.total(), i]", [8, {"a": 1, "b": 7}]),
    ("class Tree:\n    def __init__(self):\n        self.items = {}\n    def add(self, path):\n        node = self.items\n        for part in path.split('/'):\n            node = node.setdefault(part, {})\n        return self\nTree().add('a/b').add('a/c').items", {"a": {"b": {}, "c": {}}}),
    ("class Stack:\n    def __init__(self): self.items = []\n    def push(self, x): self.items.append(x)\n    def pop(self): return self.items.pop()\ns = Stack()\nfor c in 'abc': s.push(c)\n''.join(s.pop() for _ in range(3))", "cba"),
    ("class A:\n    @classmethod\n    def named(cls, name):\n        made = cls()\n        made.name = name\n        return made\n    @staticmethod\n    def twice(x):\n        return 2 * x\nclass B(A):\n    pass\n[B.named('b').name, A.twice(4), type(B.named('x')) is B]", ["b", 8, True]),
    ("class Base:\n    def __init__(self, x):\n        self.x = x\nclass Sub(Base):\n    def setup(self):\n        self.y = self.x + 1\n        return self\nSub(1).setup().y", 2),
    ("class Registry:\n    items = {}\n    def add(self, k, v):\n        self.items[k] = v\nRegistry().add('a', 1)\nRegistry.items", {"a": 1}),
    ("from collections import ChainMap\nclass Scope(ChainMap):\n    pass\ns = Scope({'a': 1}, {'b': 2})\n[s['a'], s['b'], len(s.maps)]", [1, 2, 2]),
    ("from functools import total_ordering\n@total_ordering\nclass V:\n    def __init__(self, n): self.n = n\n    def __eq__(self, o): return self.n == o.n\n    def __lt__(self, o): return self.n < o.n\n[V(1) <= V(2), V(3) > V(2), V(2) >= V(3)]", [True, True, False]),
]  # fmt: skip

MODULES: Final[list[tuple[str, Any]]] = [
    ("import math\n[math.ceil(1.2), math.floor(-1.2), math.gcd(12, 18), math.factorial(5), math.comb(5, 2), math.hypot(3, 4), math.prod([2, 3]), math.isnan(math.nan), round(math.log(8, 2), 9), math.isclose(0.1 + 0.2, 0.3)]", [2, -2, 6, 120, 10, 5.0, 6, True, 3.0, True]),
    ("import json\nd = json.loads('{\"a\": [1, 2.5, null, true], \"ü\": \"x\"}')\n[d, json.dumps(d, ensure_ascii=False, sort_keys=True, separators=(',', ':')), json.dumps([1], indent=2)]", [{"a": [1, 2.5, None, True], "ü": "x"}, '{"a":[1,2.5,null,true],"ü":"x"}', "[\n  1\n]"]),
    ("import json\nfrom datetime import date\njson.dumps({'d': date(2026, 1, 2)}, default=str)", '{"d": "2026-01-02"}'),
    ("import json\ntry:\n    json.loads('not json')\nexcept json.JSONDecodeError as e:\n    out = [e.msg, e.pos, e.lineno, e.colno]\nout", ["Expecting value", 0, 1, 1]),
    ("import json\ntry:\n    json.loads('{\"a\": }')\nexcept ValueError:\n    out = 'invalid'\nout", "invalid"),
    ("import re\n[re.findall(r'[\\w.]+@[\\w.]+', text), re.sub(r'\\s+', ' ', 'a  b\\n c'), bool(re.search('FOX', text, re.IGNORECASE)), re.split(r'[;,]\\s*', 'a; b,c')]", [["ann@x.org", "bob@y.net"], "a b c", True, ["a", "b", "c"]]),
    ("import re\nm = re.search(r'(?P<user>\\w+)@(?P<host>[\\w.]+)', text)\n[m.group('user'), m['host'], m.groups(), m.start(), m.end(), m.span('user')]", ["ann", "x.org", ["ann", "x.org"], 81, 90, [81, 84]]),
    ("import re\npattern = re.compile(r'(\\d+)-(\\d+)')\n[[int(a), int(b)] for a, b in pattern.findall('1-2, 30-40')] + [pattern.pattern, pattern.groups]", [[1, 2], [30, 40], "(\\d+)-(\\d+)", 2]),
    ("import re\n[m.group() + str(m.start()) for m in re.finditer('o', 'foo boo')]", ["o1", "o2", "o5", "o6"]),
    ("import re\nre.sub(r'(\\w+) (\\w+)', r'\\2 \\1', 'hello world') + re.sub('[aeiou]', lambda m: m.group().upper(), 'banana')", "world hellobAnAnA"),
    ("import re\nre.fullmatch(r'\\d{4}-\\d\\d', '2026-01') is not None and re.match('b', 'abc') is None", True),
    ("import re\nre.escape('a.b') + re.compile('^x', re.M | re.I).sub('-', 'x\\nX')", "a\\.b-\n-"),
    ("from datetime import datetime, timedelta\nstart = datetime.strptime('2026-02-27', '%Y-%m-%d')\n[(start + timedelta(days=i)).strftime('%d.%m.') for i in range(3)]", ["27.02.", "28.02.", "01.03."]),
    ("from datetime import date\nd = date(2026, 11, 24)\n[d.isoformat(), d.weekday(), d.isocalendar()[1], d.isocalendar().week, d.timetuple().tm_yday, d.replace(day=1).isoformat(), (d - date(2026, 1, 1)).days]", ["2026-11-24", 1, 48, 48, 328, "2026-11-01", 327]),
    ("import datetime\nnow = datetime.datetime.now(datetime.timezone.utc)\n[now.year > 2000, now.tzinfo is not None, isinstance(now.isoformat(), str)]", [True, True, True]),
    ("from datetime import datetime, timezone, timedelta\nt = datetime.fromisoformat('2026-03-01T12:30:00+08:00')\n[t.astimezone(timezone.utc).isoformat(), t.utcoffset().total_seconds(), int(t.timestamp()), t.hour]", ["2026-03-01T04:30:00+00:00", 28800.0, 1772339400, 12]),
    ("from datetime import datetime\nf'{datetime(2026, 1, 5, 7, 8):%Y/%m/%d %H:%M}'", "2026/01/05 07:08"),
    ("from datetime import timedelta\nd = timedelta(hours=25, minutes=3)\n[d.days, d.seconds, str(d), d > timedelta(days=1), (d / 2).total_seconds()]", [1, 3780, "1 day, 1:03:00", True, 45090.0]),
    ("from datetime import datetime as dt\n(dt(2026, 5, 1) - dt(2026, 4, 1)).days", 30),
    ("import datetime\nfor i, row in enumerate(rows):\n    row['year'] = datetime.date.fromisoformat(row['start']).year\nsorted(r['year'] for r in rows)", [2019, 2021, 2022, 2023]),
    ("import statistics as st\nxs = [2, 4, 4, 4, 5, 5, 7, 9]\n[st.mean(xs), st.median(xs), st.mode(xs), st.pstdev(xs), st.quantiles(xs, n=4)]", [5, 4.5, 4, 2.0, [4.0, 4.5, 6.5]]),
    ("from statistics import linear_regression, NormalDist\ns = linear_regression([1, 2, 3], [2, 4, 6])\n[s.slope, round(NormalDist(0, 1).cdf(0), 2)]", [2.0, 0.5]),
    ("import itertools\n[list(itertools.chain([1], [2, 3])), list(itertools.combinations('abc', 2)), list(itertools.accumulate([1, 2, 3])), list(itertools.islice(itertools.count(5, 5), 3)), list(itertools.zip_longest([1, 2], ['a'], fillvalue='-'))]", [[1, 2, 3], [["a", "b"], ["a", "c"], ["b", "c"]], [1, 3, 6], [5, 10, 15], [[1, "a"], [2, "-"]]]),
    ("from itertools import groupby, product, permutations, pairwise, takewhile, repeat\n[{k: len(list(g)) for k, g in groupby(sorted('abca'))}, len(list(product('ab', repeat=3))), len(list(permutations([1, 2, 3]))), list(pairwise([1, 2, 3])), list(takewhile(lambda x: x < 3, [1, 2, 3, 1])), list(repeat('x', 2))]", [{"a": 2, "b": 1, "c": 1}, 8, 6, [[1, 2], [2, 3]], [1, 2], ["x", "x"]]),
    ("from itertools import chain\nlist(chain.from_iterable(r['skills'] for r in rows))", ["py", "go", "bash", "py", "sql", "go"]),
    ("from functools import reduce, partial, lru_cache, cache, cmp_to_key\n@cache\ndef f(x):\n    return x * 2\nf(2)\nf(2)\n[reduce(lambda a, b: a * b, [1, 2, 3, 4]), partial(pow, 2)(5), f.cache_info().hits, sorted([3, 1, 2], key=cmp_to_key(lambda a, b: b - a))]", [24, 32, 1, [3, 2, 1]]),
    ("from collections import Counter\nc = Counter(w.strip('.;!').lower() for w in text.split())\nc.update(['fox'])\nc['new'] += 2\n[c.most_common(2), c['missing'], sum(c.values()) == c.total(), (Counter('aab') - Counter('ab'))]", [[["the", 4], ["fox", 3]], 0, True, {"a": 1}]),
    ("from collections import defaultdict\nd = defaultdict(lambda: {'count': 0, 'sum': 0})\nfor row in rows:\n    d[row['dept']]['count'] += 1\n    d[row['dept']]['sum'] += row['salary']\nd['eng']", {"count": 2, "sum": 11300}),
    ("from collections import defaultdict\nd = defaultdict(int)\nfor c in 'hello':\n    d[c] += 1\nreturn dict(d)", {"h": 1, "e": 1, "l": 2, "o": 1}),
    ("from collections import deque, OrderedDict\nq = deque(maxlen=3)\nfor i in range(5):\n    q.append(i)\nq.appendleft(9)\nq.rotate(1)\no = OrderedDict(a=1, b=2)\no.move_to_end('a')\n[list(q), list(o), q[0]]", [[3, 9, 2], ["b", "a"], 3]),
    ("from collections import namedtuple\nPoint = namedtuple('Point', ['x', 'y'], defaults=[0])\np = Point(3)\nx, y = p\n[p.x, p.y, x + y, p, p == (3, 0), p[0]]", [3, 0, 3, [3, 0], True, 3]),
    ("import random\nrandom.seed(42)\na = [random.randint(1, 6) for _ in range(5)]\nrandom.seed(42)\nb = [random.randint(1, 6) for _ in range(5)]\nxs = [1, 2, 3]\nrandom.shuffle(xs)\n[a == b, random.choice('aaa'), sorted(xs), 0 <= random.random() < 1, len(random.sample(range(9), 3)), random.choices('b', k=2)]", [True, "a", [1, 2, 3], True, 3, ["b", "b"]]),
    ("import string\n[string.digits, string.ascii_uppercase[-1], len(string.punctuation), string.Template('$a and ${b}').safe_substitute(a=1)]", ["0123456789", "Z", 32, "1 and ${b}"]),
    ("import textwrap\n[textwrap.wrap('the quick brown fox', 10), textwrap.dedent('  a\\n    b'), textwrap.indent('a\\nb', '> '), textwrap.fill('aa bb', 3)]", [["the quick", "brown fox"], "a\n  b", "> a\n> b", "aa\nbb"]),
    ("from decimal import Decimal, ROUND_HALF_UP, InvalidOperation\ntry:\n    Decimal('x')\nexcept InvalidOperation:\n    bad = True\ntotal = Decimal('0.1') + Decimal('0.2')\n[str(total), float(total), str(Decimal('1.005').quantize(Decimal('0.01'), ROUND_HALF_UP)), bad, int(Decimal('7.9')), Decimal('1.50').as_tuple().exponent]", ["0.3", 0.3, "1.01", True, 7, -2]),
    ("from fractions import Fraction\n[str(Fraction('0.75')), float(Fraction(1, 3) * 3), Fraction(3.14159).limit_denominator(100).numerator]", ["3/4", 1.0, 311]),
    ("import uuid\na = uuid.uuid4()\n[len(a.hex), str(uuid.UUID('12345678123456781234567812345678')), uuid.uuid5(uuid.NAMESPACE_URL, 'x') == uuid.uuid5(uuid.NAMESPACE_URL, 'x')]", [32, "12345678-1234-5678-1234-567812345678", True]),
    ("import hashlib\nh = hashlib.sha256()\nh.update(b'a')\nh.update('b'.encode())\n[h.hexdigest() == hashlib.sha256(b'ab').hexdigest(), hashlib.md5(b'x').hexdigest(), h.digest_size]", [True, "9dd4e461268c8034f5c8564e155c67a6", 32]),
    ("import base64\ne = base64.b64encode('héllo'.encode()).decode()\n[e, base64.b64decode(e).decode(), base64.urlsafe_b64encode(b'\\xff\\xfe').decode()]", ["aMOpbGxv", "héllo", "__4="]),
    ("import html\n[html.escape('<a href=\"x\">&'), html.unescape('&lt;b&gt; &eacute; &#39;')]", ["&lt;a href=&quot;x&quot;&gt;&amp;", "<b> é '"]),
    ("from urllib.parse import urlparse, parse_qs, urlencode, quote, unquote, urljoin\nu = urlparse('https://user@x.org:8080/p/a?q=1&q=2&z=%20#top')\n[u.scheme, u.netloc, u.hostname, u.port, u.path, u.fragment, parse_qs(u.query), urlencode({'a': 1, 'b': 'c d'}), quote('a/b c'), unquote('%C3%A9'), urljoin('http://x/a/b', '../c'), u.geturl()[:9]]", ["https", "user@x.org:8080", "x.org", 8080, "/p/a", "top", {"q": ["1", "2"], "z": [" "]}, "a=1&b=c+d", "a/b%20c", "é", "http://x/c", "https://u"]),
    ("import math, json\nfrom collections import Counter, defaultdict\njson.dumps(Counter('ab')) + str(math.inf > 1)", '{"a": 1, "b": 1}True'),
    ("try:\n    import math\nexcept ImportError:\n    math = None\nmath.pi > 3", True),
    ("def area(r):\n    import math\n    return round(math.pi * r ** 2, 2)\narea(2)", 12.57),
    ("import math as m, re as r\nfrom json import dumps as to_json\n[m.sqrt(4), r.sub('a', 'b', 'a'), to_json([1])]", [2.0, "b", "[1]"]),
]  # fmt: skip

CASES: Final = EXPRESSIONS + STATEMENTS + CLASSES + MODULES


@pytest.fixture(scope="module")
def values(desk: Any) -> dict[str, Any]:
    """What every source came to in the worker: its value, or its failure."""

    async def run() -> list[Any]:
        blocks = [desk.block(source, SEEN, inputs=dict(SEEN)) for source, _ in CASES]
        return await asyncio.gather(*map(desk.code._run, blocks), return_exceptions=True)

    return dict(zip((source for source, _ in CASES), desk.runner.run(run()), strict=True))


@pytest.mark.parametrize(("source", "expected"), CASES)
def test_it_works_as_in_python(values: dict[str, Any], source: str, expected: Any) -> None:
    assert values[source] == expected


@pytest.mark.parametrize("source", [source for source, _ in CASES])
def test_nothing_is_found_wrong_with_it(desk: Any, source: str) -> None:
    assert list(desk.code.check(desk.block(source).content)) == []


def test_there_are_enough_of_them() -> None:
    assert len(CASES) == len({source for source, _ in CASES}) > 190

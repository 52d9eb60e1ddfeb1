"""Small expressions in the host: the same values and failures as in the worker, and only when they are small."""

from typing import Any

import pytest
from blockloom import TaskFailed
from blockloom_code.cheap import LEAVE, cheap
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

HOST = [
    ("value > limit", {"value": 3, "limit": 2}, True),
    ("1 < n <= 3 != 4", {"n": 3}, True),
    ("not done and status in ('open', 'new')", {"done": False, "status": "new"}, True),
    ("order['lines'][0]['price'] * 2 - 1", {"order": {"lines": [{"price": 4}]}}, 7),
    ("len(items) == 0 or items[-1] is None", {"items": [None]}, True),
    ("'big' if n // 10 >= 1 else 'small'", {"n": 12}, "big"),
    ("inputs['n'] + n", {"n": 1}, 11),
    ("[n, (n, 'a')]", {"n": 1}, [1, [1, "a"]]),
    ("text[1:3] + 'x'", {"text": "abcd"}, "bcx"),
    ("x", {"x": {"a": [1]}}, {"a": [1]}),
    ("-n % 7 & 3", {"n": 4}, 3),
    ("  \n# why\nn == 1  # because", {"n": 1}, True),
    ("(\n  n == 1\n)", {"n": 1}, True),
    ("d in {'a', 'b'} or n", {"d": "c", "n": 2}, 2),
]


@pytest.mark.parametrize(("source", "names", "value"), HOST)
def test_it_is_computed_at_once(source: str, names: dict[str, Any], value: Any) -> None:
    step = cheap(source)
    assert step is not None
    assert step(names, {"n": 10}) == value


@pytest.mark.parametrize(
    "source",
    ["f(1)", "x.y", "2 ** n", "1 << n", "[i for i in x]", "lambda: 0", "f'{x}'", "x = 1", "1\n2", "_x", "x is y",
     "b'x'", "1j", "...", "{'a': 1}", "(y := 1)", "x @ y", "[*x]", "len(x, y)", "return 1", "", "(", "x" * 501,
     "'\\ud800'", "9" * 2000, "yield", "await x", "len(*x)"],
)  # fmt: skip
def test_anything_else_is_for_the_worker(source: str) -> None:
    assert cheap(source) is None


BIG = 1 << 5000


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("x * y", {"x": "a", "y": 10**9}),
        ("x * y", {"x": [0], "y": 10**9}),
        ("x * x", {"x": BIG}),
        ("x + 1", {"x": BIG}),
        ("x % 1", {"x": "%1000000000d"}),
        ("x + x", {"x": "a" * 6000}),
        ("x + x", {"x": []}),
        ("x == y", {"x": [0] * 1000, "y": [0] * 1000}),
        ("1 in x", {"x": [0] * 20_000}),
        ("x[:]", {"x": [0] * 20_000}),
        ("x", {"x": [0] * 1000}),
        ("x", {"x": "a" * 200_000}),
        ("'a' in x", {"x": "a" * 200_000}),
        ("1 / 0", {}),
        ("nope", {}),
        ("x['a']", {"x": {}}),
        ("1 < 'a'", {}),
        ("1e308 * 10", {}),
        ("{1}", {}),
        ("len(x)", {"x": "a", "len": 1}),
    ],
)
def test_what_is_large_or_fails_is_left_to_the_worker(source: str, names: dict[str, Any]) -> None:
    step = cheap(source)
    assert step is not None
    assert step(names, {}) is LEAVE


def test_a_value_of_its_own_is_a_copy() -> None:
    names = {"x": {"a": [1]}}
    step = cheap("x")
    assert step is not None
    assert step(names, {}) is not names["x"]
    assert step(names, {})["a"] is not names["x"]["a"]


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "a", "ab", "b", "日", "k", "%d"]),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "k"]), inner, max_size=3),
    max_leaves=6,
)
LEAVES = st.one_of(
    st.sampled_from(["a", "b", "c", "inputs", "nope", "str", "None", "True", "0", "1", "2.5", "''", "'a'", "-1", "[]"])
)
BINARY = ["+", "-", "*", "/", "//", "%", "&", "|", "^", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "and", "or"]


def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(BINARY), inner),
        st.builds("({} {} {} {} {})".format, inner, st.sampled_from(["<", "==", "in"]), inner, st.just(">="), inner),
        st.builds("({}{})".format, st.sampled_from(["not ", "-", "+", "~"]), inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("{}[{}]".format, inner, inner),
        st.builds("{}[{}:{}]".format, inner, inner, inner),
        st.builds("len({})".format, inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("({}, {})".format, inner, inner),
        st.builds("({} is None)".format, inner),
    )


EXPRESSIONS = st.recursive(LEAVES, grow, max_leaves=6)


def outcome(ask: Any, source: str, names: dict[str, Any]) -> Any:
    try:
        return "value", repr(ask(source, names, inputs={"a": 1, "k": [2]}))
    except TaskFailed as error:
        return error.type, str(error)


@given(source=EXPRESSIONS, names=st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES))
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_host_and_worker_agree(desk: Any, source: str, names: dict[str, Any]) -> None:
    assert outcome(desk.value, source, names) == outcome(desk.worker_value, source, names)

import contextlib
import json
import math
from collections import OrderedDict, UserDict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from enum import Enum, IntEnum, StrEnum
from typing import Any, NamedTuple

import pytest
from blockloom import BadValue, copy_value, duration, is_id, is_name, retry_after
from hypothesis import given
from hypothesis import strategies as st

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


class Colour(str, Enum):  # noqa: UP042 - not a StrEnum on purpose: its str() is another text
    RED = "red"


class Level(StrEnum):
    HIGH = "high"


class Rank(IntEnum):
    FIRST = 1


class Point(NamedTuple):
    x: int
    y: int


class Shouting(str):
    def __str__(self) -> str:
        return "something else"


class Lying(int):
    def __int__(self) -> int:
        return 7


class Half(float):
    def __float__(self) -> float:
        return 7.0


def nested(levels: int, wrap: Callable[[Any], Any] = lambda inner: [inner]) -> Any:
    value: Any = wrap(0)
    for _ in range(levels - 1):
        value = wrap(value)
    return value


@given(JSON)
def test_json_is_copied_as_it_is(value: Any) -> None:
    copied = copy_value(value)
    assert json.dumps(copied) == json.dumps(value)


@given(JSON)
def test_a_copy_shares_no_container_with_its_source(value: Any) -> None:
    def containers(of: Any) -> set[int]:
        inner = of.values() if isinstance(of, dict) else of if isinstance(of, list) else ()
        return {id(of), *(i for v in inner for i in containers(v))} if isinstance(of, dict | list) else set()

    assert not containers(value) & containers(copy_value(value))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ((1, (2,)), [1, [2]]),
        (Point(1, 2), [1, 2]),
        (OrderedDict(a=1), {"a": 1}),
        (Colour.RED, "red"),
        (Level.HIGH, "high"),
        (Rank.FIRST, 1),
        (Shouting("x"), "x"),
        (Lying(3), 3),
        (Half(0.5), 0.5),
        ({Colour.RED: [Colour.RED]}, {"red": ["red"]}),
        ("日本 𝒳 \x00", "日本 𝒳 \x00"),
    ],
)
def test_subclasses_become_plain_values(value: Any, expected: Any) -> None:
    copied = copy_value(value)
    assert copied == expected
    assert type(copied) is type(expected)
    assert json.loads(json.dumps(copied)) == expected


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({1, 2}, "set is not JSON"),
        (b"x", "bytes is not JSON"),
        (bytearray(b"x"), "bytearray is not JSON"),
        (1j, "complex is not JSON"),
        (object(), "object is not JSON"),
        (UserDict(a=1), "UserDict is not JSON"),
        (iter(()), "tuple_iterator is not JSON"),
        (math.nan, "nan is not a finite number"),
        (math.inf, "inf is not a finite number"),
        (-math.inf, "-inf is not a finite number"),
        ({1: 2}, "the key 1; keys must be text"),
        ({None: 2}, "the key None"),
        ({True: 2}, "the key True"),
        ("\ud800", "half a surrogate pair"),
        ({"\udfff": 1}, "half a surrogate pair"),
    ],
)
def test_what_json_cannot_say_is_refused(value: Any, why: str) -> None:
    with pytest.raises(BadValue, match=why):
        copy_value(value)


@pytest.mark.parametrize("sign", [1, -1])
def test_integers_have_up_to_4300_digits(sign: int) -> None:
    longest = sign * (10**4300 - 1)
    assert json.loads(json.dumps(copy_value([longest]))) == [longest]
    for beyond in (sign * 10**4300, [sign * 10**4300]):
        with pytest.raises(BadValue, match="more than 4300 digits"):
            copy_value(beyond)


MANY = range(300)


@pytest.mark.parametrize(
    "value",
    [
        list(MANY),
        [n / 7 for n in MANY],
        [str(n) for n in MANY],
        ["é"] * 300,
        [2**70, *MANY],
        [True, *MANY],
        [None] * 300,
        {str(n): n for n in MANY},
        {str(n): [n] for n in MANY},
        {"é" + str(n): "x" for n in MANY},
    ],
    ids=range(10),
)
def test_many_values_of_one_kind_are_copied_as_they_are(value: Any) -> None:
    copied = copy_value(value)
    assert copied == value
    assert [*map(type, copied)] == [*map(type, value)]
    assert copied is not value


@pytest.mark.parametrize(
    "value",
    [
        {n: n for n in MANY},
        {n / 3: "x" for n in MANY},
        [*map(float, MANY), math.nan],
        [*map(str, MANY), "\ud800"],
        {str(n): math.inf for n in MANY},
        {str(n) + "\udfff": 1 for n in MANY},
        [{n} for n in MANY],
        [10**4300, *MANY],
    ],
    ids=range(8),
)
def test_many_values_of_one_kind_are_refused_where_one_would_be(value: Any) -> None:
    with pytest.raises(BadValue):
        copy_value(value)


def test_a_refusal_names_the_place() -> None:
    with pytest.raises(BadValue) as caught:
        copy_value({"items": [1, {"name": [0, {1}]}]})
    assert caught.value.path == "items[1].name[1]"
    assert str(caught.value).startswith("items[1].name[1]: ")


@pytest.mark.parametrize("wrap", [lambda v: [v], lambda v: (v,), lambda v: {"k": v}])
def test_two_hundred_levels_and_no_more(wrap: Callable[[Any], Any]) -> None:
    copy_value(nested(200, wrap))
    with pytest.raises(BadValue, match="more than 200 levels deep"):
        copy_value(nested(201, wrap))


def test_a_circle_is_refused() -> None:
    circle: dict[str, Any] = {}
    circle["again"] = [circle]
    with pytest.raises(BadValue, match="or a circle"):
        copy_value(circle)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (0, 0.0),
        (1.5, 1.5),
        (3, 3.0),
        ("500ms", 0.5),
        ("1.5s", 1.5),
        ("10m", 600.0),
        ("2h", 7200.0),
        ("1d", 86400.0),
        (" 10 m ", 600.0),
        ("0s", 0.0),
    ],
)
def test_durations(given: Any, seconds: float) -> None:
    assert duration(given) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "given",
    [
        *("", "10", "s", "-1s", "1w", "1M", "1e3s", "1s2", ".5s", "1,5s", "ten", "1s" * 50),
        *(True, False, None, [], {}, -1, -0.001, math.nan, math.inf, -math.inf, 2**63, 10**400, -(10**400)),
    ],
)
def test_what_is_no_duration_is_refused(given: Any) -> None:
    with pytest.raises(BadValue, match="is not a duration"):
        duration(given)


def test_what_a_retry_after_demands() -> None:
    assert [retry_after(said) for said in ("30", "0", "1.5", " 2 ")] == [30, 0, 1.5, 2]
    later = datetime.now(UTC) + timedelta(hours=1)
    for said in (format_datetime(later, usegmt=True), later.strftime("%a, %d %b %Y %H:%M:%S -0000")):
        assert 3500 < retry_after(said) <= 3600
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0


@pytest.mark.parametrize("said", ["", "in a while", "-5", "inf", "nan", "Wed, 99 Oct 2015 07:28:00 GMT"])
def test_a_retry_after_that_cannot_be_read_demands_nothing(said: str) -> None:
    assert retry_after(said) == 0


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.none()))
def test_a_duration_is_read_or_refused(given: Any) -> None:
    with contextlib.suppress(BadValue):
        assert 0 <= duration(given) < math.inf


@pytest.mark.parametrize(
    "text",
    ["a", "A-b_9", "-", "_", "0", "评分", "задача", "कार्य", "αβγ", "二〇二六", "é", "x" * 200, "字" * 200, "٣"],
)
def test_ids(text: str) -> None:
    assert is_id(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "a.b", "a b", "a/b", "a\n", "é" + "\n", "x" * 201, "字" * 201, "e\u0301", "🐍", "a\u200bb", "\ud800"),
        *("a~b", "“a”", "a\u3000b", "½", None, 5, True, b"a", ["a"]),
    ],
)
def test_what_is_no_id(text: Any) -> None:
    assert not is_id(text)


@pytest.mark.parametrize("text", ["a", "_a", "评分", "match", "type", "x9"])
def test_names(text: str) -> None:
    assert is_name(text)


@pytest.mark.parametrize("text", ["9a", "a-b", "if", "None", "lambda", "", "a.b", None, 5])
def test_what_is_no_name(text: Any) -> None:
    assert not is_name(text)


@given(st.text())
def test_a_name_is_an_id_that_python_can_assign(text: str) -> None:
    if is_name(text):
        assert is_id(text)
        exec(compile(f"{text} = 1", "test", "exec"), {})

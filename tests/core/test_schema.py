import socket
from typing import Any

import jsonschema
import pytest
from blockloom.schema import can_meet, checker, flaw_of_schema, possible_types, schema_of
from blockloom.words import tell
from hypothesis import given
from hypothesis import strategies as st

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([0.0, 1.0, 2.5, -1.5])
    | st.sampled_from(["", "a", "true"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
    max_leaves=4,
)
TYPES = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])
FLAT = st.one_of(
    st.just({}),
    st.builds(lambda t: {"type": t}, TYPES),
    st.builds(lambda t: {"type": t}, st.lists(TYPES, min_size=1, unique=True)),
    st.builds(lambda v: {"enum": v}, st.lists(VALUES, min_size=1, max_size=3)),
    st.builds(lambda v: {"const": v}, VALUES),
    st.builds(lambda t, v: {"type": t, "enum": v}, TYPES, st.lists(VALUES, min_size=1, max_size=3)),
    st.builds(lambda t, n: {"type": t, "title": n, "default": None}, TYPES, st.text(max_size=3)),
    st.just({"type": "integer", "minimum": 1}),
    st.just({"type": "array", "items": {"type": "integer"}}),
    st.just({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}),
    st.just({"not": {"type": "string"}}),
)
SCHEMAS = FLAT | st.builds(
    lambda kind, parts: {kind: parts},
    st.sampled_from(["anyOf", "oneOf", "allOf"]),
    st.lists(FLAT, min_size=1, max_size=3),
)


def fits(value: Any, schema: Any) -> bool:
    return bool(jsonschema.Draft202012Validator(schema).is_valid(value))


@given(VALUES, SCHEMAS, SCHEMAS)
def test_two_schemas_that_one_value_fits_can_meet(value: Any, offered: Any, wanted: Any) -> None:
    if fits(value, offered) and fits(value, wanted):
        assert can_meet(offered, wanted)
        assert can_meet(wanted, offered)


@given(VALUES, FLAT)
def test_a_value_that_fits_has_a_possible_type(value: Any, schema: Any) -> None:
    if fits(value, schema):
        assert can_meet(schema, {"const": value})


@pytest.mark.parametrize(
    ("offered", "wanted", "meet"),
    [
        ({"type": "string"}, {"type": "integer"}, False),
        ({"type": "integer"}, {"type": "number"}, True),
        ({"type": "number"}, {"type": "integer"}, True),
        ({"type": "boolean"}, {"type": "integer"}, False),
        ({"type": ["string", "null"]}, {"type": "null"}, True),
        ({"enum": ["a", 1]}, {"type": "array"}, False),
        ({"enum": [1.0]}, {"type": "integer"}, True),
        ({"type": "integer", "const": 1.0}, {"type": "integer"}, True),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": "object"}, False),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"type": "array"}}}, {"type": "object"}, False),
        ({"$ref": "#/$defs/missing"}, {"type": "object"}, True),
        ({"$ref": "https://example.com/a"}, {"type": "object"}, True),
        ({"anyOf": [False, {"type": "string"}]}, {"type": "null"}, False),
        ({"const": 1}, {"const": 2}, False),
        ({"enum": [1.5, "one"]}, {"type": "integer"}, False),
        ({"type": "integer", "minimum": 3}, {"enum": [1, 2]}, False),
        ({"enum": [1, 2]}, {"enum": [2, 3]}, True),
        ({}, {}, True),
    ],
)
def test_can_meet(offered: Any, wanted: Any, meet: bool) -> None:
    assert can_meet(offered, wanted) is meet


def test_references_in_a_circle_end() -> None:
    circle = {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}
    assert "string" in possible_types(circle)


def test_references_that_multiply_end() -> None:
    both = {f"d{i}": {"anyOf": [{"$ref": f"#/$defs/d{i + 1}"}] * 2} for i in range(60)}
    assert "string" in possible_types({"$ref": "#/$defs/d0", "$defs": both})


@given(VALUES, SCHEMAS)
def test_a_checker_agrees_with_jsonschema(value: Any, schema: Any) -> None:
    check = checker(schema)
    assert (check is None or check(value) is None) is fits(value, schema)


@pytest.mark.parametrize("schema", [{}, {"title": "Any"}, {"default": 5, "description": "x", "examples": [1]}])
def test_where_everything_fits_there_is_nothing_to_check(schema: Any) -> None:
    assert checker(schema) is None


def test_a_checker_says_what_and_where() -> None:
    check = checker({"type": "object", "properties": {"a": {"type": "array", "items": {"type": "string"}}}})
    assert check is not None
    assert check({"a": ["x", 5]}) == "a[1]: 5 is not of type 'string'"
    simple = checker({"type": "string"})
    assert simple is not None
    assert simple(5) == {"en": "expected string, got integer", "zh": "应为 string，实为 integer"}


def test_what_a_checker_says_is_short() -> None:
    check = checker({"type": "string", "maxLength": 5})
    assert check is not None
    said = check("x" * 100_000)
    assert said is not None
    assert len(said) <= 500


def deep(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(levels):
        schema = {"items": schema}
    return schema


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"type": "text"}, "is not valid under any of the given schemas"),
        ({"type": 5}, "is not valid under any of the given schemas"),
        ({"required": "a"}, "is not of type 'array'"),
        ({"enum": 5}, "is not of type 'array'"),
        ({"pattern": "("}, "is not a 'regex'"),
        (deep(198), "nests too deeply"),
        ({"$ref": "http://127.0.0.1:9/schema"}, "refers to"),
        ({"items": {"$ref": "file:///etc/passwd"}}, "refers to"),
        ({"$ref": "#/$defs/a"}, "which is not in it"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}, "refers to itself"),
        ({"$ref": "#"}, "refers to itself"),
    ],
)
def test_flaws_of_a_schema(schema: Any, why: str) -> None:
    assert why in tell(flaw_of_schema(schema) or "", "en")


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "string"},
        {"type": ["string", "null"], "default": None},
        {"properties": {"$ref": {"type": "string"}}},
        {"default": {"$ref": "http://example.com"}},
        {"const": {"$ref": "http://example.com"}},
        {"properties": {"next": {"$ref": "#"}}},
        {"$ref": "#/anyOf/0", "anyOf": [{"type": "string"}]},
        {"$ref": "#/$defs/a~1b%25", "$defs": {"a/b%": {"type": "string"}}},
    ],
)
def test_schemas_without_a_flaw(schema: Any) -> None:
    assert flaw_of_schema(schema) is None
    check = checker(schema)
    assert check is None or isinstance(check("text"), str | None)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "http://127.0.0.1:9/schema"},
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}},
        {"pattern": "("},
        {"type": "no such type"},
    ],
)
def test_a_checker_of_a_bad_schema_says_so_and_reaches_for_nothing(
    schema: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> Any:
        raise AssertionError("it reached for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    check = checker(schema)
    assert check is not None
    said = check("text")
    assert said is not None
    assert "cannot be applied" in said


class Anything:
    pass


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (Any, {}),
        (str, {"type": "string"}),
        (list[int], {"type": "array", "items": {"type": "integer"}}),
        (str | None, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        (Anything, {}),
    ],
)
def test_the_schema_of_an_annotation(annotation: Any, expected: Any) -> None:
    assert schema_of(annotation) == expected

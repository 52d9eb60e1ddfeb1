"""Conditions over choices, held against tables of all that may be chosen."""

import itertools
from collections.abc import Callable
from typing import TypeAlias

import pytest
from blockloom.check.diagram import FALSE, TRUE, Diagram, TooMuch
from hypothesis import given
from hypothesis import strategies as st

WAYS = (2, 3, 2)
EVERY = list(itertools.product(*map(range, WAYS)))
Table: TypeAlias = tuple[bool, ...]
"""For each of EVERY, whether a condition holds."""

TABLES = st.tuples(*([st.booleans()] * len(EVERY)))


def written(diagram: Diagram, table: Table) -> int:
    """A condition as a diagram, its last choice on top."""

    def below(level: int, made: tuple[int, ...]) -> int:
        if level < 0:
            return TRUE if table[EVERY.index(made)] else FALSE
        return diagram.choice(level, tuple(below(level - 1, (way, *made)) for way in range(WAYS[level])))

    return below(len(WAYS) - 1, ())


def merged(rule: Callable[..., bool], *tables: Table) -> Table:
    return tuple(rule(*held) for held in zip(*tables, strict=True))


@given(TABLES, TABLES)
def test_equal_conditions_are_one_number(one: Table, other: Table) -> None:
    diagram = Diagram(10_000)
    a, b = written(diagram, one), written(diagram, other)
    assert (a == b) == (one == other)
    assert diagram.both(a, b) == written(diagram, merged(lambda x, y: x and y, one, other))
    assert diagram.either(a, b) == written(diagram, merged(lambda x, y: x or y, one, other))
    assert diagram.unless(a, b) == written(diagram, merged(lambda x, y: x and not y, one, other))


@given(st.lists(TABLES, max_size=4), st.integers(0, 5))
def test_at_least_counts(tables: list[Table], need: int) -> None:
    diagram = Diagram(100_000)
    counted = tuple(sum(table[i] for table in tables) >= need for i in range(len(EVERY)))
    assert diagram.at_least(need, [written(diagram, table) for table in tables]) == written(diagram, counted)


@given(TABLES, TABLES)
def test_what_is_given_needs_not_be_said(table: Table, known: Table) -> None:
    diagram = Diagram(10_000)
    condition, given = written(diagram, table), written(diagram, known)
    if given != FALSE:
        simple = diagram.given(condition, given)
        assert diagram.both(simple, given) == diagram.both(condition, given)


@given(TABLES.filter(any))
def test_the_shortest_way_is_one(table: Table) -> None:
    diagram = Diagram(10_000)
    made = diagram.shortest(written(diagram, table))
    assert [number for number, _ in made] == sorted({number for number, _ in made})
    assert all(table[i] for i, chosen in enumerate(EVERY) if all(chosen[number] == way for number, way in made))


def test_too_much_is_given_up() -> None:
    diagram = Diagram(50)

    def odd(many: int) -> int:
        found = FALSE
        for number in range(many):
            chosen = diagram.choice(number, (FALSE, TRUE))
            found = diagram.either(diagram.unless(found, chosen), diagram.unless(chosen, found))
        return found

    with pytest.raises(TooMuch):
        odd(100)

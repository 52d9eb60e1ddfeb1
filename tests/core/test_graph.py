from itertools import pairwise
from typing import Any

import pytest
from blockloom.graph import circles, leading_only, order, reach, sequence
from hypothesis import given
from hypothesis import strategies as st

LONG = 100_000


@st.composite
def graphs(draw: Any, acyclic: bool = False) -> list[list[int]]:
    size = draw(st.integers(0, 7))
    if not size:
        return []
    pairs = draw(st.lists(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)), max_size=14))
    ahead: list[list[int]] = [[] for _ in range(size)]
    names = draw(st.permutations(range(size)))
    for a, b in pairs:
        if acyclic and a == b:
            continue
        a, b = (min(a, b), max(a, b)) if acyclic else (a, b)
        ahead[names[a]].append(names[b])
    return ahead


def closure(ahead: list[list[int]]) -> set[tuple[int, int]]:
    """All (a, b) with a path of at least one line from a to b, naively."""
    pairs = {(a, b) for a, targets in enumerate(ahead) for b in targets}
    while more := {(a, d) for a, b in pairs for c, d in pairs if b == c} - pairs:
        pairs |= more
    return pairs


@given(graphs(), st.data())
def test_reach_is_the_closure(ahead: list[list[int]], data: st.DataObject) -> None:
    starts = data.draw(st.lists(st.sampled_from(range(len(ahead))), max_size=3)) if ahead else []
    pairs = closure(ahead)
    assert reach(starts, ahead) == set(starts) | {b for a, b in pairs if a in starts}


@given(graphs())
def test_order_holds_what_no_circle_leads_to_each_after_those_before_it(ahead: list[list[int]]) -> None:
    found = order(ahead)
    pairs = closure(ahead)
    on_circles = {a for a, b in pairs if a == b}
    assert sorted(found) == [
        n for n in range(len(ahead)) if n not in on_circles | {b for a, b in pairs if a in on_circles}
    ]
    place = {node: i for i, node in enumerate(found)}
    assert all(place[a] < place[b] for a, b in pairs if a in place and b in place)


@given(graphs(acyclic=True))
def test_of_nodes_that_can_come_next_the_first_comes(ahead: list[list[int]]) -> None:
    left = set(range(len(ahead)))
    for node in order(ahead):
        free = [n for n in left if not any(n in ahead[other] for other in left)]
        assert node == min(free)
        left.remove(node)
    assert not left


@given(graphs())
def test_one_circle_a_knot_in_order(ahead: list[list[int]]) -> None:
    pairs = closure(ahead)
    knots = {frozenset(b for b in range(len(ahead)) if (a, b) in pairs and (b, a) in pairs) for a, b in pairs if a == b}
    found = circles(ahead)
    assert len(found) == len(knots)
    for circle in found:
        assert len(set(circle)) == len(circle)
        assert all(b in ahead[a] for a, b in pairwise([*circle, circle[0]]))
        (knot,) = [knot for knot in knots if knot & set(circle)]
        assert set(circle) <= knot
        assert circle[0] == min(knot)


@given(graphs(), st.data())
def test_leading_only_is_the_largest_set_that_leads_nowhere_else(ahead: list[list[int]], data: st.DataObject) -> None:
    if not ahead:
        return
    end = data.draw(st.sampled_from(range(len(ahead))))
    done = data.draw(st.sets(st.sampled_from(range(len(ahead)))))
    pairs = closure(ahead)
    found = {n for n in range(len(ahead)) if (n, end) in pairs and n not in done and n != end}
    while bad := {n for n in found if not all(t == end or t in done or t in found for t in ahead[n])}:
        found -= bad
    assert leading_only(end, ahead, done) == sorted(found)


@given(graphs(acyclic=True))
def test_a_sequence_sees_what_leads_to_it(ahead: list[list[int]]) -> None:
    names = [f"n{i}" for i in range(len(ahead))]
    links = [(names[a], names[b]) for a, targets in enumerate(ahead) for b in targets]
    pairs = closure(ahead)
    found = sequence(names, links)
    ordered = [name for name, _ in found]
    assert ordered == [names[i] for i in order(ahead)]
    for i, (name, sees) in enumerate(found):
        expected = {names[a] for a, b in pairs if names[b] == name} if links else set(names[:i])
        assert list(sees) == [n for n in ordered if n in expected]


def test_without_links_a_name_sees_all_before_it() -> None:
    assert sequence(["b", "a", "c"], []) == [("b", ()), ("a", ("b",)), ("c", ("b", "a"))]


def test_with_links_a_name_sees_only_along_them() -> None:
    assert sequence(["c", "b", "a", "x"], [("a", "b"), ("b", "c")]) == [
        ("a", ()),
        ("b", ("a",)),
        ("c", ("a", "b")),
        ("x", ()),
    ]


def test_a_link_drawn_twice_is_one() -> None:
    assert sequence(["a", "b"], [("a", "b"), ("a", "b")]) == [("a", ()), ("b", ("a",))]


class Counting(list[list[int]]):
    """A graph that counts how often the lines of a node are asked for."""

    asked = 0

    def __getitem__(self, index: Any) -> Any:
        self.asked += 1
        return super().__getitem__(index)


def chain(length: int, *, ring: bool = False) -> Counting:
    return Counting([*([i + 1] for i in range(length - 1)), [0] if ring else []])


def fan(width: int) -> Counting:
    return Counting([list(range(1, width - 1)), *([width - 1] for _ in range(width - 2)), []])


@pytest.mark.parametrize("make", [chain, fan])
def test_a_hundred_thousand_nodes_without_recursion_and_in_few_steps(make: Any) -> None:
    ahead = make(LONG)
    assert len(reach([0], ahead)) == LONG
    assert order(ahead) == list(range(LONG))
    assert circles(ahead) == []
    assert leading_only(LONG - 1, ahead, ()) == list(range(LONG - 1))
    assert ahead.asked < 10 * LONG


def test_a_circle_of_a_hundred_thousand() -> None:
    ahead = chain(LONG, ring=True)
    assert circles(ahead) == [list(range(LONG))]
    assert order(ahead) == []
    assert ahead.asked < 10 * LONG


def test_many_circles() -> None:
    ahead = Counting([[i ^ 1] for i in range(LONG)])
    assert len(circles(ahead)) == LONG // 2
    assert ahead.asked < 10 * LONG

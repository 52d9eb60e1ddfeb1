"""Conditions over choices as a decision diagram: equal conditions are one number, found out once."""

from collections.abc import Callable, Iterable
from math import inf
from typing import Final

FALSE: Final = 0
TRUE: Final = 1
DEEPEST: Final = 100
"""Choices above each other through which two conditions are combined."""


class TooMuch(Exception):
    """A condition takes more steps than a check may spend on it."""


class Diagram:
    """Conditions, each a number: FALSE, TRUE, or a choice and the condition that is left after each way it may go.

    Choices are numbered too; on the way down through a condition their numbers fall. `steps` is what may be spent.
    """

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self._nodes: list[tuple[int, tuple[int, ...]]] = [(-1, ()), (-1, ())]
        self._length: list[float] = [inf, 0]  # the fewest choices that make it true
        self._numbers: dict[tuple[int, tuple[int, ...]], int] = {}
        self._known: dict[tuple[Callable[[int, int], int], int, int], int] = {}

    def choice(self, number: int, ways: tuple[int, ...]) -> int:
        """The condition that is `ways[i]` where the choice goes the way `i`."""
        if ways.count(ways[0]) == len(ways):
            return ways[0]
        key = (number, ways)
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = len(self._nodes)
            self._nodes.append(key)
            self._length.append(1 + min(self._length[way] for way in ways))
        return found

    def both(self, one: int, other: int) -> int:
        """`one` and `other`."""
        return self._combine(_both, min(one, other), max(one, other))

    def either(self, one: int, other: int) -> int:
        """`one` or `other`."""
        return self._combine(_either, min(one, other), max(one, other))

    def unless(self, one: int, other: int) -> int:
        """`one` and not `other`."""
        return self._combine(_unless, one, other)

    def at_least(self, need: int, conditions: Iterable[int]) -> int:
        """`need` of the conditions or more."""
        open = sorted(condition for condition in conditions if condition != FALSE)
        need -= open.count(TRUE)
        open = [condition for condition in open if condition != TRUE]
        if need <= 0 or len(open) < need:
            return TRUE if need <= 0 else FALSE
        reached = [TRUE] + [FALSE] * need
        for place, condition in enumerate(open):
            # How many there can be by now, and how many there must be if the rest is to suffice.
            for count in range(min(need, place + 1), max(0, need - len(open) + place), -1):
                reached[count] = self.either(reached[count], self.both(reached[count - 1], condition))
        return reached[need]

    def given(self, condition: int, known: int) -> int:
        """A condition, as simple as can be, that is `condition` wherever `known` holds."""
        return self._given(condition, known, 0)

    def shortest(self, condition: int) -> list[tuple[int, int]]:
        """The fewest choices, as (number, way), that make a condition true, the first choices first."""
        made = []
        while condition != TRUE:
            number, ways = self._nodes[condition]
            way = min(range(len(ways)), key=lambda i: self._length[ways[i]])
            made.append((number, way))
            condition = ways[way]
        return made[::-1]

    def spend(self, steps: int) -> None:
        """Take note of some work; raises TooMuch where nothing is left to spend."""
        self.steps -= steps
        if self.steps < 0:
            raise TooMuch

    def _combine(self, rule: Callable[[int, int], int], one: int, other: int, depth: int = 0) -> int:
        made = rule(one, other)
        if made >= 0:
            return made
        key = (rule, one, other)
        known = self._known.get(key)
        if known is None:
            top, first, second = self._open(one, other, depth)
            ways = tuple(self._combine(rule, a, b, depth + 1) for a, b in zip(first, second, strict=True))
            known = self._known[key] = self.choice(top, ways)
        return known

    def _given(self, condition: int, known: int, depth: int) -> int:
        while condition > TRUE and known != TRUE:
            if condition == known:
                return TRUE
            top, first, second = self._open(condition, known, depth)
            if self._nodes[condition][0] < top:
                known = self.at_least(1, second)
                continue
            ways = [i for i, way in enumerate(second) if way != FALSE]
            if len(ways) > 1:
                made = {i: self._given(first[i], second[i], depth + 1) for i in ways}
                if len(set(made.values())) == 1:
                    return made[ways[0]]
                return self.choice(top, tuple(made.get(i, FALSE) for i in range(len(first))))
            condition, known = first[ways[0]], second[ways[0]]
        return condition

    def _open(self, one: int, other: int, depth: int) -> tuple[int, tuple[int, ...], tuple[int, ...]]:
        """The topmost choice of two conditions, and what is left of each after each way."""
        first, second = self._nodes[one], self._nodes[other]
        top = max(first[0], second[0])
        many = len(first[1] if first[0] == top else second[1])
        self.spend(many)
        if depth > DEEPEST:
            raise TooMuch
        return (
            top,
            first[1] if first[0] == top else (one,) * many,
            second[1] if second[0] == top else (other,) * many,
        )


# What is plain to see of two conditions together; -1 where nothing is.


def _both(one: int, other: int) -> int:
    return one if one in (FALSE, other) else other if one == TRUE else -1


def _either(one: int, other: int) -> int:
    return other if one in (FALSE, other) else TRUE if one == TRUE else -1


def _unless(one: int, other: int) -> int:
    return FALSE if one in (FALSE, other) or other == TRUE else one if other == FALSE else -1

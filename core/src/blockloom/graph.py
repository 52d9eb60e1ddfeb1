"""Order, reach and circles of a graph of numbers: pure functions, no recursion, linear in its lines."""

from collections import deque
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import TypeVar

Ahead = Sequence[Sequence[int]]
"""For each node, the nodes that its lines lead to."""

Name = TypeVar("Name")


def reach(starts: Iterable[int], ahead: Ahead) -> set[int]:
    """Every node that can be reached from `starts`, those included."""
    seen = set(starts)
    todo = deque(seen)
    while todo:
        for following in ahead[todo.popleft()]:
            if following not in seen:
                seen.add(following)
                todo.append(following)
    return seen


def order(ahead: Ahead) -> list[int]:
    """The nodes so that each comes before those it leads to, the first numbers first; without those on circles."""
    from heapq import heapify, heappop, heappush

    open_lines = [0] * len(ahead)
    for lines in ahead:
        for target in lines:
            open_lines[target] += 1
    ready = [node for node, count in enumerate(open_lines) if not count]
    heapify(ready)
    found = []
    while ready:
        node = heappop(ready)
        found.append(node)
        for target in ahead[node]:
            open_lines[target] -= 1
            if not open_lines[target]:
                heappush(ready, target)
    return found


def circles(ahead: Ahead) -> list[list[int]]:
    """One circle, in order, for each knot of nodes that lead back to themselves."""
    return [_circle(knot, ahead) for knot in _knots(ahead)]


def backwards(ahead: Ahead) -> list[list[int]]:
    """For each node, the nodes whose lines lead to it."""
    behind: list[list[int]] = [[] for _ in ahead]
    for node, lines in enumerate(ahead):
        for target in lines:
            behind[target].append(node)
    return behind


def leading_only(
    end: int, ahead: Ahead, done: Container[int], behind: Ahead | None = None, settled: set[int] | None = None
) -> list[int]:
    """The nodes before `end`, not yet done, from which every line leads only to `end` or to nodes that are done.

    `settled` is kept from call to call: nodes that are done with all before them, which are not looked at again.
    """
    behind = backwards(ahead) if behind is None else behind
    settled = set() if settled is None else settled
    before = _before(end, behind, settled)
    found = {node for node in before if node not in done}
    todo = [n for n in found if any(t != end and t not in done and t not in found for t in ahead[n])]
    while todo:
        node = todo.pop()
        if node in found:
            found.discard(node)
            todo.extend(n for n in behind[node] if n in found)
    for node in reversed(before):
        if node in done and all(n in settled for n in behind[node]):
            settled.add(node)
    return sorted(found)


def _before(end: int, behind: Ahead, settled: Container[int]) -> list[int]:
    """The nodes that lead to `end`, nearest first, but for the settled ones and what is before them."""
    seen = {end}
    found: list[int] = []
    todo = deque([end])
    while todo:
        for node in behind[todo.popleft()]:
            if node not in seen and node not in settled:
                seen.add(node)
                found.append(node)
                todo.append(node)
    return found


def _knots(ahead: Ahead) -> list[set[int]]:
    """The strongly connected components that hold a circle (Tarjan's algorithm, with a stack of its own)."""
    number: dict[int, int] = {}
    low: dict[int, int] = {}
    path: list[int] = []
    on_path: set[int] = set()
    knots = []
    for root in range(len(ahead)):
        if root in number:
            continue
        todo = [(root, iter(ahead[root]))]
        number[root] = low[root] = len(number)
        path.append(root)
        on_path.add(root)
        while todo:
            node, lines = todo[-1]
            following = next(lines, None)
            if following is None:
                todo.pop()
                if todo:
                    low[todo[-1][0]] = min(low[todo[-1][0]], low[node])
                if low[node] == number[node]:
                    knot = _cut(path, on_path, node)
                    if len(knot) > 1 or node in ahead[node]:
                        knots.append(knot)
            elif following not in number:
                number[following] = low[following] = len(number)
                path.append(following)
                on_path.add(following)
                todo.append((following, iter(ahead[following])))
            elif following in on_path:
                low[node] = min(low[node], number[following])
    return knots


def _cut(path: list[int], on_path: set[int], node: int) -> set[int]:
    knot = set()
    while True:
        top = path.pop()
        on_path.discard(top)
        knot.add(top)
        if top == node:
            return knot


def _circle(knot: set[int], ahead: Ahead) -> list[int]:
    """A shortest circle through the first node of a knot."""
    first = min(knot)
    before: dict[int, int] = {}
    todo = deque([first])
    while todo:
        node = todo.popleft()
        for following in ahead[node]:
            if following == first:
                found = [node]
                while found[-1] != first:
                    found.append(before[found[-1]])
                return found[::-1]
            if following in knot and following not in before:
                before[following] = node
                todo.append(following)
    return [first]


def sequence(names: Sequence[Name], links: Iterable[tuple[Name, Name]]) -> list[tuple[Name, tuple[Name, ...]]]:
    """The names in the order of `links`, then of the list, each with those it sees.

    It sees every name before it: through links, directly or not, if there are any, else in the list.
    """
    number = {name: i for i, name in enumerate(names)}
    ahead: list[list[int]] = [[] for _ in names]
    behind: list[list[int]] = [[] for _ in names]
    for start, end in links:
        ahead[number[start]].append(number[end])
        behind[number[end]].append(number[start])
    ordered = order(ahead)
    if not any(ahead):
        return [(names[i], tuple(names[:i])) for i in ordered]
    place: Mapping[int, int] = {node: i for i, node in enumerate(ordered)}
    seen = ((node, reach(behind[node], behind)) for node in ordered)
    return [(names[node], tuple(names[i] for i in sorted(sees, key=place.__getitem__))) for node, sees in seen]

"""What the scopes of a run leave to be done: tasks to run, in their order, and tasks to end."""

from collections import deque
from collections.abc import Iterable
from heapq import heappop, heappush
from typing import Any

Place = tuple[int, ...]
"""Where a task stands in the order in which ready tasks run: its number, below that of the task that holds it."""

Entry = tuple[Place, int, Any]
"""A task that is ready: its place, its number, its scope."""


class Agenda:
    """Ready tasks, the first place first, and `condemned`: scope and number of tasks that run and must be ended.

    Tasks mostly become ready in the order in which they shall run: they stand in a row, and only those that come
    before the last of it are sorted.
    """

    __slots__ = ("_row", "_sorted", "condemned")

    def __init__(self) -> None:
        self._row: deque[Entry] = deque()
        self._sorted: list[Entry] = []
        self.condemned: list[tuple[Any, int]] = []

    def __bool__(self) -> bool:
        return bool(self._row or self._sorted)

    def add(self, entry: Entry) -> None:
        """A task is ready."""
        row = self._row
        if not row or row[-1][0] < entry[0]:
            row.append(entry)
        else:
            heappush(self._sorted, entry)

    def first(self) -> Entry | None:
        """The task that runs next."""
        if not self._sorted:
            return self._row[0] if self._row else None
        return min(self._row[0], self._sorted[0]) if self._row else self._sorted[0]

    def take(self) -> Entry:
        """Take out the task that runs next; there must be one."""
        if not self._sorted or (self._row and self._row[0] < self._sorted[0]):
            return self._row.popleft()
        return heappop(self._sorted)

    def replace(self, scope: Any, entries: Iterable[Entry]) -> None:
        """Have these ready tasks of one scope, and no others of it."""
        others = [entry for entry in (*self._row, *self._sorted) if entry[2] is not scope]
        self._row = deque(sorted([*others, *entries]))
        self._sorted = []

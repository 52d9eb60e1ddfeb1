"""What the branches of a graph leave without a value: every way that a run may go, worked out at once.

A branch may be taken or not, a task may fail where its `error` is connected, and joins decide as in a run. What would
take too much work to find out is not reported.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from ..plan import Feed, TaskPlan
from ..spec import ERROR_PORT
from .diagram import FALSE, TRUE, Diagram, TooMuch

STEPS: Final = 100_000
STEPS_A_TASK: Final = 40
"""What may be spent on one graph, and more for each of its tasks."""
STEPS_AT_ONCE: Final = 20_000
"""What may be spent on one task of it."""
FEW: Final = 10
"""Decisions of which each is tried to be left out."""


class Decision(NamedTuple):
    """One turn that a run takes: a task takes a branch or does not (`error`: it fails); None is no branch at all."""

    task: int
    port: str | None
    taken: bool


class Gap(NamedTuple):
    """A required input that has no value where the task goes on and all these decisions are made.

    With `late`, it has none where the task goes on before its feeds have come.
    """

    task: int
    port: str
    when: tuple[Decision, ...]
    feeds: tuple[Feed, ...]
    late: bool = False


class _Line(NamedTuple):
    """A connection seen from its target."""

    source: int
    port: str | None
    decides: bool


def find_gaps(tasks: Sequence[TaskPlan], order: Sequence[int], lost: frozenset[int]) -> list[Gap]:
    """Every gap of a graph without circles; `order` holds its tasks in one that the connections follow.

    `lost` are the tasks that no start task leads to. Inputs that nothing at all feeds are no gaps but errors.
    """
    asked = {task.index for task in tasks if task.required and task.index not in lost and not _all_arrives(task)}
    if not asked:
        return []
    behind = _behind(tasks, asked)
    return list(_Ways(tasks, behind, lost).gaps(index for index in order if index in behind))


def _all_arrives(task: TaskPlan) -> bool:
    """Whether it goes on only where everything that is connected to it has come."""
    return task.incoming == task.deciders <= task.join.need


def _behind(tasks: Sequence[TaskPlan], asked: set[int]) -> dict[int, list[_Line]]:
    """The lines into each of the tasks that are asked about, and of all before them."""
    into: list[list[_Line]] = [[] for _ in tasks]
    for task in tasks:
        for _, port, target, decides in task.lines:
            into[target].append(_Line(task.index, port, decides))
    found: dict[int, list[_Line]] = {}
    todo = list(asked)
    while todo:
        index = todo.pop()
        if index not in found:
            found[index] = into[index]
            todo += (line.source for line in into[index])
    return found


class _Ways:
    """For each task, the condition under which it runs; None where that would take too much work to say."""

    def __init__(self, tasks: Sequence[TaskPlan], behind: Mapping[int, list[_Line]], lost: frozenset[int]) -> None:
        self._tasks = tasks
        self._behind = behind
        self._lost = lost
        self._left = STEPS + STEPS_A_TASK * len(behind)
        self._diagram = Diagram(0)
        self._choices: list[tuple[Decision, ...]] = []
        self._runs: dict[int, int | None] = {}
        self._alive: dict[tuple[int, str | None], int] = {}
        self._turns: dict[int, dict[str | None, int]] = {}

    def gaps(self, order: Iterator[int]) -> Iterator[Gap]:
        """Go through the tasks, those before others first, and find what has no value."""
        for index in order:
            self._diagram.steps = granted = min(self._left, STEPS_AT_ONCE)
            try:
                yield from self._gaps_of(self._tasks[index])
            except TooMuch:
                self._runs[index] = None
            self._left -= granted - max(self._diagram.steps, 0)

    def _gaps_of(self, task: TaskPlan) -> Iterator[Gap]:
        lines = self._behind[task.index]
        goes = self._goes_on(task, lines)
        self._runs[task.index] = runs = goes
        for port in task.required if goes != FALSE and not _all_arrives(task) else ():
            feeds = tuple(feed for feed in task.feeds if feed.input == port and feed.source not in self._lost)
            if not feeds:
                continue
            fed = self._diagram.at_least(1, (self._is_alive(feed.source, feed.port) for feed in feeds))
            gap = self._diagram.unless(goes, fed)
            if gap != FALSE:
                runs = self._diagram.unless(runs, gap)
                yield Gap(task.index, port, self._decisions(gap, goes), feeds)
            elif task.join.early and (late := self._goes_on_before(task, lines, feeds)) != FALSE:
                yield Gap(task.index, port, self._decisions(late, goes), feeds, late=True)
        self._runs[task.index] = runs

    def _goes_on(self, task: TaskPlan, lines: Sequence[_Line]) -> int:
        if task.index in self._lost:
            return FALSE
        if not lines or task.type.starts:
            return TRUE
        alive = (self._is_alive(line.source, line.port) for line in lines if line.decides)
        return self._diagram.at_least(task.join.need, alive)

    def _goes_on_before(self, task: TaskPlan, lines: Sequence[_Line], feeds: Sequence[Feed]) -> int:
        """When an early join may have enough while whatever would feed an input still runs."""
        # The data connections of a task with order connections are waited for; what a start gives is there at once.
        if task.incoming > task.deciders or any(self._tasks[feed.source].type.starts for feed in feeds):
            return FALSE
        later = {feed.source for feed in feeds}
        todo = list(later)
        while todo:
            ahead = self._tasks[todo.pop()].lines
            self._diagram.spend(len(ahead))
            for line in ahead:
                if line.target in self._runs and line.target not in later:
                    later.add(line.target)
                    todo.append(line.target)
        sooner = (self._is_alive(line.source, line.port) for line in lines if line.source not in later)
        return self._diagram.at_least(task.join.need, sooner)

    def _is_alive(self, source: int, port: str | None) -> int:
        """When a connection from this port is alive."""
        known = self._alive.get((source, port))
        if known is None:
            runs = self._runs[source]
            if runs is None:
                raise TooMuch
            turns = self._turns[source] if source in self._turns else self._turns_of(source)
            known = self._diagram.both(runs, turns.get(port, turns[None])) if runs != FALSE else FALSE
            self._alive[source, port] = known
        return known

    def _turns_of(self, source: int) -> dict[str | None, int]:
        """When a task that runs gives each of its branches, and when it gives the rest (None)."""
        task, diagram = self._tasks[source], self._diagram
        branches = [name for name, port in task.ports.outputs.items() if port.branch]
        well, turns = TRUE, dict[str | None, int]()
        if task.catches:
            ways = (Decision(source, ERROR_PORT, False), Decision(source, ERROR_PORT, True))
            well, turns[ERROR_PORT] = self._choose(ways)
        turns |= {name: diagram.both(well, turn) for name, turn in self._taken(task, branches).items()}
        turns[None] = well
        self._turns[source] = turns
        return turns

    def _taken(self, task: TaskPlan, branches: Sequence[str]) -> dict[str | None, int]:
        """When each branch of a task that does not fail is taken: those that are connected, and one for the others."""
        if not branches:
            return {}
        connected = {line.port for line in task.lines}
        shown = [name for name in branches if name in connected]
        shown += [name for name in branches if name not in connected][:1]
        rest = next((name for name in branches if task.ports.outputs[name].otherwise), None)
        if task.ports.exclusive:
            ways = [Decision(task.index, name, True) for name in shown]
            ways += [Decision(task.index, None, False)] if rest is None else []
            return dict(zip(shown, self._choose(tuple(ways)), strict=False))
        taken: dict[str | None, int] = {}
        for name in shown:
            if name != rest:
                taken[name] = self._choose((Decision(task.index, name, True), Decision(task.index, name, False)))[0]
        if rest is not None:
            taken[rest] = self._diagram.unless(TRUE, self._diagram.at_least(1, taken.values()))
        return taken

    def _choose(self, ways: tuple[Decision, ...]) -> list[int]:
        """A choice more: when it goes each of its ways."""
        self._choices.append(ways)
        return [self._goes(len(self._choices) - 1, way) for way in range(len(ways))]

    def _goes(self, number: int, way: int) -> int:
        """That a choice goes one of its ways."""
        many = range(len(self._choices[number]))
        return self._diagram.choice(number, tuple(TRUE if i == way else FALSE for i in many))

    def _decisions(self, gap: int, goes: int) -> tuple[Decision, ...]:
        """Few decisions that lead to a gap wherever the task goes on and those that decide run."""
        diagram = self._diagram
        made = diagram.shortest(diagram.given(gap, goes))
        # What is simpler where the task goes on may rule out that it does.
        if self._made(goes, made) == FALSE:
            made = diagram.shortest(gap)
        with suppress(TooMuch):
            # The last decisions often imply the others: that they are made at all.
            tails = (made[-count:] for count in range(1, min(len(made), FEW)))
            made = next((tail for tail in tails if self._leads(tail, goes, gap)), made)
            for decision in made if 1 < len(made) <= FEW else ():
                rest = [other for other in made if other != decision]
                made = rest if self._leads(rest, goes, gap) else made
        return tuple(self._choices[number][way] for number, way in made)

    def _leads(self, made: Sequence[tuple[int, int]], goes: int, gap: int) -> bool:
        """Whether the task goes on somewhere where these decisions are made, and always into the gap."""
        together = self._made(goes, made)
        return together != FALSE and self._diagram.unless(together, gap) == FALSE

    def _made(self, condition: int, made: Sequence[tuple[int, int]]) -> int:
        """A condition, and that these decisions are made by tasks that run."""
        for number, way in made:
            runs = self._runs[self._choices[number][way].task]
            assert runs is not None
            condition = self._diagram.both(condition, self._diagram.both(runs, self._goes(number, way)))
        return condition

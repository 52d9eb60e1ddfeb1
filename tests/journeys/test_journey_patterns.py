"""docs/reference/patterns.md is true: each of the 43 control-flow patterns runs as the page says.

Below a graph stands what it does, in sentences of these shapes (see CLAIM):

    [Given `{…}` [and] `event` at 3 s (`payload`), …] it gives `{…}` [in 5 s] [and is STOPPED].
    Then `task` is STATE (`reason`).           Then `task` begins at 3 s.
    Then `a`, `b` follow each other.           Then [no two of] `a`, `b`, `c` overlap.

Each graph runs in the simulation, in virtual time, with several orders of what could happen at one moment. A graph
that has a name is also stored, so that it can hold itself.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from blockloom import MemoryStore, RunView
from blockloom.codec import read_yaml
from blockloom.testing import engine_with, simulate

PAGE: Final = Path(__file__).parents[2] / "docs/reference/patterns.md"
SEEDS: Final = range(5)

_TASKS: Final = r"(?P<{0}>`[^`]+`(?:, `[^`]+`)*)"
CLAIM: Final = re.compile(
    r"(?:Given (?P<given>(?:`[^`]*`|[^`.]|\.(?=\d))+?) it gives|It gives) `(?P<outputs>\{.*?\})`"
    r"(?: in (?P<lasts>[\d.]+) s)?(?: and is (?P<ends>[A-Z]+))?"
    r"|Then `(?P<task>[^`]+)` is (?P<state>[A-Z]+)(?: \(`(?P<reason>[\w-]+)`\))?"
    r"|Then `(?P<begun>[^`]+)` begins at (?P<begins>[\d.]+) s"
    rf"|Then {_TASKS.format('sequence')} follow each other"
    rf"|Then {_TASKS.format('together')} overlap"
    rf"|Then no two of {_TASKS.format('apart')} overlap"
)
EVENT: Final = re.compile(r"`(?P<name>[\w.]+)` at (?P<at>[\d.]+) s(?: \(`(?P<payload>[^`]*)`\))?")


class Pattern(NamedTuple):
    """One section of the page: a pattern, its graph, and what is said of it."""

    number: int
    name: str
    graphs: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return f"WCP-{self.number}"


def patterns(page: str) -> list[Pattern]:
    parts = re.split(r"^## WCP-(\d+): (.+)\n", page, flags=re.M)[1:]
    return [pattern(int(number), name, text) for number, name, text in zip(*[iter(parts)] * 3, strict=True)]


def pattern(number: int, name: str, text: str) -> Pattern:
    graphs = tuple(re.findall(r"^```yaml\n(.*?)^```\n", text, re.M | re.S))
    prose = re.sub(r"^```.*?^```\n", "", text, flags=re.M | re.S)
    return Pattern(number, name, graphs, " ".join(prose.split()))


ALL: Final = patterns(PAGE.read_text(encoding="utf-8"))


def play(graph: Mapping[str, Any], given: str, seed: int) -> RunView:
    """The finished run of a graph, given its inputs and the events that are published meanwhile."""
    inputs = re.match(r"`(\{.*?\})`", given)
    events = [(float(e["at"]), e["name"], json.loads(e["payload"] or "null")) for e in EVENT.finditer(given)]

    async def main() -> RunView:
        async with engine_with(store=MemoryStore()) as engine:
            if "name" in graph:
                await engine.create_workflow(graph)
            run = await engine.start(graph, json.loads(inputs[1]) if inputs else {})
            now = 0.0
            for at, name, payload in sorted(events, key=lambda event: event[0]):
                await asyncio.sleep(at - now)
                now = at
                await engine.publish(name, payload)
            async with asyncio.timeout(10_000_000):
                return await run.wait()

    return simulate(main, seed)


def names(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def span(run: RunView, task: str) -> tuple[float, float]:
    """When a task began and ended, in seconds since the run began."""
    record = run.tasks[task]
    assert record.started is not None
    assert record.finished is not None
    began = run.events[0].time
    return round(record.started - began, 6), round(record.finished - began, 6)


def hold_end(run: RunView, claim: re.Match[str]) -> None:
    assert run.state == (claim["ends"] or "COMPLETED"), run.error
    assert run.outputs == json.loads(claim["outputs"])
    if claim["lasts"]:
        assert round(run.events[-1].time - run.events[0].time, 6) == float(claim["lasts"])


def hold_then(run: RunView, claim: re.Match[str]) -> None:
    if claim["task"]:
        task = run.tasks[claim["task"]]
        assert (task.state, task.reason) == (claim["state"], claim["reason"])
    elif claim["begun"]:
        assert span(run, claim["begun"])[0] == float(claim["begins"])
    elif claim["sequence"]:
        spans = [span(run, task) for task in names(claim["sequence"])]
        assert all(before[1] <= after[0] for before, after in pairwise(spans))
    else:
        spans = [span(run, task) for task in names(claim["together"] or claim["apart"])]
        overlaps = [max(a[0], b[0]) < min(a[1], b[1]) for a, b in combinations(spans, 2)]
        assert overlaps == [bool(claim["together"])] * len(overlaps)


def hold(text: str, graph: Mapping[str, Any], seed: int) -> None:
    """See that everything that is said of a graph is so."""
    run: RunView | None = None
    for claim in CLAIM.finditer(text):
        if claim["outputs"]:
            run = play(graph, claim["given"] or "", seed)
            hold_end(run, claim)
        else:
            assert run is not None
            hold_then(run, claim)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("pattern", ALL, ids=str)
def test_a_pattern_runs_as_the_page_says(pattern: Pattern, seed: int) -> None:
    (graph,) = pattern.graphs
    hold(pattern.text, read_yaml(graph), seed)


@pytest.mark.parametrize("pattern", ALL, ids=str)
def test_nothing_is_wrong_with_a_graph(pattern: Pattern) -> None:
    engine = engine_with()
    assert [engine.check(read_yaml(graph)) for graph in pattern.graphs] == [[]]


@pytest.mark.parametrize("pattern", ALL, ids=str)
def test_everything_that_is_said_of_a_graph_is_tested(pattern: Pattern) -> None:
    claims = list(CLAIM.finditer(pattern.text))
    assert any(claim["outputs"] for claim in claims)
    assert len(claims) == len(re.findall(r"\b(?:it|It) gives\b|\bThen\b", pattern.text))


def test_all_patterns_are_there_and_the_page_counts_them_right() -> None:
    assert [pattern.number for pattern in ALL] == list(range(1, 44))
    nearly = [str(pattern.number) for pattern in ALL if pattern.text.startswith("*Nearly.*")]
    assert len({pattern.name for pattern in ALL}) == 43
    said = PAGE.read_text(encoding="utf-8")
    assert f"**{43 - len(nearly)} of them**" in said
    assert f"**Five only nearly**: {', '.join(nearly[:-1])} and {nearly[-1]} are" in said
    assert len(nearly) == 5
    for name, words in {"README.md": "38 can be expressed", "README.zh-CN.md": "38 种可以"}.items():
        assert words in (PAGE.parents[2] / name).read_text(encoding="utf-8")


SOUND: Final = "It gives `{}` in 3 s. Then `a`, `b` follow each other. Then `b` begins at 1 s. Then `c` is COMPLETED."


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        (SOUND, True),
        ("It gives `{}`. Then `a`, `c` overlap. Then no two of `a`, `b` overlap.", True),
        ("Given `{}` and `x` at 1 s it gives `{}`.", True),
        ("It gives `{}` in 4 s.", False),
        ("It gives `{}` and is STOPPED.", False),
        ('It gives `{"x": 1}`.', False),
        ("It gives `{}`. Then `a`, `b` overlap.", False),
        ("It gives `{}`. Then no two of `a`, `b`, `c` overlap.", False),
        ("It gives `{}`. Then `b`, `a` follow each other.", False),
        ("It gives `{}`. Then `b` begins at 2 s.", False),
        ("It gives `{}`. Then `c` is CANCELED (`branch`).", False),
        ("Then `c` is COMPLETED.", False),
    ],
)
def test_a_false_word_about_a_graph_is_found(text: str, holds: bool) -> None:
    tasks = [waits(id, delay) for id, delay in zip("abc", "123", strict=True)]
    graph = {"blockloom": 1, "tasks": tasks, "connections": [{"from": "a", "to": "b"}]}
    if holds:
        hold(text, graph, 1)
    else:
        with pytest.raises(AssertionError):
            hold(text, graph, 1)


def waits(id: str, seconds: str) -> Mapping[str, Any]:
    return {"id": id, "type": "wait", "config": {"trigger": {"type": "after", "config": {"delay": f"{seconds}s"}}}}


def test_what_a_sentence_gives_is_read() -> None:
    given = '`{"a": "b.c"}`, `go` at 1.5 s (`{"x": "1. 2"}`) and `halt` at 5 s'
    claim = CLAIM.fullmatch(f"Given {given} it gives `{{}}` in 2 s and is STOPPED")
    assert claim is not None
    assert (claim["given"], claim["lasts"], claim["ends"]) == (given, "2", "STOPPED")
    assert [event.groups() for event in EVENT.finditer(given)] == [("go", "1.5", '{"x": "1. 2"}'), ("halt", "5", None)]

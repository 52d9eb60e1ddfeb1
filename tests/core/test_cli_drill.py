"""The command `drill`, with real processes that are really killed."""

import json
from pathlib import Path
from typing import Any

import pytest
from blockloom import Event
from blockloom.cli.program import Program
from blockloom.drill import flaws_of
from click.testing import CliRunner, Result


def drilled(folder: Path, source: str, *options: str) -> Result:
    """What `drill` says of a graph of one code block."""
    graph: dict[str, Any] = {
        "blockloom": 1,
        "inputs": {"n": {"default": 3}},
        "tasks": [
            {"id": "start", "type": "start"},
            {"id": "work", "type": "blocks", "blocks": [{"id": "x", "type": "code", "content": {"source": source}}]},
            {"id": "end", "type": "end"},
        ],
        "connections": [{"from": "start.n", "to": "work.n"}, {"from": "work.x", "to": "end.x"}],
    }
    path = folder / "graph.json"
    path.write_text(json.dumps(graph), encoding="utf-8")
    return CliRunner().invoke(Program(), ["drill", str(path), *options])


def test_a_graph_that_comes_to_the_same_wherever_it_is_killed(tmp_path: Path) -> None:
    done = drilled(tmp_path, "n * n", "-i", "n=4", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told == {"state": "COMPLETED", "events": 11, "kills": 10, "flaws": []}


def test_one_that_does_not_is_told_with_the_event_after_which(tmp_path: Path) -> None:
    done = drilled(tmp_path, "import random\nrandom.random()", "--most", "1")
    assert done.exit_code == 1, done.output
    assert done.stdout.startswith("changed (killed after 1 run.started): the run came to COMPLETED")
    assert "killed 1 times: 0 lost, 0 doubled, 1 changed" in done.stdout


@pytest.mark.parametrize(("source", "options"), [("n +", ()), ("n", ("-i", "m=1"))])
def test_a_wrong_graph_and_wrong_inputs_are_refused_before_anything_runs(
    tmp_path: Path, source: str, options: tuple[str, ...]
) -> None:
    done = drilled(tmp_path, source, *options)
    assert done.exit_code == 2, done.output
    assert "Traceback" not in done.output


RECORD = [
    Event(1, 1.0, "run.started", None, {"inputs": {}}),
    Event(2, 2.0, "task.completed", "each", {"outputs": {}}),
    Event(3, 3.0, "run.completed", None, {"outputs": {}}),
]
RETRIED = Event(3, 3.0, "task.retrying", "each", {"error": {"type": "x"}, "delay": 0})


@pytest.mark.parametrize(
    ("told", "recorded", "events", "flaws"),
    [
        (2, RECORD[:2], RECORD, []),
        (2, RECORD[:1], RECORD, ["lost"]),
        (1, [RECORD[0]._replace(time=0.0)], RECORD, ["changed"]),
        (2, RECORD[:2], [*RECORD[:2], RECORD[1]._replace(seq=3)], ["doubled"]),
        (2, RECORD[:2], [RECORD[0], RECORD[1]._replace(task="each[0].a"), RETRIED, RECORD[1]], ["changed"]),
    ],
)
def test_what_a_record_lacks_repeats_or_changes_is_found(
    told: int, recorded: list[Event], events: list[Event], flaws: list[str]
) -> None:
    assert [what for what, _ in flaws_of(told, recorded, events)] == flaws

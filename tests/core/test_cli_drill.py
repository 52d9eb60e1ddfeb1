"""The command `drill`, with real processes that are really killed."""

import json
from pathlib import Path
from typing import Any

import pytest
from blockloom.cli.program import Program
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

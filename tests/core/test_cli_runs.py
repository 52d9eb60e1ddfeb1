"""The commands `runs`: what is kept of past runs, also while another process writes."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from blockloom import Engine, Event, MemoryStore, Store, StoredRun
from blockloom.cli.program import Program
from blockloom.errors import BadUsage
from blockloom.homestores import HomeStores
from blockloom.plugins import installed
from blockloom.transfer import copy_run, export_run, import_run
from click.testing import CliRunner, Result

GRAPH: Mapping[str, Any] = {
    "blockloom": 1,
    "name": "halves",
    "inputs": {"n": {"type": "number"}},
    "tasks": [
        {"id": "start", "type": "start"},
        {"id": "half", "type": "blocks", "blocks": [{"id": "x", "type": "code", "content": {"source": "1 / n"}}]},
        {"id": "end", "type": "end"},
    ],
    "connections": [{"from": "start.n", "to": "half.n"}, {"from": "half.x", "to": "end.half"}],
}


def call(*args: object, input: str | None = None, status: int = 0, language: str = "en") -> Result:
    result = CliRunner(env={"BLOCKLOOM_LANG": language}).invoke(Program(), [str(arg) for arg in args], input=input)
    assert result.exit_code == status, result.output
    return result


def run(n: float, status: int = 0, *more: str) -> str:
    """Run the graph and return the id of the run."""
    result = call("run", "-", "-i", f"n={n}", "--json", *more, input=json.dumps(GRAPH), status=status)
    id: str = json.loads(result.stdout)["run"]
    return id


def listed(*args: object) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(call("runs", "--json", *args).stdout)["runs"]
    return rows


def held() -> Store:
    return HomeStores(installed().registry).open()


def test_runs_are_listed_the_newest_first() -> None:
    assert listed() == []
    assert call("runs").stderr == "There is no such run.\n"
    first, failed, last = run(2), run(0, 1), run(4)
    assert [row["run"] for row in listed()] == [last, failed, first]
    assert [row["run"] for row in listed("--limit", 1)] == [last]
    assert [row["run"] for row in listed("--state", "failed")] == [failed]
    assert len(listed("--state", "failed", "--state", "COMPLETED")) == 3
    assert listed("--workflow", "w1") == []
    row = listed()[1]
    assert row.keys() == {"run", "state", "name", "workflow", "created", "changed"}
    assert (row["state"], row["name"], row["workflow"]) == ("FAILED", "halves", None)
    assert row["created"] < row["changed"]
    shown = call("runs", "--limit", 2)
    assert [line.split()[0] for line in shown.stdout.splitlines()] == [last, failed]
    assert shown.stderr == "These are the newest 2; --limit shows more.\n"


def test_a_run_is_shown_with_its_tasks_and_outputs() -> None:
    id = run(4)
    shown = call("runs", "show", id).stdout.splitlines()
    assert shown[0].startswith(f"{id}  COMPLETED, began 20")
    assert [line.split()[:2] for line in shown[1:4]] == [[t, "COMPLETED"] for t in ("start", "half", "end")]
    assert shown[4:] == ["half: 0.25"]
    told = json.loads(call("runs", "show", id, "--json").stdout)
    assert told == json.loads(call("runs", "show", id, "--json").stdout)
    assert (told["run"], told["outputs"], [*told["tasks"]]) == (id, {"half": 0.25}, ["start", "half", "end"])


def test_a_failed_run_is_shown_with_why() -> None:
    id = run(0, 1)
    shown = call("runs", "show", id)
    assert "half   FAILED" in shown.stdout
    assert "ZeroDivisionError: " in shown.stdout
    assert "end    CANCELED" in shown.stdout
    assert shown.stderr.startswith("Error: ZeroDivisionError: ")
    assert shown.stderr.endswith("(task half)\n")


def test_a_task_of_a_past_run_is_explained() -> None:
    id = run(0, 1)
    shown = call("runs", "explain", id, "end").stdout.splitlines()
    assert shown[0] == "end  CANCELED"
    assert any("half" in line for line in shown[1:])
    told = json.loads(call("runs", "explain", id, "end", "--json").stdout)
    assert told["state"] == "CANCELED"
    assert "no task 'nothing'" in call("runs", "explain", id, "nothing", status=2).stderr


def test_without_a_task_every_task_of_a_past_run_is_explained() -> None:
    id = run(0, 1)
    every = call("runs", "explain", id).stdout
    names = ["start", "half", "end"]
    assert every == "".join(call("runs", "explain", id, name).stdout for name in names)
    told = json.loads(call("runs", "explain", id, "--json").stdout)["tasks"]
    assert told == {name: json.loads(call("runs", "explain", id, name, "--json").stdout) for name in names}


def test_what_is_not_there_is_told() -> None:
    run(2)
    for args in (("show", "r0"), ("explain", "r0", "a"), ("delete", "r0"), ("export", "r0")):
        assert call("runs", *args, status=2).stderr == "Error: There is no run 'r0'.\n"
    assert "no store" in call("runs", "--store", "sqlite:///nowhere/x.db", status=2).stderr


def test_runs_are_read_while_another_process_writes_and_deleted_once_it_does_not() -> None:
    first = run(2)
    owner = held()
    beside = run(4)
    assert [row["run"] for row in listed()] == [beside, first]
    assert call("runs", "show", beside).stdout.splitlines()[-1] == "half: 0.25"
    assert "is in use by the process" in call("runs", "delete", first, status=4).stderr
    call("runs", "delete", beside)
    assert [row["run"] for row in listed()] == [first]
    asyncio.run(owner.close())
    call("runs", "delete", first)
    assert listed() == []


def test_a_store_may_be_named(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/x.db"
    id = run(2, 0, "--store", url)
    assert listed() == []
    assert [row["run"] for row in listed("--store", url)] == [id]
    assert "half: 0.5" in call("runs", "show", id, "--store", url).stdout
    run(2, 0, "--store", "memory:")
    assert listed() == []


def test_a_run_goes_to_a_file_and_comes_back_as_it_was(tmp_path: Path) -> None:
    id, file = run(0, 1), tmp_path / "run.json"
    shown, explained = call("runs", "show", id, "--json").stdout, call("runs", "explain", id, "end").stdout
    call("runs", "export", id, file)
    assert call("runs", "export", id).stdout == file.read_text("utf-8")
    call("runs", "delete", id)
    assert call("runs", "import", file).stdout == f"{id}\n"
    assert call("runs", "import", "-", input=file.read_text("utf-8")).stdout == f"{id}\n"
    assert call("runs", "show", id, "--json").stdout == shown
    assert call("runs", "explain", id, "end").stdout == explained
    again = json.loads(call("runs", "export", id).stdout)
    assert again["run"].pop("settings") == {"imported": True, "events_after": 0}
    before = json.loads(file.read_text("utf-8"))
    before["run"].pop("settings")
    assert again == before


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"blockloom_run": 2}, "This exported run is of version 2; this blockloom reads version 1."),
        ({"events_version": 9}, "This journal is of version 9; this blockloom reads version 1."),
        ({"run": {"id": "r"}}, "This is no exported run: run/created: Field required."),
        (
            {"events": [{"seq": 2, "time": 1.0, "type": "run.started"}]},
            "event 1 is numbered 2 and is 'run.started'",
        ),
        ({"events": [{"seq": 1, "time": 1.0, "type": "task.sang"}]}, "event 1 is numbered 1 and is 'task.sang'"),
        ({"more": 1}, "This is no exported run: more: Extra inputs are not permitted."),
    ],
)
def test_what_is_no_exported_run_is_refused(change: Mapping[str, Any], sentence: str) -> None:
    document = json.loads(call("runs", "export", run(2)).stdout)
    told = call("runs", "import", "-", input=json.dumps({**document, **change}), status=2)
    assert sentence in told.stderr
    assert "Traceback" not in told.output


def test_a_file_is_not_taken_for_another_run_of_its_id() -> None:
    document = json.loads(call("runs", "export", run(2)).stdout)
    document["run"]["inputs"] = {"n": 3}
    told = call("runs", "import", "-", input=json.dumps(document), status=2)
    assert "The store holds another run" in told.stderr


def test_a_copy_has_all_that_belongs_to_the_run() -> None:
    async def go() -> None:
        source, target = MemoryStore(), MemoryStore()
        await source.create_run(StoredRun(id="r", graph=GRAPH, inputs={}, created=1.0, key="k"))
        await source.append("r", [Event(1, 1.0, "run.started", None, {})])
        await source.put("of-runs", "r/a", 1)
        await target.create_run(StoredRun(id="other", graph=GRAPH, inputs={}, created=1.0, key="k"))
        await copy_run(source, target, "r")
        assert (await target.get_run("r")).key is None
        assert await target.items("of-runs") == [("r/a", 1)]
        assert await target.events("r") == await source.events("r")
        third = MemoryStore()
        await import_run(third, await export_run(source, "r"))
        assert await third.items("of-runs") == [("r/a", 1)]
        with pytest.raises(BadUsage):
            await import_run(third, "no document")

    asyncio.run(go())


def test_it_speaks_chinese() -> None:
    id = run(2)
    assert "用时" in call("runs", "show", id, language="zh").stdout


def test_an_imported_run_that_was_not_over_goes_on_only_when_asked() -> None:
    graph = {"blockloom": 1, "tasks": [{"id": "m", "type": "merge"}]}

    async def go() -> tuple[list[str], str]:
        source = MemoryStore()
        await source.create_run(StoredRun(id="r", graph=graph, inputs={}, created=1.0))
        target = MemoryStore()
        await import_run(target, await export_run(source, "r"))
        async with Engine(installed(), target) as engine:
            recovered = await engine.recover()
            run = await (await engine.carry_on("r")).wait()
            return recovered, run.state

    assert asyncio.run(go()) == ([], "COMPLETED")

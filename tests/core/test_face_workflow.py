import asyncio
from typing import Any

import pytest
from blockloom import (
    BadUsage,
    Block,
    BlockloomError,
    InvalidGraph,
    InvalidInputs,
    NotFound,
    RunState,
    Task,
    TaskSpec,
    TaskState,
    Trigger,
    UnknownPart,
    Workflow,
    WorkflowSpec,
)
from blockloom_flow import BlocksTask, EndTask, IfTask, MergeTask, StartTask, SwitchTask


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLOCKLOOM_LANG", "en")


def merges(*ids: str) -> WorkflowSpec:
    spec = WorkflowSpec()
    for id in ids:
        spec.add_task(MergeTask(), id)
    return spec


def ends(spec: WorkflowSpec) -> list[tuple[str, str]]:
    return [(line.start, line.end) for line in spec.connections]


def text(content: str, type: str = "text") -> Task:
    task = BlocksTask()
    task.add_block(Block(type, {"text": content}), "say")
    return task


# Tasks


def test_a_task_is_added_at_the_end() -> None:
    spec = merges("a", "b")
    assert list(spec.tasks) == ["a", "b"]
    task = spec.add_task(Task(TaskSpec(type="merge"), "own"))
    assert (task.id, list(spec.tasks)) == ("own", ["a", "b", "own"])


@pytest.mark.parametrize(
    ("add", "why"),
    [
        (lambda spec: spec.add_task(MergeTask()), "needs an id"),
        (lambda spec: spec.add_task(MergeTask(), "a"), "has a task 'a' already"),
        (lambda spec: spec.add_task(spec.tasks["a"], "b"), "'a' is in the workflow already; it cannot be 'b' too"),
        (lambda spec: spec.add_task(merges("x").tasks["x"], "x"), "in another workflow already"),
        (lambda spec: setattr(spec, "a", MergeTask()), "has a task 'a' already"),
        (lambda spec: spec.add_task({"type": "merge"}, "b"), "added is a Task, .*, not a value of type dict"),
    ],
)
def test_a_task_that_cannot_be_added(add: Any, why: str) -> None:
    spec = merges("a")
    before = spec.to_json()
    with pytest.raises(BadUsage, match=why):
        add(spec)
    assert spec.to_json() == before


def test_a_spec_that_is_added_becomes_a_task() -> None:
    spec = merges("a")
    added = spec.add_task(TaskSpec("merge", join="all"), "b")
    assert spec.tasks["b"] is added
    assert added.to_json() == {"id": "b", "type": "merge", "join": "all"}


def test_a_workflow_is_made_from_a_spec_and_nothing_else() -> None:
    for other, what in ((WorkflowSpec, "the class WorkflowSpec itself"), ({"tasks": []}, "a value of type dict")):
        with pytest.raises(BadUsage, match=f"Workflow.from_json reads a document, not {what}"):
            Workflow(other)  # type: ignore[arg-type]


def test_to_add_the_same_task_again_changes_nothing() -> None:
    spec = merges("a", "b")
    spec.add_task(spec.tasks["a"], "a")
    assert list(spec.tasks) == ["a", "b"]


def test_an_attribute_adds_a_task_once() -> None:
    spec: Any = WorkflowSpec()
    spec.first = MergeTask()
    spec.last = spec.first
    assert list(spec.tasks) == ["first"]
    assert spec.last.id == "first"


METHODS = ["check", "start", "run", "stop", "connect", "graph", "add_task", "to_json", "resume"]


@pytest.mark.parametrize("name", METHODS)
def test_a_task_may_be_called_like_a_method(name: str) -> None:
    spec: Any = WorkflowSpec()
    setattr(spec, name, MergeTask())
    spec.end = EndTask()
    getattr(spec, name).connect(spec.end["x"])
    assert WorkflowSpec.to_json(spec)["tasks"] == [{"id": name, "type": "merge"}, {"id": "end", "type": "end"}]
    workflow = Workflow(spec)
    assert workflow.check() == []
    assert asyncio.run(workflow.run()).outputs == {"x": {"values": [], "result": None}}
    assert "flowchart" in workflow.graph("mermaid")
    assert workflow.to_json()["tasks"][0]["id"] == name


def test_a_workflow_with_a_task_called_start_runs() -> None:
    workflow: Any = Workflow()
    workflow.start = StartTask()
    workflow.end = EndTask()
    workflow.start["x"].connect(workflow.end["x"])
    assert asyncio.run(workflow.run({"x": 1})).outputs == {"x": 1}


@pytest.mark.parametrize("name", ["name", "tasks", "connections", "inputs", "triggers", "extra", "last_run"])
def test_a_task_cannot_take_the_place_of_a_field(name: str) -> None:
    spec = WorkflowSpec()
    with pytest.raises(BadUsage, match=f"'{name}' is a field of WorkflowSpec itself: use add_task"):
        setattr(spec, name, MergeTask())
    assert spec.to_json()["tasks"] == []
    spec.add_task(MergeTask(), name)
    assert spec.to_json()["tasks"] == [{"id": name, "type": "merge"}]
    assert Workflow(spec).check() == []


def test_a_task_cannot_take_the_place_of_a_property() -> None:
    with pytest.raises(BadUsage, match="'state' is a field of Workflow itself"):
        Workflow().state = MergeTask()  # type: ignore[misc, assignment]


def test_a_spec_that_was_not_made_says_so() -> None:
    class Forgetful(WorkflowSpec):
        def __init__(self) -> None:
            self.a = MergeTask()

    with pytest.raises(BadUsage, match=r"Call super\(\).__init__\(\) before the first task"):
        Forgetful()


def test_a_task_is_removed_with_its_lines() -> None:
    spec = merges("a", "b", "c")
    for a, b in ("ab", "bc", "ac"):
        spec.connect(a, b)
    removed = spec.remove_task("b")
    assert (list(spec.tasks), ends(spec)) == (["a", "c"], [("a", "c")])
    spec.add_task(removed, "d")
    assert list(spec.tasks) == ["a", "c", "d"]
    with pytest.raises(UnknownPart, match=r"The workflow has no task 'b'. There are: a, c, d\."):
        spec.remove_task("b")


@pytest.mark.parametrize(("index", "order"), [(0, "cab"), (1, "acb"), (2, "abc")])
def test_a_task_is_moved(index: int, order: str) -> None:
    spec = merges("a", "b", "c")
    spec.move_task("c", index)
    assert "".join(spec.tasks) == order
    assert [task["id"] for task in spec.to_json()["tasks"]] == list(order)


@pytest.mark.parametrize("index", [-1, 3])
def test_a_task_is_not_moved_out_of_the_list(index: int) -> None:
    spec = merges("a", "b", "c")
    with pytest.raises(BadUsage, match=f"has 3 tasks: there is no place {index}"):
        spec.move_task("a", index)
    with pytest.raises(UnknownPart):
        spec.move_task("x", 0)


# Lines


def test_lines_are_kept_in_the_order_in_which_they_were_drawn() -> None:
    spec = merges("a", "b", "c")
    a, b, c = (spec.tasks[id] for id in "abc")
    a.connect(b)
    c["result"].connect(b["x"])
    spec.connect("a.error", "c")
    a["values"].connect(c)
    b.connect(c["y"])
    expected = [("a", "b"), ("c.result", "b.x"), ("a.error", "c"), ("a.values", "c"), ("b", "c.y")]
    assert ends(spec) == expected
    spec.disconnect("a.error", "c")
    assert ends(spec) == [*expected[:2], *expected[3:]]


def test_lines_may_be_drawn_before_their_tasks_are_added() -> None:
    a, b, c = MergeTask(), MergeTask(), MergeTask()
    a["result"].connect(c["x"])
    b["result"].connect(c["x"])
    a.connect(b)
    spec = WorkflowSpec()
    for id, task in (("a", a), ("c", c), ("b", b)):
        spec.add_task(task, id)
    assert sorted(ends(spec)) == [("a", "b"), ("a.result", "c.x"), ("b.result", "c.x")]


def test_a_line_to_a_task_that_is_not_there_is_told() -> None:
    spec = merges("a")
    spec.tasks["a"].connect(MergeTask())
    with pytest.raises(BadUsage, match="'a' is connected to a task that is not in this workflow"):
        spec.to_json()


def test_many_tasks_are_connected_in_time() -> None:
    spec, end = WorkflowSpec(), EndTask()
    for i in range(5000):
        task = MergeTask()
        task.connect(end)
        spec.add_task(task, f"t{i}")
    spec.add_task(end, "end")
    assert len(spec.connections) == 5000


@pytest.mark.parametrize(("start", "end"), [("a.", "b"), (".a", "b"), ("a", "b.x.y"), ("", "b"), ("a", ""), ("a", ".")])
def test_an_end_of_a_line_is_a_task_or_a_port(start: str, end: str) -> None:
    spec = merges("a", "b")
    for call in (spec.connect, spec.disconnect):
        with pytest.raises(BadUsage, match=r"'task' or 'task\.port'"):
            call(start, end)
    assert ends(spec) == []


def test_a_line_to_no_task_is_refused() -> None:
    spec = merges("a", "b")
    with pytest.raises(UnknownPart, match="no task 'x'"):
        spec.connect("a", "x")
    with pytest.raises(UnknownPart, match="no connection 'a → b'"):
        spec.disconnect("a", "b")


# Exchange


def test_two_tasks_exchange_their_places_in_the_flow() -> None:
    spec = merges("a", "b", "c", "d")
    for start, end in (("a", "b"), ("b.result", "c.x"), ("c", "d"), ("b", "d.y")):
        spec.connect(start, end)
    spec.swap_tasks("b", "c")
    assert "".join(spec.tasks) == "acbd"
    assert ends(spec) == [("a", "c"), ("c.result", "b.x"), ("b", "d"), ("c", "d.y")]
    spec.swap_tasks("c", "b")
    assert ends(spec) == [("a", "b"), ("b.result", "c.x"), ("c", "d"), ("b", "d.y")]


def test_an_exchange_keeps_what_lines_say_beside_their_ends() -> None:
    tasks = [{"id": id, "type": "merge"} for id in "abc"]
    lines = [{"from": "a", "to": "b", "label": 1}, {"from": "b", "to": "c", "label": 2}]
    spec = WorkflowSpec.from_json({"blockloom": 1, "tasks": tasks, "connections": lines})
    spec.swap_tasks("a", "b")
    told = spec.to_json()["connections"]
    assert told == [{"from": "b", "to": "a", "label": 1}, {"from": "a", "to": "c", "label": 2}]


def test_neighbours_exchange_their_places() -> None:
    spec = merges("a", "b")
    spec.connect("a.result", "b.x")
    spec.swap_tasks("a", "b")
    assert ends(spec) == [("b.result", "a.x")]


def test_an_exchange_that_the_ports_do_not_allow_changes_nothing() -> None:
    spec = WorkflowSpec()
    spec.add_task(IfTask("value"), "choose")
    spec.add_task(text("x"), "page")
    spec.add_task(EndTask(), "end")
    spec.connect("choose.true", "page")
    spec.connect("page.say", "end.x")
    before = spec.to_json()
    with pytest.raises(BadUsage, match=r"'choose' and 'page' cannot be swapped: .*no output 'true'") as caught:
        spec.swap_tasks("choose", "page")
    assert "no output 'say'" in caught.value.message
    assert spec.to_json() == before
    with pytest.raises(UnknownPart):
        spec.swap_tasks("choose", "x")
    assert spec.to_json() == before


def test_an_exchange_is_not_held_back_by_what_was_wrong_before() -> None:
    spec = merges("a", "b")
    spec.add_task(Task(TaskSpec(type="vendor.thing")), "x")
    spec.connect("a", "b")
    spec.swap_tasks("a", "b")
    assert ends(spec) == [("b", "a")]


# Documents and drawings


def test_a_spec_says_all_it_was_given() -> None:
    spec = WorkflowSpec("mine", inputs={"x": {"type": "string"}})
    spec.add_task(SwitchTask([{"port": "a", "when": "x"}], mode="all"), "way")
    spec.triggers.append(Trigger("cron", {"expression": "0 9 * * *"}, "nightly"))
    assert spec.to_json() == {
        "blockloom": 1,
        "name": "mine",
        "inputs": {"x": {"type": "string"}},
        "tasks": [
            {"id": "way", "type": "switch", "config": {"cases": [{"port": "a", "when": "x"}], "mode": "all"}},
        ],
        "connections": [],
        "triggers": [{"id": "nightly", "type": "cron", "config": {"expression": "0 9 * * *"}}],
        "requires": {"blockloom-code": ">=0.1", "blockloom-flow": ">=0.1", "blockloom-time": ">=0.1"},
    }
    assert Workflow(spec).to_json() == spec.to_json()
    assert spec.check() == []


def test_the_drawings() -> None:
    spec = merges("a", "b")
    spec.connect("a", "b")
    assert spec.graph() == spec.graph("mermaid")
    assert spec.graph("mermaid").startswith("flowchart LR\n")
    assert spec.graph("dot").startswith("digraph {\n")
    assert WorkflowSpec.from_json(spec.graph("json")).to_json() == spec.to_json()
    with pytest.raises(BadUsage, match="'png' is none of them"):
        spec.graph("png")


# Runs


def greeting() -> Workflow:
    workflow = Workflow(WorkflowSpec(inputs={"name": {"type": "string"}}))
    for id, task in (("start", StartTask()), ("greet", text("Hello {{ name }}")), ("end", EndTask())):
        workflow.add_task(task, id)
    for start, end in (("start.name", "greet.name"), ("greet.say", "end.text")):
        workflow.connect(start, end)
    return workflow


def test_before_the_first_run() -> None:
    workflow = greeting()
    assert workflow.state is RunState.PENDING
    assert workflow.current_tasks() == []
    task = workflow.tasks["greet"]
    assert (task.state, task.inputs, task.outputs) == (TaskState.WAITING, {}, {})
    for call in (workflow.stop, workflow.pause, workflow.resume):
        with pytest.raises(NotFound):
            asyncio.run(call())


def test_after_a_run() -> None:
    workflow = greeting()
    run = asyncio.run(workflow.run({"name": "Ada"}))
    assert (run.state, run.outputs) == (RunState.COMPLETED, {"text": "Hello Ada"})
    task = workflow.tasks["greet"]
    assert (task.state, task.inputs) == (TaskState.COMPLETED, {"name": "Ada"})
    assert task.outputs == {"say": "Hello Ada", "result": "Hello Ada"}
    assert workflow.current_tasks() == []
    assert run.events[0].type == "run.started"
    assert run.tasks["greet"].state is TaskState.COMPLETED


def test_the_sentence_about_a_graph_with_many_problems_stays_short() -> None:
    graph = {"blockloom": 1, "tasks": [{"id": f"t{number}", "type": "nowhere"} for number in range(1000)]}
    with pytest.raises(InvalidGraph) as caught:
        asyncio.run(Workflow.from_json(graph).run())
    assert len(caught.value.problems) == 1000
    assert "/tasks/19/type: No installed plugin" in caught.value.message
    assert "/tasks/20/" not in caught.value.message
    assert caught.value.message.endswith("; and 980 more")


def test_what_does_not_fit_is_told_before_a_run_exists() -> None:
    workflow = greeting()
    with pytest.raises(InvalidInputs):
        asyncio.run(workflow.run({"name": 5}))
    workflow.connect("greet.no", "end.x")
    with pytest.raises(InvalidGraph):
        asyncio.run(workflow.run({"name": "Ada"}))
    with pytest.raises(BlockloomError):
        asyncio.run(greeting().run({"name": "Ada"}, store="nowhere"))
    with pytest.raises(BadUsage, match="max_concurrency must be at least 1"):
        asyncio.run(greeting().run({"name": "Ada"}, max_concurrency=0))
    assert workflow.last_run is None


def test_a_run_that_fails_is_given_back() -> None:
    workflow = greeting()
    workflow.tasks["greet"].blocks["say"].write({"text": "{{ nobody }}"})
    run = asyncio.run(workflow.run({"name": "Ada"}))
    assert run.state is RunState.FAILED
    assert run.error is not None
    assert run.error["task"] == "greet"
    assert workflow.tasks["greet"].state is TaskState.FAILED
    assert workflow.tasks["end"].state is TaskState.CANCELED


def test_a_run_is_started_and_waited_for() -> None:
    async def main() -> None:
        workflow = greeting()
        run = await workflow.start({"name": "Ada"}, store="memory:", durability="sync")
        assert workflow.last_run is run
        await workflow.stop()
        assert (await run.wait()).state in (RunState.STOPPED, RunState.COMPLETED)

    asyncio.run(main())

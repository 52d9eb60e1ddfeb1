"""A workflow written in Python, as the contract shows it."""

import asyncio

from blockloom import Block, RunState, RunView, Task, TaskSpec, TaskState, Workflow, WorkflowSpec
from blockloom_flow import EndTask, StartTask


class Score(TaskSpec):
    def __init__(self) -> None:
        super().__init__()
        self.words = Block("code", {"source": "ticket.lower().split()"})
        self.count = Block("code", {"source": "len(words)"})
        self.words.link(self.count)


class Triage(WorkflowSpec):
    def __init__(self) -> None:
        super().__init__()
        self.start = StartTask()
        self.score = Task(Score())
        self.end = EndTask()
        self.start.connect(self.score)
        self.start["ticket"].connect(self.score["ticket"])
        self.score["result"].connect(self.end["words"])


def run(workflow: Workflow, ticket: str) -> RunView:
    return asyncio.run(workflow.run({"ticket": ticket}))


def test_the_sample_of_the_contract() -> None:
    workflow = Workflow(Triage())
    assert workflow.check() == []
    finished = run(workflow, "the site is down")
    assert finished.outputs == {"words": 4}
    assert finished.state is RunState.COMPLETED
    assert workflow.state is RunState.COMPLETED
    assert {id: task.state for id, task in workflow.tasks.items()} == dict.fromkeys(
        ["start", "score", "end"], TaskState.COMPLETED
    )
    assert workflow.tasks["score"].inputs == {"ticket": "the site is down"}
    assert workflow.tasks["score"].outputs == {"words": ["the", "site", "is", "down"], "count": 4, "result": 4}
    assert workflow.tasks["end"].inputs == {"words": 4}


def test_a_workflow_runs_again_and_shows_the_last_run() -> None:
    workflow = Workflow(Triage())
    first = run(workflow, "one two")
    second = run(workflow, "one")
    assert (first.outputs, second.outputs) == ({"words": 2}, {"words": 1})
    assert first.id != second.id
    assert workflow.tasks["score"].outputs["result"] == 1


def test_the_document_of_the_sample_runs_alike() -> None:
    document = Triage().to_json()
    assert [task["id"] for task in document["tasks"]] == ["start", "score", "end"]
    assert document["tasks"][1]["links"] == [{"from": "words", "to": "count"}]
    assert document["connections"] == [
        {"from": "start", "to": "score"},
        {"from": "start.ticket", "to": "score.ticket"},
        {"from": "score.result", "to": "end.words"},
    ]
    assert run(Workflow.from_json(document), "a b c").outputs == {"words": 3}

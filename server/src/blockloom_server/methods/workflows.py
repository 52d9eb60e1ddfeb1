"""Methods about stored workflows."""

from collections.abc import Iterable
from typing import Any, Literal

from blockloom.draw import draw
from blockloom.events import moment
from blockloom.problem import Problem as Found
from blockloom.store import StoredWorkflow
from pydantic import Field, model_validator

from ..faults import CONFLICT, INVALID_GRAPH, NOT_FOUND
from ..guest import Guest
from ..method import TABLE, Done, Nothing, Params, Result
from ..shapes import Problem, WorkflowRow


class New(Params):
    """A graph to keep."""

    graph: dict[str, Any] = Field(description="The graph; a draft may have problems.")


class Named(Params):
    """One workflow."""

    workflow: str = Field(description="The id of a workflow.")


class Change(Named):
    """A graph in place of the one that stands."""

    graph: dict[str, Any]
    revision: int = Field(description="The revision that the change is based on.")


class Drawing(Named):
    """A way to draw a workflow."""

    format: Literal["mermaid", "dot", "json"] = "mermaid"


class ToCheck(Params):
    """A stored workflow or a graph, one of the two."""

    workflow: str | None = None
    graph: Any = None

    @model_validator(mode="after")
    def _one_of_two(self) -> "ToCheck":
        if len({"workflow", "graph"} & self.model_fields_set) != 1:
            raise ValueError("give either workflow or graph")
        return self


class Revision(Result):
    """A workflow and the revision that stands now."""

    workflow: str
    revision: int


class Workflow(Revision):
    """A workflow with its graph."""

    graph: dict[str, Any]


class Workflows(Result):
    """Workflows, in the order in which they were made."""

    workflows: list[WorkflowRow]


class Problems(Result):
    """Everything that is wrong."""

    problems: list[Problem]


class Graph(Result):
    """A drawing, as text."""

    graph: str


def problems_of(found: Iterable[Found]) -> Problems:
    """The result that tells problems."""
    return Problems(problems=[Problem(**problem.to_json()) for problem in found])


def revision_of(kept: StoredWorkflow) -> Revision:
    """The result that tells a workflow's revision."""
    return Revision(workflow=kept.id, revision=kept.revision)


@TABLE.method("workflow.create", INVALID_GRAPH)
async def create(guest: Guest, given: New) -> Revision:
    """Keep a new workflow."""
    return revision_of(await guest.hub.create(given.graph))


@TABLE.method("workflow.update", NOT_FOUND, CONFLICT, INVALID_GRAPH)
async def update(guest: Guest, given: Change) -> Revision:
    """Replace a workflow's graph; a conflict where another revision stands."""
    return revision_of(await guest.hub.update(given.workflow, given.graph, given.revision))


@TABLE.method("workflow.get", NOT_FOUND, reads=True)
async def get(guest: Guest, given: Named) -> Workflow:
    """A workflow with its graph."""
    kept = await guest.hub.engine.get_workflow(given.workflow)
    return Workflow(workflow=kept.id, revision=kept.revision, graph=dict(kept.graph))


@TABLE.method("workflow.list", reads=True)
async def list_(guest: Guest, given: Nothing) -> Workflows:
    """All workflows, without their graphs."""
    return Workflows(workflows=[_row(kept) for kept in await guest.hub.engine.workflows()])


@TABLE.method("workflow.delete", NOT_FOUND)
async def delete(guest: Guest, given: Named) -> Done:
    """Forget a workflow; its runs stay."""
    await guest.hub.delete(given.workflow)
    return Done()


@TABLE.method("workflow.check", NOT_FOUND, reads=True)
async def check(guest: Guest, given: ToCheck) -> Problems:
    """Everything that is wrong with a stored workflow or with a graph; nothing is run."""
    graph = given.graph
    if given.workflow is not None:
        graph = (await guest.hub.engine.get_workflow(given.workflow)).graph
    return problems_of(guest.hub.engine.check(graph))


@TABLE.method("workflow.graph", NOT_FOUND, reads=True)
async def graph(guest: Guest, given: Drawing) -> Graph:
    """A workflow's tasks and connections as a drawing."""
    kept = await guest.hub.engine.get_workflow(given.workflow)
    return Graph(graph=draw(kept.graph, given.format))


def _row(kept: StoredWorkflow) -> WorkflowRow:
    name = kept.graph.get("name")
    row = WorkflowRow(workflow=kept.id, revision=kept.revision, changed=moment(kept.changed))
    row.name = name if isinstance(name, str) else None
    row.title = kept.graph.get("title")
    return row

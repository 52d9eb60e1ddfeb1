"""Methods about the blocks of a task; every change is a new revision of the workflow."""

from typing import Any

from blockloom.alone import evaluate_block, grown
from blockloom.check import check_content
from pydantic import Field

from ..editing import blocks as edit
from ..editing.tasks import task_of
from ..faults import INVALID_GRAPH, NOT_FOUND, WRONG_STATE
from ..guest import Guest
from ..method import TABLE, Result
from .tasks import Edited, OneTask, edited
from .workflows import Problems, problems_of


class OneBlock(OneTask):
    """One block of a task."""

    block: str = Field(description="The id of a block.")


class NewBlock(OneTask):
    """A block to add."""

    block: dict[str, Any] = Field(description="The block, as it stands in a graph.")


class Content(OneBlock):
    """A content for a block."""

    content: dict[str, Any]


class Addition(OneBlock):
    """Something to put at the end of a block's content."""

    content: Any


class Inputs(OneBlock):
    """A block to evaluate, and the task's inputs."""

    inputs: dict[str, Any] = Field(default_factory=dict)


class Block(Result):
    """A block, as it stands in the graph."""

    block: dict[str, Any]


class Evaluated(Result):
    """A block's value."""

    value: Any


async def block_of(guest: Guest, given: OneBlock) -> dict[str, Any]:
    """The block that a call names; raises NotFound or UnknownPart."""
    kept = await guest.hub.engine.get_workflow(given.workflow)
    return edit.block_of(dict(kept.graph), given.task, given.block)


@TABLE.method("block.get", NOT_FOUND, reads=True)
async def get(guest: Guest, given: OneBlock) -> Block:
    """A block of a task."""
    return Block(block=dict(await block_of(guest, given)))


@TABLE.method("block.add", NOT_FOUND, INVALID_GRAPH)
async def add(guest: Guest, given: NewBlock) -> Edited:
    """Add a block at the end of a task's list."""
    return await edited(guest, given.workflow, lambda graph: edit.add_block(graph, given.task, given.block))


@TABLE.method("block.write", NOT_FOUND, INVALID_GRAPH)
async def write(guest: Guest, given: Content) -> Edited:
    """Replace a block's content."""
    registry = guest.hub.engine.registry
    return await edited(
        guest, given.workflow, lambda graph: edit.write_block(graph, given.task, given.block, given.content, registry)
    )


@TABLE.method("block.append", NOT_FOUND, INVALID_GRAPH)
async def append(guest: Guest, given: Addition) -> Edited:
    """Add to the end of a block's content, as the block's type understands it."""
    registry = guest.hub.engine.registry

    def change(graph: dict[str, Any]) -> dict[str, Any]:
        block = edit.block_of(graph, given.task, given.block)
        content = grown(block, given.content, registry)
        return edit.write_block(graph, given.task, given.block, content, registry)

    return await edited(guest, given.workflow, change)


@TABLE.method("block.remove", NOT_FOUND)
async def remove(guest: Guest, given: OneBlock) -> Edited:
    """Take a block out, with its links."""
    return await edited(guest, given.workflow, lambda graph: edit.remove_block(graph, given.task, given.block))


@TABLE.method("block.check", NOT_FOUND, reads=True)
async def check(guest: Guest, given: OneBlock) -> Problems:
    """What is wrong with a block's content; paths are relative to the content."""
    block = await block_of(guest, given)
    return problems_of(check_content(block, guest.hub.engine.registry))


@TABLE.method("block.evaluate", NOT_FOUND, INVALID_GRAPH, WRONG_STATE, waits=True, reads=True)
async def evaluate(guest: Guest, given: Inputs) -> Evaluated:
    """The value of a block over the task's inputs, the blocks before it being evaluated too."""
    kept = await guest.hub.engine.get_workflow(given.workflow)
    graph = dict(kept.graph)
    edit.block_of(graph, given.task, given.block)
    task = task_of(graph, given.task)
    return Evaluated(value=await evaluate_block(task, given.block, given.inputs, guest.hub.engine.registry))

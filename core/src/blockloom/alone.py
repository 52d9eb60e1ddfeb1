"""Blocks outside a run: how one grows, and its value."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from inspect import isawaitable
from typing import Any

from .block import BlockContext, BlockType
from .check import prepare_task
from .check import read_content as validated
from .errors import BadUsage, BlockloomError, InvalidGraph, TaskFailed
from .problem import errors
from .registry import Registry
from .spec import Graph, TriggerSpec
from .states import RunState
from .task import Answer, TaskContext
from .trigger import Fired
from .values import copy_value


def read_content(block: Mapping[str, Any], registry: Registry) -> tuple[BlockType, Any]:
    """The type of a block and its validated content; raises UnknownType, or InvalidGraph with all that is wrong."""
    type = registry.block(str(block.get("type")))
    content, problems = validated(block, registry)
    if found := errors(problems):
        raise InvalidGraph(found)
    return type, content


def grown(block: Mapping[str, Any], addition: Any, registry: Registry) -> dict[str, Any]:
    """A block's content with something at its end; raises InvalidGraph, or BadUsage where it does not fit there."""
    type, content = read_content(block, registry)
    try:
        made = type.append(content, copy_value(addition))
        copied: dict[str, Any] = copy_value(made.model_dump(mode="json", by_alias=True))
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        raise BadUsage(f"This cannot be appended to a block of the type {type.name!r}: {error}") from None
    return copied


async def evaluate_content(block: Mapping[str, Any], inputs: Mapping[str, Any], registry: Registry) -> Any:
    """The value of a block by itself over `inputs`."""
    type, content = read_content(block, registry)
    names = copy_value(dict(inputs))
    value = type.evaluate(BlockContext(content=content, names=names, inputs=copy_value(names)))
    return copy_value(await value if isawaitable(value) else value)


async def evaluate_block(task: Mapping[str, Any], block: str, inputs: Mapping[str, Any], registry: Registry) -> Any:
    """The value of one block of a task over its literal inputs and `inputs`; raises InvalidGraph or TaskFailed."""
    plan = prepare_task(task, registry)
    values = copy_value({**plan.fixed, **inputs})
    context = TaskContext(plan.id, plan.type, plan.config, values, _Alone(registry), plan.sequence)
    try:
        return (await context.evaluate_blocks(until=block))[block]
    except BlockloomError:
        raise
    except Exception as error:
        # Whatever the type of a plugin raises fails a task; here it fails the call.
        raise TaskFailed(type(error).__name__, str(error)[:2000]) from error


class _Alone:
    """What a task reaches outside a run: nothing but the block types."""

    run_id = "none"

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def block_type(self, name: str) -> BlockType:
        """The block type of this name."""
        return self._registry.block(name)

    def secret(self, name: str) -> str:
        """Nothing of what is evaluated here is hidden."""
        raise BadUsage("A secret is read only inside a run.")

    def call(self, task: str) -> AbstractAsyncContextManager[None]:
        """There is no budget."""
        return nullcontext()

    def spend(self, task: str, tokens: int) -> None:
        """There is no budget."""

    def note(self, task: str, type: str, data: Mapping[str, Any]) -> None:
        """Nobody watches."""

    async def run_body(self, holder: Any, graph: Graph, inputs: Mapping[str, Any], key: int | None) -> dict[str, Any]:
        """There is no run to hold a body."""
        raise BadUsage("A body runs only inside a run.")

    async def ask(self, holder: Any, number: int, form: Mapping[str, Any]) -> Answer:
        """Nobody is there."""
        raise BadUsage("A person is asked only inside a run.")

    async def wait(self, holder: Any, number: int, trigger: TriggerSpec, fresh: bool) -> Fired:
        """Nothing fires."""
        raise BadUsage("A trigger is waited for only inside a run.")

    async def set_trigger(self, key: str, document: Mapping[str, Any]) -> str:
        """There is no store."""
        raise BadUsage("A trigger is set only inside a run.")

    async def publish_event(self, name: str, payload: Any) -> int:
        """There is nobody to hear it."""
        raise BadUsage("An event is published only inside a run.")

    async def find_workflow(self, name: str) -> Graph:
        """There is no store."""
        raise BadUsage("A stored workflow is found only inside a run.")

    async def room(self) -> None:
        """There is always room."""

    def end_bodies(self, holder: Any) -> None:
        """There is none."""

    def stop_scope(self, holder: Any, state: RunState) -> None:
        """There is nothing to end."""

    def cancel_tasks(self, holder: Any, ids: Sequence[str]) -> None:
        """There is nothing to cancel."""

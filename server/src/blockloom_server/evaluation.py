"""Blocks outside a run: how one grows, and its value."""

from collections.abc import Mapping
from typing import Any, cast

from blockloom.block import BlockType
from blockloom.check import check_content, prepare
from blockloom.codec import FORMAT
from blockloom.errors import BadUsage, BlockloomError, InvalidGraph, TaskFailed
from blockloom.problem import Problem, errors
from blockloom.registry import Registry
from blockloom.task import Host, TaskContext
from blockloom.values import copy_value


def problems_of(block: Mapping[str, Any], registry: Registry) -> list[Problem]:
    """What is wrong with a block's content, with paths from the content on."""
    return check_content(str(block.get("id")), str(block.get("type")), block.get("content") or {}, registry)


def grown(block: Mapping[str, Any], addition: Any, registry: Registry) -> dict[str, Any]:
    """A block's content with something at its end; raises InvalidGraph, or BadUsage where it does not fit there."""
    if found := errors(problems_of(block, registry)):
        raise InvalidGraph(found)
    type = registry.block(str(block["type"]))
    try:
        content = type.append(type.Content.model_validate(block.get("content") or {}), addition)
        made: dict[str, Any] = copy_value(content.model_dump(mode="json"))
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        raise BadUsage(f"This cannot be appended to a block of the type {type.name!r}: {error}") from None
    return made


async def evaluate_block(task: Mapping[str, Any], block: str, inputs: Mapping[str, Any], registry: Registry) -> Any:
    """The value of one block of a task over its literal inputs and `inputs`; raises InvalidGraph or TaskFailed."""
    literals = task.get("inputs")
    given = {**(literals if isinstance(literals, dict) else {}), **inputs}
    alone = {key: value for key, value in task.items() if key != "join"} | {"inputs": given}
    one = prepare({"blockloom": FORMAT, "tasks": [alone]}, registry).tasks[0]
    host = cast(Host, _Alone(registry))
    context = TaskContext(one.id, one.type, one.config, copy_value(given), host, one.sequence)
    try:
        return (await context.evaluate_blocks(until=block))[block]
    except BlockloomError:
        raise
    except Exception as error:
        # Whatever the type of a plugin raises fails a task; here it fails the call.
        raise TaskFailed(type(error).__name__, str(error)[:2000]) from error


class _Alone:
    """What a block reaches when it is evaluated outside a run: nothing but the block types."""

    run_id = "none"

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def block_type(self, name: str) -> BlockType:
        return self._registry.block(name)

    def note(self, task: str, type: str, data: Mapping[str, Any]) -> None:
        """Nobody watches."""

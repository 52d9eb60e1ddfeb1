"""Changes to the blocks of a task."""

from typing import Any

from blockloom.registry import Registry
from blockloom.requires import stamped

from .parts import Part, check_new, parts, place_of, replaced
from .tasks import put_task, task_of


def block_of(graph: Part, task: str, id: str) -> Part:
    """One block; raises UnknownPart."""
    blocks = parts(task_of(graph, task), "blocks")
    found: Part = blocks[place_of(blocks, id, "block", _where(task))]
    return found


def add_block(graph: Part, task: str, block: Part) -> Part:
    """With a block more, at the end of a task."""
    owner = task_of(graph, task)
    blocks = parts(owner, "blocks")
    check_new(blocks, block, "block", _where(task))
    return put_task(graph, task, {**owner, "blocks": [*blocks, block]})


def write_block(graph: Part, task: str, id: str, content: Any, registry: Registry) -> Part:
    """With another content in a block, for the version of its type that is installed."""
    owner = task_of(graph, task)
    blocks = parts(owner, "blocks")
    place = place_of(blocks, id, "block", _where(task))
    made = stamped({**blocks[place], "content": content}, "block", str(blocks[place].get("type")), registry)
    return put_task(graph, task, {**owner, "blocks": replaced(blocks, place, made)})


def remove_block(graph: Part, task: str, id: str) -> Part:
    """Without a block and its links."""
    owner = task_of(graph, task)
    blocks = parts(owner, "blocks")
    made = {**owner, "blocks": replaced(blocks, place_of(blocks, id, "block", _where(task)))}
    if "links" in owner:
        made["links"] = [link for link in parts(owner, "links") if not _touches(link, id)]
    return put_task(graph, task, made)


def _touches(link: Any, id: str) -> bool:
    return isinstance(link, dict) and id in (link.get("from"), link.get("to"))


def _where(task: str) -> str:
    return f"The task {task!r}"

"""The tasks of a graph: their types, settings, blocks, links, ports and literal inputs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from pydantic import ValidationError

from ..errors import BlockloomError, TypeConflict, UnknownType
from ..graph import circles, sequence
from ..kind import Config
from ..plan import Join, TaskPlan
from ..problem import pointer
from ..schema import checker
from ..spec import BlockSpec, PortSet
from ..task import TaskType, Visible
from ..validation import flaws
from ..words import Text, both
from .settings import read_settings
from .shape import RESERVED_INPUTS, Draft, check_name, identify

RESERVED_BLOCKS: Final = frozenset({"error", "inputs", "result"})
_OPEN: Final = PortSet(open_inputs=True, open_outputs=True)


class Unknown(TaskType):
    """Stands in for a type that is not installed, so that the rest of the graph can be checked."""

    name = "unknown"

    def run(self, task: Any) -> Any:
        """Never called: a graph with an unknown type does not run."""


def check_tasks(draft: Draft) -> None:
    """Check every task and note what it will run as."""
    seen: set[str] = set()
    for place, task in enumerate(draft.field(draft.graph, "tasks", list)):
        if not isinstance(task, Mapping):
            draft.add("wrong-shape", "tasks", place, name="a task", wanted="a mapping", got=repr(task)[:40])
            continue
        id = identify(draft, task, "task", seen, "tasks", place)
        plan = _check_task(draft, task, id or f"#{place}", place)
        if id is not None:
            plan.index = len(draft.tasks)
            draft.tasks.append(plan)
            draft.places.append(place)


def _check_task(draft: Draft, task: Mapping[str, Any], id: str, place: int) -> TaskPlan:
    path = ("tasks", place)
    draft.field(task, "title", str, *path)
    type, owner = _find_type(draft, task, id, *path)
    known = not isinstance(type, Unknown)
    config: Any = None
    embedded: dict[tuple[str | int, ...], BlockSpec] = {}
    if known:
        config, embedded = _check_config(draft, type, draft.field(task, "config", dict, *path), *path)
    blocks = _check_blocks(draft, task, *path)
    order = _check_links(draft, task, id, blocks, *path)
    ports = _ports(draft, type, config, blocks, *path)
    literals = _check_literals(draft, task, id, ports, *path)
    settings = read_settings(draft, task, *path)
    return TaskPlan(
        index=0,
        id=id,
        type=type,
        owner=owner,
        config=config,
        sequence=order,
        embedded=embedded,
        ports=ports,
        fixed={name: port.default for name, port in ports.inputs.items() if not port.required} | literals,
        required=tuple(n for n, port in ports.inputs.items() if port.required and n not in literals),
        checks=tuple(
            (name, not port.required, check)
            for name, port in ports.inputs.items()
            if (check := checker(port.schema)) is not None
        ),
        join=Join(1),
        retry=settings.plan_of_retry(),
        timeout=settings.timeout,
        group=settings.group,
        cache=settings.plan_of_cache(),
    )


def find_type(draft: Draft, kind: str, name: Any, *path: str | int) -> Any:
    """The type of this name; None, and a problem, where there is none that can be used."""
    if not isinstance(name, str):
        draft.add("missing-key", *path, name="type")
        return None
    try:
        return draft.registry.get(kind, name)
    except TypeConflict as error:
        draft.add("type-conflict", *path, "type", kind=kind, name=name, owners=", ".join(error.owners))
    except UnknownType as error:
        draft.add("unknown-type", *path, "type", kind=kind, name=name, **_advise(draft, error))
    return None


def check_model(draft: Draft, key: str, model: type[Config], value: Any, *path: str | int, **facts: Any) -> Any:
    """`value` as an instance of `model`; None, and a problem a flaw, where it does not fit."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        for flaw in flaws(error):
            draft.add(key, *path, *flaw.path, why=flaw.named, **facts)
    return None


def _find_type(draft: Draft, task: Mapping[str, Any], id: str, *path: str | int) -> tuple[TaskType, str]:
    type = find_type(draft, "task", task.get("type"), *path)
    if type is None:
        draft.untyped.add(id)
        return Unknown(), ""
    return type, f"{type.name} of the plugin {draft.registry.offer('task', type.name).owner}"


def _advise(draft: Draft, error: UnknownType) -> dict[str, Text]:
    """Why a type is not known, and what to do about it."""
    requires = draft.graph.get("requires")
    if isinstance(requires, dict) and requires:
        wanted = " ".join(f"'{name}{version}'" for name, version in requires.items())
        advice = both(
            f"Install what the graph requires: pip install {wanted}.", f"请安装该图所需：pip install {wanted}。"
        )
    elif error.near:
        near = [repr(name) for name in error.near]
        advice = both(f"Did you mean {' or '.join(near)}?", f"你是想写 {' 或 '.join(near)} 吗？")
    else:
        advice = both(
            "Install the plugin that offers it; `blockloom types` lists what there is.",
            "请安装提供它的插件；`blockloom types` 会列出已有的类型。",
        )
    return {"why": f" {error.broken}" if error.broken else "", "advice": advice}


def _check_config(
    draft: Draft, type: TaskType, value: Any, *path: str | int
) -> tuple[Any, dict[tuple[str | int, ...], BlockSpec]]:
    """The validated settings, and the contents of block types that stand in them."""
    embedded: dict[tuple[str | int, ...], BlockSpec] = {}
    config = check_model(draft, "bad-config", type.Config, value, *path, "config", type=type.name)
    for part in type.embedded(config) if config is not None else ():
        block = draft.registry.block(part.type) if _offered(draft, part.type) else None
        if block is None:
            find_type(draft, "block", part.type, *path, "config", *part.path)
            continue
        content = check_model(
            draft, "bad-config", block.Content, part.content, *path, "config", *part.path, type=type.name
        )
        for flaw in block.check(content) if content is not None else ():
            flaw = replace(flaw, code="bad-config", path=pointer(*path, "config", *part.path))
            draft.problems.append(flaw)
        embedded[part.path] = BlockSpec("", part.type, content)
    return config, embedded


def _offered(draft: Draft, name: str) -> bool:
    try:
        return draft.registry.block(name) is not None
    except BlockloomError:
        return False


def _check_blocks(draft: Draft, task: Mapping[str, Any], *path: str | int) -> list[BlockSpec]:
    """The blocks that can be understood."""
    seen: set[str] = set()
    blocks = []
    for i, block in enumerate(draft.field(task, "blocks", list, *path)):
        here = (*path, "blocks", i)
        if not isinstance(block, Mapping):
            draft.add("wrong-shape", *here, name="a block", wanted="a mapping", got=repr(block)[:40])
            continue
        id = identify(draft, block, "block", seen, *here)
        if id is not None:
            check_name(draft, id, "a block", RESERVED_BLOCKS, *here, "id")
        content = _check_block(draft, block, id or f"#{i}", *here)
        if id is not None:
            blocks.append(BlockSpec(id, str(block.get("type")), content))
    return blocks


def _check_block(draft: Draft, block: Mapping[str, Any], id: str, *path: str | int) -> Any:
    """The validated content of a block; None where its type or its content does not do."""
    type = find_type(draft, "block", block.get("type"), *path)
    if type is None:
        return None
    value = {} if block.get("content") is None else block["content"]
    content = check_model(draft, "bad-content", type.Content, value, *path, "content", id=id, type=type.name)
    if content is not None:
        draft.problems += (flaw.under(pointer(*path, "content")) for flaw in type.check(content))
    return content


def _check_links(
    draft: Draft, task: Mapping[str, Any], id: str, blocks: Sequence[BlockSpec], *path: str | int
) -> tuple[Visible, ...]:
    """The blocks in the order of the links, each with those that it sees."""
    by_id = {block.id: block for block in blocks}
    number = {name: i for i, name in enumerate(by_id)}
    links = []
    for i, link in enumerate(draft.field(task, "links", list, *path)):
        ends = [link.get("from"), link.get("to")] if isinstance(link, Mapping) else [None, None]
        for key, end in zip(("from", "to"), ends, strict=True):
            if end not in by_id:
                draft.add("unknown-block", *path, "links", i, key, id=end, task=id, there=", ".join(by_id))
        if all(end in by_id for end in ends):
            links.append((str(ends[0]), str(ends[1])))
    ahead: list[list[int]] = [[] for _ in by_id]
    for start, end in links:
        ahead[number[start]].append(number[end])
    names = list(by_id)
    knots = circles(ahead)
    for knot in knots:
        circle = " → ".join(names[i] for i in [*knot, knot[0]])
        draft.add("block-cycle", *path, "links", task=id, circle=circle)
    return () if knots else tuple(Visible(by_id[name], sees) for name, sees in sequence(names, links))


def _ports(draft: Draft, type: TaskType, config: Any, blocks: Sequence[BlockSpec], *path: str | int) -> PortSet:
    """The ports as the type tells them; open ones where its settings do not fit."""
    if type.starts:
        return PortSet(outputs=draft.inputs, open_outputs=not draft.inputs)
    if config is None:
        return _OPEN
    return type.ports(config, blocks)


def _check_literals(draft: Draft, task: Mapping[str, Any], id: str, ports: PortSet, *path: str | int) -> dict[str, Any]:
    literals: dict[str, Any] = draft.field(task, "inputs", dict, *path)
    for name, value in literals.items():
        here = (*path, "inputs", name)
        port = ports.inputs.get(name)
        if port is None:
            check_open_input(draft, task, id, name, ports, *here)
        elif (check := checker(port.schema)) and (flaw := check(value)):
            draft.add("value-mismatch", *here, name=name, why=flaw)
    return literals


def check_open_input(
    draft: Draft, task: Mapping[str, Any], id: str, name: str, ports: PortSet, *path: str | int
) -> None:
    """A problem where a task takes no further inputs than it declares, or the name cannot be one."""
    if ports.open_inputs:
        check_name(draft, name, "an input", RESERVED_INPUTS, *path)
        return
    there = ", ".join(ports.inputs)
    advice = (
        both(f"Its inputs are: {there}.", f"它的输入有：{there}。")
        if there
        else both("It has no inputs.", "它没有输入。")
    )
    side = both("input", "输入")
    draft.add("unknown-port", *path, task=id, type=task.get("type"), side=side, port=name, advice=advice)

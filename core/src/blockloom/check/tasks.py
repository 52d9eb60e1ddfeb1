"""The tasks of a graph: their types, settings, blocks, links, ports and literal inputs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from ..graph import circles, sequence
from ..kind import Embedded
from ..plan import Join, TaskPlan
from ..problem import errors, pointer
from ..schema import checker
from ..spec import BlockSpec, Graph, PortSet
from ..task import TaskType, Visible
from ..words import both
from .settings import read_settings
from .shape import AN_INPUT, RESERVED_INPUTS, Draft, check_name, identify, listed
from .triggers import check_trigger
from .types import ask, check_embedded, check_model, find_type, problems_of

A_TASK: Final = both("a task", "任务")
A_BLOCK: Final = both("a block", "块")
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
            draft.misshapen(task, dict, A_TASK, "tasks", place)
            continue
        id = identify(draft, task, both("task", "任务"), seen, "tasks", place)
        plan = _check_task(draft, task, id or f"#{place}", place)
        if id is not None:
            plan.index = plan.place = len(draft.tasks)
            draft.tasks.append(plan)
            draft.places.append(place)


def _check_task(draft: Draft, task: Mapping[str, Any], id: str, place: int) -> TaskPlan:
    path = ("tasks", place)
    draft.field(task, "title", str, *path)
    type, owner = _find_type(draft, task, id, *path)
    known = not isinstance(type, Unknown)
    config: Any = None
    embedded: dict[tuple[str | int, ...], BlockSpec] = {}
    given = draft.field(task, "config", dict, *path)
    if known and task.get("config") in (None, given):
        config, embedded = _check_config(draft, type, given, *path)
    blocks = _check_blocks(draft, task, *path)
    order = _check_links(draft, task, id, blocks, *path)
    ports = _ports(draft, type, config, blocks, *path)
    literals = _check_literals(draft, task, id, ports, *path)
    settings = read_settings(draft, task, *path)
    return TaskPlan(
        index=0,
        place=0,
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


def _find_type(draft: Draft, task: Mapping[str, Any], id: str, *path: str | int) -> tuple[TaskType, str]:
    type = find_type(draft, "task", task.get("type"), *path)
    if type is None:
        draft.untyped.add(id)
        return Unknown(), ""
    return type, f"{type.name} of the plugin {draft.registry.offer('task', type.name).owner}"


def _check_config(
    draft: Draft, type: TaskType, value: Any, *path: str | int
) -> tuple[Any, dict[tuple[str | int, ...], BlockSpec]]:
    """The validated settings, and the contents of block types that stand in them."""
    here = (*path, "config")
    embedded: dict[tuple[str | int, ...], BlockSpec] = {}
    config = check_model(draft, "bad-config", type.Config, value, *here, type=type.name)
    if config is None:
        return None, embedded
    for place, graph in _parts(draft, type, lambda: [(tuple(p), g) for p, g in type.bodies(config)], *here):
        _check_body(draft, graph, *here, *place)
    for place, trigger in _parts(draft, type, lambda: [(tuple(p), t) for p, t in type.triggers(config)], *here):
        check_trigger(draft, trigger, *here, *place)
    for place, name, content in _parts(draft, type, lambda: [Embedded(*e) for e in type.embedded(config)], *here):
        block = find_type(draft, "block", name, *here, *place)
        if block is not None:
            made = check_embedded(draft, "bad-config", block, content, *here, *place, type=type.name)
            embedded[place] = BlockSpec("", name, made)
    return config, embedded


def _parts(draft: Draft, type: TaskType, call: Callable[[], list[Any]], *path: str | int) -> list[Any]:
    return ask(draft, "bad-config", call, list, *path, type=type.name) or []


def _check_body(draft: Draft, graph: Graph, *path: str | int) -> None:
    """Check a graph that stands in the settings, and note in it what it takes and gives."""
    inner = draft.inspect(graph.document, draft.registry, True)
    draft.problems += (problem.under(pointer(*path)) for problem in inner.problems)
    graph.inputs, graph.outputs = inner.inputs, inner.outputs
    if not errors(inner.problems):
        graph.plan = inner.plan()


def _check_blocks(draft: Draft, task: Mapping[str, Any], *path: str | int) -> list[BlockSpec]:
    """The blocks that can be understood."""
    seen: set[str] = set()
    blocks = []
    for i, block in enumerate(draft.field(task, "blocks", list, *path)):
        here = (*path, "blocks", i)
        if not isinstance(block, Mapping):
            draft.misshapen(block, dict, A_BLOCK, *here)
            continue
        id = identify(draft, block, both("block", "块"), seen, *here)
        if id is not None:
            check_name(draft, id, A_BLOCK, RESERVED_BLOCKS, *here, "id")
        content = check_block(draft, block, id or f"#{i}", *here)
        if id is not None:
            blocks.append(BlockSpec(id, str(block.get("type")), content))
    return blocks


def check_block(draft: Draft, block: Mapping[str, Any], id: str, *path: str | int) -> Any:
    """The validated content of a block; None where its type or its content does not do."""
    type = find_type(draft, "block", block.get("type"), *path)
    if type is None:
        return None
    value = {} if block.get("content") is None else block["content"]
    facts = {"id": id, "type": type.name}
    content = check_model(draft, "bad-content", type.Content, value, *path, "content", **facts)
    if content is not None:
        found = ask(draft, "bad-content", lambda: problems_of(type.check(content)), list, *path, "content", **facts)
        draft.problems += (flaw.under(pointer(*path, "content")) for flaw in found or ())
    return content


def _check_links(
    draft: Draft, task: Mapping[str, Any], id: str, blocks: Sequence[BlockSpec], *path: str | int
) -> tuple[Visible, ...]:
    """The blocks in the order of the links, each with those that it sees."""
    by_id = {block.id: block for block in blocks}
    names = list(by_id)
    number = {name: i for i, name in enumerate(names)}
    links = []
    for i, link in enumerate(draft.field(task, "links", list, *path)):
        ends = _read_link(draft, link, id, by_id, *path, "links", i)
        if len(ends) == 2:
            links.append((ends[0], ends[1]))
    ahead: list[list[int]] = [[] for _ in names]
    for start, end in links:
        ahead[number[start]].append(number[end])
    knots = circles(ahead)
    for knot in knots:
        circle = " → ".join(names[i] for i in [*knot, knot[0]])
        draft.add("block-cycle", *path, "links", task=id, circle=circle)
    return () if knots else tuple(Visible(by_id[name], sees) for name, sees in sequence(names, links))


def _read_link(draft: Draft, link: Any, id: str, blocks: Mapping[str, Any], *path: str | int) -> list[str]:
    """Those ends of a link that are blocks of the task."""
    if not isinstance(link, Mapping):
        draft.misshapen(link, dict, both("a link", "链接"), *path)
        return []
    ends = []
    for key in ("from", "to"):
        end = link.get(key)
        if end is None:
            draft.add("missing-key", *path, name=key)
        elif not isinstance(end, str):
            draft.misshapen(end, str, key, *path, key)
        elif end not in blocks:
            draft.add("unknown-block", *path, key, id=end, task=id, there=listed(blocks) or "–")
        else:
            ends.append(end)
    return ends


def _ports(draft: Draft, type: TaskType, config: Any, blocks: Sequence[BlockSpec], *path: str | int) -> PortSet:
    """The ports as the type tells them; open ones where its settings do not fit."""
    if type.starts:
        return PortSet(outputs=draft.inputs, open_outputs=not draft.inputs)
    if config is None:
        return _OPEN
    if any(block.content is None for block in blocks):
        # Its type may expect contents that fit; where it stumbles over one that does not, that is told already.
        try:
            return type.ports(config, blocks)
        except Exception:
            return _OPEN
    return ask(draft, "bad-config", lambda: type.ports(config, blocks), PortSet, *path, type=type.name) or _OPEN


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
        check_name(draft, name, AN_INPUT, RESERVED_INPUTS, *path)
        return
    there = listed(ports.inputs)
    advice = (
        both(f"Its inputs are: {there}.", f"它的输入有：{there}。")
        if there
        else both("It has no inputs.", "它没有输入。")
    )
    side = both("input", "输入")
    draft.add("unknown-port", *path, task=id, type=task.get("type"), side=side, port=name, advice=advice)

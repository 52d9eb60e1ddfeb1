"""The tasks of a graph: their types, settings, blocks, links, ports and literal inputs."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

from ..block import BlockType
from ..graph import circles, sequence
from ..plan import Join, TaskPlan
from ..problem import Problem, pointer
from ..schema import Check, checker
from ..spec import BlockSpec, PortSet
from ..task import Visible
from ..words import both
from .held import Contents, check_held
from .kinds import OPEN, UNKNOWN, Kind, find_kind
from .settings import read_settings
from .shape import AN_INPUT, RESERVED_INPUTS, Draft, check_name, identify, listed, note_secrets
from .types import ask, brought_along, check_model, find_type, problems_of

A_TASK: Final = both("a task", "任务")
A_BLOCK: Final = both("a block", "块")
_TASK: Final = both("task", "任务")
_BLOCK: Final = both("block", "块")
RESERVED_BLOCKS: Final = frozenset({"error", "inputs", "result"})


class Intake(NamedTuple):
    """What the inputs of a task come to: see `TaskPlan`."""

    fixed: Mapping[str, Any]
    required: tuple[str, ...]
    checks: tuple[tuple[str, bool, Check], ...]


_ANY: Final = Join(1)
_NO_INTAKE: Final = Intake({}, (), ())


def check_tasks(draft: Draft) -> None:
    """Check every task and note what it will run as."""
    seen: set[str] = set()
    for place, task in enumerate(draft.field(draft.graph, "tasks", list)):
        if not isinstance(task, Mapping):
            draft.misshapen(task, dict, A_TASK, "tasks", place)
            continue
        id = identify(draft, task, _TASK, seen, "tasks", place)
        plan = _check_task(draft, task, id or f"#{place}", place)
        if id is not None:
            plan.index = plan.place = len(draft.tasks)
            draft.tasks.append(plan)
            draft.places.append(place)


def check_in_graph(draft: Draft) -> None:
    """Ask the types that have something to say about settings in the light of the graph that they stand in."""
    asked = [task for task in draft.tasks if task.config is not None and draft.kinds[task.type.name].checks]
    ids = {task.id: None for task in draft.tasks}.keys() if asked else ()
    for task in asked:
        path = ("tasks", draft.places[task.index], "config")
        call = partial(_problems_in_graph, task, ids)
        found = ask(draft, "bad-config", call, list, *path, type=task.type.name)
        draft.problems += (flaw.under(pointer(*path)) for flaw in found or ())


def _problems_in_graph(task: TaskPlan, ids: Collection[str]) -> list[Problem]:
    return problems_of(task.type.check(task.config, task.id, ids))


def _check_task(draft: Draft, task: Mapping[str, Any], id: str, place: int) -> TaskPlan:
    path = ("tasks", place)
    draft.field(task, "title", str, *path)
    kind = find_kind(draft, task.get("type"), *path)
    if kind is UNKNOWN:
        draft.untyped.add(id)
    config, embedded = _check_config(draft, kind, task, *path)
    blocks = _check_blocks(draft, task, *path) if "blocks" in task else []
    order = _check_links(draft, task, id, blocks, *path) if blocks or "links" in task else ()
    ports = _ports(draft, kind, config, blocks, *path)
    literals = _check_literals(draft, task, id, ports, *path) if "inputs" in task else {}
    fixed, required, checks = _intake(draft, ports)
    settings = read_settings(draft, task, *path)
    return TaskPlan(
        index=0,
        place=0,
        id=id,
        type=kind.type,
        owner=kind.owner,
        config=config,
        sequence=order,
        embedded=embedded,
        ports=ports,
        fixed={**fixed, **literals} if literals else fixed,
        required=tuple(name for name in required if name not in literals) if literals else required,
        checks=checks,
        join=_ANY,
        retry=settings.retry,
        timeout=settings.timeout,
        group=settings.group,
        cache=settings.cache,
    )


def _check_config(draft: Draft, kind: Kind, task: Mapping[str, Any], *path: str | int) -> tuple[Any, Contents]:
    """The validated settings, and the contents of block types that stand in them."""
    type, facts = kind.type, {"type": kind.type.name}
    given = draft.field(task, "config", dict, *path)
    if kind is UNKNOWN or task.get("config") not in (None, given):
        note_secrets(draft, None, *path, "config")
        return None, {}
    given = brought_along(draft, "task", type, task, given, *path)
    if given is None:
        return None, {}
    if kind.blank is not None and not given:
        config = kind.blank
    else:
        config = check_model(draft, "bad-config", type.Config, given, *path, "config", **facts)
    note_secrets(draft, config, *path, "config")
    if config is None or (config is kind.blank and not kind.has_parts and not kind.embeds):
        return config, {}
    return config, check_held(draft, "bad-config", kind, config, facts, *path, "config")


def _intake(draft: Draft, ports: PortSet) -> Intake:
    """What the inputs come to, worked out once where many tasks have the same ports."""
    if not ports.inputs:
        return _NO_INTAKE
    known = draft.intakes.get(id(ports))
    if known is None:
        inputs = ports.inputs.items()
        checks = ((name, not port.required, checker(port.schema)) for name, port in inputs)
        known = (
            ports,
            Intake(
                {name: port.default for name, port in inputs if not port.required},
                tuple(name for name, port in inputs if port.required),
                tuple((name, optional, check) for name, optional, check in checks if check is not None),
            ),
        )
        draft.intakes[id(ports)] = known
    return known[1]


def _check_blocks(draft: Draft, task: Mapping[str, Any], *path: str | int) -> list[BlockSpec]:
    """The blocks that can be understood."""
    seen: set[str] = set()
    blocks = []
    for i, block in enumerate(draft.field(task, "blocks", list, *path)):
        here = (*path, "blocks", i)
        if not isinstance(block, Mapping):
            draft.misshapen(block, dict, A_BLOCK, *here)
            continue
        id = identify(draft, block, _BLOCK, seen, *here)
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
    value = brought_along(draft, "block", type, block, value, *path)
    if value is None:
        return None
    facts = {"id": id, "type": type.name}
    content = check_model(draft, "bad-content", type.Content, value, *path, "content", **facts)
    if content is not None and type.__class__.check is not BlockType.check:
        found = ask(draft, "bad-content", lambda: problems_of(type.check(content)), list, *path, "content", **facts)
        draft.problems += (flaw.under(pointer(*path, "content")) for flaw in found or ())
    return content


def _check_links(
    draft: Draft, task: Mapping[str, Any], id: str, blocks: Sequence[BlockSpec], *path: str | int
) -> tuple[Visible, ...]:
    """The blocks in the order of the links, each with those that it sees."""
    if not task.get("links"):
        draft.field(task, "links", list, *path)
        return tuple(Visible(block, tuple(b.id for b in blocks[:i])) for i, block in enumerate(blocks))
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


def _ports(draft: Draft, kind: Kind, config: Any, blocks: Sequence[BlockSpec], *path: str | int) -> PortSet:
    """The ports as the type tells them; open ones where its settings do not fit."""
    type = kind.type
    if type.starts:
        return PortSet(outputs=draft.inputs, open_outputs=not draft.inputs)
    if config is None:
        return OPEN
    if kind.ports is not None:
        return kind.ports
    if any(block.content is None for block in blocks):
        # Its type may expect contents that fit; where it stumbles over one that does not, that is told already.
        try:
            return type.ports(config, blocks)
        except Exception:
            return OPEN
    return ask(draft, "bad-config", lambda: type.ports(config, blocks), PortSet, *path, type=type.name) or OPEN


def _check_literals(draft: Draft, task: Mapping[str, Any], id: str, ports: PortSet, *path: str | int) -> dict[str, Any]:
    literals: dict[str, Any] = draft.field(task, "inputs", dict, *path)
    for name, value in literals.items():
        here = (*path, "inputs", name)
        port = ports.inputs.get(name)
        if port is None:
            check_open_input(draft, task, id, name, ports, *here)
        elif value is None and not port.required:
            continue
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

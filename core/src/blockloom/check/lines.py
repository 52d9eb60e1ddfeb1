"""The connections of a graph, the joins, and what its inputs and outputs can be."""

from collections.abc import Collection, Mapping
from typing import Any

from ..plan import Feed, Join, Line, TaskPlan
from ..schema import can_meet, possible_types
from ..spec import ERROR_PORT, Connection, Port
from ..words import both
from .shape import Draft, listed, one_of
from .tasks import check_open_input

_ANY = Port()
_MAPPING = Port(schema={"type": "object"})
"""What `error` gives, and what a whole task does."""

_Good = tuple[Connection, TaskPlan, TaskPlan]
"""A connection that is understood, with the tasks at its ends."""


def check_lines(draft: Draft) -> None:
    """Check every connection and number it at both its ends; then the joins."""
    index = {task.id: task for task in draft.tasks}
    good: list[_Good] = []
    lines = draft.field(draft.graph, "connections", list)
    for place, line in enumerate(lines):
        connection = _read(draft, line, place)
        if connection is None:
            continue
        source, target = index.get(connection.source), index.get(connection.target)
        if source is None:
            _no_task(draft, index, connection.source, place, "from")
        if target is None:
            _no_task(draft, index, connection.target, place, "to")
        if source is not None and target is not None:
            _check_ports(draft, connection, source, target, place)
            good.append((connection, source, target))
    draft.is_whole = len(good) == len(lines)
    _number(draft, good)
    for task, place in zip(draft.tasks, draft.places, strict=True):
        wanted = draft.graph["tasks"][place].get("join")
        if wanted is not None:
            task.join = _join(draft, task, wanted, place)
    _open_the_start(draft)


def _read(draft: Draft, line: Any, place: int) -> Connection | None:
    if not isinstance(line, Mapping):
        draft.misshapen(line, dict, both("a connection", "连接"), "connections", place)
        return None
    start, end = _end(draft, line, "from", place), _end(draft, line, "to", place)
    return Connection(*start, *end) if start and end else None


def _end(draft: Draft, line: Mapping[str, Any], key: str, place: int) -> tuple[str, str | None] | None:
    """An end of a connection, as the task and the port."""
    end = line.get(key)
    if isinstance(end, str):
        task, dot, port = end.partition(".")
        if task and not dot:
            return task, None
        if task and port and "." not in port:
            return task, port
    if end is None:
        draft.add("missing-key", "connections", place, name=key)
    else:
        draft.add("bad-end", "connections", place, key, end=end)
    return None


def _no_task(draft: Draft, index: Collection[str], name: str, *path: str | int) -> None:
    near = [repr(id) for id in draft.near(name, index)]
    guess = both(f" Did you mean {' or '.join(near)}?", f"你是想写 {' 或 '.join(near)} 吗？") if near else ""
    draft.add("unknown-task", "connections", *path, id=name, near=guess)


def _check_ports(draft: Draft, connection: Connection, source: TaskPlan, target: TaskPlan, place: int) -> None:
    """Check that both ports are there, and that some value fits both."""
    _, port, _, input = connection
    offered: Port | None = _MAPPING
    if port is not None and port != ERROR_PORT:
        offered = source.ports.outputs.get(port, _ANY if source.ports.open_outputs else None)
        if offered is None:
            _no_output(draft, connection, source, "connections", place, "from")
    if input is None:
        return
    wanted = target.ports.inputs.get(input)
    if wanted is None:
        if target.id not in draft.untyped:
            task = {"type": target.type.name}
            check_open_input(draft, task, target.id, input, target.ports, "connections", place, "to")
    elif offered is not None and offered.schema and wanted.schema:
        pair = id(offered), id(wanted)
        if pair not in draft.meetings:
            draft.meetings[pair] = _can_meet(offered, wanted)
        if not draft.meetings[pair]:
            _no_meeting(draft, connection, offered, wanted, place)


def _can_meet(offered: Port, wanted: Port) -> bool:
    """Whether some value fits both; an input that is not required takes null, whatever its type."""
    null = not wanted.required and "null" in possible_types(offered.schema)
    return null or can_meet(offered.schema, wanted.schema)


def _no_meeting(draft: Draft, connection: Connection, offered: Port, wanted: Port, place: int) -> None:
    facts = {"offered": one_of(offered.schema), "wanted": one_of(wanted.schema)}
    draft.add("type-mismatch", "connections", place, start=connection.start, end=connection.end, **facts)


def _no_output(draft: Draft, connection: Connection, source: TaskPlan, *path: str | int) -> None:
    there = listed([*source.ports.outputs, ERROR_PORT])
    advice = both(f"Its outputs are: {there}.", f"它的输出有：{there}。")
    side = both("output", "输出")
    draft.add(
        "unknown-port", *path, task=source.id, type=source.type.name, side=side, port=connection.port, advice=advice
    )


def _number(draft: Draft, good: list[_Good]) -> None:
    """Give each connection its number, and each task its lines and feeds."""
    draft.connections += [connection for connection, _, _ in good]
    lines: list[list[Line]] = [[] for _ in draft.tasks]
    feeds: list[list[Feed]] = [[] for _ in draft.tasks]
    ordered = {target.index for connection, _, target in good if connection.input is None}
    for number, ((_, port, _, input), source, target) in enumerate(good):
        decides = input is None or target.index not in ordered
        lines[source.index].append(Line(number, port, target.index, decides))
        target.incoming += 1
        target.deciders += decides
        if port == ERROR_PORT:
            source.catches = True
        if input is not None:
            feeds[target.index].append(Feed(number, source.index, port, input))
    for task in draft.tasks:
        task.lines = tuple(lines[task.index])
        task.feeds = tuple(feeds[task.index])
        if task.feeds and task.ports.open_inputs:
            known = task.ports.inputs
            arriving = {feed.input: None for feed in task.feeds if feed.input not in known}
            task.fixed = {**task.fixed, **{name: None for name in arriving if name not in task.fixed}}


def _join(draft: Draft, task: TaskPlan, wanted: Any, place: int) -> Join:
    """The join as numbers; a problem where it is none, or can never be reached."""
    if wanted == "any":
        return Join(1)
    if wanted == "all":
        return Join(task.deciders)
    join = {"count": 1} if wanted == "first" else wanted
    count = join.get("count") if isinstance(join, dict) else None
    rest = join.get("cancel_rest", False) if isinstance(join, dict) else False
    if type(count) is not int or count < 1 or type(rest) is not bool:
        why = both(f"it is {wanted!r}", f"写成了 {wanted!r}")
    elif count > task.deciders:
        why = both(
            f"it counts {count}, and only {task.deciders} connections decide",
            f"要求 {count} 条，但只有 {task.deciders} 条连接参与决定",
        )
    else:
        return Join(count, early=True, cancel_rest=rest)
    draft.is_whole = False
    draft.add("bad-join", "tasks", place, "join", task=task.id, why=why)
    return Join(1)


def _open_the_start(draft: Draft) -> None:
    """Without declared inputs, the workflow takes what the connections of its start tasks name."""
    if draft.inputs:
        return
    starts = {task.index for task in draft.tasks if task.type.starts}
    for task in draft.tasks:
        for feed in task.feeds:
            draft.open_inputs |= feed.source in starts and feed.port is None
        for line in task.lines if task.index in starts else ():
            if line.port not in (None, ERROR_PORT):
                draft.inputs.setdefault(line.port or "", Port())

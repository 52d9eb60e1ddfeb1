"""The connections of a graph, the joins, and what its inputs and outputs can be."""

from collections.abc import Mapping
from typing import Any

from ..plan import Feed, Join, Line, TaskPlan
from ..problem import pointer
from ..schema import can_meet
from ..sentences import problem
from ..spec import ERROR_PORT, Connection, Port
from ..words import both
from .shape import Draft, listed, one_of
from .tasks import check_open_input

_ANY = Port()
_ERROR = Port(schema={"type": "object"})


def check_lines(draft: Draft) -> None:
    """Check every connection and number it at both its ends; then the joins."""
    index = {task.id: task for task in draft.tasks}
    good: list[tuple[Connection, TaskPlan, TaskPlan]] = []
    for place, line in enumerate(draft.field(draft.graph, "connections", list)):
        connection = _read(draft, line, place)
        if connection is None:
            continue
        source, target = (_task(draft, index, connection, end, place) for end in ("from", "to"))
        if source is not None and target is not None:
            _check_ports(draft, connection, source, target, place)
            good.append((connection, source, target))
    _number(draft, good)
    for task, place in zip(draft.tasks, draft.places, strict=True):
        task.join = _join(draft, task, draft.graph["tasks"][place].get("join"), place)
    _open_the_start(draft)


def _read(draft: Draft, line: Any, place: int) -> Connection | None:
    path = ("connections", place)
    if not isinstance(line, Mapping):
        draft.misshapen(line, dict, both("a connection", "连接"), *path)
        return None
    ends = []
    for key in ("from", "to"):
        end = line.get(key)
        if end is None:
            draft.add("missing-key", *path, name=key)
        elif not isinstance(end, str) or end.count(".") > 1 or not all(end.split(".")):
            draft.add("bad-end", *path, key, end=end)
        else:
            ends.append(end)
    return Connection.parse(*ends) if len(ends) == 2 else None


def _task(draft: Draft, index: Mapping[str, TaskPlan], connection: Connection, end: str, place: int) -> TaskPlan | None:
    name = connection.source if end == "from" else connection.target
    if name in index:
        return index[name]
    near = [repr(id) for id in draft.near(name, index)]
    guess = both(f" Did you mean {' or '.join(near)}?", f"你是想写 {' 或 '.join(near)} 吗？") if near else ""
    draft.add("unknown-task", "connections", place, end, id=name, near=guess)
    return None


def _check_ports(draft: Draft, connection: Connection, source: TaskPlan, target: TaskPlan, place: int) -> None:
    path = ("connections", place)
    offered: Port | None = _ERROR
    if connection.port not in (None, ERROR_PORT):
        offered = source.ports.outputs.get(connection.port or "", _ANY if source.ports.open_outputs else None)
        if offered is None:
            _no_output(draft, connection, source, *path, "from")
    if connection.input is None:
        return
    wanted = target.ports.inputs.get(connection.input)
    if wanted is None:
        task = {"type": target.type.name}
        if target.id not in draft.untyped:
            check_open_input(draft, task, target.id, connection.input, target.ports, *path, "to")
    elif offered is not None and not can_meet(offered.schema, wanted.schema):
        draft.add(
            "type-mismatch",
            *path,
            start=connection.start,
            end=connection.end,
            offered=one_of(offered.schema),
            wanted=one_of(wanted.schema),
        )


def _no_output(draft: Draft, connection: Connection, source: TaskPlan, *path: str | int) -> None:
    there = listed([*source.ports.outputs, ERROR_PORT])
    advice = both(f"Its outputs are: {there}.", f"它的输出有：{there}。")
    side = both("output", "输出")
    draft.add(
        "unknown-port", *path, task=source.id, type=source.type.name, side=side, port=connection.port, advice=advice
    )


def _number(draft: Draft, good: list[tuple[Connection, TaskPlan, TaskPlan]]) -> None:
    """Give each connection its number, and each task its lines and feeds."""
    lines: list[list[Line]] = [[] for _ in draft.tasks]
    feeds: list[list[Feed]] = [[] for _ in draft.tasks]
    ordered = {target.index for connection, _, target in good if connection.input is None}
    for number, (connection, source, target) in enumerate(good):
        draft.connections.append(connection)
        decides = connection.input is None or target.index not in ordered
        lines[source.index].append(Line(number, connection.port, target.index, decides))
        target.incoming += 1
        target.deciders += decides
        source.catches |= connection.port == ERROR_PORT
        if connection.input is not None:
            feeds[target.index].append(Feed(number, source.index, connection.port, connection.input))
    for task in draft.tasks:
        task.lines = tuple(lines[task.index])
        task.feeds = tuple(feeds[task.index])
        known = task.ports.inputs
        arriving = {feed.input: None for feed in task.feeds if feed.input not in known and feed.input not in task.fixed}
        task.fixed = {**task.fixed, **arriving} if arriving else task.fixed


def _join(draft: Draft, task: TaskPlan, wanted: Any, place: int) -> Join:
    """The join as numbers; a problem where it is none, or can never be reached."""
    if wanted is None or wanted == "any":
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
    draft.problems.append(problem("bad-join", pointer("tasks", place, "join"), task=task.id, why=why))
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

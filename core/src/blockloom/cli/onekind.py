"""One type in full: what it is for, its ports, its settings, and examples."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..kind import Kind
from ..portvalues import declared_ports
from ..registry import Offer
from ..schema import possible_types, schema_of
from ..spec import Port, PortSet
from ..task import TaskType
from ..words import tell
from .speech import paint, say
from .table import table


def show_kind(offer: Offer) -> str:
    """All that a person wants to know of a type, as text."""
    lines = [paint(f"{offer.kind} {offer.name}", bold=True)]
    lines += [say(f"plugin {offer.owner}", f"插件 {offer.owner}")]
    kind = offer.type
    if issubclass(kind, Kind):
        lines[0] += f" – {tell(kind.title)}" if kind.title else ""
        lines[1] += say(f", version {kind.version}", f"，版本 {kind.version}")
        if effects := getattr(kind, "effects", None):
            lines[1] += say(f", effects: {effects}", f"，副作用：{effects}")
        lines[1:1] = [tell(kind.description) or (kind.__doc__ or "").strip()]
    if issubclass(kind, TaskType):
        lines += _ports(kind)
    for model, english, chinese in (("Config", "Settings", "配置"), ("Content", "Content", "内容")):
        if hasattr(kind, model):
            lines += [_head(f"{english} (JSON Schema)", f"{chinese}（JSON Schema）"), _schema(getattr(kind, model))]
    for number, example in enumerate(getattr(kind, "examples", ())):
        lines += [_head("Examples", "示例")] if number == 0 else []
        lines.append("  " + json.dumps(example, ensure_ascii=False, default=str))
    return "\n".join(lines)


def _head(english: str, chinese: str) -> str:
    return "\n" + paint(say(english, chinese), bold=True)


def _schema(model: Any) -> str:
    text = json.dumps(schema_of(model), ensure_ascii=False, indent=2)
    return "\n".join("  " + line for line in text.splitlines())


def _ports(kind: type[TaskType]) -> Iterator[str]:
    """The inputs and outputs; where they depend on the settings, those of its first example."""
    ports, depend = _example_ports(kind)
    mark = say(" (depend on the settings; here as in the example)", "（取决于配置；此处按示例）") if depend else ""
    yield _head("Inputs", "输入") + mark
    yield from _side(ports.inputs, ports.open_inputs, inputs=True)
    yield _head("Outputs", "输出") + mark
    yield from _side(ports.outputs, ports.open_outputs, inputs=False)


def _example_ports(kind: type[TaskType]) -> tuple[PortSet, bool]:
    if kind.ports is TaskType.ports:
        return declared_ports(kind), False
    try:
        return kind().ports(kind.Config.model_validate(kind.examples[0] if kind.examples else {}), ()), True
    except Exception:  # it needs settings that are not at hand
        return declared_ports(kind), True


def _side(ports: Mapping[str, Port], is_open: bool, inputs: bool) -> Iterator[str]:
    rows = [["  " + name, _type(port), _note(port, inputs)] for name, port in ports.items()]
    if not inputs:
        rows.append(["  error", "object", say("alive when the task fails", "任务失败时有效")])
    yield from table(rows) if rows else ()
    if is_open:
        yield "  " + say("any others", "以及任意其他端口")
    elif not rows:
        yield "  " + say("none", "无")


def _type(port: Port) -> str:
    names = sorted(possible_types(port.schema))
    return say(" or ", " 或 ").join(names) if port.schema and len(names) < 6 else say("any value", "任意值")


def _note(port: Port, is_input: bool) -> str:
    if not is_input:
        return say("a branch: alive only if taken", "分支：走到时才有效") if port.branch else ""
    if port.required:
        return say("required", "必需")
    default = json.dumps(port.default, ensure_ascii=False, default=str)
    return say(f"default {default}", f"默认 {default}")

"""The command `types`: what is installed to make graphs of, all of it or one."""

from collections.abc import Sequence
from difflib import get_close_matches
from itertools import groupby

import click

from ..errors import TypeConflict
from ..kind import Kind
from ..registry import KINDS, Offer, Registry
from ..words import tell
from .installed import Installed
from .onekind import show_kind
from .refusals import WRONG
from .speech import complain, note, one_line, paint, say, show, show_json
from .table import table

_HEADS = {"block": "块", "task": "任务", "trigger": "触发器", "store": "存储", "executor": "执行器"}


@click.command(
    help=say(
        "List the installed types, or show one. With NAME: its ports, the schema of its settings, examples."
        "\n\nExit status: 0, or 2 where there is no such type or more than one plugin offers it.",
        "列出已安装的类型，或显示其中一个。给出 NAME 时：其端口、配置模式和示例。"
        "\n\n退出状态：0；没有该类型或多个插件都提供它时为 2。",
    )
)
@click.argument("name", required=False)
@click.option("--kind", type=click.Choice(KINDS), help=say("Only types of this kind.", "只列出这一种类型。"))
@click.option("--json", "as_json", is_flag=True, help=say('Print {"types": […]}.', '输出 {"types": […]}。'))
@click.pass_context
def types(ctx: click.Context, name: str | None, kind: str | None, as_json: bool) -> None:
    """Print the installed types."""
    registry = ctx.ensure_object(Installed).plugins.registry
    offers = [offer for offer in registry.offers(kind) if name in (None, offer.name)]
    if name is not None and (code_and_why := _refusal(registry, name, kind, offers)):
        _refuse(registry, *code_and_why, as_json)
        ctx.exit(WRONG)
    if as_json:
        show_json({"types": [offer.told() for offer in offers]})
    elif name is None:
        _list(offers)
    else:
        for number, offer in enumerate(offers):
            show("\n" * bool(number) + show_kind(offer))


def _list(offers: Sequence[Offer]) -> None:
    """All types, kind by kind; a name that several plugins offer is marked."""
    names = [(offer.kind, offer.name) for offer in offers]
    lines = table([_row(offer, names.count((offer.kind, offer.name)) > 1) for offer in offers]) if offers else []
    for kind, rows in groupby(zip(offers, lines, strict=True), lambda row: row[0].kind):
        show(paint(say(kind, _HEADS[kind]), bold=True))
        for _, line in rows:
            show(line)


def _row(offer: Offer, conflict: bool) -> list[str]:
    title = one_line(tell(offer.type.title or "")) if issubclass(offer.type, Kind) else ""
    mark = paint(say("conflict", "冲突"), fg="red") if conflict else ""
    return ["  " + offer.name, title, offer.owner, mark]


def _refusal(registry: Registry, name: str, kind: str | None, offers: Sequence[Offer]) -> tuple[str, str] | None:
    """The code of the problem with a name, and the sentence; None where it names types that can be used."""
    for of_kind, same in groupby(offers, lambda offer: offer.kind):
        owners = [offer.owner for offer in same]
        if len(owners) > 1:
            chinese = f"{_HEADS[of_kind]}类型 {name!r} 同时由 {' 和 '.join(owners)} 提供：请只保留其中一个。"
            return TypeConflict.code, say(TypeConflict(of_kind, name, owners).message, chinese)
    if offers:
        return None
    near = get_close_matches(name, sorted({offer.name for offer in registry.offers(kind)}))
    guess = say(f" Did you mean {' or '.join(map(repr, near))}?", f"你是想写 {' 或 '.join(map(repr, near))} 吗？")
    there = say(" `blockloom types` lists what there is.", "`blockloom types` 会列出已有的类型。")
    what = f"{kind} type" if kind else "type"
    return "unknown-type", say(
        f"No installed plugin offers a {what} {name!r}.{guess if near else there}",
        f"没有已安装的插件提供{_HEADS[kind] if kind else ''}类型 {name!r}。{guess if near else there}",
    )


def _refuse(registry: Registry, code: str, why: str, as_json: bool) -> None:
    if as_json:
        problem = {"code": code, "severity": "error", "path": "", "message": why, "hint": ""}
        show_json({"problems": [problem]})
    complain(why)
    if code == "unknown-type":
        for plugin, fault in registry.broken.items():
            fault = one_line(fault)
            note(say(f"Warning: the plugin {plugin} is broken: {fault}", f"警告：插件 {plugin} 已损坏：{fault}"))

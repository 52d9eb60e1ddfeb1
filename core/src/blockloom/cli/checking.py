"""The command `check`: all problems of a graph."""

import click

from ..check import check as check_graph
from ..errors import BadFormat
from ..problem import Problem, errors
from ..upgrading import upgrades
from ..words import both, tell
from .installed import Installed
from .reading import named, read_graph
from .refusals import WRONG, how_many, list_problems, problems_of, refusing
from .speech import one_line, paint, say, show, show_json

_VERDICTS = {
    "safe": both("safe", "安全"),
    "breaking": both("breaking", "不兼容"),
    "blocked": both("blocked", "受阻"),
}


@click.command(
    help=say(
        "Print all problems of GRAPH. GRAPH is a file of JSON or YAML (.yaml, .yml), or - for JSON on stdin. "
        "Nothing of it is run.\n\nExit status: 0 without errors (warnings may be there), 2 with some.",
        "列出 GRAPH 的所有问题。GRAPH 是 JSON 或 YAML（.yaml、.yml）文件，或用 - 从标准输入读取 JSON。"
        "不会运行任何内容。\n\n退出状态：0 没有错误（可能有警告），2 有错误。",
    )
)
@click.argument("graph")
@click.option("--json", "as_json", is_flag=True, help=say('Print {"problems": […]}.', '输出 {"problems": […]}。'))
@click.option(
    "--upgrade",
    is_flag=True,
    help=say(
        "Tell instead what differs between the types it was written for and those that are installed.",
        "改为报告编写该图时的类型与已安装类型之间的差异。",
    ),
)
@click.pass_context
def check(ctx: click.Context, graph: str, as_json: bool, upgrade: bool) -> None:
    """Print all problems of a graph; the status says whether it can run."""
    if upgrade:
        ctx.exit(_tell_upgrades(graph, ctx.ensure_object(Installed), as_json))
    problems = _find(graph, ctx.ensure_object(Installed))
    if as_json:
        show_json({"problems": [problem.to_json() for problem in problems]})
    elif problems:
        show(named(graph) + say(": ", "：") + how_many(problems))
        list_problems(problems, show)
    else:
        show(named(graph) + say(": no problems", "：没有问题"))
    ctx.exit(WRONG if errors(problems) else 0)


def _tell_upgrades(graph: str, installed: Installed, as_json: bool) -> int:
    """Print what an upgrade means; the status says whether anything stands in its way."""
    with refusing(as_json, named(graph)):
        found = upgrades(read_graph(graph), installed.plugins.registry)
    if as_json:
        show_json({"upgrades": [upgrade.to_json() for upgrade in found]})
    for upgrade in () if as_json else found:
        show(f"{paint(tell(_VERDICTS[upgrade.verdict]), bold=True)} {upgrade.path} {upgrade.type}")
        show(f"  {one_line(tell(upgrade.text), 1000)}")
        if upgrade.advice:
            show(f"  → {one_line(tell(upgrade.advice), 1000)}")
    if not found and not as_json:
        show(named(graph) + say(": written for what is installed", "：与已安装的类型一致"))
    return WRONG if any(upgrade.verdict != "safe" for upgrade in found) else 0


def _find(graph: str, installed: Installed) -> list[Problem]:
    try:
        document = read_graph(graph)
    except BadFormat as error:
        return problems_of(error)
    return check_graph(document, installed.plugins.registry)

"""The command `check`: all problems of a graph."""

import click

from ..check import check as check_graph
from ..errors import BadFormat
from ..problem import Problem, errors
from .installed import Installed
from .reading import named, read_graph
from .refusals import WRONG, how_many, list_problems, problems_of
from .speech import say, show, show_json


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
@click.pass_context
def check(ctx: click.Context, graph: str, as_json: bool) -> None:
    """Print all problems of a graph; the status says whether it can run."""
    problems = _find(graph, ctx.ensure_object(Installed))
    if as_json:
        show_json({"problems": [problem.to_json() for problem in problems]})
    elif problems:
        show(named(graph) + say(": ", "：") + how_many(problems))
        list_problems(problems, show)
    else:
        show(named(graph) + say(": no problems", "：没有问题"))
    ctx.exit(WRONG if errors(problems) else 0)


def _find(graph: str, installed: Installed) -> list[Problem]:
    try:
        document = read_graph(graph)
    except BadFormat as error:
        return problems_of(error)
    return check_graph(document, installed.plugins.registry)

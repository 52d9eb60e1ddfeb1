"""The command `graph`: the tasks and connections of a graph as a drawing."""

import click

from ..check import check
from ..draw import draw
from ..problem import errors
from .installed import Installed
from .reading import named, read_graph
from .refusals import how_many, refusing
from .speech import note, say, show


@click.command(
    help=say(
        "Draw GRAPH as text for Mermaid or Graphviz. A graph with problems is drawn as far as it can be.",
        "将 GRAPH 绘制为 Mermaid 或 Graphviz 文本。有问题的图会尽量绘出。",
    )
)
@click.argument("graph")
@click.option(
    "--format",
    type=click.Choice(["mermaid", "dot"]),
    default="mermaid",
    show_default=True,
    help=say("The language of the drawing.", "绘图语言。"),
)
@click.pass_context
def graph(ctx: click.Context, graph: str, format: str) -> None:
    """Print the drawing; on stderr, whether the graph has errors."""
    with refusing(False, named(graph)):
        document = read_graph(graph)
        show(draw(document, format).rstrip("\n"))
    if found := errors(check(document, ctx.ensure_object(Installed).plugins.registry)):
        many = how_many(found)
        note(
            say(
                f"The graph has {many}: see `blockloom check {graph}`.",
                f"该图有 {many}：见 `blockloom check {graph}`。",
            )
        )

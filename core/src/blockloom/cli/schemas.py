"""The commands `schema …`: descriptions for machines. Plugins may add theirs to the group."""

import click

from ..document_schema import document_schema
from .speech import say, show_json


@click.group(help=say("Print the schema of something, for machines.", "输出供机器使用的模式。"))
def schema() -> None:
    """The group of what can be described."""


@schema.command(
    "graph",
    help=say("Print the JSON Schema (draft 2020-12) of a graph document.", "输出图文档的 JSON Schema（2020-12）。"),
)
def schema_of_graph() -> None:
    """Print the JSON Schema of a graph."""
    show_json(document_schema())

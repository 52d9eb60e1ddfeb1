"""The command `emit`: publishes an event to a running server."""

import json

import click

from .asking import ask, read_payload, server_options
from .speech import say


@click.command(help=say("Publish an event to a running server.", "向正在运行的服务器发布一个事件。"))
@click.argument("name")
@click.option("--data", metavar="JSON", help=say("What the event carries.", "事件携带的数据。"))
@click.option(
    "--run",
    metavar="ID",
    help=say("Only for this run; else for all that go on.", "只发给这个运行；否则发给所有正在进行的运行。"),
)
@server_options
def emit(name: str, data: str | None, run: str | None, server: str, token: str | None, as_json: bool) -> None:
    """Publish an event and tell how many runs heard it."""
    payload = read_payload(data)
    delivered = ask(server, token, lambda client: client.publish(name, payload, run))
    if as_json:
        click.echo(json.dumps({"delivered": delivered}))
    else:
        runs = "1 run" if delivered == 1 else f"{delivered} runs"
        click.echo(say(f"{runs} heard it.", f"{delivered} 个运行收到了它。"))

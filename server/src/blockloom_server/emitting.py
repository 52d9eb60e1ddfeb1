"""The command `emit`: publishes an event to a running server."""

import json
from typing import Any, Final
from urllib.parse import urlsplit

import click

from .speech import say

DEFAULT: Final = "ws://127.0.0.1:8765/ws"


class _NotDone(click.ClickException):
    """There is no server, or it refuses."""

    exit_code = 1


@click.command(help=say("Publish an event to a running server.", "向正在运行的服务器发布一个事件。"))
@click.argument("name")
@click.option("--data", metavar="JSON", help=say("What the event carries.", "事件携带的数据。"))
@click.option(
    "--run",
    metavar="ID",
    help=say("Only for this run; else for all that go on.", "只发给这个运行；否则发给所有正在进行的运行。"),
)
@click.option(
    "--server",
    envvar="BLOCKLOOM_SERVER",
    show_envvar=True,
    metavar="URL",
    default=DEFAULT,
    show_default=True,
    help=say("Where the server is.", "服务器地址。"),
)
@click.option(
    "--token",
    envvar="BLOCKLOOM_TOKEN",
    show_envvar=True,
    help=say("Its token; on this machine it is found by itself.", "其令牌；在本机上会自动找到。"),
)
@click.option("--json", "as_json", is_flag=True, help=say("Print one JSON document.", "输出一个 JSON 文档。"))
def emit(name: str, data: str | None, run: str | None, server: str, token: str | None, as_json: bool) -> None:
    """Publish an event and tell how many runs heard it."""
    import asyncio

    from .client import Lost, Refused, Unreachable

    payload = _payload(data)
    address = socket_address(server)
    try:
        delivered = asyncio.run(_publish(address, token or _own_token(address), name, payload, run))
    except (Refused, Lost, Unreachable) as error:
        raise _NotDone(_sentence(error, address)) from None
    if as_json:
        click.echo(json.dumps({"delivered": delivered}))
    else:
        runs = "1 run" if delivered == 1 else f"{delivered} runs"
        click.echo(say(f"{runs} heard it.", f"{delivered} 个运行收到了它。"))


def socket_address(server: str) -> str:
    """The WebSocket of a server whose page or WebSocket is named; raises UsageError."""
    parts = urlsplit(server if "://" in server else f"ws://{server}")
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    if scheme not in ("ws", "wss") or not parts.hostname:
        raise click.UsageError(
            say(f"--server {server}: write it as {DEFAULT}.", f"--server {server}：应写作 {DEFAULT}。")
        )
    return parts._replace(scheme=scheme, path=parts.path if len(parts.path) > 1 else "/ws").geturl()


async def _publish(address: str, token: str | None, name: str, payload: Any, run: str | None) -> int:
    from .client import connect

    async with connect(address, token) as client:
        return await client.publish(name, payload, run)


def _payload(data: str | None) -> Any:
    from blockloom.codec import parse_json
    from blockloom.errors import BadFormat

    if data is None:
        return None
    try:
        return parse_json(data)
    except BadFormat as error:
        why = error.problems[0].message
        raise click.UsageError(
            say(
                f"--data is not JSON: {why} Text is written in quotes: '\"a\"'.",
                f"--data 不是 JSON：{why} 文本要加引号：'\"a\"'。",
            )
        ) from None


def _own_token(address: str) -> str | None:
    """The token that a server on this machine has made for itself; it is shown to nobody else."""
    from .gate import is_loopback
    from .tokenfile import kept_token

    return kept_token() if is_loopback(urlsplit(address).hostname or "") else None


def _sentence(error: Exception, address: str) -> str:
    from .client import Unreachable
    from .remote import Refused

    if isinstance(error, Refused):
        return say(f"The server refuses: {error.message}", f"服务器拒绝：{error.message}")
    if isinstance(error, Unreachable):
        return say(
            f"There is no server at {address}: start one with 'blockloom serve', or name another --server.",
            f"{address} 上没有服务器：用 blockloom serve 启动，或用 --server 指定其他地址。",
        )
    return str(error)

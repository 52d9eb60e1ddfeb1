"""What commands that ask a running server have in common: where it is, its token, and how a refusal is told."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

import click

from .speech import say

if TYPE_CHECKING:
    from .client import Client

_T = TypeVar("_T")

DEFAULT: Final = "ws://127.0.0.1:8765/ws"

_OPTIONS: Final = (
    click.option(
        "--server",
        envvar="BLOCKLOOM_SERVER",
        show_envvar=True,
        metavar="URL",
        default=DEFAULT,
        show_default=True,
        help=say("Where the server is.", "服务器地址。"),
    ),
    click.option(
        "--token",
        envvar="BLOCKLOOM_TOKEN",
        show_envvar=True,
        help=say("Its token; on this machine it is found by itself.", "其令牌；在本机上会自动找到。"),
    ),
    click.option("--json", "as_json", is_flag=True, help=say("Print one JSON document.", "输出一个 JSON 文档。")),
)


class NotDone(click.ClickException):
    """There is no server, or it refuses."""

    exit_code = 1


class Absent(NotDone):
    """There is no server, or it lets nobody in."""


def server_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options `server`, `token` and `as_json`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def ask(server: str, token: str | None, work: "Callable[[Client], Awaitable[_T]]") -> _T:
    """What a running server answers; raises NotDone, with one sentence."""
    from .client import Lost, Refused, Unreachable, connect

    address = socket_address(server)

    async def asked() -> _T:
        async with connect(address, token or _own_token(address)) as client:
            return await work(client)

    try:
        return asyncio.run(asked())
    except Unreachable as error:
        raise Absent(_sentence(error, address)) from None
    except (Refused, Lost) as error:
        raise NotDone(_sentence(error, address)) from None


def socket_address(server: str) -> str:
    """The WebSocket of a server whose page or WebSocket is named; raises UsageError."""
    parts = urlsplit(server if "://" in server else f"ws://{server}")
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    if scheme not in ("ws", "wss") or not parts.hostname:
        raise click.UsageError(
            say(f"--server {server}: write it as {DEFAULT}.", f"--server {server}：应写作 {DEFAULT}。")
        )
    return parts._replace(scheme=scheme, path=parts.path if len(parts.path) > 1 else "/ws").geturl()


def read_payload(data: str | None) -> Any:
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
    from .client import Refused, Unreachable

    if isinstance(error, Refused):
        return say(f"The server refuses: {error.message}", f"服务器拒绝：{error.message}")
    if isinstance(error, Unreachable):
        return say(
            f"There is no server at {address}: start one with 'blockloom serve', or name another --server.",
            f"{address} 上没有服务器：用 blockloom serve 启动，或用 --server 指定其他地址。",
        )
    return str(error)

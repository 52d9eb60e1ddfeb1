"""The commands of the server."""

from collections.abc import Mapping
from typing import Any

import click
from blockloom.cli.sandbox import sandbox_option

from .speech import say
from .webhooks import webhook_options


class _NotListening(click.ClickException):
    """The address cannot be listened on."""

    exit_code = 5


@click.command(
    help=say("Run the server, with its page and its WebSocket.", "运行服务器（网页和 WebSocket）。"),
)
@click.option("--host", default="127.0.0.1", show_default=True, help=say("Where to listen.", "监听地址。"))
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8765,
    show_default=True,
    help=say("The port; 0 is any free one.", "端口；0 表示任意空闲端口。"),
)
@click.option(
    "--store",
    "store_url",
    metavar="URL",
    help=say(
        "Where workflows and runs are kept: sqlite:///PATH, memory:, …; else in your data folder.",
        "工作流和运行保存在哪里：sqlite:///PATH、memory: 等；默认在你的数据文件夹中。",
    ),
)
@click.option(
    "--token",
    envvar="BLOCKLOOM_TOKEN",
    show_envvar=True,
    help=say("What clients must show; needed off loopback.", "客户端必须出示的令牌；非本机监听时必须设置。"),
)
@click.option(
    "--max-message",
    type=click.IntRange(1024, 64 * 1024 * 1024),
    default=16 * 1024 * 1024,
    show_default=True,
    metavar="BYTES",
    help=say("The largest message that is taken.", "可接收的最大消息。"),
)
@sandbox_option()
@webhook_options
def serve(
    host: str,
    port: int,
    store_url: str | None,
    token: str | None,
    max_message: int,
    require_sandbox: str | None,
    listeners: Mapping[str, Mapping[str, Any]],
) -> None:
    """Run the server until it is told to stop."""
    from .gate import is_loopback
    from .serving import CannotListen, run

    if token is not None and not token.strip():
        raise click.UsageError(say("--token must not be empty.", "--token 不能为空。"))
    if token is None and not is_loopback(host):
        raise click.UsageError(
            say(
                f"{host or 'All addresses'} can be reached by others: give a --token, or listen on 127.0.0.1.",
                f"{host or '所有地址'} 可被他人访问：请给出 --token，或监听 127.0.0.1。",
            )
        )
    try:
        run(host, port, store_url, token, max_message, require_sandbox, listeners)
    except CannotListen as error:
        raise _NotListening(str(error)) from None


@click.group(help=say("Print the schema of something, for machines.", "输出供机器使用的模式。"))
def schema() -> None:
    """The group of what can be described."""


@schema.command(help=say("Print the OpenRPC document of the server.", "输出服务器的 OpenRPC 文档。"))
def protocol() -> None:
    """Print the OpenRPC document of the server."""
    from blockloom.codec import write_json

    from .methods import TABLE
    from .openrpc import describe

    click.echo(write_json(describe(TABLE)).encode(), nl=False)

"""The commands of the server."""

from collections.abc import Sequence
from typing import Any

import click
from blockloom.cli.sandbox import sandbox_option

from .speech import say
from .webhooks import webhook_options


class _NotListening(click.ClickException):
    """The address cannot be listened on."""

    exit_code = 5


def _duration(context: click.Context, option: click.Parameter, value: str | None) -> float | None:
    from blockloom.errors import BadValue
    from blockloom.values import duration

    if value is None:
        return None
    try:
        return duration(float(value) if value.replace(".", "", 1).isdecimal() else value)
    except BadValue as error:
        raise click.BadParameter(str(error), context, option) from None


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
    "--keep",
    metavar="DURATION",
    callback=_duration,
    help=say(
        "Forget runs so long after they ended, as 30d; else they are kept without end.",
        "运行结束多久后删除，如 30d；默认永久保留。",
    ),
)
@click.option(
    "--token",
    envvar="BLOCKLOOM_TOKEN",
    show_envvar=True,
    help=say(
        "What clients must show; off loopback one is made where none is given.",
        "客户端必须出示的令牌；非本机监听且未给出时自动生成。",
    ),
)
@click.option(
    "--max-message",
    type=click.IntRange(1024, 64 * 1024 * 1024),
    metavar="BYTES",
    help=say("The largest message that is taken (16 MiB).", "可接收的最大消息（16 MiB）。"),
)
@click.option(
    "--limit",
    "limits",
    multiple=True,
    metavar="NAME=NUMBER",
    help=say(
        "Another limit, such as rate=100 or clients=50; docs/reference/protocol.md lists them.",
        "其他限制，如 rate=100、clients=50；列表见 docs/reference/protocol.md。",
    ),
)
@click.option(
    "--allow-host",
    "names",
    multiple=True,
    metavar="NAME",
    help=say("A name under which a proxy reaches the server.", "代理访问本服务器所用的名称。"),
)
@click.option(
    "--allow-origin",
    "origins",
    multiple=True,
    metavar="URL",
    help=say(
        "A page from elsewhere that may talk to the server, as http://localhost:5173.",
        "允许访问本服务器的其他网页来源，如 http://localhost:5173。",
    ),
)
@click.option(
    "--tls-cert",
    "certificate",
    metavar="FILE",
    help=say("The certificate for https and wss, webhooks included.", "用于 https 和 wss（包括 webhook）的证书。"),
)
@click.option(
    "--tls-key",
    "key",
    metavar="FILE",
    help=say("Its key, if it is in another file.", "证书的密钥（若在另一文件中）。"),
)
@sandbox_option()
@webhook_options
def serve(token: str | None, max_message: int | None, limits: Sequence[str], **settings: Any) -> None:
    """Run the server until it is told to stop."""
    from .serving import CannotListen, Settings, run

    if token is not None and not token.strip():
        raise click.UsageError(say("--token must not be empty.", "--token 不能为空。"))
    if settings["key"] and not settings["certificate"]:
        raise click.UsageError(say("--tls-key goes with --tls-cert.", "--tls-key 须与 --tls-cert 一起使用。"))
    made = _limits(limits, {} if max_message is None else {"message": max_message})
    try:
        run(Settings(token=token, limits=made, **settings))
    except CannotListen as error:
        raise _NotListening(str(error)) from None


@click.group(help=say("Print the schema of something, for machines.", "输出供机器使用的模式。"))
def schema() -> None:
    """The group of what can be described."""


@schema.command(help=say("Print the OpenRPC document of the server.", "输出服务器的 OpenRPC 文档。"))
@click.option(
    "--page",
    is_flag=True,
    help=say("As a page for people, in Markdown.", "以 Markdown 页面的形式输出，供人阅读。"),
)
def protocol(page: bool) -> None:
    """Print the OpenRPC document of the server."""
    from blockloom.codec import write_json

    from .handbook import write
    from .methods import TABLE
    from .openrpc import describe

    click.echo((write(TABLE) if page else write_json(describe(TABLE))).encode(), nl=False)


def _limits(pairs: Sequence[str], more: dict[str, Any]) -> Any:
    """The limits of the server; raises UsageError."""
    from pydantic import ValidationError

    from .limits import Limits

    given = dict(more)
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or name not in Limits.model_fields:
            names = ", ".join(Limits.model_fields)
            english = f"--limit {pair}: write NAME=NUMBER; the names are {names}."
            raise click.UsageError(say(english, f"--limit {pair}：应写作 NAME=NUMBER；名称有 {names}。"))
        given[name] = value
    try:
        return Limits.model_validate(given)
    except ValidationError as error:
        flaw = error.errors()[0]
        where = f"{flaw['loc'][0]}={flaw['input']}"
        raise click.UsageError(say(f"--limit {where}: {flaw['msg']}.", f"--limit {where}：{flaw['msg']}。")) from None

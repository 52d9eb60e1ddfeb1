"""The options of `serve` about the port of webhooks."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

import click

from .speech import say

_OPTIONS: Final = (
    click.option(
        "--webhook-host",
        default="127.0.0.1",
        show_default=True,
        help=say("Where webhooks are posted.", "接收 webhook 的地址。"),
    ),
    click.option(
        "--webhook-port",
        type=click.IntRange(0, 65535),
        default=8766,
        show_default=True,
        help=say(
            "Their port, opened for the first trigger that needs it; 0 is any free one.",
            "其端口，在第一个需要它的触发器出现时打开；0 表示任意空闲端口。",
        ),
    ),
    click.option(
        "--webhook-token",
        envvar="BLOCKLOOM_WEBHOOK_TOKEN",
        show_envvar=True,
        help=say(
            "What whoever posts must show; needed off loopback. If missing, it is that of the clients.",
            "发送方必须出示的令牌；非本机监听时必须设置。未给出时与客户端的令牌相同。",
        ),
    ),
)


def webhook_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command these options; it is called with `listeners`, the settings of listeners by trigger type.

    The command's own certificate is that of the webhooks too.
    """

    @wraps(command)
    def call(webhook_host: str, webhook_port: int, webhook_token: str | None, **given: Any) -> None:
        from .gate import is_loopback

        token = webhook_token or given.get("token")
        if token is None and not is_loopback(webhook_host):
            raise click.UsageError(
                say(
                    f"Others can post to {webhook_host or 'all addresses'}: give a --webhook-token.",
                    f"他人可以向 {webhook_host or '所有地址'} 发送请求：请给出 --webhook-token。",
                )
            )
        settings = {"host": webhook_host, "port": webhook_port, "token": token}
        secret = {name: given[name] for name in ("certificate", "key")}
        command(listeners={"webhook": settings | secret}, **given)

    for option in reversed(_OPTIONS):
        call = option(call)
    return call

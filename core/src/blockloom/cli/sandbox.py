"""The option `--require-sandbox`: refuse to begin where a layer of the sandbox is missing."""

from collections.abc import Callable
from typing import Any

import click

from ..finding import SANDBOX
from ..plugins import Plugins
from .speech import say


class SandboxMissing(click.ClickException):
    """A layer of the sandbox that was required is not there."""

    exit_code = 5


def sandbox_option() -> Callable[[Any], Any]:
    """The option, for a command with a parameter `require_sandbox`."""
    return click.option(
        "--require-sandbox",
        type=click.Choice(["strict"]),
        help=say(
            "Refuse to begin (status 5) unless every layer of the sandbox holds; see 'blockloom doctor'.",
            "除非沙箱的每一层都有效，否则拒绝启动（状态 5）；见 blockloom doctor。",
        ),
    )


def hold_sandbox(wanted: str | None, plugins: Plugins) -> None:
    """Where it is wanted, end with status 5 unless every layer of the sandbox holds."""
    if wanted is None:
        return
    found = plugins.findings(SANDBOX)
    if not found:
        raise SandboxMissing(
            say(
                "no installed plugin has a sandbox; see 'blockloom plugins'.",
                "已安装的插件都没有沙箱；见 blockloom plugins。",
            )
        )
    if missing := [finding for finding in found if finding.state != "ok"]:
        told = "; ".join(f"{finding.name}: {finding.message}" for finding in missing)
        raise SandboxMissing(say(f"the sandbox is not complete: {told}.", f"沙箱不完整：{told}。"))

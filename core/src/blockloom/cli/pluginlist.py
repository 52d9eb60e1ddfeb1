"""The command `plugins`: what is installed, and how it does."""

import click

from ..plugins import Plugin
from .installed import Installed
from .speech import one_line, paint, say, show, show_json
from .table import table

_COLORS = {"active": "green", "disabled": "yellow"}
_STATUS = {"active": "可用", "broken": "损坏", "incompatible": "不兼容", "conflict": "冲突", "disabled": "已停用"}


@click.command(
    help=say(
        "List the installed plugins. Each with its version, its status and why, and what it registers.",
        "列出已安装的插件。包括版本、状态及原因，以及各自注册的内容。",
    )
)
@click.option("--json", "as_json", is_flag=True, help=say('Print {"plugins": […]}.', '输出 {"plugins": […]}。'))
@click.pass_obj
def plugins(installed: Installed, as_json: bool) -> None:
    """Print the installed plugins, broken ones included."""
    found = installed.plugins.found
    if as_json:
        show_json({"plugins": [plugin.to_json() for plugin in found]})
        return
    for line, plugin in zip(table([_row(plugin) for plugin in found]), found, strict=True):
        show(line)
        if plugin.why:
            show("    " + one_line(plugin.why, 1000))


def _row(plugin: Plugin) -> list[str]:
    status = paint(say(plugin.status, _STATUS[plugin.status]), fg=_COLORS.get(plugin.status, "red"))
    return [plugin.name, plugin.distribution, plugin.version, status, ", ".join(plugin.offers)]

"""The command `plugins`: what is installed, and how it does."""

import click

from ..plugin import STATUS_WORDS, Plugin
from ..words import tell
from .installed import Installed
from .speech import one_line, paint, say, show, show_json
from .table import table

_COLORS = {"active": "green", "disabled": "yellow"}


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
    found = installed.plugins.examined()
    if as_json:
        show_json({"plugins": [plugin.to_json() for plugin in found]})
        return
    for line, plugin in zip(table([_row(plugin) for plugin in found]), found, strict=True):
        show(line)
        if plugin.why:
            show("    " + one_line(plugin.why, 1000))
        if plugin.remedy:
            show("    → " + one_line(plugin.remedy, 1000))


def _row(plugin: Plugin) -> list[str]:
    status = paint(tell(STATUS_WORDS[plugin.status]), fg=_COLORS.get(plugin.status, "red"))
    return [plugin.name, plugin.distribution, plugin.version, status, ", ".join(plugin.offers)]

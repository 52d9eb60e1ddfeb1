"""The command `doctor`: what works on this machine and what does not."""

import asyncio

import click

from ..finding import Finding
from .installed import Installed
from .speech import count, note, one_line, paint, say, show, show_json
from .storing import store_finding
from .table import table

_MARKS = {"ok": ("ok", "正常", "green"), "warning": ("warning", "警告", "yellow"), "failed": ("failed", "失败", "red")}


@click.command(
    help=say(
        "Tell what works on this machine and what does not: plugins, the layers of the sandbox, the store, secrets."
        "\n\nExit status: 0, or 1 where something failed.",
        "检查本机上哪些可用、哪些不可用：插件、沙箱各层、存储、密钥。\n\n退出状态：0；有失败项时为 1。",
    )
)
@click.option("--json", "as_json", is_flag=True, help=say('Print {"findings": […]}.', '输出 {"findings": […]}。'))
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Print every finding; the status says whether one of them failed."""
    plugins = ctx.ensure_object(Installed).plugins
    found = plugins.findings()
    if all(finding.area != "store" for finding in found):  # a plugin that brings the store may know it better
        found = sorted([*found, asyncio.run(store_finding(plugins))], key=lambda finding: finding.name)
    if as_json:
        show_json({"findings": [finding.to_json() for finding in found]})
    else:
        for line, finding in zip(table([_row(finding) for finding in found]), found, strict=True):
            show(line)
            if finding.remedy:
                show("  → " + one_line(finding.advice, 1000))
        note(_summary(found))
    ctx.exit(1 if any(finding.state == "failed" for finding in found) else 0)


def _row(finding: Finding) -> list[str]:
    english, chinese, color = _MARKS[finding.state]
    return [paint(say(english, chinese), fg=color), one_line(finding.name), one_line(finding.message, 1000)]


def _summary(found: list[Finding]) -> str:
    failed = sum(finding.state == "failed" for finding in found)
    warnings = sum(finding.state == "warning" for finding in found)
    told = [count(warnings, "warning", "个警告")] if warnings else []
    told += [say(f"{failed} failed", f"{failed} 个失败")] if failed else []
    return (say(", ", "，").join(told) or say("Everything works", "一切正常")) + say(".", "。")

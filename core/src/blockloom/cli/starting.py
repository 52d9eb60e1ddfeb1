"""The command `new`: the project of a plugin to begin with."""

from pathlib import Path

import click

from ..scaffold import KINDS, new_plugin
from .speech import note, say, show


@click.group(help=say("Make something new.", "新建项目。"))
def new() -> None:
    """Make something new."""


@new.command(
    help=say(
        "Make a plugin project called NAME, in the folder blockloom-NAME: source, tests, README and a file for "
        "continuous integration. Without an option it has a block type.",
        "在文件夹 blockloom-NAME 中新建名为 NAME 的插件项目：源码、测试、README 和持续集成文件。"
        "不给选项时含一个块类型。",
    )
)
@click.argument("name")
@click.option("--block", "kinds", flag_value="block", multiple=True, help=say("With a block type.", "含块类型。"))
@click.option("--task", "kinds", flag_value="task", multiple=True, help=say("With a task type.", "含任务类型。"))
@click.option(
    "--trigger", "kinds", flag_value="trigger", multiple=True, help=say("With a trigger type.", "含触发器类型。")
)
@click.option("--store", "kinds", flag_value="store", multiple=True, help=say("With a store.", "含存储。"))
def plugin(name: str, kinds: tuple[str, ...]) -> None:
    """Make a plugin project."""
    made = new_plugin(name, kinds or (next(iter(KINDS)),), Path())
    show(str(made))
    note(
        say(
            f'Now: cd {made} && pip install -e ".[dev]" && pytest',
            f'接下来：cd {made} && pip install -e ".[dev]" && pytest',
        )
    )

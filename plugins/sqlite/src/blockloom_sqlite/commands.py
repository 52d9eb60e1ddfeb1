"""The commands `db …`: whether a file is sound, and what can be saved of one that is not."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import click
from blockloom import tell

from .faults import damaged
from .opening import examine, open_to_read
from .recovery import recover


@click.group(help=tell({"en": "Look after a file of the store sqlite.", "zh": "维护 sqlite 存储的文件。"}))
def db() -> None:
    """The group of what can be done with a file."""


@db.command(
    help=tell(
        {
            "en": "Read all of FILE and say whether it is sound; a server may have it open meanwhile."
            "\n\nExit status: 0 sound, 3 not.",
            "zh": "读取整个 FILE 并说明其是否完好；服务器可以同时打开它。\n\n退出状态：0 完好，3 损坏。",
        }
    )
)
@click.argument("file", type=click.Path(path_type=Path))
def check(file: Path) -> None:
    """Read all of a file."""
    path = _there(file)
    with closing(open_to_read(path)) as connection:
        try:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check(5)")]
        except sqlite3.Error as error:
            found = [str(error)]
    if found != ["ok"]:
        raise damaged(str(path), "; ".join(line.replace("\n", " ") for line in found))
    click.echo(tell({"en": f"{file} is sound.", "zh": f"{file} 完好。"}))


@db.command(
    "recover",
    help=tell(
        {
            "en": "Copy what can still be read of FILE into NEW_FILE, which must not be there yet."
            " FILE stays as it is. What is lost is listed.",
            "zh": "将 FILE 中仍可读取的内容复制到 NEW_FILE（必须尚不存在）。FILE 保持不变。会列出丢失的内容。",
        }
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("new_file", type=click.Path(path_type=Path))
def recover_file(file: Path, new_file: Path) -> None:
    """Save what can be saved."""
    found = asyncio.run(recover(_there(file), new_file.absolute()))
    for loss in found.losses:
        click.echo(tell({"en": f"Lost: {loss}", "zh": f"丢失：{loss}"}), err=True)
    rows = found.rows
    click.echo(
        tell(
            {
                "en": f"Copied {rows['run']} runs and {rows['workflow']} workflows to {new_file}.",
                "zh": f"已将 {rows['run']} 次运行和 {rows['workflow']} 个工作流复制到 {new_file}。",
            }
        )
    )


def _there(file: Path) -> Path:
    path = file.expanduser().absolute()
    if not path.exists():
        raise click.BadParameter(tell({"en": f"{file} is not there.", "zh": f"{file} 不存在。"}))
    examine(path)
    return path

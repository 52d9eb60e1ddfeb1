"""The commands `runs delete`, `runs export` and `runs import`."""

import asyncio
from pathlib import Path

import click

from ..codec import write_json
from ..plugins import Plugins
from ..store import StoredRun
from ..transfer import export_run, import_run
from .archive import archive, store_option, to_write
from .installed import Installed
from .reading import named, read_any
from .refusals import refusing
from .speech import note, say, show_json
from .storing import choose


@click.command(help=say("Forget runs and their journals.", "删除运行及其日志。"))
@click.argument("ids", nargs=-1, required=True, metavar="ID…")
@store_option
@click.pass_obj
def delete(installed: Installed, ids: tuple[str, ...], store: str | None) -> None:
    """Forget some runs."""
    with refusing(False, ""):
        asyncio.run(_delete(installed.plugins, ids, store))


@click.command(
    help=say(
        "Write one run as JSON, with its graph, inputs and events, to FILE or to stdout: for a report of a mistake, or "
        "as a sample for tests. Look into it before you give it away: it holds every value of the run.",
        "将一个运行（图、输入和事件）以 JSON 写入 FILE 或标准输出，用于报告问题或作为测试样本。"
        "其中包含该运行的所有值，转交他人前请先检查。",
    )
)
@click.argument("id")
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False, writable=True))
@store_option
@click.pass_obj
def export(installed: Installed, id: str, file: Path | None, store: str | None) -> None:
    """Write one run."""
    with refusing(False, ""):
        document = asyncio.run(_export(installed.plugins, id, store))
    if file is None:
        show_json(document)
    else:
        file.write_text(write_json(document), encoding="utf-8")


@click.command(
    "import",
    help=say(
        "Keep the run in FILE, which `runs export` has written (- for stdin), and print its id. One that was not over "
        "is not carried on by itself.",
        "保存 FILE（由 `runs export` 写出；- 表示标准输入）中的运行并打印其 id。尚未结束的运行不会自动继续。",
    ),
)
@click.argument("file")
@store_option
@click.pass_obj
def import_(installed: Installed, file: str, store: str | None) -> None:
    """Keep a run that was exported."""
    with refusing(False, named(file)):
        run = asyncio.run(_import(installed.plugins, file, store))
    note(say(f"Imported as {run.state.value}:", f"已导入，状态 {run.state.value}："))
    click.echo(run.id)


async def _delete(plugins: Plugins, ids: tuple[str, ...], url: str | None) -> None:
    for id in ids:
        async with to_write(id, url, plugins) as store:
            await store.delete_run(id)


async def _export(plugins: Plugins, id: str, url: str | None) -> object:
    async with archive(url, plugins) as kept:
        return await export_run(kept.stores[await kept.holding(id)], id)


async def _import(plugins: Plugins, file: str, url: str | None) -> StoredRun:
    document = read_any(file)
    kept = choose(url, plugins, beside=True)
    try:
        return await import_run(kept.store, document)
    finally:
        await kept.store.close()

"""Every graph in examples/ is sound, is listed, and gives what it promises on several inputs."""

import asyncio
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from blockloom import Engine, InvalidInputs, MemoryStore, Plugins, RunState, RunView, TaskState
from blockloom.codec import read_file

EXAMPLES: Final = Path(__file__).parents[2] / "examples"
GRAPHS: Final = sorted(path for path in EXAMPLES.iterdir() if path.suffix in {".json", ".yaml"})


def run(name: str, **inputs: Any) -> RunView:
    async def run_it() -> RunView:
        async with Engine(Plugins.load()) as engine:
            view = await engine.start(read_file(EXAMPLES / name), inputs)
            return await asyncio.wait_for(view.wait(), timeout=20)

    return asyncio.run(run_it())


def outputs(name: str, **inputs: Any) -> Mapping[str, Any]:
    view = run(name, **inputs)
    assert view.state is RunState.COMPLETED, view.error
    return view.outputs


def text(indented: str) -> str:
    return textwrap.dedent(indented).lstrip("\n")


@pytest.mark.parametrize("path", GRAPHS, ids=lambda path: path.name)
def test_an_example_is_sound_and_listed(path: Path) -> None:
    graph = read_file(path)
    plugins = Plugins.load()
    assert not Engine(plugins).check(graph)
    assert graph["name"] == path.stem
    assert len(graph["title"].split()) > 1
    assert f"[{path.name}]({path.name})" in (EXAMPLES / "README.md").read_text(encoding="utf-8")


def test_there_are_examples() -> None:
    assert len(GRAPHS) >= 3


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"ticket": "lost and down", "limit": 0.5}, {"action": "paging: lost and down", "score": 2 / 3}),
        ({"ticket": "The site is DOWN"}, {"action": None, "score": 0.25}),
        ({"ticket": "The site is DOWN", "limit": 0.2}, {"action": "paging: The site is DOWN", "score": 0.25}),
        ({"ticket": ""}, {"action": None, "score": 0.0}),
    ],
)
def test_ticket_triage(inputs: dict[str, Any], expected: dict[str, Any]) -> None:
    assert outputs("ticket-triage.json", **inputs) == expected


def test_ticket_triage_cancels_the_branch_that_is_not_taken() -> None:
    page = run("ticket-triage.json", ticket="all is well").tasks["page"]
    assert (page.state, page.reason) == (TaskState.CANCELED, "branch")


# Plain subjects, as this repository writes them; one of them was committed twice.
PLAIN: Final = """
f7e6562 Write workflows in Python, and the plugins flow, text, checklist, time
add921a Let a plan run: the fold, its decisions, the scheduler and the engine
1b2c3d4 Fix a leak of `Task<T>` in Map<K, V>
053073f Lay the workspace and the lower floors of the core
4369b4d Lay the workspace and the lower floors of the core
0a0b0c0 Merge branch 'main' of example.org:blockloom
"""
PLAIN_NOTES: Final = r"""
# Release notes

## New

- Write workflows in Python, and the plugins flow, text, checklist, time (f7e6562)
- Let a plan run: the fold, its decisions, the scheduler and the engine (add921a)
- Lay the workspace and the lower floors of the core (053073f, 4369b4d)

## Fixed

- Fix a leak of `Task<T>` in Map\<K, V> (1b2c3d4)
"""

CONVENTIONAL: Final = """
1234567 feat(ui)!: drop the old editor
2345678 fix: show an error once (#12)
3456789 docs: say how to start
4567890 chore(deps): bump the lock file
5678901 perf(core): count edges, not tasks
6789012 feat: dark mode
7890123 BREAKING CHANGE: settings live in one file
8901234 fixup! feat: dark mode
9012345 refactor: one noun a room
"""
CONVENTIONAL_NOTES: Final = """
# 2.0

## Breaking changes

- **ui:** drop the old editor (1234567)
- settings live in one file (7890123)

## New

- dark mode (6789012)

## Fixed

- show an error once (#12) (2345678)

## Changed

- **core:** count edges, not tasks (5678901)
- one noun a room (9012345)

## Documentation

- say how to start (3456789)

## Upkeep

- **deps:** bump the lock file (4567890)
"""

CHINESE: Final = """
1234567 修复：登录后页面空白
2345678 新增中文界面
3456789 feat(界面)：深色模式
4567890 重构 调度器
5678901 补充文档
6789012 界面：修正按钮错位
"""
CHINESE_NOTES: Final = """
# 版本说明

## New

- 新增中文界面 (2345678)
- **界面:** 深色模式 (3456789)

## Fixed

- 登录后页面空白 (1234567)
- **界面:** 修正按钮错位 (6789012)

## Changed

- 重构 调度器 (4567890)

## Documentation

- 补充文档 (5678901)
"""

# As other projects write: the place first, verbs in any form, no hash, words nobody foresaw.
OTHERS: Final = """
1234567 net/http: fix a race in keep-alive
2345678 asyncio: document what cancel() promises
added a line without a hash
3456789 Fixes #40: crash on empty input
4567890 Adding retries
5678901 Hello, world
"""
OTHERS_NOTES: Final = """
# Release notes

## New

- added a line without a hash

## Fixed

- **net/http:** fix a race in keep-alive (1234567)

## Documentation

- **asyncio:** document what cancel() promises (2345678)

2 earlier commits are not shown.
"""


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        pytest.param({"log": PLAIN}, PLAIN_NOTES, id="plain"),
        pytest.param({"log": CONVENTIONAL, "title": "2.0"}, CONVENTIONAL_NOTES, id="conventional"),
        pytest.param({"log": CHINESE, "title": "版本说明"}, CHINESE_NOTES, id="chinese"),
        pytest.param({"log": OTHERS.replace("4567890 Adding retries\n", ""), "limit": 3}, OTHERS_NOTES, id="others"),
        pytest.param({"log": ""}, "# Release notes\n\nNothing has changed.\n", id="empty"),
        pytest.param({"log": "1234567 Merge branch 'x'"}, "# Release notes\n\nNothing has changed.\n", id="noise"),
        pytest.param(
            {"log": "3456789 Fixes #40: crash on empty input\n4567890 Adding retries\n5678901 Hello, world"},
            "# Release notes\n\n## New\n\n- Adding retries (4567890)\n\n## Fixed\n\n"
            "- Fixes #40: crash on empty input (3456789)\n\n## Changed\n\n- Hello, world (5678901)\n",
            id="any verb",
        ),
    ],
)
def test_release_notes(inputs: dict[str, Any], expected: str) -> None:
    assert outputs("release-notes.yaml", **inputs) == {"notes": expected.lstrip("\n")}


@pytest.mark.parametrize("inputs", [{}, {"log": "", "limit": 0}, {"log": 1}, {"log": "", "titel": "x"}])
def test_release_notes_refuses_what_does_not_fit(inputs: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputs):
        run("release-notes.yaml", **inputs)


SHEET: Final = """
Who,Date,Amount
Ada,2026-11-02,12.50
"Li, 雷",2026-11-03,8
Ada,2026-11-04,1.25
"""
FLAWED: Final = """
who,date,amount
Ada,2026-11-02,12.50
,2026-11-02,1
Bo,2026-02-30,1
Bo,2026-02-28,lots
Bo,2026-02-28,5000
Bo,2026-02-28
"""
FLAWED_REPORT: Final = """
Total by person:

- Ada: 12.50

Not counted:

- row 2: nobody is named
- row 3: '2026-02-30' is not a date
- row 4: 'lots' is not an amount
- row 5: 5000 is above the limit
- row 6: '' is not an amount
"""


@pytest.mark.parametrize(
    ("sheet", "report", "totals"),
    [
        pytest.param(
            SHEET,
            "Total by person:\n\n- Ada: 13.75\n- Li, 雷: 8.00\n\nEvery row is fine.\n",
            {"Ada": "13.75", "Li, 雷": "8.00"},
            id="fine",
        ),
        pytest.param(FLAWED, FLAWED_REPORT.lstrip("\n"), {"Ada": "12.50"}, id="flawed"),
        pytest.param(
            "who,date,amount", "Total by person:\n\n- nothing\n\nEvery row is fine.\n", {}, id="nothing but a header"
        ),
    ],
)
def test_expenses(sheet: str, report: str, totals: dict[str, str]) -> None:
    assert outputs("expenses.yaml", sheet=sheet) == {"report": report, "totals": totals}


@pytest.mark.parametrize(
    ("sheet", "why"),
    [
        ("", "there is no column who, date, amount"),
        ("who,when\n", "there is no column date, amount"),
        ('who,date,amount\n"Ada,2026-11-02,1\n', 'a quote is never closed in: "Ada,2026-11-02,1'),
    ],
)
def test_expenses_goes_the_way_of_the_error(sheet: str, why: str) -> None:
    view = run("expenses.yaml", sheet=sheet)
    assert view.state is RunState.COMPLETED
    assert view.outputs["report"].startswith(f"The sheet cannot be read: {why}")
    assert view.outputs["totals"] is None
    assert view.tasks["read"].state is TaskState.FAILED
    assert view.tasks["examine"].reason == "branch"


def test_stock_watch() -> None:
    assert outputs("stock-watch.yaml", item="tea", left=3) == {"order": "Order 7 of tea."}
    assert outputs("stock-watch.yaml", item="tea", left=5) == {}


def test_stock_watch_is_started_by_each_of_its_triggers() -> None:
    async def main() -> list[str]:
        async with Engine(Plugins.load(), MemoryStore(), listening={"webhook": {"port": 0}}) as engine:
            begun: asyncio.Queue[str | None] = asyncio.Queue()
            engine.triggers.listen(lambda _, firing: begun.put_nowait(firing.run))
            await engine.triggers.open()
            kept = await engine.create_workflow(read_file(EXAMPLES / "stock-watch.yaml"))
            await engine.publish("stock.counted", {"item": "salt", "left": 300})
            await engine.publish("stock.counted", {"item": "tea", "left": 3})
            said = [await order(engine, await begun.get())]
            for id, payload in (("sold", {"item": "ink", "left": 1}), ("candles", None)):
                await engine.triggers.fire(f"{kept.id}.{id}", payload)
                said.append(await order(engine, await begun.get()))
            return said

    async def order(engine: Engine, run: str | None) -> str:
        assert run is not None
        return str((await (await engine.run(run)).wait()).outputs["order"])

    said = asyncio.run(asyncio.wait_for(main(), 20))
    assert said == ["Order 7 of tea.", "Order 9 of ink.", "Order 2 of candles."]

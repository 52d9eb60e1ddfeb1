"""Blocks of one task that follow each other: one process for all of them, and to each as if it had its own."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from blockloom import BlockContext, Engine, Plugins, RunView, TaskFailed
from blockloom_code import Code
from blockloom_code.limits import MIB, Limits
from blockloom_code.order import Order, order, together
from blockloom_code.pool import Pool


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many blocks each process was given, in order."""
    given: list[int] = []
    do = Pool._do

    async def count(pool: Pool, orders: Sequence[Order]) -> Any:
        given.append(len(orders))
        return await do(pool, orders)

    monkeypatch.setattr(Pool, "_do", count)
    return given


def row(
    *sources: str, names: Mapping[str, Any] | None = None, log: Callable[[str], None] = print
) -> list[BlockContext]:
    """Blocks named a, b, c… of which each sees those before it."""
    ids = "abcdefgh"[: len(sources)]
    return [
        BlockContext(
            content=Code.Content(source=source),
            names=names or {},
            inputs=names or {},
            log=log,
            id=id,
            sees=tuple(ids[:place]),
        )
        for place, (id, source) in enumerate(zip(ids, sources, strict=True))
    ]


def values(desk: Any, blocks: list[BlockContext]) -> list[Any]:
    return list(desk.runner.run(desk.code.evaluate_row(blocks)))


def failure(desk: Any, blocks: list[BlockContext]) -> TaskFailed:
    with pytest.raises(TaskFailed) as caught:
        values(desk, blocks)
    return caught.value


def test_they_share_a_process_and_see_each_other(desk: Any, jobs: list[int]) -> None:
    made = values(
        desk, row("text.split()", "x = len(a)\nx", "[w.upper() for w in a] + [b, n]", names={"text": "p q", "n": 5})
    )
    assert made == [["p", "q"], 2, ["P", "Q", 2, 5]]
    assert jobs == [3]


def test_small_expressions_before_them_need_no_process(desk: Any, jobs: list[int]) -> None:
    assert values(desk, row("n + 1", "a * 2", "b == 8", names={"n": 3})) == [4, 8, True]
    assert jobs == []
    assert values(desk, row("n + 1", "str(a)", "a + len(b)", names={"n": 3})) == [4, "4", 5]
    assert jobs == [2]


def test_what_one_changes_no_other_sees(desk: Any) -> None:
    blocks = row(
        "x = [1]\nx", "a.append(2)\nreturn a", "a.append(3)\nn.append(3)\nreturn [a, b, n]", "return n", names={"n": []}
    )
    assert values(desk, blocks) == [[1], [1, 2], [[1, 3], [1, 2], [3]], []]


def test_nothing_is_left_for_the_next(desk: Any) -> None:
    draw = "import random\nrandom.random()"
    one, third, two = values(
        desk,
        row(
            f"import decimal\ndecimal.getcontext().prec = 2\nimport random\nrandom.seed(1)\n{draw}",
            "from decimal import Decimal\nstr(Decimal(1) / 3)",
            draw,
        ),
    )
    assert third == "0." + "3" * 28
    assert one != two
    assert failure(desk, row("def f(): pass\nx = 1\nx", "f()")).type == "NameError"


def test_a_block_hides_an_input_of_its_name(desk: Any) -> None:
    assert values(desk, row("x = 'block'\nx", "[a, inputs['a']]", names={"a": "input"})) == [
        "block",
        ["block", "input"],
    ]


def test_one_that_is_not_seen_is_not_there(desk: Any) -> None:
    blocks = row("str(1)", "str(2)", "a + str(b)")
    (first, second, third) = blocks
    hidden = BlockContext(content=third.content, id="c", sees=("b",))
    told = failure(desk, [first, second, hidden])
    assert (told.type, "'a' is not defined" in str(told) or "名称 a" in str(told)) == ("NameError", True)


def test_lines_go_to_their_own_logs_in_order(desk: Any) -> None:
    lines: list[str] = []
    values(desk, row("print('one')\nx = 1", "print('two', end='')\nx = 2", "print('three')\nx = 3", log=lines.append))
    assert lines == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("1 / (len(a) - 1)", "ZeroDivisionError"),
        ("while True: pass", "time_limit"),
        ("while True: print(1)", "output_limit"),
        ("x = {1}\nx", "result_refused"),
        ("x = []\nwhile True: x.append('a' * 1_000_000)", "memory_limit"),
        ("g = iter([])\nfor _ in range(200_000):\n    g = map(str, g)\nlist(g)", "sandbox_crashed"),
    ],
)
def test_the_failure_is_that_of_the_block(strict: Any, source: str, kind: str) -> None:
    assert failure(strict, row("x = '1'\nx", source, "str(3)")).type == kind


def test_each_has_its_own_time_and_output(strict: Any) -> None:
    wait = "end = d.now() + timedelta(seconds=0.25)\nwhile d.now() < end: pass\n"
    slow = f"from datetime import datetime as d, timedelta\n{wait}print('x' * 6000)\n1"
    assert values(strict, row(slow, slow, slow, log=lambda line: None)) == [1, 1, 1]


def test_what_the_blocks_before_it_left_in_memory_is_not_its_fault(small: Any, jobs: list[int]) -> None:
    large = "x = 'a' * 90_000_000\nlen(x)"
    hold = "global_holder = [0]\ndef f():\n    return f\nx = ['b' * 70_000_000, f]\nx.append(x)\nlen(x)"
    assert values(small, row(hold, large, hold, large)) == [3, 90_000_000, 3, 90_000_000]


def test_a_refusal_at_run_time_names_the_block_s_line(desk: Any, english: None) -> None:
    told = failure(desk, row("str(1)", "import os"))
    assert told.type == "code_refused"
    assert told.excerpt == "import os\n^^^^^^^^^"


def test_blocks_of_different_memory_do_not_share(desk: Any) -> None:
    def of(memory: int) -> Order:
        return order(row("str(1)")[0], Limits(memory=memory))

    large, small = of(512 * MIB), of(64 * MIB)
    assert [len(together(orders)) for orders in ([large, large, small], [small, large], [large])] == [2, 1, 1]
    assert len(together([large] * 100)) == 64


def run(sources: Sequence[str], links: list[dict[str, str]] | None = None) -> RunView:
    """A run of a task with these code blocks, b0, b1, …"""
    blocks = [{"id": f"b{n}", "type": "code", "content": {"source": source}} for n, source in enumerate(sources)]
    task = {"id": "t", "type": "blocks", "blocks": blocks} | ({"links": links} if links else {})

    async def main() -> RunView:
        async with Engine(Plugins.load()) as engine:
            return await (await engine.start({"blockloom": 1, "tasks": [task]}, {})).wait()

    return asyncio.run(main())


def test_the_blocks_of_a_task_are_a_row(jobs: list[int]) -> None:
    finished = run(["list(range(3))", *[f"[x + 1 for x in b{n}]" for n in range(19)]])
    assert (finished.tasks["t"].outputs or {})["result"] == [19, 20, 21]
    assert jobs == [20]


def test_a_row_that_is_long_takes_several_processes(jobs: list[int]) -> None:
    finished = run(["list([0])", *[f"x = b{n}[0] + 1\n[x, len(b{max(n - 70, 0)})]" for n in range(79)]])
    assert (finished.tasks["t"].outputs or {})["result"] == [79, 2]
    assert jobs == [64, 16]


def test_links_decide_what_is_seen_in_a_row(jobs: list[int]) -> None:
    finished = run(["str(1)", "str(2)", "b1 + str(3)"], [{"from": "b1", "to": "b2"}])
    assert finished.tasks["t"].outputs == {"b0": "1", "b1": "2", "b2": "23", "result": "23"}
    assert jobs == [3]

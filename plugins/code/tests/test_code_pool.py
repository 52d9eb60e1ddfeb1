"""The processes of the block: none before they are needed, none left behind, never in the way of the event loop."""

import asyncio
import gc
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from blockloom import BlockContext, TaskFailed
from blockloom_code import Code
from blockloom_code.limits import Limits
from blockloom_code.pool import Pool
from blockloom_code.wire import Wire

ENDLESS = "print('on')\nwhile True: pass"


def block(source: str, log: Any = lambda line: None, **names: Any) -> BlockContext:
    return BlockContext(content=Code.Content(source=source), names=names, log=log)


def below(pid: int) -> set[int]:
    """The processes under a process."""
    children: set[int] = set()
    for task in Path(f"/proc/{pid}/task").iterdir():
        children |= {int(word) for word in (task / "children").read_text().split()}
    return children.union(*(below(child) for child in children))


def environment(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


def files() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


class Mark:
    """A place from which processes and files are counted."""

    def __init__(self) -> None:
        gc.collect()
        self.processes, self.files = below(os.getpid()), files()

    def new(self) -> set[int]:
        return below(os.getpid()) - self.processes

    def clean(self) -> bool:
        return not self.new() and files() == self.files


async def started(code: Code, source: str = ENDLESS) -> "asyncio.Task[Any]":
    """A task that evaluates `source`, once it has printed."""
    on = asyncio.Event()
    task = asyncio.ensure_future(code.evaluate(block(source, lambda line: on.set())))
    await on.wait()
    return task


async def evaluated(code: Code, asked: Any) -> Any:
    """The value of a block that runs in the worker."""
    return await code.evaluate(asked)


def test_nothing_is_started_before_it_is_needed() -> None:
    async def main() -> None:
        mark = Mark()
        code = Code()
        assert code.evaluate(block("x > 1 and 'a' in y", x=2, y=["a"])) is True
        assert mark.clean()
        await code.close()

    asyncio.run(main())


def test_close_ends_every_process_and_file() -> None:
    mark = Mark()

    async def main() -> None:
        code = Code(processes=3)
        inside = Mark()
        await asyncio.gather(*(code.evaluate(block("y = x\ny", x=x)) for x in range(9)))
        assert 1 <= len(inside.new()) <= 3
        await code.close()
        assert inside.clean()

    asyncio.run(main())
    assert mark.clean()


def test_cancelling_kills_the_job_at_once_and_keeps_the_process_warm() -> None:
    async def main() -> None:
        code = Code(processes=1)
        await code.evaluate(block("x = 1"))
        warm = Mark()
        tasks = asyncio.all_tasks()
        task = await started(code)
        assert len(warm.new()) == 1
        task.cancel()
        before = time.monotonic()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - before < 5
        assert warm.clean()
        assert asyncio.all_tasks() == tasks
        assert await code.evaluate(block("x = 1\nx")) == 1
        assert warm.clean()
        await code.close()

    asyncio.run(main())


def test_cancelling_one_that_waits_for_a_process_leaves_the_others_their_turn() -> None:
    async def main() -> None:
        code = Code(processes=1)
        first = await started(code)
        second = asyncio.ensure_future(code.evaluate(block("x = 2\nx")))
        third = asyncio.ensure_future(code.evaluate(block("x = 3\nx")))
        await asyncio.sleep(0)
        second.cancel()
        first.cancel()
        assert await third == 3
        await asyncio.gather(first, second, return_exceptions=True)
        assert await code.evaluate(block("x = 4\nx")) == 4
        await code.close()

    asyncio.run(main())


def test_cancelling_one_whose_turn_has_just_come_passes_the_turn_on() -> None:
    async def main() -> None:
        pool = Pool(1, Limits())
        wire = await pool._take()
        waits = asyncio.ensure_future(pool._take())
        await asyncio.sleep(0)
        pool._free(wire)
        waits.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waits
        assert await asyncio.wait_for(pool._take(), 5) is wire
        await pool.close()

    asyncio.run(main())


def test_cancelling_as_the_job_ends_does_not_touch_the_next() -> None:
    async def main() -> None:
        code = Code(processes=1)
        await code.evaluate(block("x = 1"))
        for delay in range(40):
            task = asyncio.ensure_future(code.evaluate(block("x = 1\nx")))
            queued = asyncio.ensure_future(code.evaluate(block("x = n\nx", n=delay)))
            await asyncio.wait({task}, timeout=delay / 10_000)
            task.cancel()
            await asyncio.wait({task})
            assert await queued == delay
        await code.close()

    asyncio.run(main())


def test_a_time_limit_leaves_nothing_and_the_next_job_finds_a_warm_process() -> None:
    async def main() -> None:
        code = Code(Limits(time=0.3), processes=1)
        await code.evaluate(block("x = 1"))
        warm = Mark()
        with pytest.raises(TaskFailed):
            await code.evaluate(block(ENDLESS))
        assert warm.clean()
        await code.close()

    asyncio.run(main())


def test_a_process_that_dies_fails_its_job_and_is_replaced() -> None:
    async def main() -> None:
        mark = Mark()
        code = Code(processes=1)
        await code.evaluate(block("x = 1"))
        (zygote,) = mark.new()
        task = await started(code)
        os.kill(zygote, 9)
        with pytest.raises(TaskFailed) as caught:
            await task
        assert caught.value.type == "sandbox_crashed"
        assert await code.evaluate(block("x = 1\nx")) == 1
        assert zygote not in mark.new()
        await code.close()
        assert mark.clean()

    asyncio.run(main())


def test_a_process_that_worked_and_died_is_replaced_before_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        mark, grown, grow = Mark(), asyncio.Event(), Pool._grow
        code = Code(processes=1)
        await code.evaluate(block("x = 1"))
        (zygote,) = mark.new()

        def noted(pool: Pool) -> Wire:
            grown.set()
            return grow(pool)

        monkeypatch.setattr(Pool, "_grow", noted)
        os.kill(zygote, 9)
        await grown.wait()
        new = mark.new() - {zygote}
        assert len(new) == 1
        assert await code.evaluate(block("x = 1\nx")) == 1
        assert mark.new() == new
        await code.close()
        assert mark.clean()

    asyncio.run(main())


def test_a_process_that_stands_still_is_replaced_when_its_job_is_cancelled() -> None:
    async def main() -> None:
        mark = Mark()
        code = Code(processes=1)
        await code.evaluate(block("x = 1"))
        (zygote,) = mark.new()
        task = await started(code)
        os.kill(zygote, 19)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await code.evaluate(block("x = 1\nx")) == 1
        await code.close()
        assert mark.clean()

    asyncio.run(main())


def test_closing_fails_what_runs_and_what_waits() -> None:
    async def main() -> None:
        mark = Mark()
        code = Code(processes=1)
        first = await started(code)
        second = asyncio.ensure_future(code.evaluate(block("x = 2\nx")))
        await asyncio.sleep(0)
        await code.close()
        outcomes = await asyncio.gather(first, second, return_exceptions=True)
        assert [getattr(o, "type", o) for o in outcomes] == ["sandbox_crashed", "sandbox_crashed"]
        assert mark.clean()
        assert await code.evaluate(block("x = 3\nx")) == 3
        await code.close()

    asyncio.run(main())


def test_the_loop_goes_on_while_every_process_is_under_attack() -> None:
    async def main() -> None:
        code = Code(Limits(time=1), processes=2)
        attacks = ["while True: pass", "x = 10 ** 10 ** 8", "import re\nre.match('(a+)+$', 'a' * 40 + 'b')", ENDLESS]
        jobs = asyncio.gather(*(code.evaluate(block(a)) for a in attacks), return_exceptions=True)
        longest, last = 0.0, time.monotonic()
        while not jobs.done():
            await asyncio.sleep(0)
            now = time.monotonic()
            longest, last = max(longest, now - last), now
        assert {getattr(outcome, "type", None) for outcome in await jobs} == {"time_limit"}
        assert longest < 0.5
        await code.close()

    asyncio.run(main())


def test_a_job_that_is_canceled_before_its_process_has_started_ends_with_the_start() -> None:
    async def main() -> None:
        code = Code(processes=1)
        running = asyncio.create_task(evaluated(code, block("while True:\n    pass")))
        await asyncio.sleep(0)
        running.cancel()
        async with asyncio.timeout(Limits().time / 2):
            await asyncio.wait([running])
        assert running.cancelled()
        assert await evaluated(code, block("x = 2\nx")) == 2
        await code.close()

    asyncio.run(main())


def test_one_code_serves_one_loop_after_another() -> None:
    mark = Mark()
    code = Code(processes=1)
    for number in range(3):
        assert asyncio.run(evaluated(code, block("x = n\nx", n=number))) == number
        assert len(mark.new()) == 1
    asyncio.run(code.close())
    assert not mark.new()


def test_one_code_serves_two_loops_at_once() -> None:
    mark = Mark()
    code = Code(processes=1)
    together = threading.Barrier(2, timeout=30)
    values: list[int] = []

    async def main(number: int) -> None:
        await code.evaluate(block("x = 0"))
        together.wait()
        values.extend([await code.evaluate(block("x = n\nx", n=number)) for _ in range(30)])

    other = threading.Thread(target=asyncio.run, args=(main(1),))
    other.start()
    asyncio.run(main(2))
    other.join()
    assert sorted(values) == [1] * 30 + [2] * 30
    asyncio.run(code.close())
    assert not mark.new()


def test_a_code_that_nobody_closed_takes_its_processes_along() -> None:
    mark = Mark()
    code: Code | None = Code(processes=1)
    assert code is not None
    asyncio.run(evaluated(code, block("x = 1")))
    assert mark.new()
    code = None
    gc.collect()
    assert mark.clean()


def test_a_host_that_is_killed_leaves_no_process(tmp_path: Path) -> None:
    script = tmp_path / "host.py"
    script.write_text(
        "import asyncio\nfrom blockloom import BlockContext\nfrom blockloom_code import Code\n"
        "code = Code(processes=1)\n"
        "content = Code.Content(source=\"print('on')\\nwhile True: pass\")\n"
        "log = lambda line: print(line, flush=True)\n"
        "async def main(): await code.evaluate(BlockContext(content=content, log=log))\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE) as host:
        assert host.stdout
        assert host.stdout.readline() == b"on\n"
        left = below(host.pid)
        assert len(left) == 2
        watched = [os.pidfd_open(pid) for pid in left]
        host.kill()
    try:
        import select

        for file in watched:
            assert select.select([file], [], [], 5)[0]
    finally:
        for file in watched:
            os.close(file)


def test_a_zygote_knows_nothing_of_the_host() -> None:
    async def main() -> None:
        mark = Mark()
        code = Code(processes=1)
        await code.evaluate(block("x = 1"))
        (zygote,) = mark.new()
        seen.append((environment(zygote), os.getsid(zygote) == zygote, len(os.listdir(f"/proc/{zygote}/fd"))))
        await code.close()

    seen: list[tuple[bytes, bool, int]] = []
    asyncio.run(main())
    assert seen == [(b"", True, 3)]


def open_files(pid: int) -> dict[int, str]:
    return {int(name): os.readlink(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd")}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may look at the files of a job")
def test_a_job_has_two_ways_out_and_neither_is_the_wire_to_the_host() -> None:
    async def main() -> None:
        code = Code(processes=1)
        await code.evaluate(block("x = 1"))
        warm = Mark()
        task = await started(code)
        (job,) = warm.new()
        kinds = {number: name.split(":")[0] for number, name in open_files(job).items()}
        assert kinds == {0: "/dev/null", 1: "/dev/null", 2: "/dev/null", 3: "pipe", 4: "pipe"}
        task.cancel()
        await asyncio.wait({task})
        await code.close()

    asyncio.run(main())

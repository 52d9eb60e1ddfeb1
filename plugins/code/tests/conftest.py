"""One code block type with real processes for all tests, and the ways to ask it."""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from inspect import isawaitable
from pathlib import Path
from typing import Any

import pytest
from blockloom import BlockContext, TaskFailed
from blockloom_code import Code


class Desk:
    """Evaluates sources through one Code and one event loop."""

    def __init__(self, runner: asyncio.Runner, code: Code) -> None:
        self.runner = runner
        self.code = code

    def block(self, source: str, names: dict[str, Any] | None = None, **more: Any) -> BlockContext:
        return BlockContext(content=Code.Content(source=source), names=names or {}, **more)

    def value(self, source: str, names: dict[str, Any] | None = None, **more: Any) -> Any:
        """The value of a source, as any caller would get it."""
        return self.runner.run(evaluate(self.code, self.block(source, names, **more)))

    def worker_value(self, source: str, names: dict[str, Any] | None = None, **more: Any) -> Any:
        """The value of a source, computed in the worker whatever it is."""
        return self.runner.run(self.code._run(self.block(source, names, **more)))

    def failure(self, source: str, names: dict[str, Any] | None = None, **more: Any) -> TaskFailed:
        """How a source fails."""
        with pytest.raises(TaskFailed) as caught:
            self.value(source, names, **more)
        return caught.value


async def evaluate(code: Code, block: BlockContext) -> Any:
    value = code.evaluate(block)
    return await value if isawaitable(value) else value


def serve(code: Code) -> Iterator[Desk]:
    with asyncio.Runner() as runner:
        yield Desk(runner, code)
        runner.run(code.close())


@pytest.fixture(scope="session")
def desk() -> Iterator[Desk]:
    """A desk with the limits that users have."""
    yield from serve(Code())


@pytest.fixture(scope="session")
def strict() -> Iterator[Desk]:
    """A desk with short limits, for attacks."""
    from blockloom_code.limits import MIB, Limits

    yield from serve(Code(Limits(time=0.4, memory=192 * MIB, result=MIB, output=10_000)))


@pytest.fixture(scope="session")
def small() -> Iterator[Desk]:
    """A desk with little memory."""
    from blockloom_code.limits import MIB, Limits

    yield from serve(Code(Limits(memory=192 * MIB)))


@pytest.fixture(scope="session")
def serving() -> Callable[[Code], AbstractContextManager[Desk]]:
    """Makes a desk of a code block type of one's own."""
    return contextmanager(serve)


@pytest.fixture(scope="session")
def filtered() -> None:
    """This machine can filter system calls; where it cannot, the test is skipped."""
    status = Path("/proc/self/status")
    if not status.is_file() or "Seccomp:" not in status.read_text():
        pytest.skip("this kernel filters no system calls")
    if os.uname().machine not in ("x86_64", "aarch64"):
        pytest.skip("there is no filter for this processor")


@pytest.fixture
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLOCKLOOM_LANG", "en")

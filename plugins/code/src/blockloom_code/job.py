"""One job, inside its process: runs the program of a block and writes down what came of it."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from types import CodeType
from typing import Any, Final, NamedTuple, NoReturn

from .frames import FAILURE, LINE, VALUE, pack
from .limits import MAX_LINES, Limits
from .mishap import described
from .program import FUNCTION
from .refusals import Words
from .result import ResultRefused, encode


class Output:
    """The one way out of a job: what it prints and what it comes to."""

    def __init__(self) -> None:
        self.file = -1
        self.limits = Limits()
        self._pending: list[str] = []
        self._printed = 0
        self._lines = 0

    def begin(self, limits: Limits) -> None:
        """What is printed from now on is that of another block."""
        self.limits = limits
        self._printed = self._lines = 0

    def print(self, text: str) -> None:
        """Text of the block; ends the job when it is too much."""
        room = self.limits.output - self._printed
        data = text.encode(errors="replace")
        self._printed += len(data)
        lines, newline, rest = (data[:room].decode(errors="ignore") if len(data) > room else text).rpartition("\n")
        if newline:
            self._lines += lines.count("\n") + 1
            self._text("".join([*self._pending, lines]))
            self._pending.clear()
        if rest:
            self._pending.append(rest)
        if self._printed > self.limits.output or self._lines > MAX_LINES:
            self.fail("output_limit", {"en": "the code printed too much", "zh": "代码打印的内容过多"})

    def value(self, data: bytes) -> None:
        """The result of a block."""
        self._flush()
        self._write(pack(VALUE, data))

    def fail(self, kind: str, message: Words, excerpt: str = "") -> NoReturn:
        """A failure, and the end of the job."""
        self._flush()
        self._write(failure(kind, message, excerpt))
        os._exit(0)

    def _flush(self) -> None:
        if self._pending:
            self._text("".join(self._pending))
            self._pending.clear()

    def _text(self, text: str) -> None:
        data = text.encode(errors="replace")
        self._write(pack(LINE, data))

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self.file, view) :]


def failure(kind: str, message: Words, excerpt: str = "") -> bytes:
    """The message that says that, and how, a job failed."""
    return pack(FAILURE, json.dumps([kind, message, excerpt]).encode())


class Step(NamedTuple):
    """One source of a job, as the zygote has made it ready."""

    program: CodeType
    source: str
    names: Sequence[str]
    values: bytes
    limits: Limits
    id: str = ""
    sees: Sequence[str] = ()
    others: Sequence[str] = ()


def run(steps: Sequence[Step], scope: Mapping[str, Any], output: Output, between: Callable[[], None]) -> NoReturn:
    """Run programs one after another; ends the process."""
    made: dict[str, bytes] = {}
    for place, step in enumerate(steps):
        if place:
            between()
        output.begin(step.limits)
        made[step.id] = _result(step, made, dict(scope), output)
        output.value(made[step.id])
    os._exit(0)


def _result(step: Step, made: Mapping[str, bytes], scope: dict[str, Any], output: Output) -> bytes:
    """The value of one program, as JSON; ends the process where there is none."""
    try:
        names = json.loads(step.values)
        names |= {name: json.loads(made[name]) for name in step.sees}
        exec(step.program, scope)
        return encode(scope[FUNCTION](**names), step.limits.result)
    except MemoryError:
        output.fail("memory_limit", MEMORY)
    except ResultRefused as error:
        output.fail("result_refused", error.words)
    except BaseException as error:
        _fail(error, step, output)


MEMORY: Final = {"en": "the code needed more memory than it may have", "zh": "代码需要的内存超过了上限"}


def _fail(error: BaseException, step: Step, output: Output) -> NoReturn:
    try:
        told = described(error, step.source, [*step.names, *step.others])
    except MemoryError:
        # The words of the error would have been what was too much.
        output.fail("memory_limit", MEMORY)
    output.fail(*told)

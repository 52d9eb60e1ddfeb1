"""One job, inside its process: runs the program of a block and writes down what came of it."""

import json
import os
from types import CodeType
from typing import Any, Final, NoReturn

from .frames import FAILURE, LINE, VALUE, pack
from .limits import MAX_LINES, MAX_MESSAGE, MAX_TYPE, Limits
from .program import FILE, FUNCTION
from .refusals import missing_name, quote
from .result import ResultRefused, encode

_PIECE: Final = 16_384


class Output:
    """The one way out of a job: what it prints and what it comes to."""

    def __init__(self) -> None:
        self.file = -1
        self.limits = Limits()
        self._pending = ""
        self._printed = 0
        self._lines = 0

    def open(self, file: int, limits: Limits) -> None:
        """Write to `file` from now on."""
        self.file, self.limits = file, limits

    def print(self, text: str) -> None:
        """Text of the block; ends the job when it is too much."""
        room = self.limits.output - self._printed
        data = text.encode(errors="replace")
        self._printed += len(data)
        self._pending += data[:room].decode(errors="ignore") if len(data) > room else text
        lines, newline, self._pending = self._pending.rpartition("\n")
        if newline:
            self._lines += lines.count("\n") + 1
            self._text(lines)
        if self._printed > self.limits.output or self._lines > MAX_LINES:
            self.fail("output_limit", {"en": "the code printed too much", "zh": "代码打印的内容过多"})

    def value(self, data: bytes) -> NoReturn:
        """The result, and the end of the job."""
        self._flush()
        self._end(pack(VALUE, data))

    def fail(self, kind: str, message: str | dict[str, str]) -> NoReturn:
        """A failure, and the end of the job."""
        self._flush()
        self._end(failure(kind, message))

    def _flush(self) -> None:
        if self._pending:
            self._text(self._pending)
            self._pending = ""

    def _text(self, text: str) -> None:
        data = text.encode(errors="replace")
        self._write(pack(LINE, data))

    def _end(self, data: bytes) -> NoReturn:
        self._write(data)
        os._exit(0)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self.file, view) :]


def failure(kind: str, message: str | dict[str, str]) -> bytes:
    """The message that says that, and how, a job failed."""
    return pack(FAILURE, json.dumps([kind, message]).encode())


def run(program: CodeType, source: str, values: bytes, scope: dict[str, Any], output: Output) -> NoReturn:
    """Run a program with the values of its names; ends the process."""
    try:
        names = json.loads(values)
        exec(program, scope)
        data = encode(scope[FUNCTION](**names), output.limits.result)
    except MemoryError:
        output.fail("memory_limit", _MEMORY)
    except ResultRefused as error:
        output.fail("result_refused", str(error))
    except BaseException as error:
        _fail(error, source, output)
    output.value(data)


def _fail(error: BaseException, source: str, output: Output) -> NoReturn:
    try:
        kind, message = _describe(error, source)
    except MemoryError:
        # The words of the error would have been what was too much.
        output.fail("memory_limit", _MEMORY)
    output.fail(kind, message)


_MEMORY: Final = {"en": "the code needed more memory than it may have", "zh": "代码需要的内存超过了上限"}


def _describe(error: BaseException, source: str) -> tuple[str, str]:
    """The name of an exception, and its message with the line of the block that raised it."""
    kind = type(error).__name__[:MAX_TYPE]
    text = _text_of(error)
    line = _line(error)
    place = f" (line {line}: `{quote(source, line)}`)" if line else ""
    room = MAX_MESSAGE - len(place.encode(errors="replace"))
    text = text.encode(errors="replace")[:room].decode(errors="ignore")
    return kind, (text or kind) + place


def _text_of(error: BaseException) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    try:
        if isinstance(error, KeyError) and len(error.args) == 1:
            return f"there is no key {error.args[0]!r:.500}"
        text = str(error)
    except MemoryError:
        raise
    except Exception:
        return ""
    if isinstance(error, NameError) and (hint := missing_name(getattr(error, "name", "") or "")):
        return f"{text}: {hint}"
    return text


def _line(error: BaseException) -> int:
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == FILE:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line

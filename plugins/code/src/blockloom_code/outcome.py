"""One evaluation under way, as the host sees it: what it printed and what it came to."""

import asyncio
import json
import signal
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from blockloom import Problem, TaskFailed

from .frames import FAILURE, LINE, VALUE, Reader, TooLong
from .limits import MAX_EXCERPT, MAX_LINES, MAX_MESSAGE, MAX_TYPE, MIB, Limits

SENTENCES: Final[Mapping[str, tuple[str, str]]] = {
    "time_limit": ("the code ran longer than {limits.time:g} seconds", "代码运行超过了 {limits.time:g} 秒"),
    "memory_limit": ("the code needed more memory than it may have", "代码需要的内存超过了上限"),
    "output_limit": ("the code printed too much", "代码打印的内容过多"),
    "input": ("the values that the code sees are too large for it", "代码看到的值过大"),
    "sandbox_crashed": ("the process of the code ended unexpectedly", "运行代码的进程意外结束"),
    "start": ("the process for the code did not start", "无法启动运行代码的进程"),
    "closed": ("the engine was closed while the code ran", "代码运行时引擎已关闭"),
}


def failed(kind: str, sentence: str = "", more: str = "", limits: Limits | None = None) -> TaskFailed:
    """The failure of the type `kind`, in the language of this process."""
    english, chinese = SENTENCES[sentence or kind]
    text = {"en": english.format(limits=limits) + more, "zh": chinese.format(limits=limits) + more}
    return TaskFailed(kind, Problem(code=kind, text=text).message)


class Part(Protocol):
    """What a job needs of an order: what it may use, and where its lines go."""

    @property
    def limits(self) -> Limits: ...
    @property
    def log(self) -> Callable[[str], None]: ...


class Job:
    """Some evaluations under way, one after another: their `values`, and the `error` that ended them before the end."""

    def __init__(self, parts: Sequence[Part], ended: "asyncio.Future[None]") -> None:
        self.parts = parts
        self.ended = ended
        self.values: list[bytes] = []
        self.error: BaseException | None = None
        self.time = sum(part.limits.time for part in parts)
        self._reader = Reader(max(MIB, *(part.limits.result for part in parts)) + MIB)
        self._lines = 0

    @property
    def done(self) -> bool:
        """Whether there is nothing more to come."""
        return self.error is not None or len(self.values) == len(self.parts)

    def take(self, data: bytes) -> bool:
        """Bytes that the job wrote; nothing in them is believed. Whether the job may go on."""
        try:
            for kind, body in self._reader.feed(data):
                if not self.done:
                    self._message(kind, body)
        except TooLong:
            self.error = failed("sandbox_crashed")
        except Exception as error:
            self.error = error
        return self.error is None

    def _message(self, kind: bytes, body: bytes) -> None:
        if kind == LINE:
            self._print(body.decode(errors="replace"))
        elif kind == VALUE:
            self.values.append(body)
            self._lines = 0
        elif kind == FAILURE:
            self.error = _failure(body)

    def _print(self, text: str) -> None:
        log = self.parts[len(self.values)].log
        for line in text.split("\n"):
            self._lines += 1
            if self._lines > MAX_LINES:
                return
            log(line)

    def end(self, why: str, number: int, fault: str) -> None:
        """The job is gone, ended for a reason or by a signal; results that came in time stand."""
        if not self.done:
            self.error = self._unfinished(why, number, fault)
        if not self.ended.done():
            self.ended.set_result(None)

    def _unfinished(self, why: str, number: int, fault: str) -> TaskFailed:
        if why == "time" or number == signal.SIGXCPU:
            return failed("time_limit", limits=self.parts[len(self.values)].limits)
        if number == signal.SIGKILL and not why:
            return failed("memory_limit")
        return failed("sandbox_crashed", why if why in SENTENCES else "", fault)


def _failure(body: bytes) -> TaskFailed:
    try:
        kind, words, excerpt = json.loads(body)
        message = Problem(code="code", text={str(k): str(v) for k, v in words.items()}).message
        return TaskFailed(str(kind)[:MAX_TYPE], message[: 4 * MAX_MESSAGE], excerpt=str(excerpt)[:MAX_EXCERPT])
    except (ValueError, TypeError, AttributeError, RecursionError):
        return failed("sandbox_crashed")

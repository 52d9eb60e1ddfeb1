"""A zygote as the host sees it: its process, the wire to it and the one job that it has."""

import asyncio
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import weakref
from collections.abc import Callable, Sequence
from typing import Final

from .frames import DATA, END, FAILURE, JOB, KILL, READY, Reader, TooLong, pack
from .limits import MIB
from .order import Order, packed
from .outcome import Job

DOOR = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_worker.py")
"""The script that a zygote runs."""

_PIECE: Final = 262_144
_START: Final = 30.0
"""Seconds that a zygote may take to become warm."""
_GRACE: Final = 2.0
"""Seconds after its time in which a zygote must report a job's end before it is ended itself."""
_KILL: Final = 1.0
"""Seconds in which a zygote must have killed a job."""


class Wire:
    """A zygote: started here, given one job at a time, ended here."""

    def __init__(self, loop: asyncio.AbstractEventLoop, freed: Callable[["Wire"], None]) -> None:
        self.loop = loop
        self.dead = False
        self.layers: dict[str, bool] = {}
        self._freed = freed
        self._job: Job | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._fault = ""
        self._reader = Reader(MIB)
        self._unsent = bytearray()
        self.process, self._file = _start()
        self._open = [self._file]
        # Also for a wire that nobody ends: whoever drops it, or the interpreter's own end, takes the process along.
        self._finalizer = weakref.finalize(self, _end, self.process, self._open)
        loop.add_reader(self._file, self._readable)

    def start(self, orders: Sequence[Order]) -> Job:
        """Begin a job; its `ended` is done when its process is gone."""
        job = self._job = Job(orders, self.loop.create_future())
        wait = job.time + _GRACE + (0 if self.layers else _START)
        self._timer = self.loop.call_later(wait, self.kill, "time" if self.layers else "start")
        self._send(pack(JOB, packed(orders)))
        return job

    def stop(self, job: Job) -> None:
        """Have the job killed at once, if it still runs; if the zygote does not do it, that is ended too."""
        # By now the wire may have been given another job.
        if self._job is job and not self.dead:
            self._restart_timer(_KILL, "")
            self._send(pack(KILL))

    def kill(self, why: str = "") -> None:
        """End the zygote and whatever it runs."""
        if self.dead:
            return
        self.dead = True
        if not self.loop.is_closed():
            self.loop.remove_reader(self._file)
            self.loop.remove_writer(self._file)
        _kill(self.process, self._open)
        self._finished(why, 0)

    async def gone(self) -> None:
        """Wait until the process is no more."""
        if not self.is_gone():
            await _exit(self.process)
            self._finalizer.detach()

    def is_gone(self) -> bool:
        """Whether the process is no more."""
        if self.process.poll() is None:
            return False
        self._finalizer.detach()
        return True

    def _restart_timer(self, seconds: float, why: str) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = self.loop.call_later(seconds, self.kill, why)

    def _finished(self, why: str, number: int) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        job, self._job = self._job, None
        if job:
            job.end(why, number, self._fault)
        if job or self.dead:
            self._freed(self)

    def _readable(self) -> None:
        try:
            data = os.read(self._file, _PIECE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self.kill("sandbox_crashed" if self.layers else "start")
            return
        try:
            for kind, body in self._reader.feed(data):
                self._message(kind, body)
        except (TooLong, ValueError):
            self.kill("sandbox_crashed")

    def _message(self, kind: bytes, body: bytes) -> None:
        if kind == DATA and self._job:
            if not self._job.take(body):
                self.stop(self._job)
        elif kind == END:
            end = json.loads(body)
            self._finished(end["why"], end["signal"])
        elif kind == FAILURE:
            self._fault = f" ({body.decode(errors='replace')[:200]})"
        elif kind == READY:
            self.layers = json.loads(body)
            if self._job:
                self._restart_timer(self._job.time + _GRACE, "time")

    def _send(self, data: bytes) -> None:
        waiting = bool(self._unsent)
        self._unsent += data
        if not waiting:
            self._writable()

    def _writable(self) -> None:
        try:
            with memoryview(self._unsent) as unsent:
                sent = os.write(self._file, unsent[:MIB])
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            self.kill("sandbox_crashed")
            return
        del self._unsent[:sent]
        if self._unsent:
            self.loop.add_writer(self._file, self._writable)
        else:
            self.loop.remove_writer(self._file)


def _start() -> tuple[subprocess.Popen[bytes], int]:
    """A fresh zygote and the host's end of the wire, which does not block."""
    found = importlib.util.find_spec("RestrictedPython")
    library = os.path.dirname(os.path.dirname(found.origin)) if found and found.origin else ""
    here, there = socket.socketpair()
    with there:
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-X", "utf8", DOOR, library],
                stdin=there.fileno(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env={}, cwd="/", start_new_session=True, close_fds=True,
            )  # fmt: skip
        except BaseException:
            here.close()
            raise
    here.setblocking(False)
    return process, here.detach()


async def _exit(process: subprocess.Popen[bytes]) -> None:
    """Wait for a process that has been killed."""
    if not hasattr(os, "pidfd_open"):
        await asyncio.to_thread(process.wait)
        return
    loop, file, ended = asyncio.get_running_loop(), os.pidfd_open(process.pid), asyncio.Event()
    loop.add_reader(file, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(file)
        os.close(file)
    process.wait()


def _kill(process: subprocess.Popen[bytes], open: list[int]) -> None:
    """End a zygote, with its session, and close the wire; a second time does nothing."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    while open:
        os.close(open.pop())


def _end(process: subprocess.Popen[bytes], open: list[int]) -> None:
    _kill(process, open)
    process.wait()

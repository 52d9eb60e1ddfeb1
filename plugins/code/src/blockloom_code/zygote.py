"""The warm process from which each job is forked: it compiles, watches and passes on; it runs no block itself."""

import decimal
import fcntl
import gc
import json
import os
import random
import select
import signal
import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NoReturn

from . import job
from .cage import Cage
from .facades import preload
from .frames import DATA, END, JOB, KILL, READY, Reader, pack, unpacked
from .limits import MAX_INPUT, MIB, Limits
from .program import Programs, Refused
from .scope import scope

_HOST: Final = 0
"""The wire to the host, both ways."""
_PIECE: Final = 65_536
_PROGRAMS: Final = 1_000_000
"""Characters of source of which the programs are kept."""
_OUT: Final = 3
"""The file of a job to which it writes."""
_TICK: Final = 4
"""The file of a job to which it writes a byte when one block of several is done."""


def serve() -> None:
    """Answer the host until it goes away."""
    warnings.simplefilter("ignore")
    preload()
    zygote = Zygote()
    gc.collect()
    gc.freeze()
    zygote.serve()


class Zygote:
    """One warm process, with one job at a time."""

    def __init__(self) -> None:
        self._output = job.Output()
        self._random = random.Random()
        self._scope = scope(self._output.print, self._random)
        self._programs = Programs(_PROGRAMS)
        self._cage = Cage()
        self._cage.adopt()
        self._reader = Reader(MAX_INPUT + MIB)

    def serve(self) -> None:
        """Take jobs one after another."""
        self._send(READY, json.dumps(self._layers()).encode())
        while data := os.read(_HOST, _PIECE):
            frames = list(self._reader.feed(data))
            kinds = [kind for kind, _ in frames]
            for place, (kind, body) in enumerate(frames):
                # A request to kill may come together with its job, or when the job is already gone.
                if kind == JOB and KILL in kinds[place:]:
                    self._send(END, _end("killed", 0))
                elif kind == JOB:
                    self._job(body)

    def _send(self, kind: bytes, body: bytes) -> None:
        view = memoryview(pack(kind, body))
        while view:
            view = view[os.write(_HOST, view) :]

    def _job(self, body: bytes) -> None:
        try:
            steps = [self._step(head, values) for head, values in unpacked(body)]
        except Refused as error:
            self._send(DATA, job.failure("code_refused", _sentences(error), error.refusals[0].excerpt))
            self._send(END, _end("", 0))
            return
        read, write = os.pipe()
        ticks, tick = os.pipe()
        pid = os.fork()
        if pid == 0:
            self._child(write, tick, steps)
        os.close(write)
        os.close(tick)
        why = self._watch(read, ticks, [step.limits.time for step in steps])
        os.close(read)
        os.close(ticks)
        self._finish(pid, why)

    def _step(self, head: Mapping[str, Any], values: bytes) -> job.Step:
        source, names = head["source"], tuple(head["names"])
        program, limits = self._programs.get(source, names), Limits(**head["limits"])
        return job.Step(program, source, names, values, limits, head["id"], head["sees"], head["others"])

    def _child(self, out: int, tick: int, steps: Sequence[job.Step]) -> NoReturn:
        try:
            _close_all_but(out, tick)
            self._output.file = _OUT
            self._random.seed()
            self._cage.enter(replace(steps[0].limits, time=sum(step.limits.time for step in steps)))
            job.run(steps, self._scope, self._output, self._between)
        finally:
            os._exit(1)

    def _between(self) -> None:
        """One block of a job is done: the next begins as if it were the first, and its time with it."""
        self._random.seed()
        decimal.setcontext(decimal.DefaultContext.copy())
        os.write(_TICK, b".")

    def _watch(self, read: int, ticks: int, times: Sequence[float]) -> str:
        """Pass on what a job writes until it ends, its time is up or the host has enough of it; why it ended."""
        poll = select.poll()
        for file in (read, ticks, _HOST):
            poll.register(file, select.POLLIN)
        turn, deadline = 0, time.monotonic() + times[0]
        while (left := deadline - time.monotonic()) > 0:
            for file, _ in poll.poll(left * 1000 + 1):
                if file == _HOST:
                    return self._interrupted()
                data = os.read(file, _PIECE)
                if file == read and not data:
                    return ""
                if file == read:
                    self._send(DATA, data)
                elif data and turn + 1 < len(times):
                    turn += 1
                    deadline = time.monotonic() + times[turn]
                else:
                    poll.unregister(ticks)
        return "time"

    def _interrupted(self) -> str:
        data = os.read(_HOST, _PIECE)
        if not data:
            return "gone"
        kinds = [kind for kind, _ in self._reader.feed(data)]
        return "killed" if KILL in kinds else "confused"

    def _finish(self, pid: int, why: str) -> None:
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        _end_strays()
        if why in ("gone", "confused"):
            sys.exit(0)
        self._send(END, _end(why, os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0))

    def _layers(self) -> dict[str, bool]:
        """Which layers of the cage hold on this machine, found by entering it once."""
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            _close_all_but(write, write)
            os.write(_OUT, json.dumps(self._cage.enter(Limits())).encode())
            os._exit(0)
        os.close(write)
        data = os.read(read, _PIECE)
        os.close(read)
        os.waitpid(pid, 0)
        layers: dict[str, bool] = json.loads(data)
        return layers


def _sentences(error: Refused) -> dict[str, str]:
    texts = [(r.text, r.advice) for r in error.refusals[:20]]
    return {name: "\n".join(f"{text[name]} {advice[name]}" for text, advice in texts) for name in ("en", "zh")}


def _end(why: str, signal: int) -> bytes:
    return json.dumps({"why": why, "signal": signal}).encode()


def _close_all_but(out: int, tick: int) -> None:
    """Keep the two ways out and nothing else: not the wire to the host."""
    out, tick = (fcntl.fcntl(file, fcntl.F_DUPFD, _TICK + 1) for file in (out, tick))
    os.dup2(out, _OUT)
    os.dup2(tick, _TICK)
    os.dup2(1, _HOST)
    os.closerange(_TICK + 1, 256)


def _end_strays() -> None:
    """Kill what a job left behind; there is nothing where the kernel forbids it to fork."""
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0]:
                continue
        except ChildProcessError:
            return
        strays = _children()
        if not strays:
            return
        for pid in strays:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.001)


def _children() -> list[int]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []

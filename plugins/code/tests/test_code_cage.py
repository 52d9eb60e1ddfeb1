"""The cage holds without the language: what a process can do that got past every guard."""

import asyncio
import json
import subprocess
import sys

import pytest
from blockloom_code import Code
from blockloom_code.cage import LAYERS
from blockloom_code.syscalls import _rows

ATTEMPTS = {
    "read a file": "open('/etc/passwd').read()",
    "read the environment": "open('/proc/self/environ').read()",
    "write a file": "open('/tmp/blockloom-cage', 'w')",
    "list a folder": "os.listdir('/')",
    "ask about a file": "os.stat('/')",
    "connect": "socket.socket()",
    "pair": "socket.socketpair()",
    "fork": "os.fork()",
    "run a program": "os.execv('/bin/true', ['true'])",
    "start a thread": "_thread.start_new_thread(print, ())",
    "signal its parent": "os.kill(os.getppid(), 0)",
    "signal itself": "os.kill(os.getpid(), 0)",
    "ask for its limits": "resource.getrlimit(resource.RLIMIT_NPROC)",
    "become root": "os.setuid(0)",
    "leave its session": "os.setsid()",
    "trace": "check(libc.ptrace(0, 0, 0, 0))",
    "make a memory file": "os.memfd_create('x')",
    "leave its root": "os.chroot('/')",
    "make a pipe": "os.pipe()",
    "use io_uring": "check(libc.syscall(425, 1, 0))",
    "use 32-bit numbers": "check(libc.syscall(0x40000000 + 39))",
}

SCRIPT = """
import _thread, ctypes, errno, json, os, resource, socket, sys
from blockloom_code.cage import Cage
from blockloom_code.limits import Limits
libc = ctypes.CDLL(None, use_errno=True)
def check(answer):
    if answer == -1:
        raise OSError(ctypes.get_errno(), "")
attempts, cage, found = json.loads(sys.argv[1]), Cage(), {}
cage.adopt()
codes = {name: compile(source, name, "eval") for name, source in attempts.items()}
pid = os.fork()
if pid == 0:
    layers = cage.enter(Limits())
    for name, code in codes.items():
        try:
            eval(code)
            found[name] = "done"
        except OSError as error:
            found[name] = errno.errorcode[error.errno]
        except RuntimeError as error:
            found[name] = "EPERM" if "start new thread" in str(error) else str(error)
    os.write(1, json.dumps([layers, found]).encode())
    os._exit(0)
sys.exit(os.waitpid(pid, 0)[1])
"""


@pytest.fixture(scope="module")
def caged() -> tuple[dict[str, bool], dict[str, str]]:
    """The layers that hold, and what became of each attempt inside."""
    command = [sys.executable, "-c", SCRIPT, json.dumps(ATTEMPTS)]
    done = subprocess.run(command, capture_output=True, check=True)
    layers, found = json.loads(done.stdout)
    return layers, found


@pytest.mark.usefixtures("filtered")
@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_the_kernel_refuses_it(caged: tuple[dict[str, bool], dict[str, str]], attempt: str) -> None:
    assert caged[1][attempt] == "EPERM"


@pytest.mark.usefixtures("filtered")
def test_every_layer_holds_and_is_reported_by_the_block_type() -> None:
    async def main() -> dict[str, bool]:
        code = Code(processes=1)
        layers = await code.layers()
        await code.close()
        return layers

    assert asyncio.run(main()) == dict.fromkeys(LAYERS, True)


STRAYS = """
import os, sys, time
from blockloom_code.cage import Cage
from blockloom_code.zygote import _end_strays
Cage().adopt()
read, write = os.pipe()
if os.fork() == 0:
    if os.fork() == 0:
        os.setsid()
        os.write(write, b"x")
        while True:
            time.sleep(60)
    os._exit(0)
os.read(read, 1)
_end_strays()
try:
    os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    print("none")
"""


def test_a_process_that_a_job_left_behind_is_ended() -> None:
    done = subprocess.run([sys.executable, "-c", STRAYS], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout == "none\n"


def test_the_filter_is_small_enough_for_its_jumps() -> None:
    for machine in ("x86_64", "aarch64"):
        assert all(yes < 256 for _, yes, _, _ in _rows(machine))
    with pytest.raises(OSError, match="no filter"):
        _rows("vax")

"""The drill: the language is switched off, the block is any Python, and the walls behind it have to hold alone."""

import asyncio
import errno
import os
import pickle
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from blockloom_code import Code, wire

PACKAGE = str(Path(wire.DOOR).parent)

# A zygote of a test build: any source passes, and a block has all of Python.
OPEN_DOOR = """
import _thread, builtins, ctypes, os, resource, socket, subprocess, sys, types
package = types.ModuleType("blockloom_code")
package.__path__ = [{package!r}]
sys.modules["blockloom_code"] = package
sys.path.extend(sys.argv[1:])
from blockloom_code import program, scope, zygote
program._restrict = lambda tree, source: tree.body.__setitem__(slice(-1, None), program._ending(
    tree.body[-1:], isinstance(tree.body[-1], program.ast.Expr), False, False))
libc = ctypes.CDLL(None, use_errno=True)
def check(answer):
    if answer < 0:
        raise OSError(ctypes.get_errno(), "")
    return answer
def vector():
    return (ctypes.c_ulong * 2)(ctypes.addressof(room), 8)
room = ctypes.create_string_buffer(8)
def refused():
    raise PermissionError(1, "")
modules = dict(_thread=_thread, ctypes=ctypes, os=os, resource=resource, socket=socket, subprocess=subprocess, sys=sys)
names = vars(builtins) | modules | dict(check=check, libc=libc, refused=refused, vector=vector)
{more}
zygote.scope = lambda write, generator: {{"__builtins__": names, "__name__": "code"}}
zygote.serve()
"""

ATTEMPTS = {
    "read a file": "open('/etc/passwd').read()",
    "read the environment of the host": "open(f'/proc/{host}/environ', 'rb').read()",
    "read the memory of the host": "open(f'/proc/{host}/mem', 'rb').read(1)",
    "read the memory of its parent": "open(f'/proc/{os.getppid()}/mem', 'rb').read(1)",
    "write a file": "open(file, 'w').write('x')",
    "list a folder": "os.listdir('/')",
    "delete a file": "os.unlink(file)",
    "connect to a port": "socket.create_connection(('127.0.0.1', port), 1)",
    "send a datagram": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', port))",
    "fork": "os.fork()",
    "run a program": "subprocess.run(['/bin/true'])",
    "run a shell": "os.system('true') and refused()",
    "become another program": "os.execv('/bin/true', ['true'])",
    "start a thread": "_thread.start_new_thread(print, ())",
    "signal the host": "os.kill(host, 0)",
    "signal its parent": "os.kill(os.getppid(), 0)",
    "signal everybody": "os.kill(-1, 0)",
    "trace the host": "check(libc.ptrace(16, host, 0, 0))",
    "copy the memory of the host": "check(libc.process_vm_readv(host, vector(), 1, vector(), 1, 0))",
    "become root": "os.setuid(0)",
    "lift its limits": "check(libc.setrlimit(6, (ctypes.c_ulong * 2)(9, 9)))",
    "open a file by its number": "check(libc.openat(-100, b'/etc/passwd', 0))",
    "make a namespace": "check(libc.unshare(0x10000000))",
    "mount": "check(libc.mount(b'x', b'/', b'tmpfs', 0, 0))",
}


NO_FILTER = """
def no_filter(cage):
    raise OSError
zygote.Cage._deny = no_filter
"""


@pytest.fixture(scope="module")
def build(serving: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., AbstractContextManager[Any]]:
    """Makes the desk of a test build, with more for its door."""

    @contextmanager
    def make(more: str = "") -> Iterator[Any]:
        door = tmp_path_factory.mktemp("door") / "open.py"
        door.write_text(OPEN_DOOR.format(package=PACKAGE, more=more))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(wire, "DOOR", str(door))
            with serving(Code(processes=1)) as desk:
                yield desk

    return make


@pytest.fixture(scope="module")
def opened(build: Any) -> Iterator[Any]:
    """The desk of a test build without the language."""
    with build() as desk:
        yield desk


@pytest.fixture(scope="module")
def unfiltered(build: Any) -> Iterator[Any]:
    """The desk of a test build without the language and without the filter of system calls."""
    with build(NO_FILTER) as desk:
        layers = desk.runner.run(desk.code.layers())
        assert layers.pop("syscalls") is False
        if not all(layers.values()):
            pytest.skip("the other layers do not all hold on this machine")
        yield desk


@pytest.fixture(scope="module")
def prey() -> Iterator[dict[str, Any]]:
    """What is there to be reached: this process, a port on which it listens, a file that anybody may change."""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as listening:
        file = Path(folder, "file")
        file.write_text("x")
        for path in (Path(folder), file):
            path.chmod(0o777)
        yield {"host": os.getpid(), "port": listening.getsockname()[1], "file": str(file)}
        assert file.read_text() == "x"


def test_the_language_is_off(opened: Any) -> None:
    assert opened.worker_value("().__class__.__bases__[0].__name__ + str(sys.getrecursionlimit() > 0)") == "objectTrue"


ANSWER = """
try:
    {attempt}
except OSError as error:
    answer = error.errno
except RuntimeError as error:
    answer = 1 if "start new thread" in str(error) else str(error)
else:
    answer = "done"
answer
"""


def tried(desk: Any, attempt: str, prey: dict[str, Any]) -> Any:
    """What became of an attempt: `done`, or the number of the error with which the kernel refused it."""
    return desk.worker_value(ANSWER.format(attempt=attempt), prey)


@pytest.mark.usefixtures("filtered")
@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_nothing_gets_out_without_the_language(opened: Any, prey: dict[str, Any], attempt: str) -> None:
    assert tried(opened, ATTEMPTS[attempt], prey) == errno.EPERM


# Without the filter a process may ask the kernel for these; they lead nowhere, or the other layers stand behind them.
HARMLESS = {"signal everybody", "make a namespace"}
REFUSALS = {errno.EPERM, errno.EACCES, errno.EAGAIN, errno.ENETUNREACH, errno.ESRCH, errno.EINVAL}


@pytest.mark.parametrize("attempt", [attempt for attempt in ATTEMPTS if attempt not in HARMLESS])
def test_the_other_layers_hold_without_the_filter(unfiltered: Any, prey: dict[str, Any], attempt: str) -> None:
    assert tried(unfiltered, ATTEMPTS[attempt], prey) in REFUSALS


def test_there_is_nothing_to_read_in_its_own_process(opened: Any) -> None:
    assert opened.worker_value("[name for name in os.environ if name != 'LC_CTYPE']") == []


def test_a_job_that_writes_rubbish_to_the_wire_is_a_failure_of_its_own(opened: Any) -> None:
    failure = opened.failure("os.write(3, b'\\xff' * 100)\nos._exit(0)")
    assert failure.type == "sandbox_crashed"
    assert opened.worker_value("1 + 1") == 2


def test_the_host_takes_only_json_from_a_job(opened: Any) -> None:
    body = pickle.dumps(print)
    frame = (len(body)).to_bytes(4, "big") + b"v" + body
    failure = opened.failure(f"os.write(3, {frame!r})\nos._exit(0)")
    assert failure.type in ("sandbox_crashed", "result_refused")


def test_one_job_cannot_speak_for_the_next(opened: Any) -> None:
    async def both() -> list[Any]:
        evil = opened.code._run(opened.block("os.write(3, b'\\0\\0\\0\\1v9' * 3)\nos._exit(0)"))
        good = opened.code._run(opened.block("'mine'"))
        return list(await asyncio.gather(evil, good))

    assert opened.runner.run(both()) == [9, "mine"]

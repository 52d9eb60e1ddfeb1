"""The layers of the cage as `blockloom doctor` tells of them: which hold here, and what to do about the others."""

import asyncio
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from blockloom import Finding, TaskFailed, Text

from .block import Code

_TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "network": ("code has a network of its own, with nothing in it", "代码处于独立的空网络中"),
    "limits": ("limits of time, memory, files and processes", "时间、内存、文件和进程的限制"),
    "orphan": ("code dies with its parent", "代码随父进程一起结束"),
    "user": ("code is not root", "代码不以 root 身份运行"),
    "privileges": ("code can gain no privileges", "代码无法获得特权"),
    "files": ("Landlock: code can open no file and no port", "Landlock：代码不能打开文件和端口"),
    "syscalls": ("the kernel answers only the calls that computing needs", "内核只接受计算所需的系统调用"),
}
_REMEDY: Final = (
    "The other layers hold without it. It needs Linux on x86-64 or ARM64; in a container, allow {what}.",
    "没有它，其余各层仍然有效。需要 x86-64 或 ARM64 上的 Linux；在容器中请允许 {what}。",
)
_NEEDS: Final[Mapping[str, str]] = {
    "network": "user namespaces (kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns)",
    "limits": "setrlimit",
    "orphan": "prctl",
    "user": "setuid",
    "privileges": "prctl (no_new_privs)",
    "files": "Landlock (Linux 5.13, lsm=landlock)",
    "syscalls": "seccomp",
}


def findings() -> Iterator[Finding]:
    """Every layer of the cage, as a process of this machine found it on entering."""
    try:
        layers = _layers()
    except TaskFailed as error:
        text: Text = {"en": f"no code can run: {error}", "zh": f"无法运行代码：{error}"}
        yield Finding(name="sandbox.process", text=text, state="failed")
        return
    for layer, holds in layers.items():
        yield _finding(layer, holds)


def _finding(layer: str, holds: bool) -> Finding:
    english, chinese = _TEXTS[layer]
    name = f"sandbox.{layer}"
    if holds:
        return Finding(name=name, text={"en": english, "zh": chinese})
    remedy = {"en": _REMEDY[0].format(what=_NEEDS[layer]), "zh": _REMEDY[1].format(what=_NEEDS[layer])}
    return Finding(
        name=name, text={"en": f"missing: {english}", "zh": f"缺少：{chinese}"}, state="warning", remedy=remedy
    )


@cache
def _layers() -> Mapping[str, bool]:
    async def look() -> Mapping[str, bool]:
        code = Code(processes=1)
        try:
            return await code.layers()
        finally:
            await code.close()

    return asyncio.run(look())

"""What a person can do about a plugin that does not work, down to the line to type."""

from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from .faults import Fault
from .plugin import Source
from .words import Text, both, fill

CORE: Final = "blockloom"

ENABLE: Final = both(
    "To use it, take it out of BLOCKLOOM_DISABLE, or leave out --disable.",
    "若要使用，请从 BLOCKLOOM_DISABLE 或 --disable 中去掉它。",
)
_INSTALL: Final = both("pip install {what}", "请运行 pip install {what}")
_UPGRADE: Final = both(
    "pip install --upgrade {distribution}; until its author has mended it, leave it out with --disable {name}, or "
    "pip uninstall {distribution}",
    "请运行 pip install --upgrade {distribution}；作者修复之前，可用 --disable {name} 停用，或运行 "
    "pip uninstall {distribution}",
)
_REINSTALL: Final = both(
    "pip install --force-reinstall {distribution}; if it stays so, its author has to name what offers the module "
    "{module!r} among its dependencies",
    "请运行 pip install --force-reinstall {distribution}；若仍如此，需由作者把提供模块 {module!r} 的包列入依赖",
)
_AGAIN: Final = both(
    "pip install --force-reinstall {distribution}", "请运行 pip install --force-reinstall {distribution}"
)
_KEEP_ONE: Final = both(
    "Keep one of them: pip uninstall {distribution}, or leave it out with --disable {distribution}",
    "请只保留一个：pip uninstall {distribution}，或用 --disable {distribution} 停用",
)
_RESTART: Final = both("Restart the program to use it.", "请重启程序以使用它。")

_CUT_OFF: Final = both(
    "its hook {hook} raised {times} times and is called no more ({why})",
    "其钩子 {hook} 抛出了 {times} 次异常，不再调用（{why}）",
)
_HELD_UP: Final = both("it held up the event loop, in {place}", "它阻塞了事件循环，位于 {place}")
_RUBBISH: Final = both("the {kind} type {name!r}: {why}", "{kind} 类型 {name!r}：{why}")
_TELL: Final = both(
    "Tell its author. pip install --upgrade {distribution} may help; --disable {name} leaves it out",
    "请告知其作者。pip install --upgrade {distribution} 可能有用；--disable {name} 可停用它",
)
_UNBLOCK: Final = both(
    "Tell its author: await what takes time, or let the type say blocking = True. --disable {name} leaves it out",
    "请告知其作者：等待应使用 await，或在类型中声明 blocking = True。--disable {name} 可停用它",
)


def upgrade(source: Source) -> Text:
    """Install a version that works, and do without it until there is one."""
    return _fill(_UPGRADE, source)


def reinstall(source: Source) -> Text:
    """Install the same version once more."""
    return _fill(_AGAIN, source)


def fit(source: Source) -> Text:
    """Install versions of the plugin and of blockloom that fit each other."""
    return fill(_INSTALL, {"what": f"--upgrade {source.distribution} {CORE}"})


def keep_one(source: Source) -> Text:
    """Choose between plugins that clash."""
    return _fill(_KEEP_ONE, source)


def restart() -> Text:
    """Begin anew."""
    return _RESTART


def for_import(source: Source, error: BaseException | None) -> Text:
    """What helps a plugin that cannot be imported: what it lacks, if that is what is wrong."""
    if unmet := list(lacking(source)):
        return fill(_INSTALL, {"what": " ".join(f'"{each}"' for each in unmet)})
    if isinstance(error, ModuleNotFoundError) and error.name:
        return fill(_REINSTALL, {"distribution": source.distribution, "module": error.name})
    return upgrade(source)


def lacking(source: Source) -> Iterator[Requirement]:
    """What the distribution requires and is not installed, or not in a version that does."""
    for wanted in _required(source):
        try:
            if not wanted.specifier.contains(version(wanted.name), prereleases=True):
                yield _plain(wanted)
        except PackageNotFoundError:
            yield _plain(wanted)


def incompatible(source: Source) -> Text:
    """Why the plugin does not fit this blockloom, by what its distribution requires; empty if it does."""
    for wanted in _required(source, CORE):
        here = _here()
        if not wanted.specifier.contains(here, prereleases=True):
            facts = {"wanted": f"{CORE}{wanted.specifier}", "here": f"{CORE} {here}"}
            told = both("it requires {wanted}, and {here} is installed", "它需要 {wanted}，而已安装的是 {here}")
            return fill(told, facts)
    return ""


def cut_off(source: Source, hook: str, times: int, why: str) -> Fault:
    """A hook raised too often."""
    return Fault(fill(_CUT_OFF, {"hook": hook, "times": times, "why": why}), _fill(_TELL, source))


def held_up(source: Source, place: str) -> Fault:
    """Something of the plugin held up the event loop."""
    return Fault(fill(_HELD_UP, {"place": place}), _fill(_UNBLOCK, source))


def rubbish(source: Source, kind: str, name: str, why: Text) -> Fault:
    """A type gave back what it must not."""
    return Fault(fill(_RUBBISH, {"kind": kind, "name": name, "why": why}), _fill(_TELL, source))


@cache
def _here() -> str:
    """The version of blockloom that runs."""
    return version(CORE)


def _fill(text: Text, source: Source) -> Text:
    return fill(text, {"distribution": source.distribution or source.point.name, "name": source.point.name})


def _required(source: Source, name: str = "") -> Iterator[Requirement]:
    """What the distribution requires here, of one name or of any; what cannot be read is left out."""
    for text in source.requires:
        if not text.lower().startswith(name):
            continue
        try:
            wanted = Requirement(text)
        except InvalidRequirement:
            continue
        applies = wanted.marker is None or wanted.marker.evaluate({"extra": ""})
        if applies and (not name or canonicalize_name(wanted.name) == name):
            yield wanted


def _plain(wanted: Requirement) -> Requirement:
    """A requirement without the condition under which it holds."""
    wanted.marker = None
    return wanted

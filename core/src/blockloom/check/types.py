"""What the installed types say, asked so that none of them can break a check."""

from builtins import type as builtin_type
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from ..block import BlockType
from ..errors import PluginError, TypeConflict, UnknownType
from ..kind import Kind
from ..problem import Problem, pointer
from ..sentences import SENTENCES
from ..validation import flaws
from ..values import copy_value
from ..words import Text, both
from .needs import unmet
from .shape import Draft

_KINDS: Final[Mapping[str, Text]] = {
    "task": both("task", "任务"),
    "block": both("block", "块"),
    "trigger": both("trigger", "触发器"),
}


def find_type(draft: Draft, kind: str, name: Any, *path: str | int) -> Any:
    """The type of this name; None, and a problem, where there is none that can be used."""
    if name is None:
        draft.add("missing-key", *path, name="type")
        return None
    if not isinstance(name, str):
        draft.misshapen(name, str, "type", *path, "type")
        return None
    try:
        return draft.registry.get(kind, name)
    except TypeConflict as error:
        draft.add("type-conflict", *path, "type", kind=_KINDS[kind], name=name, owners=", ".join(error.owners))
    except UnknownType as error:
        draft.add("unknown-type", *path, "type", kind=_KINDS[kind], name=name, **_advise(draft, error))
    except PluginError as error:
        draft.add("unusable-type", *path, "type", kind=_KINDS[kind], name=name, why=error.message)
    return None


def brought_along(draft: Draft, kind: str, type: Kind, part: Mapping[str, Any], value: Any, *path: str | int) -> Any:
    """Settings in the shape of the installed version of their type; None, and a problem, where that cannot be.

    `version` in a document says for which version of the type the settings are written: the first without it.
    """
    version = part.get("version")
    version = version if builtin_type(version) is int and version >= 1 else 1
    if version == type.version or not isinstance(value, Mapping):
        return value
    facts = {"kind": _KINDS[kind], "type": type.name, "found": version, "here": type.version}
    if version > type.version:
        owner = draft.registry.offer(kind, type.name)
        draft.add("newer-type", *path, "version", **facts, owner=owner.owner, distribution=owner.distribution)
        return None
    try:
        made = type.migrate(copy_value(dict(value)), version)
        return copy_value(dict(made))
    except Exception as error:
        draft.add("no-migration", *path, "version", **facts, why=_raised(error))
        return None


def check_model(draft: Draft, key: str, model: type[BaseModel], value: Any, *path: str | int, **facts: Any) -> Any:
    """`value` as an instance of `model`; None, and a problem a flaw, where it does not fit."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        for flaw in flaws(error, value):
            draft.add(key, *path, *flaw.path, why=flaw.named, **facts)
    except Exception as error:
        draft.add(key, *path, why=_raised(error), **facts)
    return None


def ask(draft: Draft, key: str, call: Callable[[], Any], wanted: type[Any], *path: str | int, **facts: Any) -> Any:
    """What a method of a type gives back; None, and a problem, where it raises or gives something else."""
    try:
        given = call()
    except Exception as error:
        draft.add(key, *path, why=_raised(error), **facts)
        return None
    if isinstance(given, wanted):
        return given
    english = f"its plugin gave {type(given).__name__} instead of {wanted.__name__}, which is a mistake of the plugin"
    chinese = f"其插件返回了 {type(given).__name__} 而不是 {wanted.__name__}，这是插件的错误"
    draft.add(key, *path, why=both(english, chinese), **facts)
    return None


def check_embedded(draft: Draft, key: str, block: BlockType, value: Any, *path: str | int, **facts: Any) -> Any:
    """The validated content of a block type that stands in settings; its flaws are problems of those."""
    content = check_model(draft, key, block.Content, value, *path, **facts)
    if content is not None:
        found = ask(draft, key, lambda: problems_of(block.check(content)), list, *path, **facts)
        draft.problems += (replace(flaw, code=SENTENCES[key].code, path=pointer(*path)) for flaw in found or ())
    return content


def problems_of(found: Any) -> list[Problem]:
    """What a type's `check` yields, as a list; raises TypeError for anything that is no problem."""
    problems = list(found)
    for problem in problems:
        if not isinstance(problem, Problem):
            raise TypeError(f"check gave {type(problem).__name__} instead of a Problem")
    return problems


def _raised(error: Exception) -> Text:
    told = f"{type(error).__name__}: {error}"[:300]
    return both(f"its plugin raised {told}, which is a mistake of the plugin", f"其插件抛出了 {told}，这是插件的错误")


def _advise(draft: Draft, error: UnknownType) -> dict[str, Text]:
    """Why a type is not known, and what to do about it."""
    wanted = [str(requirement) for _, requirement, _ in unmet(draft.graph.get("requires"))]
    if wanted:
        names = " ".join(f'"{name}"' for name in wanted)
        advice = both(f"Install what the graph requires: pip install {names}", f"请安装该图所需：pip install {names}")
    elif error.broken:
        advice = both("`blockloom plugins` says what to do about it.", "`blockloom plugins` 会说明如何处理。")
    elif error.near:
        near = [repr(name) for name in error.near]
        advice = both(f"Did you mean {' or '.join(near)}?", f"你是想写 {' 或 '.join(near)} 吗？")
    else:
        advice = both(
            "Install the plugin that offers it; `blockloom types` lists what there is.",
            "请安装提供它的插件；`blockloom types` 会列出已有的类型。",
        )
    return {"why": f" {error.broken}" if error.broken else "", "advice": advice}

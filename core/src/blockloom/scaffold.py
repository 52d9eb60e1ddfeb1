"""Makes the project of a new plugin: source, tests and all, ready to be installed and published."""

import re
from collections.abc import Collection, Iterator, Mapping
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any, Final

from .errors import BadUsage
from .words import both, tell

KINDS: Final[Mapping[str, str]] = {
    "block": "blockloom_block_types",
    "task": "blockloom_task_types",
    "trigger": "blockloom_trigger_types",
    "store": "blockloom_stores",
}
"""What a new plugin can offer, each with the hook that offers it."""

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_DOES: Final = {
    "block": "repeats a text",
    "task": "greets somebody",
    "trigger": "fires on a grid of moments",
    "store": "keeps workflows and runs in memory",
}
_TYPE: Final = {"block": "BlockType", "task": "TaskType", "trigger": "TriggerType", "store": "MemoryStore"}
_BAD_NAME: Final = both(
    "{name!r} cannot be the name of a plugin: use small letters, digits and single hyphens, as in word-count.",
    "{name!r} 不能作为插件名：请使用小写字母、数字和单个连字符，例如 word-count。",
)
_TAKEN: Final = both(
    "{path} is there already and is not empty: choose another name, or remove it.",
    "{path} 已存在且不为空：请换一个名称，或先将其删除。",
)


def new_plugin(name: str, kinds: Collection[str], folder: Path) -> Path:
    """Write the project of a plugin into a new folder there, and give it; raises BadUsage, and then writes nothing."""
    name = name.removeprefix("blockloom-")
    if not _NAME.fullmatch(name):
        raise BadUsage(tell(_BAD_NAME).format(name=name))
    project = folder / f"blockloom-{name}"
    if project.exists() and (not project.is_dir() or any(project.iterdir())):
        raise BadUsage(tell(_TAKEN).format(path=project))
    for path, text in _files(name, [kind for kind in KINDS if kind in kinds]):
        file = project / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return project


def _files(name: str, kinds: Collection[str]) -> Iterator[tuple[str, str]]:
    facts = _facts(name, kinds)
    module = facts["module"]
    yield "pyproject.toml", _filled("pyproject.toml", facts)
    yield "README.md", _filled("README.md", facts)
    yield ".gitignore", _filled("gitignore", facts)
    yield ".github/workflows/ci.yml", _filled("ci.yml", facts)
    yield f"src/{module}/__init__.py", _filled("init.py", facts)
    yield f"src/{module}/py.typed", ""
    for kind in kinds:
        own = {**facts, "type": _type(name, kind)}
        yield f"src/{module}/{kind}.py", _filled(f"{kind}.py", own)
        yield f"tests/test_{kind}.py", _filled(f"test_{kind}.py", own)


def _facts(name: str, kinds: Collection[str]) -> dict[str, Any]:
    camel = "".join(part.capitalize() for part in name.split("-"))
    names = {kind: f"{camel}{kind.capitalize()}" for kind in kinds}
    return {
        "name": name,
        "Name": camel,
        "title": name.replace("-", " ").capitalize(),
        "distribution": f"blockloom-{name}",
        "module": f"blockloom_{name.replace('-', '_')}",
        "blockloom": ".".join(version("blockloom").split(".")[:2]),
        "rows": "\n".join(f"| {kind} `{_type(name, kind)}` | {_DOES[kind]} |" for kind in kinds),
        "imports": "\n".join(f"from .{kind} import {names[kind]}" for kind in sorted(kinds)),
        "all": ", ".join(f'"{name}"' for name in sorted(names.values())),
        "hooks": "\n\n\n".join(["", *(_hook(kind, names[kind]) for kind in kinds)]).removeprefix("\n\n"),
    }


def _hook(kind: str, name: str) -> str:
    return (
        f"@blockloom.hookimpl\ndef {KINDS[kind]}() -> list[type[blockloom.{_TYPE[kind]}]]:\n"
        f'    """The {kind} types of this plugin."""\n    return [{name}]'
    )


def _type(name: str, kind: str) -> str:
    """What a type is called: the plugin's name stands for its vendor; a store's name is the scheme of its URL."""
    return name if kind == "store" else f"{name}.{kind}"


def _filled(template: str, facts: Mapping[str, Any]) -> str:
    text = (files(__package__ or "blockloom") / "templates" / f"{template}.txt").read_text(encoding="utf-8")
    return Template(text).substitute(facts)

"""Graphs with a mistake in them: how they are drawn, and what all that `check` tells of them has in common."""

import re
from typing import Any, Final

import blockloom
from blockloom import Plugins, Registry, TaskContext, TaskType
from blockloom.check import check
from blockloom.problem import Problem

Mistake = tuple[Any, list[tuple[str, str, str]]]
"""A graph, and the code, path and opening of the sentence of each of its problems."""

_ENGLISH: Final = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}")
_QUOTED: Final = re.compile(r"'[^']*'|`[^`]*`|JSON Schema")
_CHINESE: Final = re.compile("[\u4e00-\u9fff]")


class Shout(TaskType):
    """A task with a setting, a required input and an optional one."""

    name = "acme.shout"

    class Config(blockloom.Config):
        mark: str = "!"

    class Inputs(blockloom.Ports):
        text: str
        times: int = 1

    class Outputs(blockloom.Ports):
        text: str

    def run(self, task: TaskContext) -> Any:
        return None


def registry() -> Registry:
    """The installed types, `acme.shout`, and `acme.same`, which two plugins offer."""
    made = Plugins.load(disable=()).registry
    made.add("task", Shout)
    for owner in ("one", "two"):
        made.add("task", type("Same", (Shout,), {"name": "acme.same"}), owner, f"acme-{owner}")
    return made


def graph(*tasks: Any, **more: Any) -> dict[str, Any]:
    return {"blockloom": 1, "tasks": list(tasks), **more}


def task(id: str = "a", type: str = "merge", **more: Any) -> dict[str, Any]:
    return {"id": id, "type": type, **more}


def line(start: Any, end: Any) -> dict[str, Any]:
    return {"from": start, "to": end}


def assert_found(mistake: Mistake, registry: Registry) -> None:
    """Each problem is told once, at its place, in its words; only what does not matter to a run is a warning."""
    given, expected = mistake
    problems = check(given, registry)
    found = sorted((problem.code, problem.path, problem.to_json("en")["message"]) for problem in problems)
    assert [(code, path) for code, path, _ in found] == [(code, path) for code, path, _ in sorted(expected)]
    for (_, _, message), (_, _, opening) in zip(found, sorted(expected), strict=True):
        assert message.startswith(opening)
    for problem in problems:
        assert problem.severity == ("warning" if problem.code == "unreachable" else "error")


def assert_in_both_languages(problem: Problem, says_english: bool = False) -> None:
    """A problem is a sentence and an advice, in English and in Chinese; some quote what a library says in English."""
    english, chinese = problem.to_json("en"), problem.to_json("zh")
    assert list(english)[:5] == ["code", "severity", "path", "message", "hint"]
    assert all(isinstance(value, str) for value in [*english.values(), *chinese.values()])
    assert english["message"].endswith((".", "?")) or problem.excerpt
    for key in ("message", "hint"):
        assert _CHINESE.search(chinese[key])
        assert not _CHINESE.search(english[key])
        assert says_english or not _ENGLISH.search(_QUOTED.sub("", chinese[key])), chinese[key]

"""What a command is given: a graph and the inputs of a run, from files, stdin and the command line."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import click

from ..codec import MAX_BYTES, parse_json, read_file, read_json, read_value
from ..errors import BadFormat, InvalidInputs
from ..problem import Problem, pointer
from ..words import both, fill
from .speech import note, say

STDIN = "-"


def named(path: str) -> str:
    """What a sentence calls the file that a path names."""
    return say("stdin", "标准输入") if path == STDIN else path


def read_graph(path: str) -> dict[str, Any]:
    """The graph in a file, or the JSON on stdin where the path is `-`; raises BadFormat."""
    return read_json(_stdin()) if path == STDIN else read_file(path)


def read_any(path: str) -> Any:
    """The value in a file, or the JSON on stdin; raises BadFormat."""
    return parse_json(_stdin()) if path == STDIN else read_value(path)


def read_inputs(path: str) -> dict[str, Any]:
    """The mapping in a file, or the JSON on stdin; raises BadFormat."""
    value = read_any(path)
    if isinstance(value, dict):
        return value
    text = both("The inputs must be a mapping of names to values.", "输入应为名称到值的映射。")
    raise BadFormat([Problem(code="bad-format", text=text, advice='{"name": "value"}')])


def read_pairs(pairs: Sequence[str], option: str = "-i") -> dict[str, Any]:
    """Inputs written as `name=value`: the value is JSON where it parses strictly, else text; the last one counts."""
    given = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not (name and equals):
            why = say(f"write name=value, not {pair!r}.", f"请写 name=value，而不是 {pair!r}。")
            raise click.BadParameter(why, click.get_current_context(), param_hint=option)
        try:
            given[name] = parse_json(text)
        except BadFormat:
            given[name] = text
    return given


def explain_pairs(error: InvalidInputs, pairs: Mapping[str, Any]) -> InvalidInputs:
    """The same error, with advice where a value on the command line was read as JSON and text was wanted."""
    places = {pointer(name): name for name, value in pairs.items() if not isinstance(value, str)}
    advice = both(
        "It was read as JSON; for text, put it in quotes of its own: -i {name}='\"…\"'.",
        "该值按 JSON 读取；若要文本，请再加一层引号：-i {name}='\"…\"'。",
    )
    problems = [
        replace(p, advice=fill(advice, {"name": places[p.path]}))
        if isinstance(p, Problem) and p.path in places and p.code == "type-mismatch"
        else p
        for p in error.problems
    ]
    return InvalidInputs(problems)


def _stdin() -> bytes:
    if sys.stdin is None:  # it was closed before this program began
        return b""
    if sys.stdin.isatty():
        note(say("Reading JSON from the terminal; end it with Ctrl-D.", "正在从终端读取 JSON；按 Ctrl-D 结束。"))
    return sys.stdin.buffer.read(MAX_BYTES + 1)

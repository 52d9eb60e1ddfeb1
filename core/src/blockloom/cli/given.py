"""The inputs that a command gives to a run: the options, and what they come to."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from .reading import named, read_inputs
from .refusals import refusing
from .speech import say

_F = TypeVar("_F", bound=Callable[..., Any])


def input_options(command: _F) -> _F:
    """The options `-i` and `--inputs`, as the parameters `pairs` and `file`."""
    one = click.option(
        "-i",
        "pairs",
        metavar="NAME=VALUE",
        multiple=True,
        help=say("An input: JSON where it parses, else text.", "一个输入：能解析为 JSON 则为 JSON，否则为文本。"),
    )
    many = click.option(
        "--inputs",
        "file",
        metavar="FILE",
        help=say("Inputs as a mapping in JSON or YAML; -i wins.", "JSON 或 YAML 映射形式的输入；-i 优先。"),
    )
    return one(many(command))


def inputs_of(file: str | None, given: Mapping[str, Any], as_json: bool) -> dict[str, Any]:
    """All inputs; those given one by one win over those in a file."""
    with refusing(as_json, named(file or "")):
        return {**(read_inputs(file) if file is not None else {}), **given}

"""What the command line says: results on stdout, talk on stderr, each sentence in English and Chinese."""

import os
import re
from collections.abc import Callable
from typing import Any, Final

import click

from ..codec import write_json
from ..errors import BadUsage
from ..words import both, tell

_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


def say(english: str, chinese: str) -> str:
    """A sentence in the language of this process."""
    return tell(both(english, chinese))


def count(number: int, english: str, chinese: str) -> str:
    """A number of things, as `2 errors`; the Chinese comes with its measure word."""
    return say(f"{number} {english}{'' if number == 1 else 's'}", f"{number} {chinese}")


def show(text: str) -> None:
    """Print a part of the result."""
    _print(text + "\n")


def show_json(value: Any) -> None:
    """Print the result as one JSON document, in UTF-8 whatever the locale says."""
    _print(write_json(value).encode("utf-8", "backslashreplace"))


def note(text: str) -> None:
    """Print what is not the result."""
    click.echo(text, err=True)


def paint(text: str, **style: Any) -> str:
    """Text in a style of click's; plain where `NO_COLOR` is set. What is no terminal gets it plain anyway."""
    return text if os.environ.get("NO_COLOR") else click.style(text, **style)


def complain(text: str) -> None:
    """Print what is wrong, as one clear sentence."""
    note(paint(say("Error: ", "错误："), fg="red", bold=True) + text)


def _print(text: str | bytes) -> None:
    try:
        click.echo(text, nl=False)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise BadUsage(
            say(f"The output cannot be written: {error.strerror}.", f"无法写出结果：{error.strerror}。")
        ) from None


def show_excerpt(excerpt: str, out: Callable[[str], None]) -> None:
    """Print a place in a text, line by line, set in; its marks are to stand where they are."""
    for line in excerpt.split("\n") if excerpt else ():
        out("    " + _CONTROLS.sub(" ", line).rstrip()[:300])


def one_line(text: Any, limit: int = 300) -> str:
    """Any text on one line, without control characters and not endless."""
    line = _CONTROLS.sub(" ", str(text)).strip()
    return line if len(line) <= limit else line[: limit - 1] + "…"

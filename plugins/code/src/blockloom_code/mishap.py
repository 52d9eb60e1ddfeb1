"""An exception that a block did not catch, in words: its name, what it says, and the place that it comes from."""

from collections.abc import Iterable
from difflib import get_close_matches
from types import TracebackType
from typing import Final

from .guards import CHINESE
from .limits import MAX_MESSAGE, MAX_TYPE
from .program import FILE
from .refusals import Words, characters, excerpt, missing_name, quote

_NAMES: Final = 1000
"""Names that are looked through for a similar one."""


def described(error: BaseException, source: str, names: Iterable[str] = ()) -> tuple[str, Words, str]:
    """The name of an exception, its message with the line of the block, and that line with a mark below the place."""
    kind = type(error).__name__[:MAX_TYPE]
    text = _text_of(error, names)
    trace = _innermost(error.__traceback__)
    if trace is None:
        return kind, {name: _cut(sentence or kind, MAX_MESSAGE) for name, sentence in text.items()}, ""
    line = trace.tb_lineno
    code = quote(source, line)
    places = {"en": f" (line {line}: `{code}`)", "zh": f"（第 {line} 行：`{code}`）"}
    told = {name: _cut(text[name] or kind, MAX_MESSAGE - _size(place)) + place for name, place in places.items()}
    return kind, told, _excerpt(trace, source)


def _text_of(error: BaseException, names: Iterable[str]) -> Words:
    if isinstance(error, OSError):
        return _same(error.strerror or type(error).__name__)
    try:
        if isinstance(error, KeyError) and len(error.args) == 1:
            key = f"{error.args[0]!r:.500}"
            return {"en": f"there is no key {key}", "zh": f"没有键 {key}"}
        text = str(error)
    except MemoryError:
        raise
    except Exception:
        return _same("")
    if isinstance(error, UnboundLocalError) or not isinstance(error, NameError):
        return {"en": text, "zh": str(vars(error).get(CHINESE, text))}
    return _unknown(text, str(getattr(error, "name", "") or ""), names)


def _unknown(text: str, name: str, names: Iterable[str]) -> Words:
    """The words about a name that nobody gave a meaning."""
    told = {"en": text, "zh": f"名称 {name} 没有定义"}
    if hint := missing_name(name):
        return {"en": f"{told['en']}: {hint['en']}", "zh": f"{told['zh']}：{hint['zh']}"}
    if near := get_close_matches(name[:100], list(names)[:_NAMES], 1):
        return {"en": f"{told['en']}. Did you mean {near[0]!r}?", "zh": f"{told['zh']}。是否想写 {near[0]}？"}
    return told


def _innermost(trace: TracebackType | None) -> TracebackType | None:
    """The last place of the block on the way to where the exception was raised."""
    found = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == FILE:
            found = trace
        trace = trace.tb_next
    return found


def _excerpt(trace: TracebackType, source: str) -> str:
    places = list(trace.tb_frame.f_code.co_positions())
    line, last, start, end = places[trace.tb_lasti // 2]
    if line is None or start is None or end is None:
        return excerpt(source, trace.tb_lineno, 0)
    text = (source.split("\n")[line - 1 : line] or [""])[0]
    column = characters(text, start) + 1
    width = characters(text, end) + 1 - column if last == line else len(text)
    return excerpt(source, line, column, max(width, 1))


def _same(text: str) -> Words:
    return {"en": text, "zh": text}


def _cut(text: str, size: int) -> str:
    return text.encode(errors="replace")[: max(size, 0)].decode(errors="ignore")


def _size(text: str) -> int:
    return len(text.encode(errors="replace"))

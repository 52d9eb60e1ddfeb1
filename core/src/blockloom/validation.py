"""What pydantic found wrong, place by place, in English and Chinese."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from .words import Text, both, tell

_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("this field is missing", "缺少此字段"),
    "extra_forbidden": ("there is no such field", "不允许此字段"),
    "string_type": ("must be a text", "应为文本"),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), ("must be a whole number", "应为整数")),
    **dict.fromkeys(("float_type", "float_parsing"), ("must be a number", "应为数")),
    **dict.fromkeys(("bool_type", "bool_parsing"), ("must be true or false", "应为 true 或 false")),
    "list_type": ("must be a list", "应为列表"),
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), ("must be a mapping", "应为映射")),
    **dict.fromkeys(("literal_error", "enum"), ("must be {expected}", "应为 {expected}")),
    "greater_than": ("must be greater than {gt}", "应大于 {gt}"),
    "greater_than_equal": ("must be at least {ge}", "应不小于 {ge}"),
    "less_than": ("must be less than {lt}", "应小于 {lt}"),
    "less_than_equal": ("must be at most {le}", "应不大于 {le}"),
    "string_too_short": ("must have {min_length} or more characters", "至少要有 {min_length} 个字符"),
    "string_too_long": ("must have {max_length} or fewer characters", "最多 {max_length} 个字符"),
    "too_short": ("must have {min_length} or more items", "至少要有 {min_length} 项"),
    "too_long": ("must have {max_length} or fewer items", "最多 {max_length} 项"),
    "string_pattern_mismatch": ("must match {pattern}", "应匹配 {pattern}"),
}


class Flaw(NamedTuple):
    """One thing that is wrong: where, and the sentence."""

    path: tuple[str | int, ...]
    text: Text

    @property
    def named(self) -> Text:
        """The sentence with the name of the place before it."""
        place = ".".join(map(str, self.path))
        return both(f"{place}: {tell(self.text, 'en')}", f"{place}：{tell(self.text, 'zh')}") if place else self.text


def flaws(error: ValidationError, value: Any) -> list[Flaw]:
    """Everything that is wrong with `value`, each at its place in it.

    Where one of several types would do, pydantic complains once a type; this becomes one flaw.
    """
    found: dict[tuple[str | int, ...], list[Text]] = {}
    chosen: set[tuple[str | int, ...]] = set()
    outer: set[tuple[str | int, ...]] = set()
    for detail in error.errors(include_url=False, include_input=False):
        path = _within(detail["loc"], value, detail["type"] == "missing")
        found.setdefault(path, []).append(_sentence(detail["type"], detail["msg"], detail.get("ctx", {})))
        outer |= {path[:length] for length in range(len(path))}
        if len(path) < len(detail["loc"]):
            chosen.add(path)
    # Where a value has the shape of one of the types, only what is wrong inside it is of interest.
    return [Flaw(path, _either(texts)) for path, texts in found.items() if path not in chosen & outer]


def _within(steps: Sequence[str | int], value: Any, missing: bool) -> tuple[str | int, ...]:
    """The steps that lead into `value`, without those by which pydantic tells the types of a union apart."""
    path: list[str | int] = []
    for number, step in enumerate(steps):
        last = number == len(steps) - 1
        if isinstance(value, Mapping) and (step in value or (missing and last)):
            value = value.get(step)
            path.append(step)
        elif isinstance(value, list | tuple) and isinstance(step, int) and step < len(value):
            value = value[step]
            path.append(step)
    return tuple(path)


def _sentence(kind: str, message: str, facts: Mapping[str, Any]) -> Text:
    """What pydantic says; a type's own PydanticCustomError may say it in Chinese too, as `zh` of its context."""
    if kind in _WORDS:
        english, chinese = _WORDS[kind]
        listed = str(facts.get("expected", ""))
        return both(
            english.format_map({**facts, "expected": listed}),
            chinese.format_map({**facts, "expected": listed.replace(" or ", " 或 ").replace(", ", "、")}),
        )
    own = facts.get("zh")
    return both(_plain(message), own if isinstance(own, str) else _plain(message))


def _either(texts: Sequence[Text]) -> Text:
    english = dict.fromkeys(tell(text, "en") for text in texts)
    chinese = dict.fromkeys(tell(text, "zh") for text in texts)
    return both(" or ".join(english), "，或".join(chinese))


def _plain(message: str) -> str:
    """Pydantic's sentence without its openings."""
    message = message.removeprefix("Value error, ")
    return "must be " + message.removeprefix("Input should be ") if message.startswith("Input should be ") else message

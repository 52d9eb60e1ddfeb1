"""What pydantic found wrong, place by place, in English and Chinese."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from .words import Text, both, tell

_CHINESE: Final = {
    "missing": "缺少此字段",
    "extra_forbidden": "不允许此字段",
    "string_type": "应为文本",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_from_float": "应为整数",
    "float_type": "应为数",
    "float_parsing": "应为数",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "list_type": "应为列表",
    "dict_type": "应为映射",
    "model_type": "应为映射",
    "model_attributes_type": "应为映射",
    "literal_error": "应为 {expected}",
    "enum": "应为 {expected}",
    "greater_than": "应大于 {gt}",
    "greater_than_equal": "应不小于 {ge}",
    "less_than": "应小于 {lt}",
    "less_than_equal": "应不大于 {le}",
    "string_too_short": "至少要有 {min_length} 个字符",
    "string_too_long": "最多 {max_length} 个字符",
    "too_short": "至少要有 {min_length} 项",
    "too_long": "最多 {max_length} 项",
    "string_pattern_mismatch": "应匹配 {pattern}",
}
_ENGLISH: Final = {
    "missing": "this field is missing",
    "extra_forbidden": "there is no such field",
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


def flaws(error: ValidationError) -> Iterator[Flaw]:
    """Everything that a validation found, each with its place in the input."""
    for detail in error.errors(include_url=False, include_input=False):
        facts: dict[str, Any] = detail.get("ctx", {})
        english = _ENGLISH.get(detail["type"]) or _plain(detail["msg"])
        yield Flaw(detail["loc"], both(english, _CHINESE.get(detail["type"], "").format_map(facts) or english))


def _plain(message: str) -> str:
    """Pydantic's sentence without its openings."""
    message = message.removeprefix("Value error, ")
    return "must be " + message.removeprefix("Input should be ") if message.startswith("Input should be ") else message

"""The text block: text in which the values of other blocks and of inputs stand in for their names."""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final

import blockloom
from blockloom import BadUsage, BlockContext, BlockType, TaskFailed

__all__ = ["TextBlock", "blockloom_block_types", "expand"]

_BRACES: Final = re.compile(r"\{\{\s*([^\s{}]+)\s*\}\}")
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,17}")
_SHOWN: Final = 20


class TextBlock(BlockType):
    """A block of text with places such as `{{ name }}` and `{{ name.key.0 }}`."""

    name = "text"
    title: ClassVar = {"en": "Text", "zh": "文本"}
    description: ClassVar = {
        "en": "Text; {{ name }} and {{ name.key.0 }} are replaced by values.",
        "zh": "一段文本；{{ name }} 和 {{ name.key.0 }} 会被替换为对应的值。",
    }
    icon = "📝"
    category: ClassVar = {"en": "Content", "zh": "内容"}
    examples = ({"text": "Hello {{ name }}!"}, {"text": "第一项：{{ items.0.title }}"})

    class Content(blockloom.Config):
        """What a text block holds: its text, with its places not yet filled."""

        text: str

    def evaluate(self, block: BlockContext) -> str:
        """The text with every place filled from the names that the block sees."""
        return expand(block.content.text, block.names)

    def append(self, content: Any, addition: Any) -> Any:
        """The content with more text at its end, given as text or as `{"text": …}`."""
        if isinstance(addition, Mapping) and set(addition) == {"text"}:
            addition = addition["text"]
        if not isinstance(addition, str):
            raise BadUsage(f'Only text can be appended to a block of the type "text", not {_kind(addition)}.')
        return content.model_copy(update={"text": content.text + addition})

    def render(self, content: Any) -> str:
        """The text as it was written, with its places not filled."""
        text: str = content.text
        return text


@blockloom.hookimpl
def blockloom_block_types() -> Sequence[type[BlockType]]:
    """The one block type of this plugin."""
    return [TextBlock]


def expand(text: str, names: Mapping[str, Any]) -> str:
    """`text` with each place filled from `names`; what is filled in is never looked at again."""

    def fill(found: re.Match[str]) -> str:
        name, *steps = found[1].split(".")
        if not name.isidentifier() or not all(map(_is_key, steps)):
            return found[0]
        return _written(_look_up(name, steps, names))

    return _BRACES.sub(fill, text)


def _is_key(step: str) -> bool:
    # What may follow the first letter of an identifier is exactly letters, their marks, digits and `_`.
    return step != "" and ("_" + step.replace("-", "_")).isidentifier()


def _look_up(name: str, steps: Sequence[str], names: Mapping[str, Any]) -> Any:
    # Names are NFC; a text that was pasted from a file system may not be.
    known = unicodedata.normalize("NFC", name)
    if known not in names:
        raise TaskFailed("unknown-name", f"The text asks for {name!r}, which it does not see; it sees {_list(names)}.")
    value = names[known]
    path = name
    for step in steps:
        value = _part(value, step, path)
        path = f"{path}.{step}"
    return value


def _part(value: Any, step: str, path: str) -> Any:
    if isinstance(value, Mapping):
        if step in value:
            return value[step]
        raise TaskFailed("unknown-key", f"{path!r} has no key {step!r}; its keys are {_list(value)}.")
    if isinstance(value, list):
        if _INDEX.fullmatch(step) and int(step) < len(value):
            return value[int(step)]
        there = f"its indexes are 0 to {len(value) - 1}" if value else "it is an empty list"
        raise TaskFailed("unknown-index", f"{path!r} has no index {step!r}; {there}.")
    raise TaskFailed("unknown-key", f"{path!r} is {_kind(value)} and has no part {step!r}.")


def _written(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _list(names: Iterable[str]) -> str:
    known = [repr(name) for name in names]
    more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    return ", ".join(known[:_SHOWN]) + more if known else "nothing"


def _kind(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else "true or false"
    kinds = ((str, "text"), (int | float, "a number"), (Mapping, "a mapping"), (list | tuple, "a list"))
    return next((word for kind, word in kinds if isinstance(value, kind)), type(value).__name__)

"""The checklist block: things to be done, each ticked or not; and the task that waits until they are."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final

import blockloom
from blockloom import BadUsage, BlockContext, BlockType, Problem, TaskType

from .task import ChecklistTask

__all__ = ["ChecklistBlock", "ChecklistTask", "Item", "blockloom_block_types", "blockloom_task_types"]

_LONGEST: Final = 200


class Item(blockloom.Config):
    """One thing to be done: its id, what it says, and whether it is ticked."""

    model_config: ClassVar = {"strict": True}

    id: str
    text: str
    done: bool = False


class ChecklistBlock(BlockType):
    """A list of things to be done, each ticked or not."""

    name = "checklist"
    title: ClassVar = {"en": "Checklist", "zh": "清单"}
    description: ClassVar = {
        "en": "Things to be done, each ticked or not; its value is the list of them.",
        "zh": "待办事项清单，每一项可以勾选；它的值就是这些事项的列表。",
    }
    icon = "✅"
    category: ClassVar = {"en": "People", "zh": "人工"}
    examples = (
        {"items": [{"id": "backup", "text": "Take a backup"}, {"id": "told", "text": "Tell the team", "done": True}]},
        {"items": []},
    )

    class Content(blockloom.Config):
        """What a checklist holds: its items, in order."""

        items: list[Item]

    def check(self, content: Any) -> Iterable[Problem]:
        """Ids that are malformed or stand twice."""
        seen: set[str] = set()
        for index, item in enumerate(content.items):
            path = f"/items/{index}/id"
            if not _is_id(item.id):
                yield _malformed(item.id, path)
            elif item.id in seen:
                yield _repeated(item.id, path)
            seen.add(item.id)

    def evaluate(self, block: BlockContext) -> list[dict[str, Any]]:
        """The items as a list of `{id, text, done}`."""
        return [item.model_dump() for item in block.content.items]

    def append(self, content: Any, addition: Any) -> Any:
        """The content with one more item, given as a mapping or as its text, or with the items of another content."""
        items = list(content.items)
        for item in _additions(addition):
            items.append(_item(item, [known.id for known in items]))
        return content.model_copy(update={"items": items})

    def show(self, content: Any, value: Any) -> str:
        """The items as a Markdown task list."""
        return self.render(content)

    def render(self, content: Any) -> str:
        """The items as a Markdown task list."""
        return "\n".join(_line(item) for item in content.items)


@blockloom.hookimpl
def blockloom_block_types() -> Sequence[type[BlockType]]:
    """The one block type of this plugin."""
    return [ChecklistBlock]


@blockloom.hookimpl
def blockloom_task_types() -> Sequence[type[TaskType]]:
    """The one task type of this plugin."""
    return [ChecklistTask]


def _additions(addition: Any) -> list[Any]:
    if isinstance(addition, Mapping) and set(addition) == {"items"} and isinstance(addition["items"], list):
        return addition["items"]
    return [addition]


def _item(addition: Any, taken: Sequence[str]) -> Item:
    given = {"text": addition} if isinstance(addition, str) else addition
    if not isinstance(given, Mapping):
        raise BadUsage("A checklist takes an item, as `{id, text, done}`, or the text of one.")
    try:
        item = Item.model_validate({"id": _free_id(taken), **given})
    except ValueError as error:
        raise BadUsage(f"This is not an item of a checklist, which is `{{id, text, done}}`: {error}") from None
    if not _is_id(item.id) or item.id in taken:
        problem = _repeated(item.id, "") if item.id in taken else _malformed(item.id, "")
        raise BadUsage(f"{problem.message} {problem.hint}")
    return item


def _free_id(taken: Sequence[str]) -> str:
    number = len(taken) + 1
    while f"item{number}" in taken:
        number += 1
    return f"item{number}"


def _is_id(text: str) -> bool:
    # What may follow the first letter of an identifier is exactly letters, their marks, digits and `_`.
    letters = ("_" + text.replace("-", "_")).isidentifier()
    return letters and 1 <= len(text) <= _LONGEST and unicodedata.is_normalized("NFC", text)


def _line(item: Item) -> str:
    return f"- [{'x' if item.done else ' '}] " + item.text.replace("\n", "\n  ")


def _malformed(id: str, path: str) -> Problem:
    return Problem(
        code="bad-content",
        path=path,
        text={
            "en": f"{id!r} cannot be the id of an item.",
            "zh": f"{id!r} 不能作为事项的 id。",
        },
        advice={
            "en": "Use 1 to 200 letters of any script (NFC), digits, `_` and `-`.",
            "zh": "请使用 1 到 200 个任意文字的字母（NFC）、数字、`_` 或 `-`。",
        },
    )


def _repeated(id: str, path: str) -> Problem:
    return Problem(
        code="bad-content",
        path=path,
        text={"en": f"Two items have the id {id!r}.", "zh": f"有两个事项的 id 都是 {id!r}。"},
        advice={"en": "Give each item an id of its own.", "zh": "请给每个事项一个唯一的 id。"},
    )

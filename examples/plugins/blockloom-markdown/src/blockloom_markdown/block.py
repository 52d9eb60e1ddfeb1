"""The block type `markdown.page`."""

from typing import Any

import blockloom
from blockloom import BlockContext, BlockType


class MarkdownPage(BlockType):
    """A page in Markdown; its value is its sections."""

    name = "markdown.page"
    title = {"en": "Markdown page", "zh": "Markdown 页面"}
    description = {
        "en": "A text in Markdown. Its value is the list of its sections, each with level, title and text.",
        "zh": "一段 Markdown 文本。它的值是各小节的列表，每节含 level、title 和 text。",
    }
    icon = "📄"
    category = {"en": "Content", "zh": "内容"}
    examples = ({"text": "# Hello\n\nA *page*.\n"},)

    class Content(blockloom.Config):
        """The text."""

        text: str

    def evaluate(self, block: BlockContext) -> list[dict[str, Any]]:
        """The sections, what stands before the first heading being one of level 0."""
        sections: list[dict[str, Any]] = [{"level": 0, "title": "", "text": ""}]
        fenced = False
        for line in block.content.text.splitlines(keepends=True):
            fenced ^= line.startswith(("```", "~~~"))
            marks, space, title = line.partition(" ")
            if not fenced and space and 1 <= len(marks) <= 6 and set(marks) == {"#"}:
                sections.append({"level": len(marks), "title": title.strip(), "text": ""})
            else:
                sections[-1]["text"] += line
        return [section for section in sections if section["level"] or section["text"].strip()]

    def append(self, content: Any, addition: Any) -> Any:
        """The page with a paragraph more at its end."""
        if not isinstance(addition, str):
            raise blockloom.BadUsage("Only text can be appended to a page.")
        text = f"{content.text.rstrip()}\n\n{addition}\n" if content.text.strip() else f"{addition}\n"
        return content.model_copy(update={"text": text})

    def render(self, content: Any) -> str:
        """The text as it was written."""
        return str(content.text)

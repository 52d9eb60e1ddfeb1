"""The task type `markdown.render`."""

import blockloom
from blockloom import NOT_TAKEN, TaskContext, TaskType


class MarkdownRender(TaskType):
    """Makes HTML of a text in Markdown."""

    name = "markdown.render"
    title = {"en": "Markdown to HTML", "zh": "Markdown 转 HTML"}
    icon = "📄"
    category = {"en": "Compute", "zh": "计算"}
    effects = "pure"
    examples = ({}, {"html": True})

    class Config(blockloom.Config):
        """Whether HTML in the text stays HTML; else it is shown as text."""

        html: bool = False

    class Inputs(blockloom.Ports):
        """The text."""

        text: str

    class Outputs(blockloom.Ports):
        """The HTML, and the first heading, if there is one."""

        html: str
        title: str = NOT_TAKEN

    def run(self, task: TaskContext) -> Outputs:
        """Render it."""
        from markdown_it import MarkdownIt

        reader = MarkdownIt("commonmark", {"html": task.config.html})
        tokens = reader.parse(task.inputs.text)
        titles = [after.content for mark, after in zip(tokens, tokens[1:], strict=False) if mark.type == "heading_open"]
        html = reader.renderer.render(tokens, reader.options, {})
        return self.Outputs(html=html, title=titles[0]) if titles else self.Outputs(html=html)

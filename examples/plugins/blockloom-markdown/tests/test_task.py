"""The task holds what every task type does."""

from blockloom.testing import TaskConformance, TaskExample

from blockloom_markdown import MarkdownRender


class TestMarkdownRender(TaskConformance):
    task = MarkdownRender
    examples = (
        TaskExample(
            inputs={"text": "# *Hi*\n<b>x</b>"},
            outputs={"html": "<h1><em>Hi</em></h1>\n<p>&lt;b&gt;x&lt;/b&gt;</p>\n", "title": "*Hi*"},
        ),
        TaskExample(config={"html": True}, inputs={"text": "<b>x</b>"}, outputs={"html": "<p><b>x</b></p>\n"}),
    )

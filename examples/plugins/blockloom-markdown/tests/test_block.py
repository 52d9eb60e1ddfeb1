"""The page holds what every block type does."""

from blockloom.testing import BlockConformance, BlockExample

from blockloom_markdown import MarkdownPage

PAGE = "Before.\n# One\n```\n# no heading\n```\n## Two\nText.\n"


class TestMarkdownPage(BlockConformance):
    block = MarkdownPage
    examples = (
        BlockExample(content={"text": "# A\nb\n"}, value=[{"level": 1, "title": "A", "text": "b\n"}], addition="c"),
        BlockExample(
            content={"text": PAGE},
            value=[
                {"level": 0, "title": "", "text": "Before.\n"},
                {"level": 1, "title": "One", "text": "```\n# no heading\n```\n"},
                {"level": 2, "title": "Two", "text": "Text.\n"},
            ],
        ),
        BlockExample(content={"text": ""}, value=[]),
    )

"""Markdown for blockloom."""

import blockloom

from .block import MarkdownPage
from .task import MarkdownRender

__all__ = ["MarkdownPage", "MarkdownRender"]


@blockloom.hookimpl
def blockloom_block_types() -> list[type[blockloom.BlockType]]:
    """The block types of this plugin."""
    return [MarkdownPage]


@blockloom.hookimpl
def blockloom_task_types() -> list[type[blockloom.TaskType]]:
    """The task types of this plugin."""
    return [MarkdownRender]

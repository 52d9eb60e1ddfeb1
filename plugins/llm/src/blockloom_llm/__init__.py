"""Models: the task llm, which asks one, and the block upload, which shows it a file."""

from collections.abc import Sequence

from blockloom import BlockType, TaskType, hookimpl

from .face import LlmTask
from .task import Llm
from .upload import Upload

__all__ = ["LlmTask", "blockloom_block_types", "blockloom_task_types"]


@hookimpl
def blockloom_block_types() -> Sequence[type[BlockType]]:
    """The one block type of this plugin."""
    return [Upload]


@hookimpl
def blockloom_task_types() -> Sequence[type[TaskType]]:
    """The one task type of this plugin."""
    return [Llm]

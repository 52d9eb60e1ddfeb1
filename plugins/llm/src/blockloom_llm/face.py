"""The llm task as a class, for workflows written in Python."""

from typing import Any

from blockloom import Task, TaskSpec


class LlmTask(Task):
    """An `llm` task; its settings are given by name, as `model="qwen3"`; its blocks are the prompt."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(TaskSpec(type="llm", config=settings))

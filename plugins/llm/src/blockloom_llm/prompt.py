"""The prompt: what the blocks of a task come to, in order, as one message for a model."""

import json
from base64 import b64encode
from typing import Any, Final, TypeAlias

from blockloom import BadValue, File, TaskContext, TaskFailed

Part: TypeAlias = str | File
Message: TypeAlias = dict[str, Any]

TEXTUAL: Final = (
    "text/",
    "application/json",
    "application/xml",
    "application/yaml",
    "application/x-yaml",
    "application/toml",
)


async def read_parts(task: TaskContext) -> list[Part]:
    """What the model is shown: each block's value in order, then the input `prompt`; raises TaskFailed for nothing."""
    parts: list[Part] = []
    values: dict[str, Any] = {}
    for block, sees in task.sequence:
        value = values[block.id] = await task.evaluate(block, {name: values[name] for name in sees})
        parts.append(_file(value) or task.show(block, value))
    given = task.values.get("prompt")
    if not isinstance(given, list) or not all(isinstance(one, str) or _file(one) for one in given):
        given = [given]
    parts += (_file(value) or _written(value) for value in given)
    parts = [part for part in parts if part != ""]
    if not parts:
        raise TaskFailed(
            "no-prompt", "There is nothing to ask: the task has no blocks, and its prompt is empty.", retry=False
        )
    return parts


async def read_system(task: TaskContext) -> str:
    """The system text, with its places filled."""
    system: str = task.config.system
    return str(await task.evaluate_at("system")) if "{{" in system else system


def is_textual(file: File) -> bool:
    """Whether a file is shown as text."""
    return file.text is not None and (
        file.media_type.startswith(TEXTUAL) or file.media_type.endswith(("+json", "+xml"))
    )


def user_message(parts: list[Part], uploaded: dict[str, str]) -> Message:
    """The message: plain text where all of it is text, which every server takes; `uploaded` gives ids by hash."""
    told = [_part(part, uploaded) for part in parts]
    if all(part["type"] == "text" for part in told):
        return {"role": "user", "content": "\n\n".join(part["text"] for part in told)}
    return {"role": "user", "content": told}


def _part(part: Part, uploaded: dict[str, str]) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if is_textual(part):
        return {"type": "text", "text": f"{part.name}:\n{part.text}" if part.name else part.text}
    if part.sha256 in uploaded:
        return {"type": "file", "file": {"file_id": uploaded[part.sha256]}}
    url = f"data:{part.media_type};base64,{b64encode(part.data).decode()}"
    if part.media_type.startswith("image/"):
        return {"type": "image_url", "image_url": {"url": url}}
    return {"type": "file", "file": {"filename": part.name or "file", "file_data": url}}


def _file(value: Any) -> File | None:
    try:
        return File.from_json(value)
    except BadValue as error:
        raise TaskFailed("bad-file", f"A file cannot be shown to the model: {error.message}.", retry=False) from None


def _written(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False, indent=2)

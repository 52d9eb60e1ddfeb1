"""The block type upload: a file, an image or a text that a model is shown."""

import binascii
import mimetypes
from base64 import b64decode
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar

import blockloom
from blockloom import BadUsage, BadValue, BlockContext, BlockType, File, Problem, TaskFailed
from pydantic import Field, model_validator

_HASH = r"^[0-9a-f]{64}$"


class Upload(BlockType):
    """A file for a model; its value is the file."""

    name = "upload"
    title: ClassVar = {"en": "Upload", "zh": "上传"}
    description: ClassVar = {
        "en": "A text, an image or another file that a model is shown; its value is the file.",
        "zh": "给模型看的文本、图片或其他文件；它的值就是该文件。",
    }
    icon = "📎"
    category: ClassVar = {"en": "Content", "zh": "内容"}
    examples = (
        {"name": "notes.md", "text": "# Notes\n\nThe site was down."},
        {"input": "document", "name": "report.txt"},
    )

    class Content(blockloom.Config):
        """Where the content comes from, exactly one of `text`, `data` (base64) and `input`; and what it is."""

        name: str = ""
        media_type: Annotated[str, Field(pattern=r"^[\w.+-]+/[\w.+-]+$")] | None = None
        text: str | None = None
        data: str | None = None
        input: str | None = None
        sha256: Annotated[str, Field(pattern=_HASH)] | None = None
        max_bytes: Annotated[int, Field(ge=1, le=512 * 1024 * 1024)] = 10 * 1024 * 1024

        @model_validator(mode="after")
        def _one_of_them(self) -> "Upload.Content":
            if sum(given is not None for given in (self.text, self.data, self.input)) != 1:
                raise ValueError("exactly one of text, data and input is needed")
            return self

    def check(self, content: Any) -> Iterable[Problem]:
        """Data that are not base64, not the ones with the hash, or too many."""
        if content.input is not None:
            return
        try:
            _file(content, content.text if content.data is None else _decoded(content.data))
        except TaskFailed as error:
            path = "/text" if content.data is None else "/data"
            yield Problem(
                code="bad-content", path=path, text={"en": error.message, "zh": f"文件不能使用：{error.message}"}
            )

    def evaluate(self, block: BlockContext) -> dict[str, Any]:
        """The file; raises TaskFailed where what arrives is none, or not the one that is meant."""
        content = block.content
        if content.input is not None:
            if content.input not in block.names:
                raise TaskFailed(
                    "unknown-name", f"The upload takes {content.input!r}, which it does not see.", retry=False
                )
            return _arrived(content, block.names[content.input]).to_json()
        return _file(content, content.text if content.data is None else _decoded(content.data)).to_json()

    def append(self, content: Any, addition: Any) -> Any:
        """The content with more text at its end."""
        if content.text is None or not isinstance(addition, str):
            raise BadUsage("Only text can be appended to an upload, and only to one of text.")
        return content.model_copy(update={"text": content.text + addition, "sha256": None})

    def render(self, content: Any) -> str:
        """The text, or what the file is."""
        if content.text is not None:
            return str(content.text)
        if content.input is not None:
            return f"[{content.name or 'file'}: {{{{ {content.input} }}}}]"
        file = _file(content, _decoded(content.data))
        return f"[{file.name or 'file'}: {file.media_type}, {len(file.data)} bytes, sha256 {file.sha256}]"

    def show(self, content: Any, value: Any) -> str:
        """What the file is, in a line."""
        facts = value.get("$file", {}) if isinstance(value, Mapping) else {}
        return f"[{facts.get('name') or 'file'}: {facts.get('media_type')}, {facts.get('size')} bytes]"


def _arrived(content: Any, value: Any) -> File:
    """The file that a value is: one already, or text."""
    try:
        file = File.from_json(value)
    except BadValue as error:
        raise TaskFailed("bad-file", error.message, retry=False) from None
    if file is None and not isinstance(value, str):
        raise TaskFailed("bad-file", f"{content.input!r} is neither text nor a file.", retry=False)
    return _file(content, value if file is None else file.data, file)


def _file(content: Any, given: str | bytes | None, known: File | None = None) -> File:
    data = given.encode() if isinstance(given, str) else given or b""
    if len(data) > content.max_bytes:
        why = f"The file has {len(data)} bytes, more than max_bytes, {content.max_bytes}."
        raise TaskFailed("too-large", why, retry=False)
    name = content.name or (known.name if known else "")
    kind = content.media_type or (known.media_type if known else None) or mimetypes.guess_type(name)[0]
    kind = kind or ("text/plain" if isinstance(given, str) else "application/octet-stream")
    file = File(data=data, media_type=kind, name=name)
    if content.sha256 not in (None, file.sha256):
        raise TaskFailed("bad-file", f"The file has the hash {file.sha256}, not {content.sha256}.", retry=False)
    return file


def _decoded(data: str) -> bytes:
    try:
        return b64decode("".join(data.split()), validate=True)
    except binascii.Error as error:
        raise TaskFailed("bad-file", f"The data are not base64: {error}.", retry=False) from None

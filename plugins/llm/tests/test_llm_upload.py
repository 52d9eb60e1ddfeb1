"""The block upload: where its content comes from, what it is, and how large it may be."""

import asyncio
import hashlib
from base64 import b64encode
from typing import Any, Final

import pytest
from blockloom import BadUsage, Block, File, Task, TaskFailed

DATA: Final = b"%PDF-1.7\x00\xff"
WRITTEN: Final = b64encode(DATA).decode()
HASH: Final = hashlib.sha256(DATA).hexdigest()


def value(content: dict[str, Any], **inputs: Any) -> File:
    file = File.from_json(asyncio.run(Block("upload", content).evaluate(inputs)))
    assert file is not None
    return file


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"text": "hé"}, File(data="hé".encode(), media_type="text/plain")),
        ({"text": "# A", "name": "a.md"}, File(data=b"# A", media_type="text/markdown", name="a.md")),
        ({"data": WRITTEN}, File(data=DATA)),
        ({"data": f"{WRITTEN[:4]}\n {WRITTEN[4:]}"}, File(data=DATA)),
        ({"data": WRITTEN, "name": "a.pdf"}, File(data=DATA, media_type="application/pdf", name="a.pdf")),
        ({"data": WRITTEN, "media_type": "image/png", "sha256": HASH}, File(data=DATA, media_type="image/png")),
    ],
)
def test_what_it_is(content: dict[str, Any], expected: File) -> None:
    assert value(content) == expected
    assert not Block("upload", content).check()


def test_the_value_tells_the_hash() -> None:
    told = asyncio.run(Block("upload", {"data": WRITTEN}).evaluate({}))
    assert told == {
        "$file": {"name": "", "media_type": "application/octet-stream", "size": 10, "sha256": HASH, "data": WRITTEN}
    }


def test_what_arrives_is_text_or_a_file() -> None:
    content = {"input": "doc"}
    assert value(content, doc="text") == File(data=b"text", media_type="text/plain")
    file = File(data=DATA, media_type="image/gif", name="a.gif")
    assert value(content, doc=file.to_json()) == file
    assert value({**content, "name": "b.gif"}, doc=file.to_json()).name == "b.gif"


@pytest.mark.parametrize(
    ("content", "inputs", "kind"),
    [
        ({"input": "doc"}, {}, "unknown-name"),
        ({"input": "doc"}, {"doc": 5}, "bad-file"),
        ({"input": "doc"}, {"doc": None}, "bad-file"),
        ({"input": "doc"}, {"doc": {"$file": {"data": "?"}}}, "bad-file"),
        ({"input": "doc"}, {"doc": {"$file": {"data": WRITTEN, "sha256": "0" * 64}}}, "bad-file"),
        ({"input": "doc", "sha256": "0" * 64}, {"doc": "text"}, "bad-file"),
        ({"input": "doc", "max_bytes": 3}, {"doc": "text"}, "too-large"),
    ],
)
def test_what_arrives_may_be_wrong(content: dict[str, Any], inputs: dict[str, Any], kind: str) -> None:
    with pytest.raises(TaskFailed) as caught:
        value(content, **inputs)
    assert caught.value.type == kind


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ({}, ""),
        ({"text": "a", "data": "YQ=="}, ""),
        ({"data": "no base64!"}, "/data"),
        ({"data": WRITTEN, "sha256": "0" * 64}, "/data"),
        ({"text": "abcd", "max_bytes": 3}, "/text"),
        ({"text": "a", "media_type": "nonsense"}, "/media_type"),
        ({"text": "a", "sha256": "short"}, "/sha256"),
        ({"path": "/etc/passwd"}, "/path"),
    ],
)
def test_what_is_wrong_is_found(content: dict[str, Any], path: str) -> None:
    found = Block("upload", content).check()
    assert path in [problem.path for problem in found]
    assert {problem.code for problem in found} == {"bad-content"}


def test_text_grows() -> None:
    block = Block("upload", {"text": "one "})
    block.append("two")
    assert block.content == {"text": "one two"} or block.content["text"] == "one two"
    with pytest.raises(BadUsage):
        Block("upload", {"data": WRITTEN}).append("two")


def test_it_reads_as_text() -> None:
    assert Block("upload", {"text": "# A"}).render() == "# A"
    rendered = Block("upload", {"data": WRITTEN, "name": "a.pdf"}).render()
    assert rendered == f"[a.pdf: application/pdf, 10 bytes, sha256 {HASH}]"
    assert Block("upload", {"input": "doc", "name": "a.pdf"}).render() == "[a.pdf: {{ doc }}]"


def test_it_stands_in_a_task_of_blocks() -> None:
    task = Task.from_json(
        {"id": "t", "type": "blocks", "blocks": [{"id": "up", "type": "upload", "content": {"text": "a"}}]}
    )
    told = asyncio.run(task.evaluate("up", {}))
    assert told["$file"]["sha256"] == hashlib.sha256(b"a").hexdigest()

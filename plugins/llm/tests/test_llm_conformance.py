import pytest
from blockloom.testing import BlockConformance, BlockExample, ModelServer, TaskConformance, TaskExample, says
from blockloom_llm.task import Llm
from blockloom_llm.upload import Upload

SCHEMA = {"type": "object", "properties": {"score": {"type": "integer"}}, "required": ["score"]}


class TestUpload(BlockConformance):
    block = Upload
    examples = (
        BlockExample(content={"text": "# Notes", "name": "notes.md"}, addition=" More."),
        BlockExample(content={"input": "doc"}, names={"doc": "text"}),
    )
    refused = (({"data": "?"}, "/data"), ({"text": "abcd", "max_bytes": 3}, "/text"))


class TestLlm(TaskConformance):
    task = Llm

    @pytest.fixture(autouse=True)
    def served(self, blockloom_model: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
        """The settings of the machine name a model server."""
        blockloom_model.script(says('{"score"', ": 7}"))
        monkeypatch.setenv("BLOCKLOOM_LLM_BASE_URL", blockloom_model.base_url)
        monkeypatch.setenv("BLOCKLOOM_LLM_MODEL", "scripted")

    examples = (
        TaskExample(inputs={"prompt": "Score it."}),
        TaskExample(
            config={"schema": SCHEMA}, blocks=[{"id": "ask", "type": "text", "content": {"text": "Score it."}}]
        ),
        TaskExample(
            config={"base_url": "http://127.0.0.1:1/v1", "key": {"$secret": "none"}},
            inputs={"prompt": "hi"},
            fails="no-secret",
        ),
    )
    refused = (({"schema": {"type": "objekt"}}, "/schema"),)

import pytest
from blockloom.testing import Reply, ScriptedServer, TaskConformance, TaskExample
from blockloom_http.task import Http


class TestHttp(TaskConformance):
    task = Http
    refused = (({"url": "ftp://example.com/"}, "/url"),)

    @pytest.fixture(autouse=True)
    def served(self, blockloom_web: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
        blockloom_web.script(lambda asked: Reply(body={"target": asked.target}))
        monkeypatch.setenv("BLOCKLOOM_HTTP_ALLOW", "127.0.0.1")
        self.examples = (
            TaskExample(config={"url": f"{blockloom_web.url}/a", "query": {"q": "tea"}}),
            TaskExample(config={"response": "text"}, inputs={"url": f"{blockloom_web.url}/b"}),
            TaskExample(config={"url": "http://10.0.0.1/"}, fails="forbidden-address"),
        )

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from blockloom.testing import TaskConformance, TaskExample
from blockloom_http.task import Http


class Echo(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        data = json.dumps({"target": self.path}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


SERVER = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
URL = f"http://127.0.0.1:{SERVER.server_port}"


@pytest.fixture(autouse=True, scope="module")
def serving() -> Iterator[None]:
    thread = Thread(target=SERVER.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BLOCKLOOM_HTTP_ALLOW", "127.0.0.1")
        yield
    SERVER.shutdown()
    thread.join()
    SERVER.server_close()


class TestHttp(TaskConformance):
    task = Http
    examples = (
        TaskExample(config={"url": f"{URL}/a", "query": {"q": "tea"}}),
        TaskExample(config={"response": "text"}, inputs={"url": f"{URL}/b"}),
        TaskExample(config={"url": "http://10.0.0.1/"}, fails="forbidden-address"),
    )
    refused = (({"url": "ftp://example.com/"}, "/url"),)

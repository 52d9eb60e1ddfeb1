"""A server in a thread of its own and a client that needs no event loop: what plain tests use."""

import json
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Final

from blockloom import MemoryStore, Plugins
from blockloom.states import RUN_ENDS
from blockloom.testing import in_background
from websockets.sync.client import ClientConnection, connect

from .server import Server

PATIENCE: Final = 60.0
"""Seconds that a call may take before the test fails."""


class CallFailed(Exception):
    """An error that the server answered; `error` is it, as `{code, message, data?}`."""

    def __init__(self, method: str, error: dict[str, Any]) -> None:
        super().__init__(f"{method}: {error.get('message')} ({error.get('code')}) {error.get('data', '')}".rstrip())
        self.error = error


class Background:
    """A server with the installed plugins, on a free port of this machine, as long as its `with` lasts."""

    def __init__(self) -> None:
        self._server = Server(Plugins.load(), MemoryStore(), port=0)
        self._open = ExitStack()

    def __enter__(self) -> "Background":
        self._open.enter_context(in_background(self._server))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._server.port

    @property
    def url(self) -> str:
        """Where its WebSocket is."""
        return f"ws://127.0.0.1:{self.port}/ws"


class Caller:
    """A client of a server: each call waits for its answer."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._calls = 0
        self._open = ExitStack()
        self.notices: list[dict[str, Any]] = []
        """The events that have come while answers were waited for."""

    def __enter__(self) -> "Caller":
        self._socket: ClientConnection = self._open.enter_context(connect(self._url, proxy=None, max_size=None))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of a method; raises CallFailed."""
        self._calls += 1
        self._socket.send(json.dumps({"jsonrpc": "2.0", "id": self._calls, "method": method, "params": params}))
        while (told := self._next()).get("id") != self._calls:
            self.notices.append(told["params"])
        if "error" in told:
            raise CallFailed(method, told["error"])
        result: dict[str, Any] = told["result"]
        return result

    def run(self, graph: dict[str, Any], inputs: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run a graph to its end; the finished run, as `run.get` tells it."""
        run = self.call("run.start", graph=graph, inputs=inputs or {})["run"]
        self.call("subscribe", run=run, after=0)
        ends = {f"run.{state.value.lower()}" for state in RUN_ENDS}
        while not any(notice["run"] == run and notice["type"] in ends for notice in self.notices):
            self.notices.append(self._next()["params"])
        return self.call("run.get", run=run)

    def wait_for(self, type: str) -> dict[str, Any]:
        """The first event of a type that comes from now on, of those subscribed to."""
        notice: dict[str, Any]
        while (notice := self._next()["params"])["type"] != type:
            self.notices.append(notice)
        return notice

    def _next(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self._socket.recv(timeout=PATIENCE))
        return told

"""What the server answers to plain HTTP: the page, and how it does."""

import base64
import hashlib
import http
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from email.utils import formatdate
from functools import cache
from html import escape
from importlib.resources import files
from string import Template
from typing import Final

from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from .gate import Gate, same_token
from .hub import Hub
from .metrics import CONTENT_TYPE
from .version import NAME, PROTOCOL, VERSION

SOCKET_PATH: Final = "/ws"

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_TEXT: Final = "text/plain; charset=utf-8"


class Site:
    """Answers every request that does not become a WebSocket."""

    def __init__(self, hub: Hub, gate: Gate, token: str | None = None, scheme: str = "ws") -> None:
        self._hub = hub
        self._gate = gate
        self._token = token
        self._scheme = scheme
        self._pages: Mapping[str, Callable[[Request, str], Awaitable[Response]]] = {
            "/": self._page,
            "/health": self._health,
            "/metrics": self._metrics,
        }

    async def answer(self, request: Request) -> Response | None:
        """The response; None where the request may become a WebSocket."""
        hosts = request.headers.get_all("Host")
        if not self._gate.host_fits(hosts):
            known = len(hosts) == 1
            return reply(
                403 if known else 400, "This is not the host that you named.\n" if known else "Name one host.\n"
            )
        if not self._gate.origin_fits(request.headers.get_all("Origin"), hosts[0]):
            return reply(403, "Pages from there may not talk to this server.\n")
        response = await self._response(request, hosts[0])
        if response is not None and request.method == "HEAD":
            response.body = b""
        return response

    async def _response(self, request: Request, host: str) -> Response | None:
        path = request.path.partition("?")[0]
        if request.method not in ("GET", "HEAD"):
            return not_allowed()
        if path == SOCKET_PATH:
            return self._socket(request)
        page = self._pages.get(path)
        return (
            await page(request, host) if page else reply(404, f"Nothing is here; the WebSocket is at {SOCKET_PATH}.\n")
        )

    def _socket(self, request: Request) -> Response | None:
        if request.method != "GET":
            return not_allowed("GET")
        if not any("websocket" in value.lower() for value in request.headers.get_all("Upgrade")):
            return reply(426, "This is a WebSocket: it takes a WebSocket client.\n", more={"Upgrade": "websocket"})
        return None

    async def _page(self, request: Request, host: str) -> Response:
        template, policy = _template()
        counts = self._hub.counts()
        facts = {f"count_{kind}": str(counts.get(kind, 0)) for kind in ("block", "task", "trigger")}
        address = f"{self._scheme}://{host}{SOCKET_PATH}"
        text = template.substitute(facts, version=escape(VERSION), address=escape(address))
        return reply(200, text, "text/html; charset=utf-8", {"Content-Security-Policy": policy})

    async def _health(self, request: Request, host: str) -> Response:
        """How it does: 200 where it takes runs, 503 where it is about to stop or its store does not answer."""
        why = await self._hub.unready()
        health = {
            "status": "ok" if why is None else why,
            "ready": why is None,
            "server": NAME,
            "version": VERSION,
            "protocol": PROTOCOL,
            "runs": len(self._hub.engine.live),
        }
        return reply(200 if why is None else 503, json.dumps(health) + "\n", "application/json")

    async def _metrics(self, request: Request, host: str) -> Response:
        """The figures for Prometheus; where there is a token, only for who shows it."""
        if self._token is not None:
            shown = [value.removeprefix("Bearer ") for value in request.headers.get_all("Authorization")]
            if len(shown) != 1 or not same_token(shown[0], self._token):
                return reply(401, "This needs the server's token.\n", more={"WWW-Authenticate": "Bearer"})
        return reply(200, self._hub.metrics.text(), CONTENT_TYPE)


def reply(status: int, text: str, type: str = _TEXT, more: Mapping[str, str] | None = None) -> Response:
    """A response with the headers that all of them have."""
    body = text.encode()
    about = {"Date": formatdate(usegmt=True), "Connection": "close"}
    about |= {"Content-Type": type, "Content-Length": str(len(body))}
    headers = Headers({**about, **_HEADERS, **(more or {})})
    return Response(status, http.HTTPStatus(status).phrase, headers, body)


def not_allowed(allowed: str = "GET, HEAD") -> Response:
    """The response to a method that there is not."""
    return reply(405, f"Only {allowed} is answered here.\n", more={"Allow": allowed})


@cache
def _template() -> tuple[Template, str]:
    """The page, and the policy that lets its own style through and nothing else."""
    text = files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    return Template(text), (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )

"""What the server answers to plain HTTP: the page, and how it does."""

import base64
import hashlib
import http
import json
import re
from collections.abc import Callable, Mapping
from email.utils import formatdate
from functools import cache
from html import escape
from importlib.resources import files
from string import Template
from typing import Final

from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from .gate import Gate
from .hub import Hub
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

    def __init__(self, hub: Hub, gate: Gate) -> None:
        self._hub = hub
        self._gate = gate
        self._pages: Mapping[str, Callable[[str], Response]] = {"/": self._page, "/health": self._health}

    def answer(self, request: Request) -> Response | None:
        """The response; None where the request may become a WebSocket."""
        hosts = request.headers.get_all("Host")
        if not self._gate.host_fits(hosts):
            known = len(hosts) == 1
            return reply(
                403 if known else 400, "This is not the host that you named.\n" if known else "Name one host.\n"
            )
        if not self._gate.origin_fits(request.headers.get_all("Origin"), hosts[0]):
            return reply(403, "Pages from there may not talk to this server.\n")
        response = self._response(request, hosts[0])
        if response is not None and request.method == "HEAD":
            response.body = b""
        return response

    def _response(self, request: Request, host: str) -> Response | None:
        path = request.path.partition("?")[0]
        if request.method not in ("GET", "HEAD"):
            return not_allowed()
        if path == SOCKET_PATH:
            return self._socket(request)
        page = self._pages.get(path)
        return page(host) if page else reply(404, f"Nothing is here; the WebSocket is at {SOCKET_PATH}.\n")

    def _socket(self, request: Request) -> Response | None:
        if request.method != "GET":
            return not_allowed("GET")
        if not any("websocket" in value.lower() for value in request.headers.get_all("Upgrade")):
            return reply(426, "This is a WebSocket: it takes a WebSocket client.\n", more={"Upgrade": "websocket"})
        return None

    def _page(self, host: str) -> Response:
        template, policy = _template()
        counts = self._hub.counts()
        facts = {f"count_{kind}": str(counts.get(kind, 0)) for kind in ("block", "task", "trigger")}
        text = template.substitute(facts, version=escape(VERSION), address=escape(f"ws://{host}{SOCKET_PATH}"))
        return reply(200, text, "text/html; charset=utf-8", {"Content-Security-Policy": policy})

    def _health(self, host: str) -> Response:
        health = {
            "status": "ok",
            "server": NAME,
            "version": VERSION,
            "protocol": PROTOCOL,
            "runs": len(self._hub.engine.live),
        }
        return reply(200, json.dumps(health) + "\n", "application/json")


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

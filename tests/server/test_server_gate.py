"""Who may come in: hosts, origins, tokens, paths, and plain HTTP."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest
from blockloom_server.gate import Gate, is_loopback, is_wildcard
from blockloom_server.limits import Limits
from blockloom_server.remote import Refused, session
from blockloom_server.server import Server
from blockloom_server.testing import serving, socket_of
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

OWN_HOSTS: Final = ["localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:8765", "127.9.9.9", "[::1]", "[::1]:80"]
FOREIGN_HOSTS: Final = [
    *("evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil.example:8765", "localhost:99999"),
    *("", " ", "localhost:", "localhost:x", "127.1", "2130706433", "0x7f.1", "[::2]", "[localhost]", "user@localhost"),
    *("localhost/", "localhost,localhost", "192.168.1.5", "0.0.0.0", "ｌocalhost"),
]
OWN_ORIGINS: Final = ["http://localhost:8765", "https://127.0.0.1:8765", "http://[::1]:8765", "http://LOCALHOST:8765"]
FOREIGN_ORIGINS: Final = [
    *("null", "http://evil.example", "https://evil.example:8765", "http://localhost.evil.example", "file://"),
    *("http://127.0.0.1.evil.example", "http://evil.example/localhost", "http://localhost@evil.example"),
    *("http://evil.example#localhost", "http://user@localhost", "localhost", "//localhost", "ftp://localhost"),
    *("http://", "http://localhost evil", "chrome-extension://abcdef", "", "http://localhost:123456"),
    *("http://localhost", "http://localhost:5173", "http://127.0.0.1:80", "http://localhost:08765"),
]


@pytest.mark.parametrize("host", OWN_HOSTS)
def test_the_names_of_this_machine_are_its_own(host: str) -> None:
    assert Gate("127.0.0.1").host_fits([host])


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_other_names_are_not(host: str) -> None:
    assert not Gate("127.0.0.1").host_fits([host])


@pytest.mark.parametrize("origin", OWN_ORIGINS)
def test_its_own_pages_may_talk(origin: str) -> None:
    assert Gate("127.0.0.1").origin_fits([origin], "localhost:8765")


@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
def test_other_pages_may_not(origin: str) -> None:
    assert not Gate("127.0.0.1").origin_fits([origin], "localhost:8765")
    assert not Gate("0.0.0.0").origin_fits([origin], "server.example:8765")


def test_one_host_at_most_one_origin() -> None:
    gate = Gate("127.0.0.1")
    assert not gate.host_fits([])
    assert not gate.host_fits(["localhost", "localhost"])
    assert gate.origin_fits([], "localhost")
    assert not gate.origin_fits(["http://localhost", "http://localhost"], "localhost")


def test_the_bound_name_fits_and_on_all_addresses_a_page_must_be_the_servers_own() -> None:
    assert Gate("Server.example").host_fits(["server.example:8765"])
    assert Gate("server.example").origin_fits(["https://server.example"], "server.example")
    assert not Gate("server.example").host_fits(["other.example"])
    for everywhere in ("0.0.0.0", "::", ""):
        assert Gate(everywhere).host_fits(["other.example:8765"])
        assert Gate(everywhere).origin_fits(["http://Other.example:8765"], "other.example:8765")
        assert not Gate(everywhere).origin_fits(["http://other.example:99"], "other.example:8765")


def test_more_names_and_pages_may_be_allowed() -> None:
    gate = Gate("127.0.0.1", ["Flows.example"], ["http://localhost:5173", "https://Desk.example/"])
    assert gate.host_fits(["flows.example"])
    assert gate.origin_fits(["https://flows.example"], "flows.example")
    assert gate.origin_fits(["http://localhost:5173"], "127.0.0.1:8765")
    assert gate.origin_fits(["https://desk.example"], "flows.example")
    assert not gate.origin_fits(["https://desk.example:444"], "flows.example")
    assert not gate.host_fits(["desk.example"])


def test_loopback_and_wildcard() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "::1", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "10.0.0.1", "a.example", "")))
    assert all(map(is_wildcard, ("0.0.0.0", "::", "")))
    assert not any(map(is_wildcard, ("127.0.0.1", "localhost")))


async def http(server: Server, request: str) -> tuple[int, dict[str, str], str]:
    """What the server answers to a request as it stands: the status, the headers in small letters, the body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request.replace("\n", "\r\n").encode())
    answer = (await asyncio.wait_for(reader.read(), 10)).decode()
    writer.close()
    head, _, body = answer.partition("\r\n\r\n")
    status, *lines = head.split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(status.split()[1]), headers, body


def served(ask: Callable[[Server], Awaitable[Any]], **settings: Any) -> Any:
    async def go() -> Any:
        async with serving(**settings) as server:
            return await ask(server)

    return asyncio.run(go())


REQUESTS: Final = [
    ("GET / HTTP/1.1\nHost: localhost\n\n", 200),
    ("GET /?a=b HTTP/1.1\nHost: localhost\n\n", 200),
    ("GET / HTTP/1.0\nHost: localhost\n\n", 200),
    ("HEAD / HTTP/1.1\nHost: localhost\n\n", 200),
    ("GET /health HTTP/1.1\nHost: localhost\n\n", 200),
    ("GET /health HTTP/1.1\nHost: localhost:1\nOrigin: http://localhost:1\n\n", 200),
    ("GET /ws HTTP/1.1\nHost: localhost\n\n", 426),
    ("HEAD /ws HTTP/1.1\nHost: localhost\n\n", 405),
    ("GET /nothing HTTP/1.1\nHost: localhost\n\n", 404),
    ("GET //health HTTP/1.1\nHost: localhost\n\n", 404),
    ("GET /health/ HTTP/1.1\nHost: localhost\n\n", 404),
    ("GET /../page.html HTTP/1.1\nHost: localhost\n\n", 404),
    ("HEAD /nothing HTTP/1.1\nHost: localhost\n\n", 404),
    ("POST / HTTP/1.1\nHost: localhost\n\n", 405),
    ("POST /ws HTTP/1.1\nHost: localhost\nContent-Length: 2\n\n{}", 405),
    ("PUT /health HTTP/1.1\nHost: localhost\nTransfer-Encoding: chunked\n\n0\n\n", 405),
    ("DELETE /nothing HTTP/1.1\nHost: localhost\n\n", 405),
    ("OPTIONS * HTTP/1.1\nHost: localhost\n\n", 405),
    ("GET / HTTP/1.1\n\n", 400),
    ("GET / HTTP/1.1\nHost: localhost\nHost: localhost\n\n", 400),
    ("GET / HTTP/1.1\nHost: evil.example\n\n", 403),
    ("GET /health HTTP/1.1\nHost: localhost\nOrigin: http://evil.example\n\n", 403),
]


@pytest.mark.parametrize(("request_", "status"), REQUESTS)
def test_plain_http(request_: str, status: int) -> None:
    told, headers, body = served(lambda server: http(server, request_))
    assert told == status
    assert not request_.startswith("HEAD") or not body
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "unsafe" not in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert (status == 405) == ("allow" in headers)


def test_head_tells_what_get_would() -> None:
    async def both(server: Server) -> Any:
        get = await http(server, "GET / HTTP/1.1\nHost: localhost\n\n")
        return get, await http(server, "HEAD / HTTP/1.1\nHost: localhost\n\n")

    (_, told, body), (_, same, nothing) = served(both)
    assert nothing == ""
    assert told["content-length"] == same["content-length"] == str(len(body.encode()))


def test_the_page_speaks_both_languages_and_says_where_the_socket_is() -> None:
    _, headers, page = served(lambda server: http(server, "GET / HTTP/1.1\nHost: localhost:1234\n\n"))
    assert "ws://localhost:1234/ws" in page
    assert "The server runs" in page
    assert "服务器正在运行" in page
    assert 'href="/health"' in page
    assert "$" not in page
    assert "<script" not in page
    assert headers["content-type"] == "text/html; charset=utf-8"


def test_health_is_json() -> None:
    _, headers, body = served(lambda server: http(server, "GET /health HTTP/1.1\nHost: localhost\n\n"))
    assert headers["content-type"] == "application/json"
    assert json.loads(body)["status"] == "ok"


async def handshake(server: Server, path: str = "/ws", **headers: Any) -> int:
    """The status of a handshake; 101 where it succeeds."""
    address = f"ws://127.0.0.1:{server.port}{path}"
    try:
        async with connect(address, proxy=None, **headers):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({}, 101),
        ({"path": "/ws?a=b"}, 101),
        ({"path": "/"}, 200),
        ({"path": "/health"}, 200),
        ({"path": "/ws/"}, 404),
        ({"path": "/WS"}, 404),
        ({"path": "/socket"}, 404),
        ({"origin": Origin("http://localhost:3000")}, 403),
        ({"origin": Origin("http://evil.example")}, 403),
        ({"origin": Origin("null")}, 403),
        ({"additional_headers": {"Host": "evil.example"}}, 400),
        ({"subprotocols": [Subprotocol("blockloom.v1")]}, 101),
        ({"subprotocols": [Subprotocol("other"), Subprotocol("blockloom.v1")]}, 101),
        ({"subprotocols": [Subprotocol("other")]}, 101),
    ],
)
def test_handshakes(settings: dict[str, Any], status: int) -> None:
    assert served(lambda server: handshake(server, **settings)) == status


def test_the_subprotocol_is_offered_and_not_demanded() -> None:
    async def chosen(server: Server) -> list[Any]:
        found = []
        for offered in ([Subprotocol("blockloom.v1")], [Subprotocol("other")], None):
            async with connect(socket_of(server), subprotocols=offered, proxy=None) as socket:
                found.append(socket.subprotocol)
        return found

    assert served(chosen) == ["blockloom.v1", None, None]


def test_too_many_clients_are_sent_away() -> None:
    async def ask(server: Server) -> tuple[int, int]:
        async with session(socket_of(server)), session(socket_of(server)):
            return await handshake(server), (await http(server, "GET /health HTTP/1.1\nHost: localhost\n\n"))[0]

    assert served(ask, limits=Limits(clients=2)) == (503, 200)


# Tokens


def test_the_right_token_opens_the_session() -> None:
    async def ask(server: Server) -> Any:
        async with session(socket_of(server), "sesam öffne dich") as remote:
            return await remote.call("workflow.list")

    assert served(ask, token="sesam öffne dich") == {"workflows": []}


@pytest.mark.parametrize(
    "token", ["", "wrong", "sesa", "sesamm", "Sesam", "ﬁ", "\ud83d\ude00", 5, None, True, ["sesam"], {}]
)
def test_a_wrong_token_is_told_so_and_closed(token: Any) -> None:
    async def ask(server: Server) -> tuple[Any, Any]:
        async with connect(socket_of(server), proxy=None) as socket:
            params = {"protocol": 1, "token": token}
            await socket.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "session.hello", "params": params}))
            answer = json.loads(await socket.recv())
            with pytest.raises(ConnectionClosed) as caught:
                await socket.recv()
            return answer["error"], caught.value.rcvd

    error, closed = served(ask, token="sesam")
    assert error == {"code": -32001, "message": "This server wants its token in session.hello."}
    assert (closed.code, closed.reason) == (4401, "unauthorized")


def test_before_hello_every_call_is_refused_and_the_connection_lives() -> None:
    async def ask(server: Server) -> Any:
        async with connect(socket_of(server), proxy=None) as socket:
            codes = []
            for method in ("session.ping", "rpc.discover", "workflow.list", "nope"):
                await socket.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method}))
                codes.append(json.loads(await socket.recv())["error"]["code"])
            await socket.send("no json")
            codes.append(json.loads(await socket.recv())["error"]["code"])
            hello = {"method": "session.hello", "params": {"protocol": 1, "token": "sesam"}}
            await socket.send(json.dumps({"jsonrpc": "2.0", "id": 1, **hello}))
            return codes, json.loads(await socket.recv())["result"]["protocol"]

    assert served(ask, token="sesam") == ([-32001, -32001, -32001, -32001, -32700], 1)


def test_whoever_says_no_hello_is_closed() -> None:
    async def ask(server: Server) -> Any:
        async with connect(socket_of(server), proxy=None) as socket:
            with pytest.raises(ConnectionClosed) as caught:
                await socket.recv()
            return caught.value.rcvd and caught.value.rcvd.code

    assert served(ask, token="sesam", limits=Limits(hello=0.05)) == 4401


def test_without_a_token_hello_is_not_needed_and_any_token_will_do() -> None:
    async def ask(server: Server) -> Any:
        async with connect(socket_of(server), proxy=None) as socket:
            await socket.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "session.ping"}))
            assert "result" in json.loads(await socket.recv())
        async with session(socket_of(server), "any") as remote:
            with pytest.raises(Refused):
                await remote.call("session.hello", protocol=1, token=5)
            return await remote.call("session.ping")

    assert served(ask) == {}

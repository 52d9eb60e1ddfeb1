"""No call is led to this machine or into a private network: not by address, name or redirect, nor by a second look."""

import asyncio
import socket
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, Final

import pytest
from blockloom import RunView
from blockloom.testing import Answer, Reply, ScriptedServer, engine_with
from blockloom_http.addresses import is_outside, read_exemptions

Known = dict[str, list[list[str]]]
"""For each name, what it means the first time it is asked for, the second time, and so on."""


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Known:
    """Names that mean what a test says."""
    known: Known = {}
    real = socket.getaddrinfo

    def look_up(host: Any, port: Any, *more: Any, **named: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name not in known:
            return real(host, port, *more, **named)
        meanings = known[name]
        addresses = meanings.pop(0) if len(meanings) > 1 else meanings[0]
        families = [socket.AF_INET6 if ":" in address else socket.AF_INET for address in addresses]
        return [(f, socket.SOCK_STREAM, 6, "", (a, port)) for f, a in zip(families, addresses, strict=True)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


def run(url: str | Callable[[ScriptedServer], str], *answers: Answer, **config: Any) -> tuple[RunView, ScriptedServer]:
    async def go() -> tuple[RunView, ScriptedServer]:
        async with ScriptedServer(*(answers or [Reply(body="inside")])) as server, engine_with() as engine:
            address = url if isinstance(url, str) else url(server)
            http = {"id": "http", "type": "http", "config": {"url": address, "timeout": "5s", **config}}
            return await (await engine.start({"blockloom": 1, "tasks": [http]})).wait(), server

    return asyncio.run(asyncio.wait_for(go(), 20))


def refused(run: RunView) -> bool:
    return (run.error or {}).get("type") == "forbidden-address"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0", "[::1]", "[::]",
        "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "127.0.0.1.", "LOCALHOST", "１２７.0.0.1",
    ],
)  # fmt: skip
def test_the_machine_itself_is_not_called(host: str) -> None:
    finished, server = run(lambda server: f"http://{host}:{server.port}/")
    assert finished.state == "FAILED"
    assert (finished.error or {})["type"] in ("forbidden-address", "unreachable", "bad-request")
    assert not server.asked


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/", "http://[fe80::1]/", "http://10.0.0.1/", "http://192.168.1.1:8080/",
        "https://172.16.0.1/", "http://100.64.0.1/", "http://[fd00::1]/", "http://[::ffff:10.0.0.1]/",
        "http://[64:ff9b::a9fe:a9fe]/", "http://[2002:7f00:1::]/", "http://224.0.0.1/", "http://255.255.255.255/",
        "http://198.18.0.1/", "http://[ff02::1]/", "http://[fec0::1]/",
    ],
)  # fmt: skip
def test_private_networks_are_not_called(url: str) -> None:
    finished, _ = run(url)
    assert refused(finished)
    assert "BLOCKLOOM_HTTP_ALLOW" in (finished.error or {})["message"]
    assert [event.type for event in finished.events].count("task.started") == 1


def test_a_name_that_leads_inside_is_not_called(names: Known) -> None:
    for address in ("127.0.0.1", "169.254.169.254", "::1", "fe80::1%lo"):
        names["inside.example"] = [[address]]
        finished, server = run(lambda server: f"http://inside.example:{server.port}/")
        assert refused(finished)
        assert not server.asked


def test_a_name_that_leads_outside_and_inside_is_not_called(names: Known) -> None:
    names["both.example"] = [["93.184.215.14", "127.0.0.1"]]
    finished, server = run(lambda server: f"http://both.example:{server.port}/")
    assert refused(finished)
    assert not server.asked


def test_a_name_is_not_looked_up_a_second_time(names: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that means something outside when it is checked cannot mean this machine when it is called."""
    monkeypatch.setenv("BLOCKLOOM_HTTP_ALLOW", "127.0.0.2")
    names["turns.example"] = [["127.0.0.2"], ["127.0.0.1"]]
    finished, server = run(lambda server: f"http://turns.example:{server.port}/", timeout="1s")
    assert finished.state == "FAILED"
    assert not server.asked


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_inside_is_not_followed(status: int, names: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLOCKLOOM_HTTP_ALLOW", "127.0.0.1")
    names["inside.example"] = [["127.0.0.2"]]
    for target in ("http://169.254.169.254/latest/", "http://inside.example/", "http://127.0.0.2:1/", "//[::1]/"):
        finished, server = run(lambda server: server.url, Reply(status=status, headers={"location": target}))
        assert refused(finished), target
        assert len(server.asked) == 1


def test_a_redirect_to_something_else_than_http_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLOCKLOOM_HTTP_ALLOW", "127.0.0.1")
    finished, _ = run(lambda server: server.url, Reply(status=302, headers={"location": "file:///etc/passwd"}))
    assert (finished.error or {})["type"] == "bad-request"


def test_redirects_are_followed_as_far_as_they_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLOCKLOOM_HTTP_ALLOW", "127.0.0.1")
    steps = [Reply(status=302, headers={"location": f"/{i}"}) for i in range(2)]
    finished, server = run(lambda server: server.url, *steps, Reply(body="there"))
    assert (finished.tasks["http"].outputs or {})["body"] == "there"
    assert [asked.target for asked in server.asked] == ["/", "/0", "/1"]
    finished, server = run(lambda server: server.url, *steps, Reply(body="there"), redirects=1)
    assert (finished.error or {})["type"] == "too-many-redirects"
    finished, server = run(lambda server: server.url, *steps, redirects=0, expect=[302])
    assert (finished.tasks["http"].outputs or {})["headers"]["location"] == "/0"
    assert len(server.asked) == 1


def test_another_host_is_not_told_what_is_for_the_first(names: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLOCKLOOM_HTTP_ALLOW", "127.0.0.1")
    monkeypatch.setenv("BLOCKLOOM_SECRET_TOKEN", "a-long-token")
    names["other.example"] = [["127.0.0.1"]]
    token = {"$secret": "token"}

    def away(asked: Any) -> Reply:
        host, _, port = asked.headers["host"].partition(":")
        return (
            Reply(status=307, headers={"location": f"http://other.example:{port}/"}) if host == "127.0.0.1" else Reply()
        )

    headers = {"X-Key": token, "X-Open": "yes", "Cookie": "a=b"}
    finished, server = run(lambda server: server.url, away, headers=headers, auth={"bearer": token})
    assert finished.state == "COMPLETED"
    assert {"x-key", "authorization", "cookie"} <= server.asked[0].headers.keys()
    assert not {"x-key", "authorization", "cookie"} & server.asked[1].headers.keys()
    assert server.asked[1].headers["x-open"] == "yes"

    finished, server = run(lambda server: server.url, away, method="POST", body={"token": token})
    assert refused(finished)
    assert len(server.asked) == 1


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async def go() -> ScriptedServer:
        async with ScriptedServer(Reply()) as proxy, engine_with() as engine:
            for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
                monkeypatch.setenv(name, proxy.url)
            http = {"id": "http", "type": "http", "config": {"url": "http://10.0.0.1/"}}
            assert refused(await (await engine.start({"blockloom": 1, "tasks": [http]})).wait())
            return proxy

    assert not asyncio.run(go()).asked


# What the settings allow


@pytest.mark.parametrize(
    "allow", ["127.0.0.1", "127.0.0.0/8, ::1", "10.0.0.0/8,127.0.0.1:{port}", " [::1]:80 ,127.0.0.1"]
)
def test_what_the_settings_allow_is_called(allow: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def url(server: ScriptedServer) -> str:
        monkeypatch.setenv("BLOCKLOOM_HTTP_ALLOW", allow.format(port=server.port))
        return server.url

    assert run(url)[0].state == "COMPLETED"


@pytest.mark.parametrize("allow", ["127.0.0.2", "127.0.0.1:1", "10.0.0.0/8", "::1", ""])
def test_what_they_do_not_allow_is_not(allow: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLOCKLOOM_HTTP_ALLOW", allow)
    assert refused(run(lambda server: server.url)[0])


@pytest.mark.parametrize("allow", ["localhost", "10.0.0.0/33", "127.0.0.1:http", "*"])
def test_settings_that_cannot_be_read_allow_nothing(allow: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLOCKLOOM_HTTP_ALLOW", allow)
    finished, _ = run(lambda server: server.url)
    assert refused(finished)
    assert "cannot be read" in (finished.error or {})["message"]


OUTSIDE: Final = [
    "93.184.215.14",
    "1.1.1.1",
    "2606:4700:4700::1111",
    "::ffff:1.1.1.1",
    "64:ff9b::101:101",
    "2002:101:101::",
]


@pytest.mark.parametrize("address", OUTSIDE)
def test_the_outside_world_may_be_called(address: str) -> None:
    assert is_outside(ip_address(address))


def test_exemptions_are_read() -> None:
    found = [(str(e.network), e.port) for e in read_exemptions("10.1.2.3/8,[::1]:80, ::1,1.2.3.4:5")]
    assert found == [("10.0.0.0/8", None), ("::1/128", 80), ("::1/128", None), ("1.2.3.4/32", 5)]

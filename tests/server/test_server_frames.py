"""Broken WebSocket frames, closes and handshakes by raw sockets: each gets the documented end, and leaves no trace."""

import asyncio
import base64
import struct
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

import pytest
from blockloom_server.connection import BEYOND
from blockloom_server.limits import Limits
from blockloom_server.server import Server
from blockloom_server.testing import serving

TEXT, BINARY, CLOSE, PING, PONG, CONT = 0x1, 0x2, 0x8, 0x9, 0xA, 0x0
CALL: Final = b'{"jsonrpc":"2.0","id":1,"method":"session.ping"}'
ANSWER: Final = b'{"jsonrpc":"2.0","id":1,"result":{}}'
LIMIT: Final = 5000


def frame(opcode: int, data: bytes = b"", *, fin: bool = True, rsv: int = 0, mask: bool = True) -> bytes:
    """A frame as a client sends it, or as none may."""
    first = (0x80 if fin else 0) | (rsv << 4) | opcode
    length = len(data)
    bit = 0x80 if mask else 0
    if length < 126:
        head = bytes([first, bit | length])
    elif length < 65536:
        head = bytes([first, bit | 126]) + struct.pack("!H", length)
    else:
        head = bytes([first, bit | 127]) + struct.pack("!Q", length)
    key = b"\x01\x02\x03\x04"
    masked = bytes(byte ^ key[place % 4] for place, byte in enumerate(data)) if mask else data
    return head + (key if mask else b"") + masked


def close(code: int, reason: bytes = b"") -> bytes:
    return frame(CLOSE, struct.pack("!H", code) + reason)


class Heard(NamedTuple):
    """What a server sent over a WebSocket: its texts, its pongs, and the code of its close (None: no close frame)."""

    texts: list[bytes]
    pongs: list[bytes]
    code: int | None


def heard(data: bytes) -> Heard:
    """The frames of a server."""
    texts: list[bytes] = []
    pongs: list[bytes] = []
    code = None
    while len(data) > 1:
        opcode, length = data[0] & 0xF, data[1] & 0x7F
        start = 2
        if length == 126:
            (length,), start = struct.unpack("!H", data[2:4]), 4
        elif length == 127:
            (length,), start = struct.unpack("!Q", data[2:10]), 10
        if len(data) < start + length:
            break
        body, data = data[start : start + length], data[start + length :]
        if opcode == TEXT:
            texts.append(body)
        elif opcode == PONG:
            pongs.append(body)
        elif opcode == CLOSE:
            code = struct.unpack("!H", body[:2])[0] if body else 1005
    return Heard(texts, pongs, code)


KEY: Final = base64.b64encode(b"0123456789abcdef").decode()
HEADERS: Final = {
    "Host": "localhost",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
}


def handshake(line: str = "GET /ws HTTP/1.1", **changes: str | None) -> bytes:
    """A handshake, with headers changed, added, or taken away (None); `_` stands for `-`."""
    headers: dict[str, str | None] = {**HEADERS, **{name.replace("_", "-"): value for name, value in changes.items()}}
    lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join([line, *lines, "", ""]).encode("latin-1")


async def talk(server: Server, hello: bytes, sent: bytes = b"", texts: int = 0) -> tuple[bytes, bytes]:
    """The head of the server's answer to a request, and what it says to so many bytes after it, until it hangs up.

    The client says goodbye once so many texts have come, or the server does; it hangs up if there is nothing to send.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    head = said = b""
    try:
        writer.write(hello)
        if not sent:
            writer.write_eof()
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(sent)
        while not heard(said).code and (not texts or len(heard(said).texts) < texts):
            said += await reader.readexactly(1)
        writer.write(GOODBYE)
        return head, said + await reader.read()
    except asyncio.IncompleteReadError as nothing:
        return head, said + nothing.partial
    except ConnectionResetError:
        return head, said
    finally:
        writer.close()


async def spoken(server: Server, sent: bytes, texts: int = 0) -> Heard:
    """What the server says over a WebSocket."""
    head, rest = await asyncio.wait_for(talk(server, handshake(), sent, texts), 20)
    assert head.startswith(b"HTTP/1.1 101"), head
    return heard(rest)


GOODBYE: Final = close(1000)
BIG: Final = b'"' + b"x" * (LIMIT + BEYOND) + b'"'

# What is sent, how many texts come back, and the code of the close.
FRAMES: Final[dict[str, tuple[bytes, int, int | None]]] = {
    # good ones, in odd shapes
    "one call": (frame(TEXT, CALL), 1, 1000),
    "two calls in one packet": (frame(TEXT, CALL) * 2, 2, 1000),
    "in two fragments": (frame(TEXT, CALL[:9], fin=False) + frame(CONT, CALL[9:]), 1, 1000),
    "a fragment a byte": (
        frame(TEXT, CALL[:1], fin=False)
        + b"".join(frame(CONT, CALL[i : i + 1], fin=False) for i in range(1, len(CALL)))
        + frame(CONT),
        1,
        1000,
    ),
    "empty fragments between": (
        frame(TEXT, CALL, fin=False) + frame(CONT, fin=False) * 50 + frame(CONT),
        1,
        1000,
    ),
    "a ping between fragments": (
        frame(TEXT, CALL[:9], fin=False) + frame(PING, b"p") + frame(CONT, CALL[9:]),
        1,
        1000,
    ),
    "a pong that nobody wanted": (frame(PONG, b"hello") + frame(TEXT, CALL), 1, 1000),
    "a ping of 125 bytes": (frame(PING, b"x" * 125) + frame(TEXT, CALL), 1, 1000),
    "an empty ping": (frame(PING) + frame(TEXT, CALL), 1, 1000),
    "a length written too long": (
        b"\x81\xfe" + struct.pack("!H", len(CALL)) + frame(TEXT, CALL)[2:],
        1,
        1000,
    ),
    "a length written far too long": (
        b"\x81\xff" + struct.pack("!Q", len(CALL)) + frame(TEXT, CALL)[2:],
        1,
        1000,
    ),
    "an empty text": (frame(TEXT), 1, 1000),
    "a BOM": (frame(TEXT, b"\xef\xbb\xbf" + CALL), 1, 1000),
    # broken frames: 1002
    "not masked": (frame(TEXT, CALL, mask=False), 0, 1002),
    "a ping not masked": (frame(PING, b"x", mask=False), 0, 1002),
    "a close not masked": (frame(CLOSE, b"\x03\xe8", mask=False), 0, 1002),
    **{f"reserved bit {bit}": (frame(TEXT, CALL, rsv=bit), 0, 1002) for bit in (1, 2, 3, 4, 7)},
    **{f"opcode {code:x}": (frame(code, CALL), 0, 1002) for code in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    **{f"opcode {code:x} empty": (frame(code), 0, 1002) for code in (3, 7, 11, 15)},
    "a continuation of nothing": (frame(CONT, CALL), 0, 1002),
    "an unfinished continuation of nothing": (frame(CONT, CALL, fin=False), 0, 1002),
    "a text within a text": (frame(TEXT, b"{", fin=False) + frame(TEXT, CALL), 0, 1002),
    "a binary within a text": (frame(TEXT, b"{", fin=False) + frame(BINARY, CALL), 0, 1002),
    "a ping in two fragments": (frame(PING, b"x", fin=False), 0, 1002),
    "a pong in two fragments": (frame(PONG, b"x", fin=False), 0, 1002),
    "a close in two fragments": (frame(CLOSE, b"\x03\xe8", fin=False), 0, 1002),
    "a ping of 126 bytes": (frame(PING, b"x" * 126), 0, 1002),
    "a pong of 126 bytes": (frame(PONG, b"x" * 126), 0, 1002),
    "a close of 126 bytes": (frame(CLOSE, b"\x03\xe8" + b"x" * 124), 0, 1002),
    "a length with its highest bit": (b"\x81\xff\xff" + b"\x00" * 7 + b"\x01\x02\x03\x04", 0, 1009),
    # closes
    "a close without a code": (frame(CLOSE), 0, 1005),
    "a close of one byte": (frame(CLOSE, b"\x03"), 0, 1002),
    **{f"close {code}": (close(code), 0, code) for code in (1000, 1001, 1002, 1003, 1007, 1008, 1011, 3000, 4999)},
    **{f"close {code}": (close(code), 0, 1002) for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535)},
    "a close with a reason": (close(1000, "再见".encode()), 0, 1000),
    "a close with a reason that is no UTF-8": (close(1000, b"\xff"), 0, 1007),
    "a call after the close": (GOODBYE + frame(TEXT, CALL), 0, 1000),
    "two closes": (GOODBYE * 2, 0, 1000),
    # texts that are no texts: 1007
    **{
        f"no UTF-8: {bad.hex()}": (frame(TEXT, b'"' + bad + b'"'), 0, 1007)
        for bad in (
            b"\xff",
            b"\xfe",
            b"\x80",
            b"\xc0\xaf",
            b"\xe0\x80\xaf",
            b"\xed\xa0\x80",
            b"\xf4\x90\x80\x80",
            b"\xc3",
        )
    },
    "no UTF-8 across fragments": (frame(TEXT, b'"\xc3', fin=False) + frame(CONT, b'("'), 0, 1007),
    # what is not taken
    "a binary": (frame(BINARY, CALL), 1, 1000),
    "an empty binary": (frame(BINARY), 1, 1000),
    "a binary in fragments": (frame(BINARY, b"a", fin=False) + frame(CONT, b"b"), 1, 1000),
    "too large": (frame(TEXT, BIG), 0, 1009),
    "too large in fragments": (frame(TEXT, BIG[:2600], fin=False) + frame(CONT, BIG[2600:]), 0, 1009),
    "too large by its length alone": (frame(TEXT, BIG)[:14], 0, 1009),
    "a call, then nonsense": (frame(TEXT, CALL) + b"\xf3\x80", 0, 1002),
    "HTTP after the handshake": (b"GET /ws HTTP/1.1\r\n\r\n", 0, 1002),
    "noise": (bytes(range(256)), 0, 1002),
}


def test_every_frame_ends_as_it_should(caplog: pytest.LogCaptureFixture) -> None:
    async def ask(server: Server) -> dict[str, Any]:
        wrong = {}
        for name, (sent, texts, code) in FRAMES.items():
            told = await spoken(server, sent, texts)
            if (len(told.texts), told.code) != (texts, code):
                wrong[name] = told
        return wrong

    assert served(ask, limits=Limits(message=LIMIT)) == {}
    assert noise(caplog) == []


def test_pongs_say_what_the_pings_said() -> None:
    sent = frame(PING, b"a") + frame(PING, b"\xff\x00") + frame(PING) + GOODBYE
    assert served(lambda server: spoken(server, sent)).pongs == [b"a", b"\xff\x00", b""]


CUT: Final = [
    (b"", b""),
    (handshake()[:40], b""),
    (handshake(), b""),
    (handshake(), b"\x81"),
    (handshake(), b"\x81\xfe\x00"),
    (handshake(), frame(TEXT, CALL)[:4]),
    (handshake(), frame(TEXT, CALL)[:-3]),
    (handshake(), frame(TEXT, CALL, fin=False)),
]


def test_whoever_hangs_up_anywhere_is_let_go(caplog: pytest.LogCaptureFixture) -> None:
    async def ask(server: Server) -> bytes:
        for hello, sent in CUT:
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(hello)
            writer.write(sent)
            await writer.drain()
            writer.close()
        (answer,) = (await spoken(server, frame(TEXT, CALL), 1)).texts
        return answer

    assert served(ask) == ANSWER
    assert noise(caplog) == []


# The raw request, and the status of the answer.
HANDSHAKES: Final[dict[str, tuple[bytes, int]]] = {
    "a good one": (handshake(), 101),
    "a good one of another case": (handshake(Upgrade="WebSocket", Connection="keep-alive, upgrade"), 101),
    "a compression that is not used": (handshake(Sec_WebSocket_Extensions="permessage-deflate"), 101),
    "an unknown extension": (handshake(Sec_WebSocket_Extensions="x-unknown; a=1"), 101),
    "an unknown subprotocol": (handshake(Sec_WebSocket_Protocol="chat"), 101),
    "a header of 8000 bytes": (handshake(X="x" * 8000), 101),
    "no Host": (handshake(Host=None), 400),
    "an empty Host": (handshake(Host=""), 403),
    "a foreign Host": (handshake(Host="evil.example"), 403),
    "a look-alike Host": (handshake(Host="localhost.evil.example"), 403),
    "a Host with a user": (handshake(Host="me@localhost"), 403),
    "a foreign Origin": (handshake(Origin="https://evil.example"), 403),
    "the Origin null": (handshake(Origin="null"), 403),
    "a look-alike Origin": (handshake(Origin="http://localhost.evil.example"), 403),
    "an Origin of another port": (handshake(Origin="http://localhost:1"), 403),
    "no Upgrade": (handshake(Upgrade=None), 426),
    "another Upgrade": (handshake(Upgrade="h2c"), 426),
    "no Connection": (handshake(Connection=None), 426),
    "another Connection": (handshake(Connection="close"), 426),
    "no key": (handshake(Sec_WebSocket_Key=None), 400),
    "an empty key": (handshake(Sec_WebSocket_Key=""), 400),
    "a short key": (handshake(Sec_WebSocket_Key="c2hvcnQ="), 400),
    "a key that is no base64": (handshake(Sec_WebSocket_Key="!!!!"), 400),
    "no version": (handshake(Sec_WebSocket_Version=None), 400),
    "an old version": (handshake(Sec_WebSocket_Version="8"), 400),
    "a version that is none": (handshake(Sec_WebSocket_Version="thirteen"), 400),
    "a broken extension": (handshake(Sec_WebSocket_Extensions=";;;"), 101),
    "a broken subprotocol": (handshake(Sec_WebSocket_Protocol="a b"), 400),
    "HTTP/1.0": (handshake("GET /ws HTTP/1.0"), 505),
    "HTTP/2": (handshake("GET /ws HTTP/2.0"), 400),
    "no version of HTTP": (handshake("GET /ws"), 400),
    "POST": (handshake("POST /ws HTTP/1.1"), 405),
    "CONNECT": (handshake("CONNECT localhost:1 HTTP/1.1"), 405),
    "another path": (handshake("GET /wss HTTP/1.1"), 404),
    "a path that climbs": (handshake("GET /../ws HTTP/1.1"), 404),
    "a coded path": (handshake("GET /%77s HTTP/1.1"), 404),
    "a whole address": (handshake("GET http://localhost/ws HTTP/1.1"), 404),
    "a header of 9000 bytes": (handshake(X="x" * 9000), 431),
    "a path of 9000 bytes": (handshake("GET /" + "x" * 9000 + " HTTP/1.1"), 414),
    "200 headers": (handshake(**{f"X{number}": "x" for number in range(200)}), 431),
    "a folded header": (handshake(X="a\r\n b"), 400),
    "a header without a colon": (handshake(X="a\r\nnonsense"), 400),
    "a NUL in a header": (handshake(X="a\x00b"), 400),
    "a CR in a header": (handshake(X="a\rb"), 400),
    "a space before a colon": (handshake(**{"X ": "a"}), 400),
    "a body": (handshake(Content_Length="5") + b"hello", 400),
    "a chunked body": (handshake(Transfer_Encoding="chunked") + b"0\r\n\r\n", 400),
    "not HTTP": (b"hello\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 40 + b"\r\n\r\n", 400),
    "noise": (bytes(range(128, 256)) * 4 + b"\r\n\r\n", 400),
    "bare line feeds": (handshake().replace(b"\r\n", b"\n"), 400),
}


async def status_of(server: Server, sent: bytes) -> int | None:
    """The status of the answer; None where there is none."""
    head, _ = await asyncio.wait_for(talk(server, sent, GOODBYE), 20)
    return int(head.split()[1]) if head else None


def test_every_handshake_is_answered_as_it_should(caplog: pytest.LogCaptureFixture) -> None:
    async def ask(server: Server) -> dict[str, Any]:
        found = {name: await status_of(server, sent) for name, (sent, _) in HANDSHAKES.items()}
        return {name: told for name, told in found.items() if told != HANDSHAKES[name][1]}

    assert served(ask) == {}
    assert noise(caplog) == []


def noise(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What stands in the log that only a mistake of the server's own may put there."""
    return [record.getMessage() for record in caplog.records if record.levelname in ("WARNING", "ERROR")]


def served(ask: Callable[[Server], Awaitable[Any]], **settings: Any) -> Any:
    """What comes of asking a server."""

    async def go() -> Any:
        async with serving(**settings) as server:
            return await asyncio.wait_for(ask(server), 30)

    return asyncio.run(go())

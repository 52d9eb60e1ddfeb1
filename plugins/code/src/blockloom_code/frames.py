"""Messages on a byte stream: four bytes of length, one byte of kind, the body. Nothing is ever unpickled."""

import json
import struct
from collections.abc import Iterator, Mapping
from typing import Any, Final

_HEAD: Final = struct.Struct("!IB")

READY: Final = b"r"
"""Zygote to host: it is warm; the body lists its layers."""
JOB: Final = b"j"
"""Host to zygote: evaluate this."""
KILL: Final = b"k"
"""Host to zygote: end the job that runs."""
DATA: Final = b"d"
"""Zygote to host: bytes that a job wrote, as they are."""
END: Final = b"e"
"""Zygote to host: the job is gone; the body says how."""
LINE: Final = b"l"
"""Job to host: printed text."""
VALUE: Final = b"v"
"""Job to host: the result."""
FAILURE: Final = b"f"
"""Job to host: what went wrong."""


class TooLong(Exception):
    """A message, or a stream of them, beyond its limit."""


def pack(kind: bytes, body: bytes = b"") -> bytes:
    """One message."""
    return _HEAD.pack(len(body), kind[0]) + body


class Reader:
    """Cuts a stream into messages; none may be longer than `longest`."""

    def __init__(self, longest: int) -> None:
        self.longest = longest
        self._waiting = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The messages that are complete now; raises TooLong."""
        waiting = self._waiting
        waiting += data
        while len(waiting) >= _HEAD.size:
            length, kind = _HEAD.unpack_from(waiting)
            if length > self.longest:
                raise TooLong
            end = _HEAD.size + length
            if len(waiting) < end:
                return
            body = bytes(waiting[_HEAD.size : end])
            del waiting[:end]
            yield bytes((kind,)), body


def unpacked(body: bytes) -> Iterator[tuple[Mapping[str, Any], bytes]]:
    """The body of a JOB: each of its orders as a mapping, and the values that it sees."""
    (length,) = struct.unpack_from("!I", body)
    start = 4 + length
    for step in json.loads(body[4:start]):
        end = start + step["size"]
        yield step, body[start:end]
        start = end

"""Messages as text and back: one JSON-RPC 2.0 object a text, strictly."""

import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

from blockloom.codec import parse_json
from blockloom.errors import BadFormat, BadValue
from blockloom.sentences import problem
from blockloom.values import MAX_DEPTH, copy_value
from pydantic_core import to_json

from .faults import PARAMS, PARSE, REQUEST, TOO_MUCH, Fault

NO_ID: Final = "null"
"""The id, as JSON, of an answer to a message whose own id could not be read."""


class Call(NamedTuple):
    """A call as it came; `id` is JSON text, None where the caller wants no answer."""

    id: str | None
    method: str
    params: Mapping[str, Any]


class BadCall(Exception):
    """A message that is no call: the id to answer under, as JSON, and the fault."""

    def __init__(self, id: str, fault: Fault) -> None:
        super().__init__(fault.message)
        self.id = id
        self.fault = fault


def encode(value: Any) -> bytes:
    """A JSON value as compact text in UTF-8."""
    return to_json(value)


def read_call(text: str | bytes, depth: int = MAX_DEPTH, most: int | None = None) -> Call:
    """The call in a message that nests so many levels and has so many bytes at most; raises BadCall."""
    if isinstance(text, bytes):
        raise BadCall(NO_ID, Fault(REQUEST, "A call is a text frame, and this was a binary one."))
    if most is not None and 4 * len(text) > most:
        _measure(text, depth, most)
    message = _read(text, depth)
    if isinstance(message, list):
        raise BadCall(NO_ID, Fault(REQUEST, "Batches are not taken: send one call a message."))
    if not isinstance(message, dict):
        raise BadCall(NO_ID, Fault(REQUEST, "A call is a mapping with jsonrpc, method, params and id."))
    id, answer_to = _read_id(message)
    if message.get("jsonrpc") != "2.0":
        raise BadCall(answer_to, Fault(REQUEST, 'The call must say "jsonrpc": "2.0".'))
    method = message.get("method")
    if not isinstance(method, str):
        raise BadCall(answer_to, Fault(REQUEST, "The call must name its method, as a text."))
    params = message.get("params", {})
    if isinstance(params, list):
        raise BadCall(answer_to, Fault(PARAMS, "Parameters are given by name, in a mapping."))
    if not isinstance(params, dict):
        raise BadCall(answer_to, Fault(REQUEST, "The params of a call are a mapping."))
    return Call(id, method, params)


def answer(id: str, result: str) -> bytes:
    """The answer to a call; both are JSON text."""
    return f'{{"jsonrpc":"2.0","id":{id},"result":{result}}}'.encode()


def refusal(id: str, fault: Fault) -> bytes:
    """The answer to a call that is refused."""
    return b'{"jsonrpc":"2.0","id":%b,"error":%b}' % (id.encode(), encode(fault.to_json()))


def opening(subscription: str) -> bytes:
    """How every `event` notification of a subscription begins; what `Telling.told` gives comes next."""
    return b'{"jsonrpc":"2.0","method":"event","params":{"subscription":%b,' % encode(subscription)


def shown(text: str) -> str:
    """A client's own text for a sentence: short, and without what would disturb a terminal."""
    plain = "".join(c if unicodedata.category(c)[0] != "C" else "�" for c in text[:100])
    return f"{plain!r}…" if len(text) > 100 else repr(plain)


def _measure(text: str, depth: int, most: int) -> None:
    """Raise BadCall for a message of too many bytes, to be answered under its id where it has one."""
    if len(text.encode()) <= most:
        return
    id = NO_ID
    with suppress(BadCall):
        message = _read(text, depth)
        id = _read_id(message)[1] if isinstance(message, dict) else NO_ID
    raise BadCall(id, Fault(TOO_MUCH, f"The message has more than {most} bytes.", {"code": "too-large"}))


def _read(text: str, depth: int) -> Any:
    try:
        value = parse_json(text, depth)
        # Half a surrogate pair, which is only ever written as an escape, is valid JSON, but could never be sent back.
        return copy_value(value) if "\\u" in text else value
    except BadFormat as error:
        too_deep = error.problems[0] == problem("too-deep", "", limit=depth)
        why = f"The message nests more than {depth} levels deep." if too_deep else error.problems[0].message
        raise BadCall(NO_ID, Fault(TOO_MUCH if too_deep else PARSE, why)) from None
    except BadValue as error:
        raise BadCall(NO_ID, Fault(PARSE, f"The message is not JSON: {error.why}.")) from None


def _read_id(message: Mapping[str, Any]) -> tuple[str | None, str]:
    """The id of a call as JSON (None if it has none), and the one to answer under."""
    if "id" not in message:
        return None, NO_ID
    id = message["id"]
    if isinstance(id, bool) or not isinstance(id, str | int | float | None):
        raise BadCall(NO_ID, Fault(REQUEST, "The id of a call is a text, a number or null."))
    told = encode(id).decode()
    return told, told

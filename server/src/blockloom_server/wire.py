"""Messages as text and back: one JSON-RPC 2.0 object a text, strictly."""

import unicodedata
from collections.abc import Mapping
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


def encode(value: Any) -> str:
    """A JSON value as compact text, every script as it is."""
    return to_json(value).decode()


def read_call(text: str) -> Call:
    """The call in a message; raises BadCall."""
    message = _read(text)
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


def answer(id: str, result: str) -> str:
    """The answer to a call; both are JSON text."""
    return f'{{"jsonrpc":"2.0","id":{id},"result":{result}}}'


def refusal(id: str, fault: Fault) -> str:
    """The answer to a call that is refused."""
    return f'{{"jsonrpc":"2.0","id":{id},"error":{encode(fault.to_json())}}}'


def notice(params: str) -> str:
    """An `event` notification; the params are JSON text."""
    return f'{{"jsonrpc":"2.0","method":"event","params":{params}}}'


def shown(text: str) -> str:
    """A client's own text for a sentence: short, and without what would disturb a terminal."""
    plain = "".join(c if unicodedata.category(c)[0] != "C" else "�" for c in text[:100])
    return f"{plain!r}…" if len(text) > 100 else repr(plain)


def _read(text: str) -> Any:
    try:
        # Half a surrogate pair is valid JSON, but could never be sent back.
        return copy_value(parse_json(text))
    except BadFormat as error:
        too_deep = error.problems[0] == problem("too-deep", "", limit=MAX_DEPTH)
        why = f"The message nests more than {MAX_DEPTH} levels deep." if too_deep else error.problems[0].message
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
    told = encode(id)
    return told, told

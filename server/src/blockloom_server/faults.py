"""What a call can be refused with: the codes of the protocol, and which error becomes which."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from blockloom import errors as e
from blockloom.problem import Problem, pointer
from blockloom.validation import flaws
from pydantic import ValidationError


class Code(NamedTuple):
    """One error code of the protocol and what it means."""

    number: int
    meaning: str


PARSE: Final = Code(-32700, "The message is not JSON.")
REQUEST: Final = Code(-32600, "The message is not one JSON-RPC 2.0 call.")
METHOD: Final = Code(-32601, "There is no such method.")
PARAMS: Final = Code(-32602, "The parameters do not fit.")
INTERNAL: Final = Code(-32603, "The server made a mistake.")
UNAUTHORIZED: Final = Code(-32001, "The session is not authorized.")
NOT_FOUND: Final = Code(-32002, "What the call names is not there.")
CONFLICT: Final = Code(-32003, "Somebody else changed it first; `data.revision` is the one that stands.")
INVALID_GRAPH: Final = Code(-32004, "The graph cannot run; `data.problems` says why.")
WRONG_STATE: Final = Code(-32005, "This cannot be done now.")
TOO_MUCH: Final = Code(-32006, "The message is too large, or there are too many.")

CODES: Final = (
    *(PARSE, REQUEST, METHOD, PARAMS, INTERNAL),
    *(UNAUTHORIZED, NOT_FOUND, CONFLICT, INVALID_GRAPH, WRONG_STATE, TOO_MUCH),
)


class Fault(Exception):
    """A refusal as it travels: a code, a sentence, and facts for programs."""

    def __init__(self, code: Code, message: str, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message[:2000]
        self.data = dict(data or {})

    def to_json(self) -> dict[str, Any]:
        """As `{code, message, data?}`."""
        told: dict[str, Any] = {"code": self.code.number, "message": self.message}
        return told | {"data": self.data} if self.data else told


def too_fast(seconds: float, rate: int) -> Fault:
    """The fault of a call that comes too soon after the others."""
    why = f"A client may make {rate} calls a second: wait before the next one."
    return Fault(TOO_MUCH, why, {"code": "too-fast", "retry_after": round(seconds, 3)})


def stopping() -> Fault:
    """The fault of a call that would begin something while the server is about to stop."""
    return Fault(WRONG_STATE, "The server is about to stop and begins nothing new.", {"code": "stopping"})


def fault_of(error: e.BlockloomError) -> Fault:
    """The fault that an error of the engine becomes."""
    data: dict[str, Any] = {"code": error.code}
    message = error.message
    if isinstance(error, e.WithProblems):
        data["problems"] = [problem.to_json() for problem in error.problems]
        more = len(error.problems) - 1
        message = f"{error.opening}: {error.problems[0].message}" + (f" (and {more} more)" if more else "")
    if isinstance(error, e.Conflict):
        data["revision"] = error.current
    if isinstance(error, e.TaskFailed):
        data["type"] = error.type
    code = next((code for kind, code in _CODES.items() if isinstance(error, kind)), INTERNAL)
    return Fault(code, message, data)


def fault_of_params(error: ValidationError, params: Mapping[str, Any]) -> Fault:
    """The fault for parameters that do not fit, with all that is wrong with them."""
    found = [Problem(code="bad-params", text=flaw.named, path=pointer(*flaw.path)) for flaw in flaws(error, params)]
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    data = {"code": "bad-params", "problems": [problem.to_json() for problem in found]}
    return Fault(PARAMS, f"The parameters do not fit: {found[0].message}{more}", data)


_CODES: Final[Mapping[type[e.BlockloomError], Code]] = {
    e.InvalidGraph: INVALID_GRAPH,
    e.InvalidInputs: PARAMS,
    e.BadFormat: PARAMS,
    e.BadValue: PARAMS,
    e.BadUsage: PARAMS,
    e.NotFound: NOT_FOUND,
    e.UnknownType: NOT_FOUND,
    e.UnknownPart: NOT_FOUND,
    e.Conflict: CONFLICT,
    e.TypeConflict: CONFLICT,
    e.WrongState: WRONG_STATE,
    e.TaskFailed: WRONG_STATE,
}

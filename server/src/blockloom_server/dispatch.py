"""From the text of a message to the text of its answer."""

import logging

from blockloom.errors import BlockloomError
from pydantic import ValidationError

from .faults import INTERNAL, METHOD, UNAUTHORIZED, Fault, fault_of, fault_of_params, stopping
from .guest import Guest
from .method import Method, Params
from .methods import TABLE
from .wire import Call, shown

_log = logging.getLogger(__name__)

HELLO = "session.hello"


def find(guest: Guest, call: Call) -> tuple[Method, Params]:
    """The method that a call names, and its parameters; raises Fault."""
    if not guest.authorized:
        if call.method != HELLO:
            raise Fault(UNAUTHORIZED, "This server wants session.hello with its token first.")
        # Before the parameters are looked at: whatever is wrong with a token, the answer is the same.
        guest.present(call.params.get("token"))
    method = TABLE.methods.get(call.method)
    if method is None:
        raise Fault(METHOD, f"There is no method {shown(call.method)}; rpc.discover tells which there are.")
    if guest.hub.draining and not method.reads:
        raise stopping()
    try:
        return method, method.params.model_validate(dict(call.params))
    except ValidationError as error:
        raise fault_of_params(error, call.params) from None


async def perform(guest: Guest, method: Method, params: Params) -> str:
    """The result of a method as JSON; raises Fault."""
    try:
        result = await method.handler(guest, params)
        return result.model_dump_json(exclude_unset=True, by_alias=True)
    except BlockloomError as error:
        raise fault_of(error) from None
    except Fault:
        raise
    except Exception as error:
        _log.exception("%s failed", method.name)
        raise Fault(INTERNAL, f"The server made a mistake: {type(error).__name__}. It is written in its log.") from None

"""What a model server's refusals mean, and whether to try again."""

from typing import Final

import httpx2
import openai
from blockloom import TaskFailed, retry_after

from .settings import Place

SHOWN: Final = 500
"""Characters of an answer that an error quotes."""
_AGAIN: Final = frozenset({408, 409, 425, 429})


def failure_of(error: Exception, place: Place, timeout: float) -> TaskFailed:
    """The failure that an error of the SDK or of the connection means."""
    if isinstance(error, openai.APITimeoutError | httpx2.TimeoutException):
        return TaskFailed("timeout", f"{place.base_url} said nothing for {timeout:g} seconds", retry=True)
    if isinstance(error, openai.APIStatusError):
        return _by_status(error, place)
    if isinstance(error, openai.APIConnectionError | httpx2.TransportError):
        cause = error.__cause__ or error
        why = str(cause) or type(cause).__name__
        if isinstance(cause, httpx2.ConnectError):
            return TaskFailed("unreachable", f"{place.base_url} cannot be reached: {why}"[:SHOWN], retry=True)
        return TaskFailed("cut-off", f"{place.base_url} broke off: {why}"[:SHOWN], retry=True)
    told = str(error) or type(error).__name__
    return TaskFailed("server-error", f"{place.base_url} answered with an error: {told}"[:SHOWN], retry=True)


def _by_status(error: openai.APIStatusError, place: Place) -> TaskFailed:
    status = error.status_code
    if status in (401, 403):
        # What the server says may hold a part of the key.
        whose = f"the secret {place.key_name!r}" if place.key_name else "a key: the task gave none"
        return TaskFailed("unauthorized", f"{place.base_url} answered {status}: check {whose}", retry=False)
    told = f"{place.base_url} answered {status}: {error.message}"[:SHOWN]
    if status == 429 and error.code == "insufficient_quota":
        return TaskFailed("rate-limited", told, retry=False)
    again = status in _AGAIN or status >= 500
    kind = "rate-limited" if status == 429 else "server-error" if again else "refused"
    return TaskFailed(kind, told, retry=again, after=retry_after(error.response.headers.get("retry-after", "")))

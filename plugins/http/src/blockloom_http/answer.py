"""What an answer is read as, and what a status that was not expected means."""

import json
from collections.abc import Mapping
from http.client import responses
from typing import Any, Final, NoReturn

from blockloom import File, TaskFailed, retry_after

from .request import Order

SHOWN: Final = 500
"""Characters of an answer that an error quotes."""
_AGAIN: Final = frozenset({408, 425, 429, 503})
"""Statuses that say that nothing was done: whatever was asked may be asked again."""


def reading(order: Order, file: File, encoding: str | None, wanted: str) -> Any:
    """The body as the settings want it; by its media type where they leave it open. Raises TaskFailed."""
    if wanted == "auto":
        wanted = _kind(file)
    if wanted == "file":
        return file.to_json()
    try:
        text = file.data.decode(encoding or "utf-8", errors="replace" if wanted == "text" else "strict")
        if wanted == "text":
            return text
        return json.loads(text, parse_constant=_no_number) if text or (wanted == "json" and file.data) else None
    except (ValueError, LookupError, RecursionError) as error:
        shown = file.data[:SHOWN].decode(errors="replace")
        raise TaskFailed("bad-json", f"{order.told} answered with what is not JSON ({error}): {shown}") from None


def failure_of(order: Order, status: int, headers: Mapping[str, str], data: bytes) -> TaskFailed:
    """The failure that a status means, and whether to try again."""
    told = f"{order.told} answered {status} {responses.get(status, '')}".strip()
    if text := data[:SHOWN].decode(errors="replace").strip():
        told = f"{told}: {text}"
    if status in (401, 403):
        return TaskFailed("unauthorized", told, retry=False)
    again = True if status in _AGAIN else order.repeatable if status >= 500 else False
    kind = "rate-limited" if status == 429 else "server-error" if again is not False else "refused"
    return TaskFailed(kind, told, retry=again, after=retry_after(headers.get("retry-after", "")))


def _kind(file: File) -> str:
    kind = file.media_type
    if kind == "application/json" or kind.endswith("+json"):
        return "json"
    if kind.startswith("text/") or kind in ("application/xml", "application/javascript") or kind.endswith("+xml"):
        return "text"
    return "file" if file.data else "text"


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number of JSON")

"""Who may post: whoever has the token; without one, programs of this machine, and no page of a browser."""

import hmac
from collections.abc import Mapping
from http import HTTPStatus
from ipaddress import ip_address

import h11

from .wire import Exchange


class Refused(Exception):
    """A request that is refused: the status, why, and more headers of the answer."""

    def __init__(self, status: int, why: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(why)
        self.status = status
        self.why = why
        self.headers = headers or {}


class Guard:
    """Lets requests through to one host."""

    def __init__(self, host: str, token: str | None) -> None:
        if token is None and not _is_here(host):
            raise ValueError(f"webhooks on {host or 'all addresses'} can be posted by others: a token is needed")
        self._token = token

    def check(self, request: h11.Request) -> None:
        """Raise Refused, unless whoever sends the request may."""
        if self._token is not None:
            scheme, _, shown = (Exchange.header(request, b"authorization") or "").partition(" ")
            # Compared as bytes, for compare_digest takes no text beyond ASCII.
            if scheme.lower() != "bearer" or not hmac.compare_digest(shown.strip().encode(), self._token.encode()):
                why = "Show the token of the webhooks: Authorization: Bearer TOKEN."
                raise Refused(HTTPStatus.UNAUTHORIZED, why, {"WWW-Authenticate": "Bearer"})
            return
        host = (Exchange.header(request, b"host") or "").rpartition(":")[0] or Exchange.header(request, b"host") or ""
        if not _is_here(host.strip("[]")):
            raise Refused(HTTPStatus.FORBIDDEN, "This is not the host that you named.")
        if Exchange.header(request, b"origin") is not None:
            raise Refused(HTTPStatus.FORBIDDEN, "A page of a browser may post only where there is a token.")


def _is_here(host: str) -> bool:
    """Whether a host is this machine alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False

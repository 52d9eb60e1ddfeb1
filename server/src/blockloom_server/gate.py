"""Who may come in: the names under which the server is reached, and the pages that may talk to it."""

import hmac
import re
from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from typing import Final

_NETLOC: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?")
_ORIGIN: Final = re.compile(r"https?://([^/?#@]+)")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def is_wildcard(host: str) -> bool:
    """Whether a host stands for all addresses of the machine."""
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return not host


def same_token(shown: object, token: str) -> bool:
    """Whether what a client shows is the token; takes the same time wherever they differ."""
    told = shown.encode(errors="surrogatepass") if isinstance(shown, str) else b""
    return hmac.compare_digest(told, token.encode(errors="surrogatepass"))


class Gate:
    """Checks the `Host` and the `Origin` of a request, so that no foreign web page talks to the server.

    A page may talk to the server that it comes from, and one of `origins` to any. A server on all addresses is
    reached under names that it cannot know: there the token is what guards. Behind a proxy it is reached under `names`.
    """

    def __init__(self, host: str, names: Iterable[str] = (), origins: Iterable[str] = ()) -> None:
        self._names = {host.lower(), *(name.lower() for name in names)}
        self._origins = {origin.rstrip("/").lower() for origin in origins}
        self._anywhere = is_wildcard(host)

    def host_fits(self, hosts: Sequence[str]) -> bool:
        """Whether the `Host` headers (there must be one) name this server."""
        return len(hosts) == 1 and (own := _parts(hosts[0])) is not None and (self._anywhere or self._is_own(own[0]))

    def origin_fits(self, origins: Sequence[str], host: str) -> bool:
        """Whether the `Origin` headers, if any, are of a page that may talk to the server. Programs send none."""
        if not origins:
            return True
        if len(origins) > 1 or (found := _ORIGIN.fullmatch(origins[0])) is None:
            return False
        if origins[0].lower() in self._origins:
            return True
        page, own = _parts(found[1]), _parts(host)
        if page is None or own is None or page[1] != own[1]:
            return False
        return page[0] == own[0] or (self._is_own(page[0]) and self._is_own(own[0]))

    def _is_own(self, name: str) -> bool:
        return name in self._names or is_loopback(name)


def _parts(netloc: str) -> tuple[str, str | None] | None:
    """The name, without brackets, and the port in `name:port`; None where it is none."""
    found = _NETLOC.fullmatch(netloc)
    return (found[1].strip("[]").lower(), found[2]) if found and int(found[2] or 0) < 65536 else None

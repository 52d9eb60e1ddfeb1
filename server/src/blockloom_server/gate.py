"""Who may come in: the names under which the server is reached, and the pages that may talk to it."""

import re
from collections.abc import Sequence
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


class Gate:
    """Checks the `Host` and the `Origin` of a request, so that no foreign web page talks to the server.

    A server on all addresses is reached under names that it cannot know: there the token is what guards,
    and a page must come from the very name under which it reaches the server.
    """

    def __init__(self, host: str) -> None:
        self._bound = host.lower()
        self._anywhere = is_wildcard(host)

    def host_fits(self, hosts: Sequence[str]) -> bool:
        """Whether the `Host` headers (there must be one) name this server."""
        return len(hosts) == 1 and (name := _name(hosts[0])) is not None and (self._anywhere or self._is_own(name))

    def origin_fits(self, origins: Sequence[str], host: str) -> bool:
        """Whether the `Origin` headers, if any, are of a page that may talk to the server. Programs send none."""
        if not origins:
            return True
        found = _ORIGIN.fullmatch(origins[0])
        if len(origins) > 1 or found is None or (name := _name(found[1])) is None:
            return False
        return self._is_own(name) or (self._anywhere and found[1].lower() == host.lower())

    def _is_own(self, name: str) -> bool:
        return name == self._bound or is_loopback(name)


def _name(netloc: str) -> str | None:
    """The name in `name:port`, without brackets; None where it is none."""
    found = _NETLOC.fullmatch(netloc)
    return found[1].strip("[]").lower() if found and int(found[2] or 0) < 65536 else None

"""Which addresses a call may go to: those of the outside world, and what the settings of the server allow besides."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, NamedTuple, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address

VARIABLE: Final = "BLOCKLOOM_HTTP_ALLOW"
"""What besides the outside world may be called: addresses and networks, each with or without a port, and commas."""

_NAT64: Final = IPv6Network("64:ff9b::/96")


class Exemption(NamedTuple):
    """A network that may be called, on any port or on one."""

    network: str
    port: int | None

    def covers(self, address: Address, port: int) -> bool:
        """Whether it allows a call."""
        network = ip_network(self.network)
        return self.port in (None, port) and address.version == network.version and address in network


def read_exemptions(text: str) -> list[Exemption]:
    """What the variable says; raises ValueError where a part of it is neither an address nor a network."""
    return [_exemption(part.strip()) for part in text.split(",") if part.strip()]


def _exemption(part: str) -> Exemption:
    """`10.0.0.0/8`, `127.0.0.1:11434`, `[::1]:8080` or `::1`."""
    host, port = part, ""
    if part.startswith("["):
        host, _, rest = part[1:].partition("]")
        port = rest.removeprefix(":")
    elif part.count(":") == 1:
        host, _, port = part.partition(":")
    return Exemption(str(ip_network(host, strict=False)), int(port) if port else None)


def is_outside(address: Address) -> bool:
    """Whether an address belongs to the outside world, however it is written."""
    return all(one.is_global and not _is_odd(one) for one in _readings(address))


def _is_odd(address: Address) -> bool:
    site_local = isinstance(address, IPv6Address) and address.is_site_local
    return address.is_multicast or address.is_reserved or site_local


def _readings(address: Address) -> Iterator[Address]:
    """The address, and the one of version 4 that it carries in itself."""
    if isinstance(address, IPv4Address):
        yield address
        return
    carried = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        carried.append(IPv4Address(int(address) & 0xFFFFFFFF))
    found = [one for one in carried if one is not None]
    # What maps to version 4, or is translated to it, is that address and no other.
    yield from found or [address]


def read_address(text: str) -> Address:
    """An address as the system gives it; a zone, as in `fe80::1%eth0`, says nothing more of it."""
    return ip_address(text.partition("%")[0])

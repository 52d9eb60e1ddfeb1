"""Opens the store that a URL names."""

from typing import cast

from .errors import BadUsage
from .registry import Registry
from .store import Store


def open_store(url: str, registry: Registry, readonly: bool = False) -> Store:
    """The store behind a URL such as `memory:`; its scheme is the name of an installed store kind.

    Raises UnknownType for a scheme that no plugin offers, and what the store raises where it cannot be opened.
    """
    scheme, colon, _ = url.partition(":")
    if not colon:
        raise BadUsage(f"{url!r} is not the URL of a store: write memory: or sqlite:///PATH.")
    kind = registry.offer("store", scheme).type
    return cast(Store, kind(url, readonly=True) if readonly else kind(url))

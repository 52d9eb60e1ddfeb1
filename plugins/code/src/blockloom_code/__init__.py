"""The code block: Python in RestrictedPython, inside a process of its own."""

from collections.abc import Iterable

import blockloom

from .block import Code

__all__ = ["Code", "blockloom_block_types", "blockloom_checks"]


@blockloom.hookimpl
def blockloom_block_types() -> list[type[blockloom.BlockType]]:
    """The block types of this plugin."""
    return [Code]


@blockloom.hookimpl
def blockloom_checks() -> Iterable[blockloom.Finding]:
    """The layers that keep a block from the machine."""
    from .layers import findings

    return findings()

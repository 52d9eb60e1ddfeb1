"""The code block: Python in RestrictedPython, inside a process of its own."""

import blockloom

from .block import Code

__all__ = ["Code", "blockloom_block_types"]


@blockloom.hookimpl
def blockloom_block_types() -> list[type[blockloom.BlockType]]:
    """The block types of this plugin."""
    return [Code]

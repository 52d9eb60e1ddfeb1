"""Work that the garbage collector leaves alone, because nothing that it makes is garbage."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

MUCH: Final = 50_000
"""Objects that are made old at once, rather than gone through young and again half old."""


@contextmanager
def undisturbed() -> Iterator[None]:
    """Keep the garbage collector from going through what is being made, again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            if gc.get_count()[0] > MUCH:
                gc.collect(1)
            gc.enable()

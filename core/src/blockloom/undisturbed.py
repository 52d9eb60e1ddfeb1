"""Work that the garbage collector leaves alone, because nothing that it makes is garbage."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

MUCH: Final = 50_000
"""Objects that are made old at once, rather than gone through young, half old, and then with all there is."""


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
                _make_old()
            gc.enable()


def _make_old() -> None:
    """Count all that is young as old, without a look at it; what somebody else has frozen stays frozen."""
    if gc.get_freeze_count():
        gc.collect(1)
    else:
        gc.freeze()
        gc.unfreeze()

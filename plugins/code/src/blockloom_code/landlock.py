"""Landlock, as a layer of the cage: the kernel lets this process open no file, reach no port and signal no stranger."""

import ctypes
import os
from typing import Final

_CREATE, _RESTRICT = 444, 446
_VERSION: Final = 1

# What there is to be forbidden, with the version of Landlock that first knows it; later versions know more.
_FILES: Final = ((1, 13), (2, 14), (3, 15), (5, 16))
_PORTS: Final = 4
_SCOPES: Final = 6
_BIND_AND_CONNECT: Final = 0b11
_ABSTRACT_SOCKETS_AND_SIGNALS: Final = 0b11


class _Rules(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("ports", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


def forbid(libc: ctypes.CDLL) -> None:
    """Forbid this process every file, TCP port and foreign process, for good; raises OSError where it cannot.

    It must have given up gaining privileges before.
    """
    version = _call(libc, _CREATE, None, 0, _VERSION)
    bits = max(bits for since, bits in _FILES if version >= since)
    rules = _Rules(files=(1 << bits) - 1, ports=_BIND_AND_CONNECT, scopes=_ABSTRACT_SOCKETS_AND_SIGNALS)
    size = 8 * (1 + (version >= _PORTS) + (version >= _SCOPES))
    ruleset = _call(libc, _CREATE, ctypes.byref(rules), size, 0)
    try:
        _call(libc, _RESTRICT, ruleset, 0)
    finally:
        os.close(ruleset)


def _call(libc: ctypes.CDLL, number: int, *arguments: object) -> int:
    given = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    answer: int = libc.syscall(ctypes.c_long(number), *given)
    if answer < 0:
        raise OSError(ctypes.get_errno(), "no Landlock here")
    return answer

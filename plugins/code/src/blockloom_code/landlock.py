"""Landlock, as a layer of the cage: the kernel lets a process open no file, reach no port and signal no stranger."""

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


class Landlock:
    """Rules that forbid every file, every TCP port and every foreign process; raises OSError where there are none."""

    def __init__(self, libc: ctypes.CDLL) -> None:
        self._call = libc.syscall
        version = self._answer(self._call(_CREATE, None, _size(0), _VERSION))
        bits = max(bits for since, bits in _FILES if version >= since)
        self._rules = _Rules(files=(1 << bits) - 1, ports=_BIND_AND_CONNECT, scopes=_ABSTRACT_SOCKETS_AND_SIGNALS)
        self._pointer = ctypes.byref(self._rules)
        self._size = _size(8 * (1 + (version >= _PORTS) + (version >= _SCOPES)))

    def enter(self) -> None:
        """Put this process under the rules, for good; it must have given up gaining privileges before."""
        ruleset = self._answer(self._call(_CREATE, self._pointer, self._size, 0))
        try:
            self._answer(self._call(_RESTRICT, ruleset, 0))
        finally:
            os.close(ruleset)

    def _answer(self, answer: int) -> int:
        if answer < 0:
            raise OSError(ctypes.get_errno(), "no Landlock here")
        return answer


def _size(bytes: int) -> ctypes.c_size_t:
    return ctypes.c_size_t(bytes)

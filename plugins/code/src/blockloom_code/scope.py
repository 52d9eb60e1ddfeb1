"""The globals of a job: its built-ins and its guards."""

import builtins
import collections
import decimal
import random
from collections.abc import Callable
from types import NoneType
from typing import Any, Final

from RestrictedPython.Guards import guarded_iter_unpack_sequence, guarded_unpack_sequence

from .facades import errors, facades, open_types
from .guards import Guards, apply, inplace
from .vocabulary import BUILTINS

_DATA: Final = frozenset(
    {bool, int, float, complex, str, bytes, bytearray, list, dict, set, frozenset, tuple, slice, object, NoneType}
)
_COLLECTIONS: Final = frozenset(
    {collections.Counter, collections.defaultdict, collections.OrderedDict, collections.deque, collections.ChainMap}
)
_SETTABLE: Final = frozenset({list, dict, set, bytearray, decimal.Context}) | _COLLECTIONS
_BASES: Final = frozenset({object, dict, list, set, frozenset, tuple, str, int, float}) | _COLLECTIONS


def scope(write: Callable[[str], None], generator: random.Random) -> dict[str, Any]:
    """The globals: `write` takes the text that is printed, `random` draws from `generator`."""
    own = {name: getattr(builtins, name) for name in BUILTINS}
    exceptions = frozenset(v for v in own.values() if isinstance(v, type) and issubclass(v, BaseException))
    known = _DATA | open_types()
    guards = Guards(
        facades=facades(generator), open_types=known, settable=_SETTABLE, bases=_BASES | exceptions | errors()
    )
    return _hooks(guards) | {"__builtins__": own | _guarded(guards, write)}


def _guarded(guards: Guards, write: Callable[[str], None]) -> dict[str, Any]:
    return {
        "getattr": guards.getattr_default,
        "hasattr": guards.hasattr,
        "setattr": guards.setattr,
        "delattr": guards.delattr,
        "type": guards.type_of,
        "print": _printer(write),
        "__import__": guards.import_module,
        "__build_class__": builtins.__build_class__,
    }


def _hooks(guards: Guards) -> dict[str, Any]:
    return {
        "__name__": "code",
        "__metaclass__": guards.make_class,
        "_getattr_": guards.getattr,
        "_getitem_": _getitem,
        "_getiter_": iter,
        "_write_": guards.write,
        "_augitem_": guards.augitem,
        "_augattr_": guards.augattr,
        "_inplacevar_": inplace,
        "_apply_": apply,
        "_unpack_sequence_": guarded_unpack_sequence,
        "_iter_unpack_sequence_": guarded_iter_unpack_sequence,
    }


def _getitem(value: Any, key: Any) -> Any:
    return value[key]


def _printer(write: Callable[[str], None]) -> Callable[..., None]:
    def print(*values: Any, sep: str | None = None, end: str | None = None, flush: bool = False) -> None:
        """Writes a line to the log of the run."""
        write((" " if sep is None else sep).join(map(str, values)) + ("\n" if end is None else end))

    return print

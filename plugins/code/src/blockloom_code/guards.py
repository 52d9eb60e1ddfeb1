"""What the rewritten code calls instead of touching things itself: attributes, items, changes, imports, classes."""

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from RestrictedPython.transformer import INSPECT_ATTRIBUTES

from .vocabulary import MODULES

_CLOSED: Final = INSPECT_ATTRIBUTES | {"mro", "tb_lasti", "tb_lineno", "with_traceback", "add_note"}
_OF_ERRORS: Final = frozenset({"args", "value", "msg", "doc", "pos", "lineno", "colno"})
_OF_GENERATORS: Final = frozenset({"send", "close", "throw"})
MADE_HERE: Final = "_blockloom_class_"
"""The mark of a class that a block defined."""


CHINESE: Final = "_zh"
"""The attribute of an exception that holds its message in Chinese; no block can read it."""


def _said(error: Exception, chinese: str) -> Exception:
    """An error of a guard, with its message in Chinese too."""
    setattr(error, CHINESE, chinese)
    return error


class Facade:
    """A module as a block sees it: named things, and no way from them to the module."""

    __slots__ = ("_name", "_words")

    def __init__(self, name: str, words: Mapping[str, Any]) -> None:
        object.__setattr__(self, "_name", name)
        object.__setattr__(self, "_words", dict(words))

    def __getattribute__(self, word: str) -> Any:
        words = object.__getattribute__(self, "_words")
        if word in words:
            return words[word]
        if word in ("__class__", "__dict__"):
            return object.__getattribute__(self, word)
        name = object.__getattribute__(self, "_name")
        raise _said(
            AttributeError(f"'{word}' is not available in the module '{name}' of code blocks"),
            f"代码块中的模块 {name} 没有 {word}",
        )

    def __setattr__(self, word: str, value: Any) -> None:
        raise _said(AttributeError("a module of code blocks cannot be changed"), "代码块中的模块不能修改")

    __delattr__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<module {object.__getattribute__(self, '_name')}>"


class Guards:
    """The hooks of one job. `open_types` are the types of which public attributes may be read,
    `settable` those of which items may be set, `bases` those that a class may inherit."""

    def __init__(
        self,
        facades: Mapping[str, Facade],
        open_types: frozenset[type],
        settable: frozenset[type],
        bases: frozenset[type],
    ) -> None:
        self.facades = facades
        self.open_types = open_types
        self.settable = settable
        self.bases = bases

    def getattr(self, value: Any, name: str) -> Any:
        """`value.name`."""
        _check_name(name)
        kind = type(value)
        if kind is Facade:
            return getattr(value, name)
        if name in ("format", "format_map") and _is_text(value):
            raise _said(
                AttributeError(f"'.{name}' of a text is not available in code blocks: use an f-string"),
                f"代码块中不能使用文本的 .{name} 方法：请用 f-string",
            )
        if kind in self.open_types or self._made_here(kind):
            if isinstance(value, BaseException):
                self._check_error(value, name)
            return getattr(value, name)
        if isinstance(value, type) and (value in self.open_types or self._made_here(value)):
            return getattr(value, name)
        if isinstance(value, BaseException):
            self._check_error(value, name)
            return getattr(value, name)
        if kind is _GENERATOR and name in _OF_GENERATORS:
            return getattr(value, name)
        raise _said(
            AttributeError(f"the attribute '{name}' of {_called(value)} is closed in code blocks"),
            f"代码块中不能访问 {type(value).__name__} 的属性 {name}",
        )

    def _made_here(self, kind: type) -> bool:
        return MADE_HERE in kind.__dict__

    def _check_error(self, value: BaseException, name: str) -> None:
        own = any(name in kind.__dict__ for kind in type(value).__mro__ if self._made_here(kind))
        if name not in _OF_ERRORS and not own and name not in vars(value):
            raise _said(
                AttributeError(f"the attribute '{name}' of an error is closed in code blocks"),
                f"代码块中不能访问异常的属性 {name}",
            )

    def getattr_default(self, value: Any, name: str, *default: Any) -> Any:
        """The built-in `getattr`."""
        try:
            return self.getattr(value, name)
        except AttributeError:
            if default:
                return default[0]
            raise

    def hasattr(self, value: Any, name: str) -> bool:
        """The built-in `hasattr`."""
        try:
            self.getattr(value, name)
        except AttributeError:
            return False
        return True

    def write(self, value: Any) -> Any:
        """`value`, if its items or attributes may be set."""
        kind = type(value)
        if kind in self.settable or self._made_here(kind):
            return value
        if isinstance(value, type) and self._made_here(value):
            return value
        raise _said(
            TypeError(f"{_called(value)} cannot be changed in code blocks"),
            f"代码块中不能修改 {type(value).__name__} 类型的值",
        )

    def setattr(self, value: Any, name: str, new: Any) -> None:
        """The built-in `setattr`."""
        _check_name(name)
        setattr(self.write(value), name, new)

    def delattr(self, value: Any, name: str) -> None:
        """The built-in `delattr`."""
        _check_name(name)
        delattr(self.write(value), name)

    def augitem(self, op: str, value: Any, key: Any, other: Any) -> None:
        """`value[key] op= other`."""
        target = self.write(value)
        target[key] = inplace(op, target[key], other)

    def augattr(self, op: str, value: Any, name: str, other: Any) -> None:
        """`value.name op= other`."""
        self.setattr(value, name, inplace(op, self.getattr(value, name), other))

    def type_of(self, value: Any) -> Any:
        """The built-in `type` with one argument."""
        kind = type(value)
        if kind in self.open_types or self._made_here(kind) or kind in self.bases:
            return kind
        raise _said(
            TypeError(f"the type of {_called(value)} is closed in code blocks"),
            f"代码块中不能取得 {kind.__name__} 这种值的类型",
        )

    def make_class(self, name: str, bases: tuple[Any, ...], body: dict[str, Any]) -> type:
        """A class that a block defines."""
        for base in bases:
            if not (isinstance(base, type) and (base in self.bases or self._made_here(base))):
                raise _said(
                    TypeError(f"a class in a code block cannot inherit from {_called(base)}"),
                    "代码块中的类不能继承它",
                )
        body[MADE_HERE] = True
        return type(name, bases, body)

    def import_module(
        self, name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
    ) -> Any:
        """What an import statement calls."""
        if type(fromlist) is list:
            # Only C code sends a list (datetime.strftime imports time so); it then finds the module by itself.
            return None
        if level or name not in self.facades:
            available = ", ".join(sorted(MODULES))
            raise ImportError(f"the module '{name}' is not available in code blocks. These are: {available}")
        return self.facades[name if fromlist else name.partition(".")[0]]


def _generator() -> Any:
    yield


_GENERATOR: Final = type(_generator())

_INPLACE: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "+=": operator.iadd,
    "-=": operator.isub,
    "*=": operator.imul,
    "/=": operator.itruediv,
    "%=": operator.imod,
    "**=": operator.ipow,
    "<<=": operator.ilshift,
    ">>=": operator.irshift,
    "|=": operator.ior,
    "^=": operator.ixor,
    "&=": operator.iand,
    "//=": operator.ifloordiv,
    "@=": operator.imatmul,
}


def inplace(op: str, value: Any, other: Any) -> Any:
    """`value op= other`."""
    return _INPLACE[op](value, other)


def apply(function: Callable[..., Any], *values: Any, **named: Any) -> Any:
    """A call with `*` or `**` in it."""
    return function(*values, **named)


def _check_name(name: Any) -> None:
    # A subclass of str could answer differently each time it is asked (RestrictedPython 7.2).
    if type(name) is not str:
        raise TypeError("the name of an attribute must be a text")
    if (name.startswith("_") and name != "_") or name in _CLOSED:
        raise _said(AttributeError(f"the attribute '{name}' is closed in code blocks"), f"代码块中不能访问属性 {name}")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, type) and issubclass(value, str))


def _called(value: Any) -> str:
    if isinstance(value, type):
        return f"the type '{value.__name__}'"
    if callable(value) and not hasattr(type(value), MADE_HERE):
        return "a function"
    return f"a value of the type '{type(value).__name__}'"

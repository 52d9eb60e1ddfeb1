"""One small expression, computed in place: a closed interpreter of syntax trees that cannot cost much.

It knows comparisons, `and`, `or`, `not`, `in`, `if … else …`, subscripts, `len` and small arithmetic over JSON values,
and no attribute, call or loop. Whatever it does not know, finds too large or cannot compute it leaves to the worker,
which computes the expression anew: so a failure, too, always has the worker's words.
"""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, TypeAlias

Names: TypeAlias = Mapping[str, Any]
Step: TypeAlias = Callable[[Names, Names], Any]
"""A tree as a function of the names and of `inputs`."""

LEAVE: Final[Any] = object()
"""Instead of a value: the worker must compute it."""

_LONGEST: Final = 500
_ITEMS: Final = 10_000
_TEXT: Final = 100_000
_NODES: Final = 500
_BITS: Final = 4096
_NUMBERS: Final = frozenset({bool, int, float})
_SCALARS: Final = frozenset({type(None), bool, int, float, str})
_CONSTANTS: Final = (type(None), bool, int, float, str)


class _Leave(Exception):
    """This tree, or this value, is not for the host."""


def cheap(source: str) -> Step | None:
    """The expression that `source` is, as a function that never raises, if it is one that costs little."""
    return _known(source) if len(source) <= _LONGEST else None


@lru_cache(maxsize=4096)
def _known(source: str) -> Step | None:
    try:
        body = ast.parse(source).body
        if len(body) != 1 or not isinstance(body[0], ast.Expr):
            return None
        step = _step(body[0].value)
    except (_Leave, SyntaxError, Warning, ValueError, RecursionError, MemoryError):
        return None

    def compute(names: Names, inputs: Names) -> Any:
        try:
            value = step(names, inputs)
            return value if type(value) is bool or value is None else _result(value)
        except Exception:
            return LEAVE

    return compute


def _result(value: Any) -> Any:
    """A value that is not obviously JSON, as a copy of its own."""
    kind = type(value)
    if kind is str:
        return value if len(value) <= _TEXT else LEAVE
    if kind is int:
        return value if value.bit_length() <= _BITS else LEAVE
    if kind is float:
        return value if math.isfinite(value) else LEAVE
    return _copy(value, [_NODES])


def _copy(value: Any, left: list[int]) -> Any:
    left[0] -= 1
    kind = type(value)
    if left[0] < 0 or (kind is float and not math.isfinite(value)):
        raise _Leave
    if kind is list or kind is tuple:
        return [_copy(item, left) for item in value]
    if kind is dict:
        return {key: _copy(item, left) for key, item in value.items()}
    if kind not in _SCALARS:
        raise _Leave
    return value


def _step(node: ast.expr) -> Step:
    make = _MAKERS.get(type(node))
    if make is None:
        raise _Leave
    return make(node)


def _constant(node: Any) -> Step:
    value = node.value
    if not isinstance(value, _CONSTANTS) or (type(value) is int and value.bit_length() > _BITS):
        raise _Leave
    if type(value) is str and not value.isascii():
        value.encode()  # half a surrogate pair raises a ValueError: only a literal can hold one
    return lambda names, inputs: value


def _name(node: Any) -> Step:
    name = node.id
    if name.startswith("_"):
        raise _Leave
    if name == "inputs":
        return lambda names, inputs: inputs
    return lambda names, inputs: names[name]


_SIGNS: Final[Mapping[type, Callable[[Any], Any]]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
}


def _not(node: Any) -> Step:
    of = _step(node.operand)
    if isinstance(node.op, ast.Not):
        return lambda names, inputs: not of(names, inputs)
    sign = _SIGNS[type(node.op)]
    return lambda names, inputs: sign(_number(of(names, inputs)))


def _bool(node: Any) -> Step:
    steps = [_step(value) for value in node.values]
    last, first = steps.pop(), steps
    wanted = isinstance(node.op, ast.Or)

    def either(names: Names, inputs: Names) -> Any:
        for step in first:
            value = step(names, inputs)
            if bool(value) is wanted:
                return value
        return last(names, inputs)

    return either


def _if(node: Any) -> Step:
    test, then, other = _step(node.test), _step(node.body), _step(node.orelse)
    return lambda names, inputs: then(names, inputs) if test(names, inputs) else other(names, inputs)


def _compare(node: Any) -> Step:
    first = _step(node.left)
    tests = [_TESTS[type(op)] for op in node.ops]
    steps = [_step(value) for value in node.comparators]
    for op, left, right in zip(node.ops, [node.left, *node.comparators], node.comparators, strict=False):
        if isinstance(op, ast.Is | ast.IsNot) and not (_single(left) or _single(right)):
            raise _Leave
    if len(tests) == 1:
        test, second = tests[0], steps[0]
        return lambda names, inputs: test(first(names, inputs), second(names, inputs))

    def chain(names: Names, inputs: Names) -> Any:
        left = first(names, inputs)
        for test, step in zip(tests, steps, strict=True):
            right = step(names, inputs)
            if not test(left, right):
                return False
            left = right
        return True

    return chain


def _single(node: ast.expr) -> bool:
    """Whether there is only one object of this value, here as in the worker."""
    return isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, bool))


def _comparison(compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def test(a: Any, b: Any) -> Any:
        if type(a) not in _SCALARS and type(b) not in _SCALARS:
            _copy(a, [_NODES])
            _copy(b, [_NODES])
        return compare(a, b)

    return test


def _inside(a: Any, b: Any) -> bool:
    kind = type(b)
    if type(a) not in _SCALARS or (kind is not dict and len(b) > (_TEXT if kind is str else _ITEMS)):
        raise _Leave
    return a in b


_TESTS: Final[Mapping[type, Callable[[Any, Any], Any]]] = {
    ast.Eq: _comparison(operator.eq),
    ast.NotEq: _comparison(operator.ne),
    ast.Lt: _comparison(operator.lt),
    ast.LtE: _comparison(operator.le),
    ast.Gt: _comparison(operator.gt),
    ast.GtE: _comparison(operator.ge),
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: _inside,
    ast.NotIn: lambda a, b: not _inside(a, b),
}


def _number(value: Any) -> Any:
    kind = type(value)
    if kind is float or (kind in _NUMBERS and value.bit_length() <= _BITS):
        return value
    raise _Leave


def _add(a: Any, b: Any) -> Any:
    if type(a) is str and type(b) is str and len(a) + len(b) <= _ITEMS:
        return a + b
    return _number(a) + _number(b)


def _arithmetic(compute: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda a, b: compute(_number(a), _number(b))


_OPERATIONS: Final[Mapping[type, Callable[[Any, Any], Any]]] = {
    ast.Add: _add,
    ast.Sub: _arithmetic(operator.sub),
    ast.Mult: _arithmetic(operator.mul),
    ast.Div: _arithmetic(operator.truediv),
    ast.FloorDiv: _arithmetic(operator.floordiv),
    ast.Mod: _arithmetic(operator.mod),
    ast.BitAnd: _arithmetic(operator.and_),
    ast.BitOr: _arithmetic(operator.or_),
    ast.BitXor: _arithmetic(operator.xor),
}


def _binary(node: Any) -> Step:
    compute = _OPERATIONS.get(type(node.op))
    if compute is None:
        raise _Leave
    left, right = _step(node.left), _step(node.right)
    return lambda names, inputs: compute(left(names, inputs), right(names, inputs))


def _subscript(node: Any) -> Step:
    of = _step(node.value)
    if isinstance(node.slice, ast.Slice):
        return _slice(of, node.slice)
    key = _step(node.slice)
    return lambda names, inputs: of(names, inputs)[key(names, inputs)]


def _slice(of: Step, node: ast.Slice) -> Step:
    start, stop, step = (_step(part or ast.Constant(None)) for part in (node.lower, node.upper, node.step))

    def cut(names: Names, inputs: Names) -> Any:
        value = of(names, inputs)
        if len(value) > _ITEMS:
            raise _Leave
        return value[start(names, inputs) : stop(names, inputs) : step(names, inputs)]

    return cut


def _display(node: Any) -> Step:
    steps = [_step(item) for item in node.elts]
    make: Callable[[Any], Any] = {ast.List: list, ast.Tuple: tuple, ast.Set: set}[type(node)]
    if all(isinstance(item, ast.Constant) for item in node.elts) and not isinstance(node, ast.List):
        ready = make([item.value for item in node.elts])
        return lambda names, inputs: ready
    return lambda names, inputs: make([step(names, inputs) for step in steps])


def _call(node: Any) -> Step:
    plain = isinstance(node.func, ast.Name) and node.func.id == "len" and len(node.args) == 1 and not node.keywords
    if not plain:
        raise _Leave
    of = _step(node.args[0])

    def length(names: Names, inputs: Names) -> int:
        if "len" in names:
            raise _Leave
        return len(of(names, inputs))

    return length


_MAKERS: Final[Mapping[type, Callable[[Any], Step]]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.UnaryOp: _not,
    ast.BoolOp: _bool,
    ast.IfExp: _if,
    ast.Compare: _compare,
    ast.BinOp: _binary,
    ast.Subscript: _subscript,
    ast.List: _display,
    ast.Tuple: _display,
    ast.Set: _display,
    ast.Call: _call,
}

"""A source as a function: parsed, held against the policy, compiled, never run."""

import ast
import warnings
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from types import CodeType
from typing import Final

from .limits import MAX_SOURCE, MAX_WEIGHT
from .policy import Policy
from .refusals import Refusal, refusal

FILE: Final = "<code>"
"""The file name by which a traceback knows the lines of a block."""
FUNCTION: Final = "_block_"
"""The name of the function that a source becomes; no source can say it."""

_SCOPES: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_BROKEN: Final = (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError)


class Refused(Exception):
    """A source that breaks the rules; `refusals` says where and why."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__()
        self.refusals = tuple(refusals)


@lru_cache(maxsize=128)
def examine(source: str) -> tuple[Refusal, ...]:
    """All that is wrong with a source, in the order of its lines."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            build(source, ())
    except Refused as error:
        return error.refusals
    return ()


def build(source: str, names: Sequence[str]) -> CodeType:
    """The code that defines the function of a source, which takes `names`; raises Refused."""
    if len(source) > MAX_SOURCE:
        raise Refused([refusal("", 1, 1, "long", str(len(source)))])
    try:
        tree = ast.parse(source, FILE)
        if source.count("finally") > 3 and _weight_of(tree)[0] > MAX_WEIGHT:
            raise Refused([refusal(source, 1, 1, "finally")])
        _restrict(tree, source)
        return compile(_module(tree, names), FILE, "exec", dont_inherit=True)
    except _BROKEN as error:
        raise Refused([_broken(source, error)]) from None


class Programs:
    """The last programs that were built, by source and names: `size` characters of source in all."""

    def __init__(self, size: int) -> None:
        self._room = size
        self._kept: OrderedDict[tuple[str, tuple[str, ...]], CodeType] = OrderedDict()

    def get(self, source: str, names: tuple[str, ...]) -> CodeType:
        """The program of a source, built if it is new; raises Refused."""
        key = (source, names)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        code = self._kept[key] = build(source, names)
        self._room -= _weight(key)
        while self._room < 0:
            self._room += _weight(self._kept.popitem(last=False)[0])
        return code


def _weight(key: tuple[str, tuple[str, ...]]) -> int:
    return len(key[0]) + sum(map(len, key[1])) + 100


def _restrict(tree: ast.Module, source: str) -> None:
    """Rewrite `tree` in place; raises Refused with everything that the policy found."""
    here = list(_own(tree.body))
    assigned = any(isinstance(n, ast.Name) and n.id == "result" and isinstance(n.ctx, ast.Store) for n in here)
    valued = bool(tree.body) and isinstance(tree.body[-1], ast.Expr)
    called = valued and isinstance(tree.body[-1].value, ast.Call)  # type: ignore[attr-defined]
    policy = Policy(source, _bound(tree))
    for node in here:
        if isinstance(node, ast.Yield | ast.YieldFrom):
            policy.refuse(node, "yield")
    policy.visit(tree)
    if policy.refusals:
        raise Refused(sorted(policy.refusals, key=lambda r: (r.line, r.column)))
    tree.body[-1:] = _ending(tree.body[-1:], valued, called, assigned)


def _ending(last: list[ast.stmt], valued: bool, called: bool, assigned: bool) -> list[ast.stmt]:
    """The last statement, followed or replaced by what gives the block its value.

    A call that gives None, such as `print(…)` at the end, leaves the word to the variable `result`.
    """
    fallback = ast.parse("try:\n    return result\nexcept NameError:\n    return None").body if assigned else []
    if not valued:
        return [*last, *fallback]
    value = last[0].value  # type: ignore[attr-defined]
    if not (called and assigned):
        return [ast.copy_location(ast.Return(value), last[0])]
    kept = ast.copy_location(ast.Assign([ast.Name("_value_", ast.Store())], value), last[0])
    test = ast.parse("if _value_ is not None:\n    return _value_").body
    return [kept, *test, *fallback]


_EXITS: Final = (ast.Return, ast.Break, ast.Continue)


def _weight_of(node: ast.AST) -> tuple[int, int]:
    """How many nodes Python compiles for a tree, and how many ways lead out of it in the middle.

    Python writes the body of a `finally` once for each way that leads through it: nested, that doubles and doubles.
    """
    last = set(node.finalbody) if isinstance(node, ast.Try) else set()
    weight, exits = 1, int(isinstance(node, _EXITS))
    for child in ast.iter_child_nodes(node):
        if child not in last:
            more, ways = _weight_of(child)
            weight, exits = weight + more, exits + ways
    times = exits + 2
    for child in last:
        more, ways = _weight_of(child)
        weight, exits = weight + more * times, exits + ways * times
    return weight, exits


def _module(tree: ast.Module, names: Sequence[str]) -> ast.Module:
    parameters = ast.arguments(
        posonlyargs=[], args=[ast.arg(name) for name in names], kwonlyargs=[], kw_defaults=[], defaults=[]
    )
    function = ast.FunctionDef(FUNCTION, parameters, tree.body or [ast.Pass()], [], lineno=1, col_offset=0)
    # Python 3.12 wants the list to be there; 3.11 does not mind.
    setattr(function, "type_params", [])  # noqa: B010
    return ast.fix_missing_locations(ast.Module([function], []))


def _own(body: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """The nodes of a function's body without those of the functions and classes inside it."""
    waiting = list(body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, _SCOPES):
            waiting.extend(ast.iter_child_nodes(node))


def _bound(tree: ast.Module) -> frozenset[str]:
    """Every name that a source gives a meaning of its own, wherever."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.alias):
            names.add(node.asname or node.name)
    return frozenset(names)


def _broken(source: str, error: Exception) -> Refusal:
    if isinstance(error, SyntaxError):
        return refusal(source, error.lineno or 1, max(error.offset or 1, 1), "syntax", error.msg)
    if isinstance(error, ValueError):
        return refusal(source, 1, 1, "syntax", str(error))
    return refusal(source, 1, 1, "deep")

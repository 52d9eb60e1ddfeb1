"""The language of the code block: RestrictedPython, widened by what people write first, with sentences of its own.

Every change to the transformer only leads to the same guards; nothing here lets a name or an attribute through
that RestrictedPython itself would refuse.
"""

import ast
import re
from typing import Any, Final, cast

from RestrictedPython.transformer import INSPECT_ATTRIBUTES, IOPERATOR_TO_STR, RestrictingNodeTransformer

from .limits import MAX_REFUSALS
from .refusals import Refusal, characters, refusal
from .vocabulary import MISSING, MODULES

_STATEMENTS: Final = {
    "AsyncFunctionDef": "async",
    "AsyncFor": "async",
    "AsyncWith": "async",
    "Await": "async",
    "Nonlocal": "nonlocal",
    "Global": "global",
    "Match": "match",
    "TryStar": "except*",
}
_NAME: Final = re.compile(r'^"(.*)" is an invalid variable name', re.DOTALL)
_TEXTS: Final = {
    '"*" imports are not allowed.': "star",
    'The keyword argument "metaclass" is not allowed.': "metaclass",
}


class Policy(RestrictingNodeTransformer):
    """The transformer of one source: it rewrites the tree and gathers all refusals."""

    def __init__(self, source: str, bound: frozenset[str]) -> None:
        super().__init__()
        self.source = source
        self.lines = source.split("\n")
        self.bound = bound
        self.refusals: list[Refusal] = []

    def refuse(self, node: ast.AST, key: str, name: str = "") -> None:
        """Note that `node` cannot stand."""
        if len(self.refusals) >= MAX_REFUSALS:
            return
        line = getattr(node, "lineno", 1)
        start = characters(self.lines[line - 1], getattr(node, "col_offset", 0))
        one_line = getattr(node, "end_lineno", 0) == line
        end = characters(self.lines[line - 1], getattr(node, "end_col_offset", 0)) if one_line else 0
        self.refusals.append(refusal(self.source, line, start + 1, key, name, max(end - start, 1)))

    def error(self, node: ast.AST, info: str) -> None:
        """RestrictedPython's own refusals, in the words of this block."""
        key, name = _classify(node, info)
        self.refuse(node, key, name)

    def not_allowed(self, node: ast.AST) -> None:
        kind = type(node).__name__
        self.refuse(node, _STATEMENTS.get(kind, "statement"), kind)

    def check_name(self, node: Any, name: str | None, allow_magic_methods: bool = False) -> None:
        # `print` and `printed` mean nothing special here, so they are names like any other.
        if name not in ("print", "printed"):
            super().check_name(node, name, allow_magic_methods)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        self.check_name(node, node.id)
        return self.node_contents_visit(node)

    def visit_Global(self, node: ast.Global) -> None:
        self.not_allowed(node)

    def visit_Call(self, node: ast.Call) -> Any:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in MISSING and name not in self.bound and not name.startswith("_") and name not in ("exec", "eval"):
            self.refuse(node, "builtin", name)
        return super().visit_Call(node)

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        literal = isinstance(node.value, ast.JoinedStr) or (
            isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        )
        if literal and node.attr in ("format", "format_map"):
            self.refuse(node, "format", node.attr)
        return super().visit_Attribute(node)

    def visit_Import(self, node: ast.Import) -> Any:
        for name in node.names:
            if name.name not in MODULES:
                self.refuse(node, "module", name.name)
        return super().visit_Import(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> Any:
        module = "." * node.level + (node.module or "")
        if module not in MODULES:
            self.refuse(node, "module", module)
            return node
        for name in node.names:
            if name.name not in MODULES[module] and name.name != "*" and not name.name.startswith("_"):
                self.refuse(node, "module name", f"{module}.{name.name}")
        return super().visit_ImportFrom(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        self.visit(node.annotation)
        if node.value is None:
            self.visit(node.target)
            return ast.copy_location(ast.Pass(), node)
        assign = ast.Assign(targets=[node.target], value=node.value)
        return self.visit(ast.copy_location(assign, node))

    def visit_arg(self, node: ast.arg) -> Any:
        # Annotations are looked at and then left out: nobody can read them, and their names need not exist.
        if node.annotation is not None:
            self.visit(node.annotation)
            node.annotation = None
        return super().visit_arg(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        # RestrictedPython makes a new node, on line 1.
        return ast.copy_location(cast(ast.ClassDef, super().visit_ClassDef(node)), node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        if node.returns is not None:
            self.visit(node.returns)
            node.returns = None
        return super().visit_FunctionDef(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        target = node.target
        if isinstance(target, ast.Name):
            return super().visit_AugAssign(node)
        if isinstance(target, ast.Attribute):
            self._check_attribute(target)
            hook, place = "_augattr_", ast.Constant(target.attr)
        else:
            hook, place = "_augitem_", self.visit(target.slice)
        operator = ast.Constant(IOPERATOR_TO_STR[type(node.op)])
        arguments = [operator, self.visit(target.value), place, self.visit(node.value)]
        call = ast.Call(func=ast.Name(hook, ast.Load()), args=arguments, keywords=[])
        return ast.fix_missing_locations(ast.copy_location(ast.Expr(call), node))

    def _check_attribute(self, node: ast.Attribute) -> None:
        name = node.attr
        if (name.startswith("_") and name != "_") or name.endswith("__roles__") or name in INSPECT_ATTRIBUTES:
            self.error(node, "attribute")


def _classify(node: ast.AST, info: str) -> tuple[str, str]:
    if isinstance(node, ast.Attribute):
        return "attribute", node.attr
    if info in _TEXTS:
        return _TEXTS[info], ""
    if info.startswith(("Exec", "Eval")):
        return "builtin", info[:4].lower()
    if found := _NAME.match(info):
        name = found[1]
        special = isinstance(node, ast.FunctionDef) and name.startswith("__") and name.endswith("__")
        return ("method" if special else "builtin" if name in MISSING else "underscore"), name
    return "other", info.removesuffix(".")

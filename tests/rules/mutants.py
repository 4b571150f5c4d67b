"""Small mistakes to plant in a function or a constant, made from its syntax tree. It runs nothing.

Comparisons lose or gain their bound, or turn round; ``and`` becomes ``or``; ``not`` and a bare condition turn round;
numbers grow by one, truth values flip, compared texts change; arithmetic takes the opposite sign.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}


@dataclass(frozen=True)
class Mutant:
    """One mistake in one top-level function, method or assignment of a module."""

    module: str
    owner: str
    """``function``, ``Class.method`` or the constant's name."""
    line: int
    what: str
    node: ast.stmt
    """The function or the assignment with the mistake in it."""

    def __str__(self) -> str:
        return f"{self.module}:{self.line} in {self.owner}: {self.what}"


def of_module(module: str, text: str) -> Iterator[Mutant]:
    """Every mutant of a module's functions, methods and constants, in the text's order."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, ast.FunctionDef):
                    yield from _of(module, f"{node.name}.{method.name}", method)
        elif isinstance(node, ast.FunctionDef):
            yield from _of(module, node.name, node)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id != "RULES":
            yield from _of(module, node.targets[0].id, node)


def _of(module: str, owner: str, statement: ast.FunctionDef | ast.Assign) -> Iterator[Mutant]:
    count = sum(1 for _ in _sites(statement))
    for number in range(count):
        twin = copy.deepcopy(statement)
        line, what, change = [*_sites(twin)][number]
        change()
        yield Mutant(module, owner, line, what, ast.fix_missing_locations(twin))


_Site = tuple[int, str, Callable[[], None]]


def _sites(statement: ast.FunctionDef | ast.Assign) -> Iterator[_Site]:
    """Where a mistake can be planted: the line, what it is, and the deed, which changes the tree."""
    roots: list[ast.AST]
    if isinstance(statement, ast.FunctionDef):
        first = statement.body[0]
        documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        roots = list(statement.body[documented:])
    else:
        roots = [statement.value]
    for root in roots:
        for node in _walk(root):
            yield from _at(node)


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below ``node``, without annotations and the formats of f-strings."""
    yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "format_spec"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _walk(child)


def _at(node: ast.AST) -> Iterator[_Site]:
    match node:
        case ast.Compare():
            yield from _compared(node)
        case ast.BoolOp():
            twin: ast.boolop = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            what = f"{type(node.op).__name__} becomes {type(twin).__name__}"
            yield node.lineno, what, lambda: setattr(node, "op", twin)
        case ast.BinOp() if type(node.op) in _ARITHMETIC:
            other = _ARITHMETIC[type(node.op)]
            what = f"{type(node.op).__name__} becomes {other.__name__}"
            yield node.lineno, what, lambda: setattr(node, "op", other())
        case ast.Constant(value=bool() | int() | float() as value):
            changed = not value if isinstance(value, bool) else value + 1
            yield node.lineno, f"{value} becomes {changed}", lambda: setattr(node, "value", changed)
        case ast.UnaryOp(op=ast.Not()):
            yield node.lineno, "not is lost", lambda: setattr(node, "operand", _not(node.operand))
        case ast.If() | ast.IfExp() | ast.While():
            yield from _negated(node)
        case ast.comprehension():
            for index, condition in enumerate(node.ifs):
                if _bare(condition):
                    yield condition.lineno, "the condition turns round", _setter(node.ifs, index, _not(condition))


def _compared(node: ast.Compare) -> Iterator[_Site]:
    for index, operator in enumerate(node.ops):
        if (other := _COMPARISONS.get(type(operator))) is not None:
            what = f"{type(operator).__name__} becomes {other.__name__}"
            yield node.lineno, what, _setter(node.ops, index, other())
    for holder, index, text in _texts(node):
        yield node.lineno, f"{text!r} becomes another text", _setter(holder, index, ast.Constant(text + "?"))


def _negated(node: ast.If | ast.IfExp | ast.While) -> Iterator[_Site]:
    if _bare(node.test):
        yield node.test.lineno, "the condition turns round", lambda: setattr(node, "test", _not(node.test))


def _bare(condition: ast.expr) -> bool:
    """Whether no other mistake turns the condition round."""
    return isinstance(condition, ast.Name | ast.Call | ast.Attribute | ast.NamedExpr | ast.Subscript)


def _not(condition: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), condition)


def _texts(node: ast.Compare) -> Iterator[tuple[list[ast.expr], int, str]]:
    """The texts that a comparison names, alone or in a tuple, each with the list that holds it."""
    holders = [node.comparators, *(part.elts for part in node.comparators if isinstance(part, ast.Tuple))]
    for holder in holders:
        for index, part in enumerate(holder):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield holder, index, part.value


def _setter(holder: list[ast.expr] | list[ast.cmpop], index: int, value: ast.AST) -> Callable[[], None]:
    def change() -> None:
        holder[index] = value  # type: ignore[call-overload]

    return change

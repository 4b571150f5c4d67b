"""Expressions as DuckDB must write them, guarded where equality hangs on types and values that no text shows.

A guard stops the query with an error rather than let DuckDB differ: a cast that rounds otherwise, a division by zero.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from preflight.errors import Cause, WarehouseError

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

GUARD = "preflight: "
"""How the message of a guard's error starts."""

_INTEGER_TYPE = r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?"
_TEXT_LIKE = rf"({_INTEGER_TYPE}|VARCHAR|DATE|DECIMAL\(\d+,0\)|.?NULL.?)"
_TOO_FINE = r":\d+\.\d{7,}"
_ZONED = r":\d+(\.\d+)?\s*([+-]\d|[A-Za-z]{2})"


def unsupported(message: str, *, remedy: str = "", name: str = "") -> WarehouseError:
    """The error for what the stand-in cannot answer, though the warehouse might."""
    return WarehouseError(Cause.UNSUPPORTED, message, remedy=remedy, name=name)


def differs(node: Expr, dialect: str, why: str = "") -> WarehouseError:
    """The error for an expression that may mean something else in DuckDB."""
    text = node.sql(dialect)
    shown = text if len(text) <= 60 else text[:57] + "…"
    return unsupported(f"`{shown}` has not been shown to mean the same in DuckDB" + (f": {why}" if why else ""))


def _call(name: str, *arguments: Expr) -> Expr:
    from sqlglot import exp

    return exp.Anonymous(this=name, expressions=[argument.copy() for argument in arguments])


def _guarded(value: Expr, fault: Expr, why: str) -> Expr:
    """``value``, or an error that stops the query where ``fault`` holds."""
    from sqlglot import exp

    stop = _call("error", exp.Literal.string(GUARD + why))
    return exp.Paren(this=exp.Case(ifs=[exp.If(this=fault, true=stop)], default=value.copy()))


def _type_is(value: Expr, pattern: str) -> Expr:
    from sqlglot import exp

    return _call("regexp_full_match", _call("typeof", value), exp.Literal.string(pattern))


def _cast(node: Expr, dialect: str) -> Expr:
    from sqlglot import exp

    if node.args.get("format") or node.args.get("action"):
        raise differs(node, dialect, "the format would be lost")
    source, to = node.this, node.args["to"]
    kinds = exp.DataType.Type
    if to.this in (kinds.DECIMAL, kinds.BIGDECIMAL):
        return _decimal(node, dialect)
    if to.is_type(*exp.DataType.INTEGER_TYPES):
        return _integer(node, source)
    if to.is_type(*exp.DataType.TEXT_TYPES):
        if to.expressions:
            raise differs(node, dialect, "DuckDB does not hold text to a length")
        return (
            node
            if source.is_string
            else _guarded(node, exp.not_(_type_is(source, _TEXT_LIKE)), "a value written as text")
        )
    if to.this in (kinds.FLOAT, kinds.DOUBLE):
        if dialect in ("snowflake", "bigquery"):  # they have no single precision
            node.set("to", exp.DataType.build("double"))
        return node
    if to.this in (kinds.DATE, kinds.TIMESTAMP, kinds.TIMESTAMPNTZ, kinds.TIMESTAMPLTZ, kinds.TIMESTAMPTZ):
        return _moment(node, source, dialect)
    if to.this is kinds.BOOLEAN:
        return _guarded(
            node, exp.not_(_type_is(source, rf"({_INTEGER_TYPE}|BOOLEAN|.?NULL.?)")), "text read as a boolean"
        )
    raise differs(node, dialect)


def _integer(node: Expr, source: Expr) -> Expr:
    from sqlglot import exp

    if source.is_int:
        return node
    number = exp.TryCast(this=source.copy(), to=exp.DataType.build("double"))
    fraction = exp.NEQ(this=exp.Mod(this=number, expression=exp.Literal.number(1)), expression=exp.Literal.number(0))
    return _guarded(node, fraction, "a fraction cast to an integer is rounded otherwise there")


def _decimal(node: Expr, dialect: str) -> Expr:
    from sqlglot import exp

    if node.args["to"].this is exp.DataType.Type.BIGDECIMAL:
        raise differs(node, dialect, "DuckDB's decimals have at most 38 digits")
    if not node.args["to"].expressions:
        size = {"bigquery": "38, 9", "snowflake": "38, 0", "redshift": "18, 0", "databricks": "10, 0"}[dialect]
        node.set("to", exp.DataType.build(f"decimal({size})", dialect="duckdb"))
    if node.this.is_number:
        return node
    return _guarded(node, _type_is(node.this, "FLOAT|DOUBLE"), "a floating-point number cast to a decimal")


def _moment(node: Expr, source: Expr, dialect: str) -> Expr:
    from sqlglot import exp

    kinds = exp.DataType.Type
    zoneless = node.args["to"].this not in (kinds.TIMESTAMPTZ, kinds.TIMESTAMPLTZ) and not (
        node.args["to"].this is kinds.TIMESTAMP and dialect == "databricks"
    )
    odd = f"{_TOO_FINE}|{_ZONED}" if zoneless else _TOO_FINE
    if source.is_string:
        if re.search(odd, source.name):
            raise differs(node, dialect, "the text carries a zone or more than six decimals")
        return node
    text = exp.cast(source.copy(), "text")
    fault = exp.and_(_type_is(source, "VARCHAR"), _call("regexp_matches", text, exp.Literal.string(odd)))
    return _guarded(
        node, exp.or_(fault, _type_is(source, "TIMESTAMP_NS")), "a time with a zone or more than six decimals"
    )


def _to_date(node: Expr, dialect: str) -> Expr:
    from sqlglot import exp

    if node.args.get("zone") or node.this is None:
        return node
    kind = exp.TryCast if node.args.get("safe") else exp.Cast
    return _moment(kind(this=node.this, to=exp.DataType.build("date")), node.this, dialect)


def _to_datetime(node: Expr, dialect: str) -> Expr:
    from sqlglot import exp

    return _moment(exp.Cast(this=node.this, to=exp.DataType.build("timestamp", dialect="duckdb")), node.this, dialect)


def _division(node: Expr, dialect: str) -> Expr:
    from sqlglot import exp

    top, bottom = node.this, node.expression
    integers = exp.and_(_type_is(top, _INTEGER_TYPE), _type_is(bottom, _INTEGER_TYPE))
    floats = exp.or_(_type_is(top, "FLOAT|DOUBLE"), _type_is(bottom, "FLOAT|DOUBLE"))
    value: Expr
    if dialect == "redshift":
        value, fine = exp.IntDiv(this=top.copy(), expression=bottom.copy()), integers
    elif dialect == "snowflake":
        value, fine = node, floats
    else:
        value, fine = node, exp.or_(integers, floats)
    return _guarded(
        value,
        exp.or_(exp.not_(fine), _is_zero(bottom)),
        "a quotient that is rounded otherwise there, or a division by zero",
    )


def _quotient(node: Expr, dialect: str) -> Expr:
    """A division whose value is only put out, of the type that it has there: DuckDB's own is always a DOUBLE.

    Redshift divides whole numbers to a whole number, and Snowflake exact ones to a decimal; BigQuery's and Databricks's
    quotients of whole numbers are floating-point. Where the divisor is zero, which fails there, NULL is put out.
    """
    from sqlglot import exp

    top, bottom = node.this, node.expression
    if top.is_string or bottom.is_string or node.find(exp.Interval):
        return node
    divisor = bottom.copy()
    if not (bottom.is_int and int(bottom.name)):
        divisor = exp.Nullif(this=divisor, expression=exp.Literal.number(0))
    if dialect == "redshift":  # `//` divides whole numbers so, and all others as `/` does
        return exp.Paren(this=exp.IntDiv(this=top.copy(), expression=divisor))
    if dialect != "snowflake" or sum(1 for _ in node.walk()) > _LONGEST_QUOTIENT:
        return node
    like: Expr = exp.cast(exp.Literal.number(0), "decimal(7, 6)", dialect="duckdb")
    for part in (bottom, top):
        like = exp.Add(this=exp.Paren(this=part.copy()), expression=like)
    return _call("cast_to_type", exp.Div(this=top.copy(), expression=divisor), like)


_LONGEST_QUOTIENT = 100
"""The nodes of a quotient beyond which it is left as it is: each of nested ones would double the text."""


def _is_zero(value: Expr) -> Expr:
    from sqlglot import exp

    return exp.EQ(this=value.copy(), expression=exp.Literal.number(0))


def _by_zero(node: Expr, _dialect: str) -> Expr:
    divisor = node.expression
    if divisor.is_int and int(divisor.name):
        return node
    return _guarded(node, _is_zero(divisor), "a division by zero")


def _text_of(node: Expr, dialect: str) -> Expr:
    """Guards the operands of a concatenation or a length, which DuckDB writes as text in its own way."""
    from sqlglot import exp

    if isinstance(node, exp.Concat) and dialect == "redshift":
        raise differs(node, dialect, "DuckDB's CONCAT passes over NULL")
    operands = (
        node.expressions
        if isinstance(node, exp.Concat)
        else [node.this] + ([node.expression] if isinstance(node, exp.DPipe) else [])
    )
    for operand in operands:
        if not operand.is_string and not isinstance(operand, (exp.DPipe, exp.Concat)):
            operand.replace(_guarded(operand, exp.not_(_type_is(operand, _TEXT_LIKE)), "a value written as text"))
    return node


def _epoch(node: Expr, dialect: str) -> Expr:
    """Whole seconds since 1970, rounded down: sqlglot's own cast would round to the nearest."""
    from sqlglot import exp

    if isinstance(node, exp.Extract):
        if not node.name.upper().startswith("EPOCH"):
            return node
        if node.name.upper() not in ("EPOCH", "EPOCH_SECOND"):
            raise differs(node, dialect)
    value = node.expression if isinstance(node, exp.Extract) else node.this
    return exp.cast(exp.Floor(this=_call("epoch", value)), "bigint")


REWRITES: dict[str, Callable[[Expr, str], Expr]] = {
    "Cast": _cast,
    "TryCast": _cast,
    "Div": _division,
    "IntDiv": _by_zero,
    "Mod": _by_zero,
    "Concat": _text_of,
    "DPipe": _text_of,
    "Length": _text_of,
    "UnixSeconds": _epoch,
    "Extract": _epoch,
    "TsOrDsToDate": _to_date,
    "Date": _to_date,
    "TsOrDsToDatetime": _to_datetime,
}
PUT_OUT: dict[str, Callable[[Expr, str], Expr]] = {"Div": _quotient}
"""The same for values that decide about no row."""
COPYING = frozenset(REWRITES) - {"Concat", "DPipe", "Length", "UnixSeconds", "Extract"}
"""The kinds whose guards hold copies of what they guard."""

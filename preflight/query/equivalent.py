"""What of each warehouse's SQL means the same in DuckDB, and how it is written there so that it does.

It works by permission: what is not named here, and no rule below handles, is refused. Where equality hangs on a type or
a value that the text does not show, the expression is guarded, so that DuckDB stops with an error rather than differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from preflight.query.transpile import unsupported

if TYPE_CHECKING:
    from sqlglot.expressions import Expression

GUARD = "preflight: "
"""How the message of a guard's error starts."""

_STRUCTURE = (
    "Select From Where Group Having Order Ordered Limit Offset Fetch LimitOptions With CTE Subquery Union Except Intersect Distinct "
    "Alias TableAlias Table Column Identifier DynamicIdentifier Star Literal Boolean Null Paren Tuple Values Qualify Window WindowSpec "
    "RawString Var DataType DataTypeParam Join Cube Rollup GroupingSets Filter IgnoreNulls RespectNulls"
)
_OPERATORS = "And Or Not EQ NEQ GT GTE LT LTE Between In Is NullSafeEQ NullSafeNEQ EqualNull Exists Case If Add Sub Mul Neg Interval"
_FUNCTIONS = (
    "Coalesce Nullif Nvl2 DecodeCase Count CountIf Sum Min Max LogicalAnd LogicalOr AnyValue RowNumber Rank DenseRank Ntile Lag Lead "
    "FirstValue LastValue Upper Lower Replace StartsWith EndsWith Contains StrPosition MD5 SHA2 Abs Sign Floor Ceil Greatest Least "
    "CurrentTimestamp CurrentDate DateAdd DateSub TimestampAdd TimestampSub DatetimeAdd DatetimeSub TsOrDsAdd Date Timestamp "
    "DateFromParts Year Month Day Hour Minute Quarter LastDay"
)
_SAME = frozenset(f"{_STRUCTURE} {_OPERATORS} {_FUNCTIONS}".split())

_MULTIPLIES = "UDTF Explode Posexplode Inline GenerateSeries Anonymous AnonymousAggFunc".split()
"""Kinds that may make rows of values, or that DuckDB has by chance: refused even where values are only put out."""
_VALUE_PARTS = frozenset(
    "Bracket Slice PropertyEQ Kwarg HexString WithinGroup JSONPath JSONPathRoot JSONPathKey JSONPathSubscript".split()
)
"""Parts of expressions, beyond functions and operators, that may stand where values are only put out."""

_INTEGER_TYPE = r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?"
_TEXT_LIKE = rf"({_INTEGER_TYPE}|VARCHAR|DATE|DECIMAL\(\d+,0\)|.?NULL.?)"
_TOO_FINE = r":\d+\.\d{7,}"
_ZONED = r":\d+(\.\d+)?\s*([+-]\d|[A-Za-z]{2})"
_UNITS = frozenset({"YEAR", "QUARTER", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"})


def make_exact(tree: Expression, dialect: str, iterator: str | None) -> Expression:
    """``tree`` with guards where equality hangs on the data; raises WarehouseError (UNSUPPORTED) for what may differ.

    The output column called ``iterator`` must be exact; see ``transpile``.
    """
    from sqlglot import exp

    for select in tree.find_all(exp.Select):
        select.set("hint", None)  # a hint tells how, not what
    loose = _only_put_out(tree, iterator)
    order = list(tree.walk())
    for node in order:
        if id(node) in loose:
            _check_loose(node, dialect)
        else:
            _check(node, dialect)
    for node in reversed(order):
        name = type(node).__name__
        if id(node) not in loose and (rewrite := _REWRITES.get(name)):
            changed = rewrite(node, dialect)
            if changed is not node:
                if node is tree:
                    tree = changed
                else:
                    node.replace(changed)
    return tree


def _differs(node: Expression, dialect: str, why: str = "") -> Exception:
    text = node.sql(dialect)
    shown = text if len(text) <= 60 else text[:57] + "…"
    return unsupported(f"`{shown}` has not been shown to mean the same in DuckDB" + (f": {why}" if why else ""))


def _check(node: Expression, dialect: str) -> None:
    name = type(node).__name__
    if name not in _SAME and name not in _CHECKS and name not in _REWRITES:
        raise _differs(node, dialect)
    if part := _unknown_part(node):
        raise _differs(node, dialect, f"{part} is read otherwise")
    if (check := _CHECKS.get(name)) and (why := check(node, dialect)):
        raise _differs(node, dialect, why)


def _check_loose(node: Expression, dialect: str) -> None:
    from sqlglot import exp

    if isinstance(node, tuple(getattr(exp, kind) for kind in _MULTIPLIES)):
        raise _differs(node, dialect)
    name = type(node).__name__
    if name not in _SAME and name not in _VALUE_PARTS and not isinstance(node, (exp.Func, exp.Binary, exp.Unary)):
        raise _differs(node, dialect)


def _only_put_out(tree: Expression, iterator: str | None) -> set[int]:
    """The nodes whose values decide about no row: those of the outermost select list that nothing else refers to."""
    from sqlglot import exp

    if not isinstance(tree, exp.Select) or any(
        tree.args.get(key) for key in ("distinct", "limit", "offset", "qualify")
    ):
        return set()
    group = tree.args.get("group")
    keys = [node for node in group.expressions if not isinstance(node, exp.Column)] if group else []
    if group and (any(isinstance(key, exp.Literal) for key in keys) or group.args.get("all")):
        return set()
    clauses = [tree.args[key] for key in ("where", "group", "having", "order") if tree.args.get(key)]
    loose: set[int] = set()
    for projection in tree.expressions:
        name = projection.alias_or_name.casefold()
        if projection.is_star or (iterator is not None and name == iterator.casefold()):
            continue
        others = [*clauses, *(other for other in tree.expressions if other is not projection)]
        if projection.alias and any(_names(other, name) for other in others):
            continue
        nodes = list(_own(projection))
        if not any(key == node for key in keys for node in nodes):
            loose |= {id(node) for node in nodes}
    return loose


def _names(tree: Expression, name: str) -> bool:
    from sqlglot import exp

    return any(not column.table and column.name.casefold() == name for column in tree.find_all(exp.Column))


def _own(projection: Expression) -> list[Expression]:
    """The nodes of an expression, those of subqueries left out."""
    from sqlglot import exp

    inner: set[int] = set()
    for query in projection.find_all(exp.Query):
        inner |= {id(node) for node in query.walk()}
    return [node for node in projection.walk() if id(node) not in inner]


# Checks: why a node may differ, or None.


_PARTS = {
    "Select": "expressions from_ joins where group having qualify windows order limit offset distinct with_ hint",
    "Table": "this alias db catalog joins hints",
    "Subquery": "this alias with_ joins order limit offset",
    "Join": "this side kind on using method",
    "Star": "except_ replace rename",
    "Distinct": "expressions",
    "Order": "expressions",
    "Ordered": "this desc nulls_first",
    "Group": "expressions all cube rollup grouping_sets totals",
    "Union": "this expression distinct with_ order limit offset",
    "Except": "this expression distinct with_ order limit offset",
    "Intersect": "this expression distinct with_ order limit offset",
    "CTE": "this alias",
    "Window": "this partition_by order spec alias over first",
    "Fetch": "direction count limit_options",
    "LimitOptions": "rows",
    "In": "this expressions query field",
    "Like": "this expression",
    "ILike": "this expression",
}
"""The parts of a node that are carried over; what else it has would be lost or read otherwise."""


def _unknown_part(node: Expression) -> str:
    known = _PARTS.get(type(node).__name__)
    if known is None:
        return ""
    allowed = known.split()
    return next((key.strip("_").upper() for key, value in node.args.items() if value and key not in allowed), "")


def _shadowed(node: Expression, dialect: str) -> str | None:
    """An alias that hides a column of its own expression: the engines disagree which of the two a later clause means."""
    from sqlglot import exp

    clauses = [node.args[key] for key in ("group", "having", "qualify", "order") if node.args.get(key)]
    for projection in node.expressions:
        if not isinstance(projection, exp.Alias) or isinstance(projection.this, exp.Column):
            continue
        name = projection.alias.casefold()
        hides = any(column.name.casefold() == name for column in projection.this.find_all(exp.Column))
        if hides and any(_names(clause, name) for clause in clauses):
            return f"{projection.alias} names both a column and an expression made of it"
    return None


def _join(node: Expression, dialect: str) -> str | None:
    if node.args.get("method") not in (None, "", "NATURAL"):
        return "this kind of join is read otherwise"
    return None


def _like(node: Expression, dialect: str) -> str | None:
    pattern = node.expression
    if not pattern.is_string or "\\" in pattern.this:
        return "a backslash in the pattern escapes in some warehouses and not in DuckDB"
    return None


def _truncated(node: Expression, dialect: str) -> str | None:
    unit = node.args.get("unit")
    name = unit.name.upper() if unit is not None else ""
    if type(unit).__name__ == "WeekStart":
        return None
    if name in _UNITS or (name == "ISOWEEK" and dialect == "bigquery"):
        return None
    if name == "WEEK" and dialect != "bigquery":
        return None
    return "the unit is read otherwise"


def _difference(node: Expression, dialect: str) -> str | None:
    unit = node.args.get("unit")
    name = unit.name.upper() if unit is not None else "DAY"
    if dialect == "databricks" and unit is not None:
        return "it counts whole units there, and the bounds between them in DuckDB"
    return None if name in _UNITS else "the unit is read otherwise"


def _whole_difference(node: Expression, dialect: str) -> str | None:
    return "it counts whole units there, and the bounds between them in DuckDB"


def _extract(node: Expression, dialect: str) -> str | None:
    part = node.name.upper()
    if part in _UNITS - {"SECOND"} or (part == "SECOND" and dialect != "databricks"):
        return None
    if part in ("DOW", "DAYOFWEEK") and dialect in ("snowflake", "redshift"):
        return None
    return None if part.startswith("EPOCH") and dialect == "snowflake" else "the part is counted otherwise"


def _without_format(node: Expression, dialect: str) -> str | None:
    return "the format would be lost" if node.args.get("format") or node.args.get("zone") else None


def _to_time(node: Expression, dialect: str) -> str | None:
    return None if dialect == "bigquery" and node.args.get("scale") is None else "the unit of the number is not certain"


def _zones(node: Expression, dialect: str) -> str | None:
    source = node.args.get("source_tz")
    return None if source is not None else "what the value is an instant of is not certain"


def _at_zone(node: Expression, dialect: str) -> str | None:
    return None if dialect in ("redshift", "bigquery") else "it is read otherwise"


def _regexp(node: Expression, dialect: str) -> str | None:
    if dialect != "bigquery":
        return "the regular expressions of the two engines differ"
    return None


def _substring(node: Expression, dialect: str) -> str | None:
    start, length = node.args.get("start"), node.args.get("length")
    if not _is_count(start) or int(start.name) < 1 or not (length is None or _is_count(length)):
        return "a start that is not positive is counted otherwise"
    return None


def _count_of(node: Expression, dialect: str) -> str | None:
    return None if _is_count(node.expression) else "a negative length is read otherwise"


def _is_count(node: Expression | None) -> bool:
    from sqlglot import exp

    return isinstance(node, exp.Literal) and node.is_int


def _trim(node: Expression, dialect: str) -> str | None:
    if dialect == "bigquery" and node.args.get("expression") is None:
        return "it removes all white space there, and spaces only in DuckDB"
    return None


def _part(node: Expression, dialect: str) -> str | None:
    number = node.args.get("part_index")
    return None if number is not None and number.is_int and int(number.name) > 0 else "the part is counted otherwise"


def _round(node: Expression, dialect: str) -> str | None:
    return None if node.args.get("decimals") is None or node.args["decimals"].is_int else "the digits are not certain"


def _interval(node: Expression, dialect: str) -> str | None:
    unit = node.args.get("unit")
    name = unit.name.upper().removesuffix("S") if unit is not None else "DAY"
    return None if name in _UNITS | {"WEEK", "MILLISECOND", "MICROSECOND"} else "the unit is read otherwise"


_CHECKS: dict[str, Callable[[Expression, str], str | None]] = {
    "Select": _shadowed,
    "Join": _join,
    "Like": _like,
    "ILike": _like,
    "TimestampTrunc": _truncated,
    "DateTrunc": _truncated,
    "DatetimeTrunc": _truncated,
    "WeekStart": lambda node, dialect: None,
    "DateDiff": _difference,
    "DatetimeDiff": _difference,
    "TsOrDsDiff": _difference,
    "TimestampDiff": _whole_difference,
    "Extract": _extract,
    "TsOrDsToDate": _without_format,
    "TsOrDsToDatetime": _without_format,
    "UnixToTime": _to_time,
    "UnixMillis": lambda node, dialect: None,
    "ConvertTimezone": _zones,
    "AtTimeZone": _at_zone,
    "RegexpLike": _regexp,
    "Substring": _substring,
    "Left": _count_of,
    "Right": _count_of,
    "Trim": _trim,
    "SplitPart": _part,
    "Round": _round,
    "Interval": _interval,
    "DateAdd": _interval,
    "DateSub": _interval,
    "TimestampAdd": _interval,
    "TimestampSub": _interval,
    "DatetimeAdd": _interval,
    "DatetimeSub": _interval,
    "TsOrDsAdd": _interval,
}


# Rewrites: the node as it must be written for DuckDB, with guards.


def _call(name: str, *arguments: Expression) -> Expression:
    from sqlglot import exp

    return exp.Anonymous(this=name, expressions=[argument.copy() for argument in arguments])


def _guarded(value: Expression, fault: Expression, why: str) -> Expression:
    """``value``, or an error that stops the query where ``fault`` holds."""
    from sqlglot import exp

    stop = _call("error", exp.Literal.string(GUARD + why))
    return exp.Paren(this=exp.Case(ifs=[exp.If(this=fault, true=stop)], default=value.copy()))


def _type_is(value: Expression, pattern: str) -> Expression:
    from sqlglot import exp

    return _call("regexp_full_match", _call("typeof", value), exp.Literal.string(pattern))


def _cast(node: Expression, dialect: str) -> Expression:
    from sqlglot import exp

    if node.args.get("format") or node.args.get("action"):
        raise _differs(node, dialect, "the format would be lost")
    source, to = node.this, node.to
    kinds = exp.DataType.Type
    if to.this in (kinds.DECIMAL, kinds.BIGDECIMAL):
        return _decimal(node, dialect)
    if to.is_type(*exp.DataType.INTEGER_TYPES):
        return _integer(node, source)
    if to.is_type(*exp.DataType.TEXT_TYPES):
        if to.expressions:
            raise _differs(node, dialect, "DuckDB does not hold text to a length")
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
    raise _differs(node, dialect)


def _integer(node: Expression, source: Expression) -> Expression:
    from sqlglot import exp

    if source.is_int:
        return node
    number = exp.TryCast(this=source.copy(), to=exp.DataType.build("double"))
    fraction = exp.NEQ(this=exp.Mod(this=number, expression=exp.Literal.number(1)), expression=exp.Literal.number(0))
    return _guarded(node, fraction, "a fraction cast to an integer is rounded otherwise there")


def _decimal(node: Expression, dialect: str) -> Expression:
    from sqlglot import exp

    if node.to.this is exp.DataType.Type.BIGDECIMAL:
        raise _differs(node, dialect, "DuckDB's decimals have at most 38 digits")
    if not node.to.expressions:
        size = {"bigquery": "38, 9", "snowflake": "38, 0", "redshift": "18, 0", "databricks": "10, 0"}[dialect]
        node.set("to", exp.DataType.build(f"decimal({size})", dialect="duckdb"))
    if node.this.is_number:
        return node
    return _guarded(node, _type_is(node.this, "FLOAT|DOUBLE"), "a floating-point number cast to a decimal")


def _moment(node: Expression, source: Expression, dialect: str) -> Expression:
    from sqlglot import exp

    kinds = exp.DataType.Type
    zoneless = node.to.this not in (kinds.TIMESTAMPTZ, kinds.TIMESTAMPLTZ) and not (
        node.to.this is kinds.TIMESTAMP and dialect == "databricks"
    )
    odd = f"{_TOO_FINE}|{_ZONED}" if zoneless else _TOO_FINE
    if source.is_string:
        if re.search(odd, source.name):
            raise _differs(node, dialect, "the text carries a zone or more than six decimals")
        return node
    text = exp.cast(source.copy(), "text")
    fault = exp.and_(_type_is(source, "VARCHAR"), _call("regexp_matches", text, exp.Literal.string(odd)))
    return _guarded(
        node, exp.or_(fault, _type_is(source, "TIMESTAMP_NS")), "a time with a zone or more than six decimals"
    )


def _to_date(node: Expression, dialect: str) -> Expression:
    from sqlglot import exp

    if node.args.get("zone") or node.this is None:
        return node
    kind = exp.TryCast if node.args.get("safe") else exp.Cast
    return _moment(kind(this=node.this, to=exp.DataType.build("date")), node.this, dialect)


def _to_datetime(node: Expression, dialect: str) -> Expression:
    from sqlglot import exp

    return _moment(exp.Cast(this=node.this, to=exp.DataType.build("timestamp", dialect="duckdb")), node.this, dialect)


def _division(node: Expression, dialect: str) -> Expression:
    from sqlglot import exp

    top, bottom = node.this, node.expression
    integers = exp.and_(_type_is(top, _INTEGER_TYPE), _type_is(bottom, _INTEGER_TYPE))
    floats = exp.or_(_type_is(top, "FLOAT|DOUBLE"), _type_is(bottom, "FLOAT|DOUBLE"))
    value: Expression
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


def _is_zero(value: Expression) -> Expression:
    from sqlglot import exp

    return exp.EQ(this=value.copy(), expression=exp.Literal.number(0))


def _by_zero(node: Expression, dialect: str) -> Expression:
    divisor = node.expression
    if divisor.is_int and int(divisor.name):
        return node
    return _guarded(node, _is_zero(divisor), "a division by zero")


def _text_of(node: Expression, dialect: str) -> Expression:
    """Guards the operands of a concatenation or a length, which DuckDB writes as text in its own way."""
    from sqlglot import exp

    if isinstance(node, exp.Concat) and dialect == "redshift":
        raise _differs(node, dialect, "DuckDB's CONCAT passes over NULL")
    operands = (
        node.expressions
        if isinstance(node, exp.Concat)
        else [node.this] + ([node.expression] if isinstance(node, exp.DPipe) else [])
    )
    for operand in operands:
        if not operand.is_string and not isinstance(operand, (exp.DPipe, exp.Concat)):
            operand.replace(_guarded(operand, exp.not_(_type_is(operand, _TEXT_LIKE)), "a value written as text"))
    return node


def _epoch(node: Expression, dialect: str) -> Expression:
    """Whole seconds since 1970, rounded down: sqlglot's own cast would round to the nearest."""
    from sqlglot import exp

    if isinstance(node, exp.Extract):
        if not node.name.upper().startswith("EPOCH"):
            return node
        if node.name.upper() not in ("EPOCH", "EPOCH_SECOND"):
            raise _differs(node, dialect)
    value = node.expression if isinstance(node, exp.Extract) else node.this
    return exp.cast(exp.Floor(this=_call("epoch", value)), "bigint")


_REWRITES: dict[str, Callable[[Expression, str], Expression]] = {
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

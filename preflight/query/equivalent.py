"""What of each warehouse's SQL means the same in DuckDB, and how it is written there so that it does.

It works by permission: what is not named here, and no rule below handles, is refused. Where equality hangs on a type or
a value that the text does not show, the expression is guarded, so that DuckDB stops with an error rather than differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from preflight.query.guards import COPYING, PUT_OUT, REWRITES, differs

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

_STRUCTURE = """
    Select From Where Group Having Order Ordered Limit Offset Fetch LimitOptions With CTE Subquery Union Except
    Intersect Distinct Alias TableAlias Table Column Identifier DynamicIdentifier Star Literal Boolean Null Paren Tuple
    Values Qualify Window WindowSpec RawString Var DataType DataTypeParam Join Cube Rollup GroupingSets Filter
    IgnoreNulls RespectNulls
"""
_OPERATORS = """
    And Or Not EQ NEQ GT GTE LT LTE Between In Is NullSafeEQ NullSafeNEQ EqualNull Exists Case If Add Sub Mul Neg
    Interval
"""
_FUNCTIONS = """
    Coalesce Nullif Nvl2 DecodeCase Count CountIf Sum Min Max LogicalAnd LogicalOr AnyValue RowNumber Rank DenseRank
    Ntile Lag Lead FirstValue LastValue Upper Lower Replace StartsWith EndsWith Contains StrPosition MD5 SHA2 Abs Sign
    Floor Ceil Greatest Least CurrentTimestamp CurrentDate DateAdd DateSub TimestampAdd TimestampSub DatetimeAdd
    DatetimeSub TsOrDsAdd Timestamp DateFromParts Year Month Day Hour Minute Quarter LastDay UnixMillis WeekStart
"""
_SAME = frozenset(f"{_STRUCTURE} {_OPERATORS} {_FUNCTIONS}".split())

_MULTIPLIES = ("UDTF", "Explode", "Posexplode", "Inline", "GenerateSeries", "Anonymous", "AnonymousAggFunc")
"""Kinds that may make rows of values, or that DuckDB has by chance: refused even where values are only put out."""
_VALUE_PARTS = frozenset(
    {"Bracket", "Slice", "PropertyEQ", "Kwarg", "HexString", "WithinGroup"}
    | {"JSONPath", "JSONPathRoot", "JSONPathKey", "JSONPathSubscript"}
)
"""Parts of expressions, beyond functions and operators, that may stand where values are only put out."""

_MAX_TOWER = 5
_UNITS = frozenset({"YEAR", "QUARTER", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"})


def make_exact(tree: Expr, dialect: str, iterator: str | None) -> Expr:
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
    _refuse_towers(order, loose, dialect)
    for node in reversed(order):
        if rewrite := (PUT_OUT if id(node) in loose else REWRITES).get(type(node).__name__):
            changed = rewrite(node, dialect)
            if changed is not node:
                if node is tree:
                    tree = changed
                else:
                    node.replace(changed)
    return tree


def _refuse_towers(order: list[Expr], loose: set[int], dialect: str) -> None:
    """Refuse guards nested in guards beyond a few: each holds several copies of what it guards."""
    height: dict[int, int] = {}
    for node in order:  # parents come before their children
        above = height.get(id(node.parent), 0)
        height[id(node)] = above + (id(node) not in loose and type(node).__name__ in COPYING)
        if height[id(node)] > _MAX_TOWER:
            raise differs(node, dialect, "too many casts and quotients are nested")


def _check(node: Expr, dialect: str) -> None:
    name = type(node).__name__
    if name not in _SAME and name not in _CHECKS and name not in REWRITES:
        raise differs(node, dialect)
    if part := _unknown_part(node):
        raise differs(node, dialect, f"{part} is read otherwise")
    if (check := _CHECKS.get(name)) and (why := check(node, dialect)):
        raise differs(node, dialect, why)


def _check_loose(node: Expr, dialect: str) -> None:
    from sqlglot import exp

    if isinstance(node, tuple(getattr(exp, kind) for kind in _MULTIPLIES)):
        raise differs(node, dialect)
    name = type(node).__name__
    if name not in _SAME and name not in _VALUE_PARTS and not isinstance(node, (exp.Func, exp.Binary, exp.Unary)):
        raise differs(node, dialect)


def _only_put_out(tree: Expr, iterator: str | None) -> set[int]:
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
    named = [_bare_names(item) for item in (*clauses, *tree.expressions)]
    naming = Counter(name for names in named for name in names)
    loose: set[int] = set()
    for projection, own in zip(tree.expressions, named[len(clauses) :], strict=True):
        name = projection.alias_or_name.casefold()
        if projection.is_star or (iterator is not None and name == iterator.casefold()):
            continue
        if projection.alias and naming[name] > (name in own):
            continue
        nodes = list(_own(projection))
        if not any(key == node for key in keys for node in nodes):
            loose |= {id(node) for node in nodes}
    return loose


def _bare_names(tree: Expr) -> set[str]:
    """The names, without case, that stand in an expression without a table before them."""
    from sqlglot import exp

    return {column.name.casefold() for column in tree.find_all(exp.Column) if not column.table}


def _own(projection: Expr) -> list[Expr]:
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


def _unknown_part(node: Expr) -> str:
    known = _PARTS.get(type(node).__name__)
    if known is None:
        return ""
    allowed = known.split()
    return next((key.strip("_").upper() for key, value in node.args.items() if value and key not in allowed), "")


def _shadowed(node: Expr, _dialect: str) -> str | None:
    """Whether an alias hides a column of its own expression: engines disagree which of the two a later clause means."""
    from sqlglot import exp

    clauses = [node.args[key] for key in ("group", "having", "qualify", "order") if node.args.get(key)]
    for projection in node.expressions:
        if not isinstance(projection, exp.Alias) or isinstance(projection.this, exp.Column):
            continue
        name = projection.alias.casefold()
        hides = any(column.name.casefold() == name for column in projection.this.find_all(exp.Column))
        if hides and any(name in _bare_names(clause) for clause in clauses):
            return f"{projection.alias} names both a column and an expression made of it"
    return None


def _join(node: Expr, _dialect: str) -> str | None:
    if node.args.get("method") not in (None, "", "NATURAL"):
        return "this kind of join is read otherwise"
    return None


def _like(node: Expr, _dialect: str) -> str | None:
    pattern = node.expression
    if not pattern.is_string or "\\" in pattern.this:
        return "a backslash in the pattern escapes in some warehouses and not in DuckDB"
    return None


def _truncated(node: Expr, dialect: str) -> str | None:
    unit = node.args.get("unit")
    name = unit.name.upper() if unit is not None else ""
    if type(unit).__name__ == "WeekStart":
        return None
    if name in _UNITS or (name == "ISOWEEK" and dialect == "bigquery"):
        return None
    if name == "WEEK" and dialect != "bigquery":
        return None
    return "the unit is read otherwise"


def _difference(node: Expr, dialect: str) -> str | None:
    unit = node.args.get("unit")
    name = unit.name.upper() if unit is not None else "DAY"
    if dialect == "databricks" and not (name == "DAY" and _is_date(node.this) and _is_date(node.expression)):
        return _whole_difference(node, dialect)
    return None if name in _UNITS else "the unit is read otherwise"


def _is_date(node: Expr) -> bool:
    from sqlglot import exp

    if isinstance(node, exp.Cast):
        return bool(node.args["to"].this is exp.DataType.Type.DATE)
    return isinstance(node, (exp.TsOrDsToDate, exp.CurrentDate))


def _whole_difference(_node: Expr, _dialect: str) -> str | None:
    return "it counts whole units there, and the bounds between them in DuckDB"


def _extract(node: Expr, dialect: str) -> str | None:
    part = node.name.upper()
    if part in _UNITS - {"SECOND"} or (part == "SECOND" and dialect != "databricks"):
        return None
    if part in ("DOW", "DAYOFWEEK") and dialect in ("snowflake", "redshift"):
        return None
    return None if part.startswith("EPOCH") and dialect == "snowflake" else "the part is counted otherwise"


def _without_format(node: Expr, _dialect: str) -> str | None:
    return "the format would be lost" if node.args.get("format") or node.args.get("zone") else None


def _to_time(node: Expr, dialect: str) -> str | None:
    return None if dialect == "bigquery" and node.args.get("scale") is None else "the unit of the number is not certain"


def _zones(node: Expr, _dialect: str) -> str | None:
    source = node.args.get("source_tz")
    return None if source is not None else "what the value is an instant of is not certain"


def _at_zone(_node: Expr, dialect: str) -> str | None:
    return None if dialect in ("redshift", "bigquery") else "it is read otherwise"


def _regexp(_node: Expr, dialect: str) -> str | None:
    if dialect != "bigquery":
        return "the regular expressions of the two engines differ"
    return None


def _substring(node: Expr, _dialect: str) -> str | None:
    start, length = node.args.get("start"), node.args.get("length")
    if start is None or not _is_count(start) or int(start.name) < 1 or not (length is None or _is_count(length)):
        return "a start that is not positive is counted otherwise"
    return None


def _count_of(node: Expr, _dialect: str) -> str | None:
    return None if _is_count(node.expression) else "a negative length is read otherwise"


def _is_count(node: Expr | None) -> bool:
    from sqlglot import exp

    return isinstance(node, exp.Literal) and node.is_int


def _trim(node: Expr, dialect: str) -> str | None:
    if dialect == "bigquery" and node.args.get("expression") is None:
        return "it removes all white space there, and spaces only in DuckDB"
    return None


def _part(node: Expr, _dialect: str) -> str | None:
    number = node.args.get("part_index")
    return None if number is not None and number.is_int and int(number.name) > 0 else "the part is counted otherwise"


def _round(node: Expr, _dialect: str) -> str | None:
    return None if node.args.get("decimals") is None or node.args["decimals"].is_int else "the digits are not certain"


def _interval(node: Expr, _dialect: str) -> str | None:
    unit = node.args.get("unit")
    name = unit.name.upper().removesuffix("S") if unit is not None else "DAY"
    return None if name in _UNITS | {"WEEK", "MILLISECOND", "MICROSECOND"} else "the unit is read otherwise"


_CHECKS: dict[str, Callable[[Expr, str], str | None]] = {
    "Select": _shadowed,
    "Join": _join,
    "Like": _like,
    "ILike": _like,
    "TimestampTrunc": _truncated,
    "DateTrunc": _truncated,
    "DatetimeTrunc": _truncated,
    "DateDiff": _difference,
    "DatetimeDiff": _difference,
    "TsOrDsDiff": _difference,
    "TimestampDiff": _whole_difference,
    "Extract": _extract,
    "TsOrDsToDate": _without_format,
    "TsOrDsToDatetime": _without_format,
    "UnixToTime": _to_time,
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

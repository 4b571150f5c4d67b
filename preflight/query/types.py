"""sqlglot's types as ours, and sqlglot's guesses held back where its answer is known to be wrong."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from preflight.model import UNKNOWN, Kind, Type

if TYPE_CHECKING:
    from sqlglot.expressions import Expression

_KINDS: Mapping[Kind, str] = {
    Kind.TEXT: "CHAR NCHAR BPCHAR VARCHAR NVARCHAR TEXT TINYTEXT MEDIUMTEXT LONGTEXT",
    Kind.INTEGER: "TINYINT UTINYINT SMALLINT USMALLINT MEDIUMINT INT UINT BIGINT UBIGINT INT128 INT256",
    Kind.DECIMAL: "DECIMAL BIGDECIMAL DECFLOAT",
    Kind.FLOAT: "FLOAT DOUBLE",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.DATE: "DATE",
    Kind.TIME: "TIME TIMETZ",
    Kind.TIMESTAMP: "TIMESTAMPNTZ DATETIME",
    Kind.INSTANT: "TIMESTAMPLTZ TIMESTAMPTZ",
    Kind.INTERVAL: "INTERVAL",
    Kind.BINARY: "BINARY VARBINARY",
    Kind.ARRAY: "ARRAY LIST",
    Kind.STRUCT: "STRUCT OBJECT",
    Kind.MAP: "MAP",
    Kind.JSON: "VARIANT JSON SUPER",
    Kind.GEO: "GEOGRAPHY GEOMETRY",
    Kind.OTHER: "VECTOR FILE UUID RANGE HLLSKETCH",
    Kind.NULL: "NULL",
}
_BY_NAME = {name: kind for kind, names in _KINDS.items() for name in names.split()}
_ZONELESS_TIMESTAMP = ("bigquery", "redshift")
"""Where sqlglot's TIMESTAMP has no zone for certain; on Snowflake and Databricks a session setting decides."""
_SNOWFLAKE_NAMES = {
    "TIMESTAMPNTZ": "TIMESTAMP_NTZ",
    "TIMESTAMPLTZ": "TIMESTAMP_LTZ",
    "TIMESTAMPTZ": "TIMESTAMP_TZ",
    "DECIMAL": "NUMBER",
    "DOUBLE": "FLOAT",
    "DATETIME": "TIMESTAMP_NTZ",
}


def to_type(node: object, dialect: str) -> Type:
    """Our type for a sqlglot ``DataType``; UNKNOWN for what is none or names no type for certain."""
    from sqlglot import exp

    if isinstance(node, exp.ObjectIdentifier):
        return Type(Kind.OTHER, node.name)
    if not isinstance(node, exp.DataType):
        return UNKNOWN
    if isinstance(node.this, exp.Interval):
        return Type(Kind.INTERVAL, node.sql(dialect))
    name, kind = _named_kind(node, dialect)
    if kind is Kind.UNKNOWN:
        return UNKNOWN if name in ("UNKNOWN", "USERDEFINED") else Type(kind, _raw(node, dialect))
    precision, scale = _numbers(node) if kind in (Kind.DECIMAL, Kind.TEXT) else (None, None)
    if kind is Kind.DECIMAL and name == "DECIMAL" and precision is not None:
        scale = scale or 0
        if dialect == "snowflake" and scale == 0:
            kind = Kind.INTEGER
    element = None
    if kind is Kind.ARRAY and node.expressions:
        element = to_type(node.expressions[0], dialect)
    return Type(kind, _raw(node, dialect), precision, scale, element)


def _named_kind(node: Any, dialect: str) -> tuple[str, Kind]:
    """Sqlglot's name of a ``DataType`` and our kind for it."""
    name = str(getattr(node.this, "value", node.this))
    if name == "TIMESTAMP":
        return name, Kind.TIMESTAMP if dialect in _ZONELESS_TIMESTAMP else Kind.UNKNOWN
    return name, _BY_NAME.get(name, Kind.UNKNOWN)


def _likeness(node: Any, dialect: str) -> object:
    """What two types must have in common to be one of ours."""
    from sqlglot import exp

    if not isinstance(node, exp.DataType) or isinstance(node.this, exp.Interval):
        return to_type(node, dialect).kind
    _, kind = _named_kind(node, dialect)
    if kind is Kind.DECIMAL and dialect == "snowflake":  # a scale of 0 makes it an integer
        return to_type(node, dialect).kind
    return kind


def named_type(text: str, dialect: str) -> Type:
    """Our type for a type's name as a warehouse lists it; its kind is unknown where the name is none of the dialect."""
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        found = to_type(exp.DataType.build(text, dialect=dialect), dialect)
    except (SqlglotError, ValueError, RecursionError):
        return Type(Kind.UNKNOWN, text)
    return Type(found.kind, text, found.precision, found.scale, found.element)


def _raw(node: Expression, dialect: str) -> str:
    bare = not any(value for key, value in node.args.items() if key != "this")
    text = _bare_name(node.this, dialect) if bare else node.sql(dialect)
    if dialect != "snowflake":
        return text
    head, bracket, rest = text.partition("(")
    return _SNOWFLAKE_NAMES.get(head, head) + bracket + rest


@lru_cache(maxsize=256)
def _bare_name(type_: Any, dialect: str) -> str:
    from sqlglot import exp

    return exp.DataType(this=type_).sql(dialect)


def _numbers(node: Expression) -> tuple[int | None, int | None]:
    numbers = [int(p.name) for p in node.expressions if p.name.isdecimal()][:2]
    return (numbers[0] if numbers else None, numbers[1] if len(numbers) > 1 else None)


def same_type(left: Type, right: Type) -> Type:
    """The type of two branches of a set operation: the one that both have, else UNKNOWN."""
    if left == right:
        return left
    return Type(left.kind) if left.kind is right.kind else UNKNOWN


def annotate(tree: Expression, dialect: str, schema: Any = None) -> None:
    """Infer the types in ``tree``, in place; what sqlglot cannot say stays unknown.

    sqlglot takes every decimal literal for a DOUBLE, a CASE for its first branch's type, and a SUM or a product for its
    operand's precision; here the first two are unknown where they are not certain, and the last have no precision.
    """
    from sqlglot import exp
    from sqlglot.dialects.dialect import Dialect
    from sqlglot.errors import SqlglotError
    from sqlglot.optimizer.annotate_types import annotate_types

    try:
        annotate_types(tree, schema=schema, expression_metadata=_metadata(exp, Dialect, dialect), dialect=dialect)
    except (SqlglotError, AttributeError, KeyError, IndexError, TypeError, ValueError):
        for node in tree.walk():
            if not isinstance(node, exp.DataType):
                node.type = None


@lru_cache(maxsize=8)
def _metadata(exp: Any, dialects: Any, dialect: str) -> dict[Any, Any]:
    own = dict(dialects.get_or_raise(dialect).EXPRESSION_METADATA)
    types = exp.DataType.Type

    def literal(node: Any) -> Any:
        return node.type if node.is_string or node.is_int or dialect == "bigquery" else types.UNKNOWN

    def branches(node: Any) -> Any:
        kinds = {_likeness(v.type, dialect) for v in _branches(node) if not isinstance(v, exp.Null)}
        return node.type if len(kinds) == 1 else types.UNKNOWN

    def rough(node: Any) -> Any:
        return types.DECIMAL if node.is_type(types.DECIMAL) else node.type

    def nothing(_: Any) -> Any:
        return types.UNKNOWN

    corrections: list[tuple[Any, tuple[Any, ...]]] = [
        (literal, (exp.Literal,)),
        (branches, (exp.Case, exp.If, exp.Coalesce, exp.Nullif, exp.Greatest, exp.Least)),
        (rough, (exp.Sum, exp.Add, exp.Sub, exp.Mul)),
        (nothing, () if dialect == "bigquery" else (exp.Div, exp.Avg, exp.Round)),
    ]
    for correct, kinds in corrections:
        for kind in kinds:
            own[kind] = {"annotator": _corrected(own.get(kind, {}), correct)}
    if dialect in ("redshift", "databricks"):
        own[exp.CurrentTimestamp] = {"returns": types.TIMESTAMPTZ}
    return own


def _corrected(entry: Any, correct: Any) -> Any:
    def annotator(self: Any, node: Any) -> Any:
        if "annotator" in entry:
            node = entry["annotator"](self, node)
        elif "returns" in entry:
            node.type = entry["returns"]
        node.type = correct(node)
        return node

    return annotator


def _branches(node: Any) -> list[Any]:
    """What a conditional expression may give."""
    arms = [arm.args.get("true") for arm in node.args.get("ifs") or ()] if node.key == "case" else []
    others = [node.args.get(key) for key in ("true", "false", "default")]
    rest = [] if node.key in ("case", "if") else [node.this, *node.expressions]
    return [value for value in (*arms, *others, *rest) if value is not None]

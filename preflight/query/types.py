"""sqlglot's types to ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from preflight.model import UNKNOWN, Kind, Type

if TYPE_CHECKING:
    from sqlglot.expressions import DataType

_KINDS = {
    Kind.TEXT: "TEXT VARCHAR CHAR BPCHAR NCHAR NVARCHAR NAME TINYTEXT MEDIUMTEXT LONGTEXT FIXEDSTRING ENUM UUID XML",
    Kind.INTEGER: "INT BIGINT SMALLINT TINYINT MEDIUMINT INT128 INT256 UBIGINT UINT USMALLINT UTINYINT UINT128 UINT256"
    " UMEDIUMINT SERIAL BIGSERIAL SMALLSERIAL",
    Kind.DECIMAL: "DECIMAL BIGDECIMAL BIGNUM DECFLOAT MONEY SMALLMONEY UDECIMAL DECIMAL32 DECIMAL64 DECIMAL128"
    " DECIMAL256",
    Kind.FLOAT: "FLOAT DOUBLE UDOUBLE",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.DATE: "DATE DATE32",
    Kind.TIME: "TIME TIMETZ TIME_NS",
    Kind.TIMESTAMP: "TIMESTAMPNTZ DATETIME DATETIME2 DATETIME64 SMALLDATETIME TIMESTAMP_S TIMESTAMP_MS TIMESTAMP_NS",
    Kind.INSTANT: "TIMESTAMPTZ TIMESTAMPLTZ",
    Kind.INTERVAL: "INTERVAL",
    Kind.BINARY: "BINARY VARBINARY BLOB LONGBLOB MEDIUMBLOB TINYBLOB BIT",
    Kind.ARRAY: "ARRAY LIST",
    Kind.STRUCT: "STRUCT OBJECT NESTED",
    Kind.MAP: "MAP",
    Kind.JSON: "JSON JSONB VARIANT SUPER HSTORE",
    Kind.GEO: "GEOGRAPHY GEOMETRY GEOGRAPHYPOINT POINT RING LINESTRING MULTILINESTRING POLYGON MULTIPOLYGON",
    Kind.NULL: "NULL NOTHING",
    Kind.OTHER: "VECTOR FILE RANGE HLLSKETCH DATERANGE TSRANGE TSTZRANGE INET USERDEFINED",
}
_BY_NAME = {name: kind for kind, names in _KINDS.items() for name in names.split()}


def convert(type_: DataType | None, dialect: str) -> Type:
    """Our type for sqlglot's; UNKNOWN for what it does not know, or only seems to know."""
    if type_ is None:
        return UNKNOWN
    name = (
        getattr(type_.this, "name", "")
        if type_.this.__class__.__name__ == "DType" or hasattr(type_.this, "value")
        else ""
    )
    if type_.this.__class__.__name__ == "Interval":
        return Type(Kind.INTERVAL, type_.sql(dialect))
    if name == "TIMESTAMP":  # a zone-less time where it is DATETIME or Redshift's; ambiguous in the others
        kind = {"bigquery": Kind.TIMESTAMP, "redshift": Kind.TIMESTAMP}.get(dialect, Kind.UNKNOWN)
    else:
        kind = _BY_NAME.get(name, Kind.UNKNOWN)
    if kind is Kind.UNKNOWN:
        return UNKNOWN
    precision, scale = _numbers(type_)
    if kind is Kind.DECIMAL and precision is not None and not scale and dialect == "snowflake":
        kind, scale = Kind.INTEGER, 0
    element = None
    if kind is Kind.ARRAY and type_.expressions:
        element = convert(type_.expressions[0], dialect)
    return Type(kind, type_.sql(dialect), precision if kind is not Kind.TEXT else None, scale, element)


def _numbers(type_: DataType) -> tuple[int | None, int | None]:
    numbers = []
    for parameter in type_.expressions:
        text = str(getattr(getattr(parameter, "this", None), "this", ""))
        numbers.append(int(text) if text.isdigit() else None)
    precision = numbers[0] if numbers else None
    return precision, numbers[1] if len(numbers) > 1 else None

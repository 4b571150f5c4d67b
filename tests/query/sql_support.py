"""What every test of ``preflight.query`` starts from."""

from __future__ import annotations

from preflight.location import Excerpt, SourceFile
from preflight.model import Column, Kind, TableInfo, TableRef, Type
from preflight.query import Query, parse

DIALECTS = ("snowflake", "bigquery", "redshift", "databricks")
INTEGER = Type(Kind.INTEGER, "NUMBER(38,0)", 38, 0)
TEXT = Type(Kind.TEXT, "VARCHAR")


def read(sql: str, dialect: str = "snowflake") -> Query:
    """The query of a data model called ``model``."""
    return parse(Excerpt.whole(SourceFile("model.sql", sql)), dialect, "model")


def marked(query: Query, place: object) -> str:
    """The text that a place or a problem covers."""
    return query.sql.text[place.start : place.end]  # type: ignore[attr-defined]


def table(dotted: str, *columns: str | Column) -> tuple[TableRef, TableInfo]:
    """A table that is known, by its folded name."""
    *outer, name = dotted.split(".")
    ref = TableRef(name, outer[-1] if outer else "", outer[-2] if len(outer) > 1 else "")
    known = tuple(c if isinstance(c, Column) else Column(c, INTEGER) for c in columns)
    return ref, TableInfo(ref, columns=known)

"""Whether a column's values can become what the platform stores: a scalar, or a list of scalars.

The batch schema's allowed types are OAS; that other types are refused or changed on the way is inferred, so that such
rules warn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from preflight.finding import Fault, Outcome, Severity
from preflight.model import Kind
from preflight.query import OutputColumn
from preflight.rule import Context, Fact, Scope, rule
from preflight_rules.columns.profiled import loaded

_OBJECTS = (Kind.STRUCT, Kind.MAP)
_OPAQUE = (Kind.BINARY, Kind.GEO, Kind.INTERVAL, Kind.OTHER)
EXACT_DIGITS = 15
"""Decimal digits that a double-precision number always keeps (IEEE 754)."""


def _each(
    ctx: Context, wrong: Callable[[OutputColumn], bool], message: Callable[[OutputColumn], str], remedy: str
) -> Iterator[Outcome]:
    if ctx.missing(Fact.SCHEMA):  # what is inferred from the text alone is dear, and no ground for these rules
        return
    for column in loaded(ctx):
        if wrong(column):
            yield Fault(message(column), column.place, remedy)


@rule("PF230", Severity.ERROR, scope=Scope.QUERY, needs={Fact.SCHEMA})
def object_column(ctx: Context) -> Iterator[Outcome]:
    """A column holds objects.

    Why: an attribute is a scalar or a list of scalars; the batch schema allows no object.
    Fails:
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts (customer_id INT, address STRUCT(city TEXT), updated_at TIMESTAMP)
        sql: SELECT c.customer_id, c.address, c.updated_at FROM crm.public.contacts AS c
    Passes:
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts (customer_id INT, address TEXT, updated_at TIMESTAMP)
        sql: SELECT c.customer_id, c.address, c.updated_at FROM crm.public.contacts AS c
    Remedy: put its members out as columns of their own, or write it as text.
    Source: OAS, the Events API's inbound JSON Schema
    """
    yield from _each(
        ctx,
        lambda column: column.type.kind in _OBJECTS,
        lambda column: f"{column.name} holds objects ({column.type}); an attribute is a scalar or a list of scalars.",
        "Put its members out as columns of their own, or write it as text.",
    )


@rule("PF231", Severity.WARNING, scope=Scope.QUERY, needs={Fact.SCHEMA})
def opaque_column(ctx: Context) -> Iterator[Outcome]:
    """A column's type has no counterpart in JSON.

    Why: bytes, shapes and intervals are written in a form that nobody documents, if at all.
    Fails:
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts (customer_id INT, picture BLOB, updated_at TIMESTAMP)
        sql: SELECT c.customer_id, c.picture, c.updated_at FROM crm.public.contacts AS c
    Passes:
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts (customer_id INT, picture TEXT, updated_at TIMESTAMP)
        sql: SELECT c.customer_id, c.picture, c.updated_at FROM crm.public.contacts AS c
    Remedy: encode it as text, put numbers out instead, or leave it out.
    Source: INF, from the types that JSON has
    """
    yield from _each(
        ctx,
        lambda column: column.type.kind in _OPAQUE,
        lambda column: f"{column.name} is of type {column.type}, which has no counterpart in JSON.",
        "Encode it as text, put numbers out instead, or leave it out.",
    )


@rule("PF232", Severity.WARNING, scope=Scope.QUERY, needs={Fact.SCHEMA})
def list_column(ctx: Context) -> Iterator[Outcome]:
    """A column holds lists, for which further limits hold.

    Why: a list becomes a list attribute, with at most 1,000 entries of 512 characters; an attribute should not be a
        list once and a scalar another time.
    Fails:
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts (customer_id INT, tags TEXT[], updated_at TIMESTAMP)
        sql: SELECT c.customer_id, c.tags, c.updated_at FROM crm.public.contacts AS c
    Passes:
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts (customer_id INT, tags TEXT, updated_at TIMESTAMP)
        sql: SELECT c.customer_id, c.tags, c.updated_at FROM crm.public.contacts AS c
    Remedy: make sure that the lists are short and that the attribute is always a list.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source)
    """
    yield from _each(
        ctx,
        lambda column: column.type.kind is Kind.ARRAY and not _holds_objects(column),
        lambda column: f"{column.name} holds lists ({column.type}) and becomes a list attribute.",
        "Make sure that the lists are short and that the attribute is always a list.",
    )


def _holds_objects(column: OutputColumn) -> bool:
    element = column.type.element
    return element is not None and element.kind in (*_OBJECTS, Kind.ARRAY)


@rule("PF233", Severity.ERROR, scope=Scope.QUERY, needs={Fact.SCHEMA})
def list_of_objects(ctx: Context) -> Iterator[Outcome]:
    """A column holds lists of objects or of lists.

    Why: a list attribute's entries are scalars; the batch schema allows nothing else.
    Fails:
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts (customer_id INT, orders STRUCT(id INT)[], updated_at TIMESTAMP)
        sql: SELECT c.customer_id, c.orders, c.updated_at FROM crm.public.contacts AS c
    Passes:
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts (customer_id INT, orders INT[], updated_at TIMESTAMP)
        sql: SELECT c.customer_id, c.orders, c.updated_at FROM crm.public.contacts AS c
    Remedy: put a list of scalars out, or write it as text.
    Source: OAS, the Events API's inbound JSON Schema
    """
    yield from _each(
        ctx,
        lambda column: column.type.kind is Kind.ARRAY and _holds_objects(column),
        lambda column: f"{column.name} holds lists of {column.type.element}; a list's entries must be scalars.",
        "Put a list of scalars out, or write it as text.",
    )


@rule("PF234", Severity.WARNING, scope=Scope.QUERY, needs={Fact.SCHEMA})
def imprecise_decimal(ctx: Context) -> Iterator[Outcome]:
    """A decimal column may hold more digits than a JSON number keeps.

    Why: most readers of JSON hold numbers in double precision, which keeps 15 decimal digits.
    Fails:
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts (customer_id INT, balance DECIMAL(38, 4), updated_at TIMESTAMP)
        sql: SELECT c.customer_id, c.balance, c.updated_at FROM crm.public.contacts AS c
    Passes:
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts (customer_id INT, balance DECIMAL(12, 2), updated_at TIMESTAMP)
        sql: SELECT c.customer_id, c.balance, c.updated_at FROM crm.public.contacts AS c
    Remedy: cast it to text, or to fewer digits.
    Source: INF, from JSON's numbers
    """
    yield from _each(
        ctx,
        lambda column: (
            column.type.kind is Kind.DECIMAL and bool(column.type.scale) and (column.type.precision or 0) > EXACT_DIGITS
        ),
        lambda column: f"{column.name} is of type {column.type}; a JSON number keeps {EXACT_DIGITS} digits.",
        "Cast it to text if every digit matters, or to fewer digits.",
    )


@rule("PF235", Severity.WARNING, needs={Fact.SCHEMA})
def zoneless_attribute(ctx: Context) -> Iterator[Outcome]:
    """A time without a zone becomes an attribute.

    Why: it arrives as text, and nobody downstream can tell which instant it means; mParticle recommends UTC.
    Fails:
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts (customer_id INT, last_order TIMESTAMP, updated_at TIMESTAMP)
        sql: SELECT c.customer_id, c.last_order, c.updated_at FROM crm.public.contacts AS c
    Passes:
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts (customer_id INT, last_order TIMESTAMPTZ, updated_at TIMESTAMP)
        sql: SELECT c.customer_id, c.last_order, c.updated_at FROM crm.public.contacts AS c
    Remedy: write it as text in UTC, with its zone.
    Source: V2 https://docs.mparticle.com/developers/warehouse-sync-api/reference/ (best practices)
    """
    yield from _each(
        ctx,
        lambda column: column.type.kind is Kind.TIMESTAMP,
        lambda column: f"{column.name} is a time without a zone.",
        "Write it as text in UTC, with its zone.",
    )

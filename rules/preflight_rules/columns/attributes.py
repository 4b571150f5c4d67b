"""What the platform will make of columns that are no identity: attributes, and names that it reads in its own way."""

from __future__ import annotations

import re
from collections.abc import Iterator

from preflight import identities
from preflight.finding import Fault, Inapplicable, Outcome, Severity, Unproven
from preflight.model import Provider
from preflight.patterns import lazy
from preflight.query import OutputColumn
from preflight.rule import Context, Fact, Scope, rule

RESERVED = (
    "$age",
    "$gender",
    "$country",
    "$zip",
    "$city",
    "$state",
    "$address",
    "$firstname",
    "$lastname",
    "$mobile",
)
"""Reserved user attributes. V1, https://docs.mparticle.com/developers/server/json-reference/ (2023 docs source)."""

_SYSTEM = lazy(r"_col_?\d+|f\d+_|\?column\?|expr\$\d+|_c\d+|column\d+|\w+\(.*\)|\(.*\)", re.IGNORECASE)
_TECHNICAL = lazy(
    r"_airbyte_.*|_fivetran_.*|_sdc_.*|_dlt_.*|_dbt_.*|dbt_.*|_?etl_.*|_?dw_.*|metadata\$.*|_row_?id|row_?id|row_number|rn"
    r"|_file|_filename|_partition(time|date)|_table_suffix|_change_type|hash_?key|.*_sk|surrogate_key",
    re.IGNORECASE,
)
_PERSONAL = lazy(
    r"(.*_)?(first_?name|last_?name|full_?name|surname|birth_?(date|day)|date_of_birth|dob|ssn|social_security(_number)?"
    r"|passport(_(no|number))?|iban|credit_?card(_(no|number))?|street|street_address|home_address|ip_address"
    r"|phone(_number)?|e_?mail(_address)?|national_id|tax_id)",
    re.IGNORECASE,
)


def _user_columns(ctx: Context) -> Iterator[OutputColumn]:
    """The named output columns of a user pipeline that become attributes: no identity and not the iterator."""
    iterator = (ctx.pipeline.sync_mode.iterator_field or "").casefold()
    for column in ctx.outputs.columns:
        folded = column.name.casefold() if column.name else ""
        if folded and folded != iterator and folded not in identities.RESERVED:
            yield column


def _list(names: list[str]) -> str:
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"


@rule("PF209", Severity.ERROR, scope=Scope.QUERY, uses={Fact.SCHEMA})
def system_column_name(ctx: Context) -> Iterator[Outcome]:
    """An output column has a name that a warehouse made up.

    Why: the name becomes the attribute's name, and such a name changes with the query's text or the warehouse's
        version.
    Fails:
        sql: SELECT c.customer_id, c.updated_at, c.visits AS "_col_2" FROM crm.public.contacts AS c
    Passes:
        sql: SELECT c.customer_id, c.updated_at, c.visits AS visits FROM crm.public.contacts AS c
    Remedy: choose a name.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/quickstart/ (2023 docs source)
    """
    outputs = ctx.outputs
    unnamed = {p.place for p in ctx.query.projections if p.name is None and not p.is_star}  # a rule of their own
    for column in outputs.columns:
        if column.name is None or column.place in unnamed:
            continue
        if not column.name.strip() or _SYSTEM.fullmatch(column.name):
            shown = column.name.strip() or "blank"
            yield Fault(
                f"Output column {column.index + 1} is called {shown}, which is no name that anybody chose.",
                column.place,
                "Give it an alias.",
            )
    if not outputs.complete:
        yield Unproven(outputs.reason)


@rule("PF210", Severity.WARNING, uses={Fact.SCHEMA})
def unknown_reserved_attribute(ctx: Context) -> Iterator[Outcome]:
    """A column's name starts with `$` but is none of the reserved attributes.

    Why: names with `$` are the platform's own; a misspelt one becomes a custom attribute beside the real one. They are
        compared as they are written.
    Fails:
        sql: SELECT c.customer_id, c.updated_at, c.given AS "$first_name" FROM crm.public.contacts AS c
    Passes:
        sql: SELECT c.customer_id, c.updated_at, c.given AS "$firstname" FROM crm.public.contacts AS c
    Remedy: write the reserved name, or leave the `$` out.
    Source: V1 https://docs.mparticle.com/developers/server/json-reference/ (2023 docs source)
    """
    if ctx.pipeline.is_event:
        yield Inapplicable("an event pipeline maps its columns one by one")
        return
    for column in _user_columns(ctx):
        if column.name is not None and column.name.startswith("$") and column.name not in RESERVED:
            close = [name for name in RESERVED if _letters(name) == _letters(column.name)]
            yield Fault(
                f"{column.name} is no reserved attribute.",
                column.place,
                f'Write "{close[0]}".' if close else f"Write one of {', '.join(RESERVED)}, or leave the $ out.",
            )
    if not ctx.outputs.complete:
        yield Unproven(ctx.outputs.reason)


def _letters(name: str) -> str:
    return "".join(char for char in name.casefold() if char.isalpha())


@rule("PF212", Severity.WARNING, uses={Fact.SCHEMA})
def technical_column(ctx: Context) -> Iterator[Outcome]:
    """A column of the load's own machinery becomes a user attribute.

    Why: every output column that is no identity and not the iterator becomes an attribute on every profile.
    Fails:
        sql: SELECT c.customer_id, c.updated_at, c._fivetran_synced FROM crm.public.contacts AS c
    Passes:
        sql: SELECT c.customer_id, c.updated_at, c.tier FROM crm.public.contacts AS c
    Remedy: leave it out of the select list.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source)
    """
    if ctx.pipeline.is_event:
        yield Inapplicable("an event pipeline maps its columns one by one")
        return
    for column in _user_columns(ctx):
        if column.name is not None and _TECHNICAL.fullmatch(column.name):
            yield Fault(
                f"{column.name} looks like a column of the load's machinery, and becomes a user attribute.",
                column.place,
                "Leave it out of the select list.",
            )
    if not ctx.outputs.complete:
        yield Unproven(ctx.outputs.reason)


@rule("PF213", Severity.WARNING, uses={Fact.SCHEMA})
def folded_attribute_names(ctx: Context) -> Iterator[Outcome]:
    """Snowflake turns the attributes' names into upper case.

    Why: an alias without quotes is folded, so `first_name` becomes the attribute `FIRST_NAME`, beside one of another
        case that another source may have made.
    Fails:
        sql: SELECT c.customer_id, c.updated_at, c.first_name FROM crm.public.contacts AS c
    Passes:
        sql: SELECT c.customer_id, c.updated_at, c.first_name AS "first_name" FROM crm.public.contacts AS c
    Remedy: quote the aliases whose case matters.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source)
    """
    if ctx.pipeline.is_event:
        yield Inapplicable("an event pipeline's attributes are named by its mappings")
        return
    if ctx.connection is None or ctx.connection.service_provider is not Provider.SNOWFLAKE:
        yield Inapplicable("the warehouse keeps names in the case that is common there")
        return
    if not ctx.has_query or ctx.query.unanalysed:
        yield Unproven("the query could not be analysed")
        return
    written = {p.index: p for p in ctx.query.projections if not p.quoted and not p.is_star}
    folded = [
        c for c in _user_columns(ctx) if c.index in written and c.name and c.name.upper() == c.name != c.name.lower()
    ]
    if folded:
        names = _list([column.name for column in folded if column.name])
        yield Fault(
            f"{len(folded)} attributes get upper-case names: {names}."
            if len(folded) > 1
            else f"One attribute gets an upper-case name: {names}.",
            folded[0].place,
            'Quote the aliases whose case matters, such as AS "first_name".',
        )
    if not ctx.outputs.complete:
        yield Unproven(ctx.outputs.reason)


@rule("PF221", Severity.WARNING, uses={Fact.SCHEMA})
def personal_data_as_attribute(ctx: Context) -> Iterator[Outcome]:
    """A column that looks like personal data becomes a custom attribute.

    Why: attributes are forwarded to every connected output. An identity or a reserved attribute is handled as what it
        is; a custom attribute is not.
    Fails:
        sql: SELECT c.customer_id, c.updated_at, c.date_of_birth FROM crm.public.contacts AS c
    Passes:
        sql: SELECT c.customer_id, c.updated_at, c.age_group FROM crm.public.contacts AS c
    Remedy: leave it out, hash it, or use the identity or reserved attribute that it is.
    Source: INF, from the column's name alone; what becomes of a column is V1
        https://docs.mparticle.com/developers/warehouse-sync-api/sql/
    """
    if ctx.pipeline.is_event:
        yield Inapplicable("an event pipeline maps its columns one by one")
        return
    for column in _user_columns(ctx):
        if column.name is not None and _PERSONAL.fullmatch(column.name):
            yield Fault(
                f"{column.name} looks like personal data, and becomes a custom attribute.",
                column.place,
                "Leave it out, hash it, or use the identity or reserved attribute that it is.",
            )
    if not ctx.outputs.complete:
        yield Unproven(ctx.outputs.reason)

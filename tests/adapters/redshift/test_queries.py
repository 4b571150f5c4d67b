"""The statements for Redshift: what they say, and where the model's own text stands in them."""

from __future__ import annotations

import re

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st

from preflight import identities
from preflight.errors import Cause, WarehouseError
from preflight.model import (
    HistogramAsk,
    IteratorKind,
    Kind,
    ProfileAsk,
    ProfileColumn,
    RehearsalAsk,
    TableRef,
    Type,
    Window,
)
from preflight_adapters._guard import allow
from preflight_adapters.redshift import profile, queries

MODEL = "SELECT o.id, o.ts FROM crm.orders AS o -- the last line"
KINDS = {
    IteratorKind.INSTANT: Kind.INSTANT,
    IteratorKind.ZONELESS: Kind.TIMESTAMP,
    IteratorKind.DATE: Kind.DATE,
    IteratorKind.EPOCH_S: Kind.INTEGER,
    IteratorKind.EPOCH_MS: Kind.DECIMAL,
}
COLUMNS = tuple(
    ProfileColumn(f"c{number}", Type(kind), identity)
    for number, (kind, identity) in enumerate(
        [*((kind, None) for kind in Kind), *((Kind.TEXT, i) for i in identities.USER)]
    )
)


def ask(kind: IteratorKind, lower: int | None = None, upper: int | None = None) -> HistogramAsk:
    return HistogramAsk(MODEL, "ts", kind, 1_700_000_000, 1_800_000_000, "Europe/Berlin", lower, upper)


def every_statement() -> list[str]:
    ref = TableRef("orders", "crm", "dw")
    window = Window(1_700_000_000, 1_700_003_600)
    return [
        *(queries.histogram(ask(kind, 10**9, 2 * 10**9), Type(of)).text for kind, of in KINDS.items()),
        profile.statement(ProfileAsk(MODEL, COLUMNS, 100)).text,
        profile.statement(ProfileAsk(MODEL, ())).text,
        *(statement.text for _, statement in queries.rehearsals(RehearsalAsk(MODEL, "ts", window))),
        *(statement.text for _, statement in queries.rehearsals(RehearsalAsk(MODEL, None))),
        queries.rows(MODEL).text,
        queries.no_rows(MODEL).text,
        queries.objects(("crm", "o'brien\\"), "Orders"),
        queries.columns(16384),
        queries.sort_keys("dw", "crm", "orders"),
        queries.table_info(16384),
        queries.far_objects("dw", "crm", ref.name),
        queries.far_columns("dw", "crm", ref.name),
        queries.table_rows("crm", 'a"b'),
        queries.schema_rights("IAM:svc", ("crm",)),
        queries.table_rights("svc", (("crm", "orders"), ("crm", "it's"))),
        queries.role_right("svc", "arn:aws:iam::111122223333:role/x"),
        queries.database_right("svc", "shared"),
        queries.WHO,
        queries.SEARCH_PATH,
        queries.CASE_SENSITIVE,
        queries.ONE,
        queries.MAY_READ_TABLE_INFO,
    ]


@pytest.mark.parametrize("text", every_statement())
def test_every_statement_only_reads_and_holds_no_backslash(text: str) -> None:
    allow(text, "redshift")
    assert "\\" not in text


@pytest.mark.parametrize(("kind", "of"), KINDS.items())
def test_the_bare_column_is_compared_with_literals_of_its_own_type(kind: IteratorKind, of: Kind) -> None:
    text = queries.histogram(ask(kind, 1_700_000_000, 1_700_600_000), Type(of)).text
    [condition] = re.findall(r"AS model WHERE (.+)\) AS iterators", text)
    wide = {
        IteratorKind.INSTANT: "CAST('2023-11-12 22:13:20+00:00' AS TIMESTAMPTZ)",
        IteratorKind.ZONELESS: "CAST('2023-11-12 22:13:20' AS TIMESTAMP)",
        IteratorKind.DATE: "CAST('2023-11-12' AS DATE)",
        IteratorKind.EPOCH_S: "1699827200",
        IteratorKind.EPOCH_MS: "1699827200000",
    }[kind]
    assert condition.startswith(f'model."ts" IS NULL OR (model."ts" >= {wide} AND model."ts" <= ')


def test_without_bounds_nothing_is_filtered() -> None:
    text = queries.histogram(ask(IteratorKind.INSTANT), Type(Kind.INSTANT)).text
    assert ") AS model) AS iterators" in text


@pytest.mark.parametrize("second", [-(10**15), 10**15, -62_135_596_800, 253_402_300_799])
def test_bounds_that_no_timestamp_holds_leave_the_exact_ones(second: int) -> None:
    text = queries.histogram(ask(IteratorKind.INSTANT, lower=second), Type(Kind.INSTANT)).text
    assert f"at_second >= {second}" in text
    sqlglot.parse_one(text, read="redshift")


@pytest.mark.parametrize(
    ("kind", "of"),
    [(IteratorKind.INSTANT, Kind.TEXT), (IteratorKind.EPOCH_S, Kind.TIMESTAMP), (IteratorKind.ZONELESS, Kind.INSTANT)],
)
def test_a_kind_that_the_column_is_not_of_is_refused(kind: IteratorKind, of: Kind) -> None:
    with pytest.raises(WarehouseError) as caught:
        queries.histogram(ask(kind), Type(of, "its type"))
    assert caught.value.cause is Cause.UNSUPPORTED
    assert "its type" in caught.value.message


def test_a_profile_of_too_many_columns_is_refused() -> None:
    columns = tuple(ProfileColumn(f"c{number}", Type(Kind.INTEGER)) for number in range(400))
    with pytest.raises(WarehouseError, match="400 columns"):
        profile.statement(ProfileAsk(MODEL, columns))


@given(st.integers(0, len(MODEL) - 1))
def test_a_position_in_a_statement_leads_to_the_models_own_character(offset: int) -> None:
    for statement in (
        queries.model(MODEL),
        queries.rows(MODEL),
        queries.histogram(ask(IteratorKind.DATE), Type(Kind.DATE)),
    ):
        start = statement.text.index(MODEL)
        assert statement.offset(start + offset + 1) == offset
        assert statement.model == MODEL


def test_a_position_outside_of_the_model_is_none() -> None:
    statement = queries.rows(MODEL)
    assert [statement.offset(place) for place in (None, 0, 1, len(statement.text))] == [None] * 4
    assert queries.Statement("SELECT 1").offset(1) is None


@pytest.mark.parametrize(
    ("sql", "nested"),
    [
        ("SELECT 1", "SELECT 1"),
        ("SELECT 1;", "SELECT 1 "),
        ("SELECT 1 ; ; -- end", "SELECT 1     -- end"),
        ("SELECT ';' AS a", "SELECT ';' AS a"),
        ("SELECT 1; SELECT 2", "SELECT 1; SELECT 2"),
        ("SELECT 'unclosed;", "SELECT 'unclosed;"),
    ],
)
def test_only_final_semicolons_are_blanked(sql: str, nested: str) -> None:
    assert queries.unended(sql) == nested


@given(st.text())
def test_blanking_moves_nothing(sql: str) -> None:
    nested = queries.unended(sql)
    assert len(nested) == len(sql)
    assert all(new == old or (old == ";" and new == " ") for old, new in zip(sql, nested, strict=True))


def test_the_platforms_statements_hold_the_model_verbatim_and_the_iterator_unquoted() -> None:
    found = dict(queries.rehearsals(RehearsalAsk("SELECT 1;", "UPDATED_AT", Window(0, 3600))))
    assert found["count"].text == (
        "SELECT COUNT(*) FROM (\nSELECT 1;\n) AS model WHERE UPDATED_AT"
        " BETWEEN '1970-01-01 00:00:00+0000' AND '1970-01-01 01:00:00+0000'"
    )


@pytest.mark.parametrize("form", identities.FORMS.values())
def test_every_form_of_an_identity_can_be_written_without_a_backslash(form: str) -> None:
    assert "\\" not in profile.posix(form)


def test_grants_quote_what_must_be_quoted() -> None:
    assert queries.grant_schema("crm", "svc") == "GRANT USAGE ON SCHEMA crm TO svc;"
    assert queries.grant_table("crm", 'Odd"One', "IAM:svc") == 'GRANT SELECT ON TABLE crm."Odd""One" TO "IAM:svc";'

"""The statements that Snowflake is asked: each one passes the gate, whatever a name holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.errors import WarehouseError
from preflight.model import Kind, ProfileAsk, ProfileColumn, RehearsalAsk, TableRef, Type, Window
from preflight_adapters._guard import allow
from preflight_adapters.snowflake import profile, queries

NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)


@given(NAMES, NAMES)
def test_names_cannot_leave_their_quotes(name: str, schema: str) -> None:
    ref = TableRef(name, schema, "CRM")
    for statement in (queries.objects(ref), queries.columns(ref), queries.reads(ref)):
        allow(statement, "snowflake")


def test_a_table_without_a_schema_is_in_public() -> None:
    assert queries.table_name(TableRef("T")) == '"PUBLIC"."T"'


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        ("SELECT 1;", "SELECT 1"),
        ("SELECT ';' -- ;", "SELECT ';' -- ;"),
        ("SELECT 1 ; ; -- end", "SELECT 1 "),
        ("SELECT $$;$$", "SELECT $$;$$"),
    ],
)
def test_a_semicolon_at_the_end_is_left_out(sql: str, wanted: str) -> None:
    assert queries.body(sql) == wanted


def test_the_platforms_statements() -> None:
    window = Window(1_677_684_535, 1_677_688_135)
    ask = RehearsalAsk("SELECT a -- end", "UPDATED_AT", window)
    texts = dict(queries.rehearsal(ask, Kind.TIMESTAMP))
    where = " WHERE UPDATED_AT BETWEEN '2023-03-01 15:28:55+0000' AND '2023-03-01 16:28:55+0000'"
    assert texts["discover columns"] == "SELECT * FROM (\nSELECT a -- end\n) LIMIT 0"
    assert texts["count"] == f"SELECT COUNT(*) FROM (\nSELECT a -- end\n){where}"
    assert texts["extract"] == f"SELECT OBJECT_CONSTRUCT_KEEP_NULL(*) FROM (\nSELECT a -- end\n){where}"
    assert "BETWEEN 1677684535 AND" in dict(queries.rehearsal(ask, Kind.INTEGER))["count"]
    assert "BETWEEN '2023-03-01' AND" in dict(queries.rehearsal(ask, Kind.DATE))["count"]
    assert "WHERE" not in dict(queries.rehearsal(RehearsalAsk("SELECT 1", None), None))["count"]


def test_a_profile_passes_the_gate() -> None:
    kinds = (*Kind, Kind.ARRAY)
    columns = tuple(ProfileColumn(f"C{i}", Type(kind)) for i, kind in enumerate(kinds))
    columns += (ProfileColumn("E", Type(Kind.TEXT), "email"), ProfileColumn("M", Type(Kind.INTEGER), "mobile_number"))
    allow(profile.statement(ProfileAsk("SELECT 1 -- end", columns, 100)), "snowflake")


def test_a_model_that_would_leave_its_parentheses_is_refused() -> None:
    with pytest.raises(WarehouseError):
        allow(queries.rows("SELECT 1) AS m; DROP TABLE t; SELECT (1"), "snowflake")


def test_the_grants_of_roles() -> None:
    assert queries.grants('"a.b"') == 'SHOW GRANTS TO ROLE "a.b"'
    assert queries.grants('"CRM"."r"') == 'SHOW GRANTS TO DATABASE ROLE "CRM"."r"'

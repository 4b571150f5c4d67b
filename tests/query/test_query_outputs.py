from __future__ import annotations

import pytest

from preflight.model import UNKNOWN, Column, Kind, Schema, Type
from tests.query.sql_support import INTEGER, TEXT, marked, read, table

CONTACTS = table("CRM.PUBLIC.CONTACTS", "ID", Column("EMAIL", TEXT), "lower")
SHALLOW = table("U", "ID", "Z")


def names(sql: str, dialect: str = "snowflake", *known: tuple) -> list[str | None]:  # type: ignore[type-arg]
    outputs = read(sql, dialect).outputs(tables=dict(known))
    assert outputs.complete, outputs.reason
    return [column.name for column in outputs.columns]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT * FROM crm.public.contacts", ["ID", "EMAIL", "lower"]),
        ("SELECT c.*, 1 AS one, u.* FROM crm.public.contacts c JOIN u ON c.id = u.id",
         ["ID", "EMAIL", "lower", "ONE", "ID", "Z"]),
        ("SELECT * FROM crm.public.contacts, u", ["ID", "EMAIL", "lower", "ID", "Z"]),
        ("SELECT * FROM crm.public.contacts JOIN u USING (id)", ["ID", "EMAIL", "lower", "Z"]),
        ("SELECT * EXCLUDE (email) FROM crm.public.contacts", ["ID", "lower"]),
        ('SELECT * RENAME (email AS "e") FROM crm.public.contacts', ["ID", "e", "lower"]),
        ("SELECT * REPLACE (1 AS id) FROM crm.public.contacts", ["ID", "EMAIL", "lower"]),
        ("SELECT * ILIKE '%mail' FROM crm.public.contacts", ["EMAIL"]),
        ("WITH x AS (SELECT * FROM crm.public.contacts) SELECT x.*, id AS k FROM x", ["ID", "EMAIL", "lower", "K"]),
        ('SELECT * FROM (SELECT id AS "iD", email FROM crm.public.contacts) AS q', ["iD", "EMAIL"]),
        ("SELECT * FROM (SELECT COUNT(*), 1 AS a FROM u) AS q", [None, "A"]),
        ("SELECT * FROM u UNION ALL SELECT 1, 2", ["ID", "Z"]),
        ("(SELECT * FROM u)", ["ID", "Z"]),
        ("SELECT f.* FROM u, LATERAL FLATTEN(input => z) AS f", ["SEQ", "KEY", "PATH", "INDEX", "VALUE", "THIS"]),
        ("SELECT crm.public.contacts.id, contacts.email FROM crm.public.contacts", ["ID", "EMAIL"]),
        ("SELECT * FROM (SELECT 1 AS a, 2) AS q", ["A", None]),
    ],
)  # fmt: skip
def test_snowflake_stars_are_expanded(sql: str, expected: list[str | None]) -> None:
    assert names(sql, "snowflake", CONTACTS, SHALLOW) == expected


BIGQUERY = table("crm.public.Contacts", "Id", "eMail", Column("s", Type(Kind.STRUCT, "STRUCT<A INT64, B STRING>")))


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT * FROM crm.public.Contacts", ["Id", "eMail", "s"]),
        ("SELECT * EXCEPT (ID) FROM `crm.public.Contacts`", ["eMail", "s"]),
        ("SELECT * FROM (SELECT ID, email AS Foo FROM crm.public.Contacts)", ["ID", "Foo"]),
        ("SELECT c.s.* FROM crm.public.Contacts AS c", ["A", "B"]),
        ("SELECT c.s.a, s.B AS x FROM crm.public.Contacts AS c", ["a", "x"]),
        ("WITH x AS (SELECT * FROM crm.public.Contacts) SELECT * FROM X", ["Id", "eMail", "s"]),
        ("SELECT * FROM UNNEST([1, 2]) AS Vv", ["Vv"]),
        ("SELECT * FROM crm.public.Contacts UNION ALL SELECT 1, 2, 3", ["Id", "eMail", "s"]),
    ],
)
def test_bigquery_names_come_out_as_they_are_spelled(sql: str, expected: list[str]) -> None:
    assert names(sql, "bigquery", BIGQUERY) == expected


def test_bigquery_tables_differ_by_case() -> None:
    assert not read("SELECT * FROM crm.public.contacts", "bigquery").outputs(tables=dict([BIGQUERY])).complete


@pytest.mark.parametrize("dialect", ["redshift", "databricks"])
def test_quotes_do_not_keep_a_name_from_its_table(dialect: str) -> None:
    quote = '"' if dialect == "redshift" else "`"
    sql = f"SELECT * FROM {quote}CRM{quote}.public.{quote}Contacts{quote}"
    assert names(sql, dialect, table("crm.public.contacts", "id", "email")) == ["id", "email"]


def test_lateral_view_adds_its_columns() -> None:
    sql = "SELECT * FROM crm.public.contacts LATERAL VIEW explode(a) t AS b"
    assert names(sql, "databricks", table("crm.public.contacts", "a")) == ["a", "b"]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT * FROM w", "the columns of W behind the star * in line 1"),
        ("SELECT 1 AS a,\n  w.* FROM crm.public.contacts AS c, w", "the columns of W behind the star w.* in line 2"),
        ("SELECT * FROM crm.public.contacts, w", "W"),
        ("SELECT * FROM crm.public.contacts PIVOT (MAX(email) FOR id IN (ANY))", "star * in line 1"),
        ("SELECT * FROM TABLE(f(1))", "star * in line 1"),
    ],
)
def test_a_star_that_cannot_be_expanded_is_named(sql: str, reason: str) -> None:
    outputs = read(sql).outputs(tables=dict([CONTACTS]))
    assert not outputs.complete
    assert reason in outputs.reason


def test_what_a_generator_puts_out_is_not_known() -> None:
    outputs = read("SELECT explode(m) FROM c.s.t", "databricks").outputs()
    assert (outputs.complete, outputs.reason) == (False, "how many columns explode() puts out is not known")


def test_columns_of_a_star_stand_at_their_star_with_their_tables_types() -> None:
    query = read("SELECT c.*, 1 AS one, u.* FROM crm.public.contacts c JOIN u ON c.id = u.id")
    outputs = query.outputs(tables=dict([CONTACTS, SHALLOW]))
    assert [marked(query, c.place) for c in outputs.columns] == ["c.*", "c.*", "c.*", "one", "u.*", "u.*"]
    assert [c.index for c in outputs.columns] == [0, 1, 2, 3, 4, 5]
    assert outputs.columns[1].type == TEXT
    assert outputs.columns[5].type == INTEGER


def test_neighbouring_stars_are_told_apart_by_their_tables() -> None:
    query = read("SELECT u.*, c.* FROM crm.public.contacts c, u")
    outputs = query.outputs(tables=dict([CONTACTS, SHALLOW]))
    assert [marked(query, c.place) for c in outputs.columns] == ["u.*", "u.*", "c.*", "c.*", "c.*"]


def test_types_come_from_the_tables() -> None:
    outputs = read("SELECT email, id + 1 AS next, nope FROM crm.public.contacts").outputs(tables=dict([CONTACTS]))
    assert [c.type.kind for c in outputs.columns] == [Kind.TEXT, Kind.DECIMAL, Kind.UNKNOWN]


def test_a_column_that_no_table_has_is_still_an_output() -> None:
    assert names("SELECT nope FROM crm.public.contacts", "snowflake", CONTACTS) == ["NOPE"]


def test_names_are_found_without_case() -> None:
    outputs = read('SELECT 1 AS "Customer_Id", 2 AS b').outputs()
    found = outputs.named("CUSTOMER_ID")
    assert found is not None
    assert found.index == 0
    assert outputs.named("c") is None


SCHEMA = Schema((Column("A", INTEGER), Column("X", TEXT), Column("Y"), Column("B")))


def test_a_described_schema_names_the_columns_and_the_text_places_them() -> None:
    query = read("SELECT a, t.*, b FROM t")
    outputs = query.outputs(SCHEMA)
    assert (outputs.complete, outputs.described) == (True, True)
    assert [c.name for c in outputs.columns] == ["A", "X", "Y", "B"]
    assert [marked(query, c.place) for c in outputs.columns] == ["a", "t.*", "t.*", "b"]
    assert outputs.columns[1].type == TEXT


def test_a_schema_that_does_not_fit_the_text_is_believed() -> None:
    query = read("SELECT a FROM t")
    outputs = query.outputs(SCHEMA)
    assert [marked(query, c.place) for c in outputs.columns] == ["a", *["SELECT a FROM t"] * 3]
    few = read("SELECT a, *, b, c FROM t").outputs(Schema((Column("A"), Column("B"))))
    assert [c.name for c in few.columns] == ["A", "B"]


def test_a_query_that_was_not_read_has_no_columns_but_a_reason() -> None:
    outputs = read("SELECT (").outputs()
    assert (outputs.columns, outputs.complete) == ((), False)
    assert outputs.reason
    assert read("SELECT (").outputs(SCHEMA).complete


def test_a_table_without_columns_is_not_known() -> None:
    assert not read("SELECT * FROM u").outputs(tables=dict([table("U")])).complete


def test_a_type_that_sqlglot_does_not_read_does_no_harm() -> None:
    odd = table("U", Column("A", Type(Kind.OTHER, "no such (type")), Column("B", UNKNOWN))
    assert names("SELECT *, a + 1 AS c FROM u", "snowflake", odd) == ["A", "B", "C"]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM u AS t, w AS t",
        "SELECT nope.* FROM u",
        "SELECT t.* FROM u AS t JOIN u AS t USING (id)",
        "SELECT * FROM (SELECT * FROM u JOIN w USING (id)) AS q",
        "SELECT id, SYSTEM$WAIT(1), s.nextval FROM u, w",
        "WITH x AS (SELECT * FROM x) SELECT * FROM x",
        "WITH x AS (SELECT 1 AS a), x AS (SELECT 2 AS b) SELECT * FROM x, nowhere",
    ],
)
def test_what_sqlglot_stumbles_over_is_never_called_complete_with_a_star_in_it(sql: str) -> None:
    query = read(sql)
    outputs = query.outputs(tables=dict([SHALLOW]))
    assert outputs.complete == (not query.stars)
    assert bool(outputs.reason) == bool(query.stars)


def test_an_ambiguous_column_is_still_an_output() -> None:
    assert names("SELECT id FROM u AS a, u AS b", "snowflake", SHALLOW) == ["ID"]


def test_a_wildcard_table_is_known_by_its_pattern() -> None:
    known = table("p.d.events_*", "event_date", "Value")
    assert names("SELECT * FROM `p.d.events_*` WHERE _TABLE_SUFFIX > '1'", "bigquery", known) == ["event_date", "Value"]
    outputs = read("SELECT _PARTITIONTIME AS t, _TABLE_SUFFIX FROM p.d.events_*", "bigquery").outputs(
        tables=dict([known])
    )
    assert [c.name for c in outputs.columns] == ["t", "_TABLE_SUFFIX"]


def test_asking_twice_gives_the_same_answer_and_leaves_the_tree_as_it_was() -> None:
    query = read("SELECT c.*, COUNT(*) FROM crm.public.contacts c")
    before = query.tree.sql() if query.tree is not None else ""
    known = dict([CONTACTS])
    assert query.outputs(tables=known) == query.outputs(tables=known)
    assert query.tree is not None
    assert query.tree.sql() == before

"""BigQuery's answers as values: types, tables, buckets, grants, errors."""

from __future__ import annotations

from shlex import split

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import parse

from preflight.errors import Cause, WarehouseError
from preflight.model import Kind, TableRef
from preflight_adapters.bigquery import access, rows
from preflight_adapters.bigquery.access import Granted
from preflight_adapters.bigquery.errors import Failure, Sent, partition_columns, translate

TYPES = [
    ({"type": "INTEGER"}, Kind.INTEGER, "INT64"),
    ({"type": "FLOAT"}, Kind.FLOAT, "FLOAT64"),
    ({"type": "BOOLEAN"}, Kind.BOOLEAN, "BOOL"),
    ({"type": "STRING", "maxLength": "20"}, Kind.TEXT, "STRING(20)"),
    ({"type": "NUMERIC", "precision": "10", "scale": "2"}, Kind.DECIMAL, "NUMERIC(10, 2)"),
    ({"type": "NUMERIC", "precision": "10"}, Kind.DECIMAL, "NUMERIC(10)"),
    ({"type": "BIGNUMERIC"}, Kind.DECIMAL, "BIGNUMERIC"),
    ({"type": "TIMESTAMP"}, Kind.INSTANT, "TIMESTAMP"),
    ({"type": "DATETIME"}, Kind.TIMESTAMP, "DATETIME"),
    ({"type": "DATE"}, Kind.DATE, "DATE"),
    ({"type": "TIME"}, Kind.TIME, "TIME"),
    ({"type": "BYTES"}, Kind.BINARY, "BYTES"),
    ({"type": "JSON"}, Kind.JSON, "JSON"),
    ({"type": "GEOGRAPHY"}, Kind.GEO, "GEOGRAPHY"),
    ({"type": "INTERVAL"}, Kind.INTERVAL, "INTERVAL"),
    ({"type": "RANGE", "rangeElementType": {"type": "DATE"}}, Kind.OTHER, "RANGE<DATE>"),
    ({"type": "FOREIGN"}, Kind.OTHER, "FOREIGN"),
    ({"type": "NEW_IN_2031"}, Kind.OTHER, "NEW_IN_2031"),
    ({}, Kind.OTHER, ""),
    (
        {"type": "RECORD", "fields": [{"name": "a", "type": "INTEGER"}, {"name": "b", "type": "STRING"}]},
        Kind.STRUCT,
        "STRUCT<a INT64, b STRING>",
    ),
    ({"type": "INTEGER", "mode": "REPEATED"}, Kind.ARRAY, "ARRAY<INT64>"),
]


@pytest.mark.parametrize(("field", "kind", "raw"), TYPES)
def test_types(field: dict[str, object], kind: Kind, raw: str) -> None:
    found = rows.type_of(field)
    assert (found.kind, found.raw) == (kind, raw)


def test_an_array_knows_its_elements() -> None:
    found = rows.type_of({"type": "NUMERIC", "mode": "REPEATED"})
    assert found.element is not None
    assert (found.element.kind, found.element.precision, found.element.scale) == (Kind.DECIMAL, 38, 9)


def test_a_views_rows_are_not_known() -> None:
    info = rows.table(TableRef("v"), {"type": "VIEW", "numRows": "0", "numBytes": "0"})
    assert (info.kind, info.rows, info.bytes) == ("view", None, None)


@pytest.mark.parametrize(
    ("resource", "keys"),
    [
        ({"timePartitioning": {"type": "DAY"}}, ("_PARTITIONTIME",)),
        ({"rangePartitioning": {"field": "n"}, "clustering": {"fields": ["a", "b"]}}, ("n", "a", "b")),
        ({}, ()),
    ],
)
def test_keys(resource: dict[str, object], keys: tuple[str, ...]) -> None:
    assert rows.table(TableRef("t"), resource).keys == keys


def test_too_many_hours_are_no_histogram(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MAXIMUM_BUCKETS", 2)
    counted = [("bucket", number, 1, 0) for number in range(3)]
    assert len(rows.histogram(counted[:2], 0).buckets) == 2
    with pytest.raises(WarehouseError):
        rows.histogram(counted, 0)


# -- errors ------------------------------------------------------------------------------------------------------------

CAUSES = [
    (Failure("Syntax error: Unexpected keyword WHERE at [1:20]", "invalidQuery", 400), Cause.SYNTAX, ""),
    (Failure("Unrecognized name: x; Did you mean y? at [1:8]", "invalidQuery", 400), Cause.BAD_COLUMN, "x"),
    (Failure("Unrecognized name: `a b` at [1:8]", "invalidQuery", 400), Cause.BAD_COLUMN, "a b"),
    (Failure("Name x not found inside t at [1:8]", "invalidQuery", 400), Cause.BAD_COLUMN, "x"),
    (Failure("Aggregate function SUM not allowed at [1:8]", "invalidQuery", 400), Cause.INVALID, ""),
    (Failure('Table "t" must be qualified with a dataset (e.g. dataset.table).', "invalid", 400), Cause.INVALID, "t"),
    (Failure("Not found: Table p:d.t was not found in location US", "notFound", 404), Cause.NOT_FOUND, "p.d.t"),
    (Failure("Not found: Dataset p:d was not found in location EU", "notFound", 404), Cause.NOT_FOUND, "p.d"),
    (Failure("Not found: Project nowhere", "notFound", 404), Cause.NO_COMPUTE, "nowhere"),
    (Failure("Access Denied: Table p:d.t: User does not", "accessDenied", 403), Cause.PERMISSION, "p.d.t"),
    (
        Failure("Access Denied: Project p: User does not have bigquery.jobs.create permission", "accessDenied", 403),
        Cause.NO_COMPUTE,
        "",
    ),
    (Failure("Query exceeded limit for bytes billed: 1.", "bytesBilledLimitExceeded", 500), Cause.COST_CAP, ""),
    (Failure("Custom quota exceeded: QueryUsagePerDay", "quotaExceeded", 403), Cause.COST_CAP, ""),
    (Failure("Quota exceeded: too many jobs", "quotaExceeded", 403), Cause.RATE_LIMIT, ""),
    (Failure("Exceeded rate limits", "rateLimitExceeded", 403), Cause.RATE_LIMIT, ""),
    (Failure("cancelled", "stopped", 400), Cause.TIMEOUT, ""),
    (Failure("Invalid Credentials", "authError", 401), Cause.AUTH, ""),
    (Failure("Billing has not been enabled", "billingNotEnabled", 403), Cause.NO_COMPUTE, ""),
    (Failure("Cannot parse  as CloudRegion.", "invalid", 400), Cause.OTHER, ""),
    (Failure("try again", "backendError", 503), Cause.NETWORK, ""),
    (Failure("", "aReasonOf2031", 400), Cause.OTHER, ""),
    (Failure("a proxy's page", "", 403), Cause.OTHER, ""),
    (Failure("a proxy's page", "", 502), Cause.NETWORK, ""),
    (Failure("too many", "", 429), Cause.RATE_LIMIT, ""),
    (Failure("connection refused"), Cause.NETWORK, ""),
]


@pytest.mark.parametrize(("failure", "cause", "name"), CAUSES)
def test_causes_follow_the_reason(failure: Failure, cause: Cause, name: str) -> None:
    found = translate(failure, Sent(project="p"))
    assert (found.cause, found.name) == (cause, name)
    assert found.message
    assert "\n" not in found.message


MODEL = "SELECT\n\ta.x,\r\n  ä.y AS z\nFROM t"


@pytest.mark.parametrize("around", ["{}", "SELECT * FROM (\n{}\n) AS m", "SELECT * FROM ( {} ) LIMIT 0"])
@pytest.mark.parametrize("wanted", ["a.x", "ä.y", "z", "FROM", "t"])
def test_a_place_leads_into_the_models_own_text(around: str, wanted: str) -> None:
    statement = around.format(MODEL)
    at = MODEL.rindex(wanted)
    before = statement[: statement.index(MODEL) + at].replace("\r\n", "\n").split("\n")
    message = f"Syntax error: no at [{len(before)}:{len(before[-1].expandtabs(8)) + 1}]"
    assert translate(Failure(message, "invalidQuery", 400), Sent(statement, MODEL)).offset == at


@pytest.mark.parametrize("place", ["[1:1]", "[99:1]", "[0:0]", "[6:40]", "[1:99999999999]"])
def test_a_place_outside_the_model_is_none(place: str) -> None:
    sent = Sent("SELECT * FROM (\nSELECT 1\n) AS m", "SELECT 1")
    assert translate(Failure(f"Syntax error: no at {place}", "invalidQuery", 400), sent).offset is None


@given(st.text(), st.text(), st.text(), st.integers(0, 600))
def test_no_answer_breaks_the_reading(message: str, reason: str, model: str, status: int) -> None:
    found = translate(Failure(f"{message} at [{status}:{status}]", reason, status), Sent(f"x{model}y", model))
    assert found.offset is None or 0 <= found.offset <= len(model)


@pytest.mark.parametrize(
    "message",
    [
        "Bad double value: canary",
        "Invalid timestamp: 'canary'",
        "Could not cast literal 'canary' to type DATE",
        'Failed to parse input string "canary"',
        "Division by zero: canary / 0",
    ],
)
def test_a_scans_message_holds_no_value(message: str) -> None:
    found = translate(Failure(message, "invalidQuery", 400), Sent(compiled_only=False))
    assert "canary" not in found.message
    assert found.cause is Cause.INVALID


def test_the_columns_of_a_partition_filter() -> None:
    told = (
        "Cannot query over table 'p.d.t' without a filter over column(s) 'a', 'b' that can be used for partition"
        " elimination"
    )
    error = translate(Failure(told, "invalidQuery", 400), Sent())
    assert partition_columns(error) == ("a", "b")
    assert error.name == "p.d.t"
    assert partition_columns(WarehouseError(Cause.INVALID, "another")) == ()


# -- grants ------------------------------------------------------------------------------------------------------------


def test_each_missing_right_comes_with_what_gives_it() -> None:
    table = TableRef("t", "d", "q")
    nothing = {name: Granted() for name in ("p", "p.d", "q.d.t")}
    found = access.rights("sync@p.iam.gserviceaccount.com", "p", "d", (table,), nothing)
    who = "serviceAccount:sync@p.iam.gserviceaccount.com"
    assert [(right.kind, right.held, right.grant) for right in found] == [
        ("project", False, f"gcloud projects add-iam-policy-binding p --member={who} --role=roles/bigquery.jobUser"),
        ("project", False, f"gcloud projects add-iam-policy-binding p --member={who} --role=roles/bigquery.user"),
        ("dataset", False, f'GRANT `roles/bigquery.dataViewer` ON SCHEMA `p`.`d` TO "{who}"'),
        ("table", False, f"bq add-iam-policy-binding --member={who} --role=roles/bigquery.dataViewer q:d.t"),
    ]


def test_what_gives_a_right_holds_an_odd_name_as_one_word() -> None:
    odd = """x"`'; rm -rf $(y)"""
    table = TableRef(odd, odd, odd)
    nothing = {name: Granted() for name in (odd, f"{odd}.{odd}", str(table))}
    project, _, dataset, on_table = (
        right.grant for right in access.rights(f"{odd}@p.iam.gserviceaccount.com", odd, odd, (table,), nothing)
    )
    assert odd in split(project)
    assert f"{odd}:{odd}.{odd}" in split(on_table)
    [grant] = parse(dataset, dialect="bigquery")
    assert grant is not None


@pytest.mark.parametrize(
    ("given_id", "address"),
    [("sync", "sync@p.iam.gserviceaccount.com"), ("a@b.c", "a@b.c"), ("1234567890", "1234567890"), ("", "")],
)
def test_an_account_is_named_in_full(given_id: str, address: str) -> None:
    assert access.account(given_id, "p") == address

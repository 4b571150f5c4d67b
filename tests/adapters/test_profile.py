"""The profile of a query's values, on real DuckDB files, against the same numbers taken in Python."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from preflight import identities
from preflight.config import Connection, FieldMapping, FieldTransformation, Introspect
from preflight.facts.asks import profile_columns
from preflight.finding import Basis, Grade, State
from preflight.model import Profile, ProfileAsk, Provider
from preflight.source import Capability, Level, Support
from preflight_adapters.local import SUPPORT, LocalAdapter, connect
from tests.rules.cases import Case, judge

CREATE = "CREATE TABLE t (email TEXT, mp_deviceid TEXT, score DOUBLE, big BIGINT, tags TEXT[])"
SQL = 'SELECT "email", "mp_deviceid", "score", "big", "tags" FROM t'
Row = tuple[str | None, str | None, float | None, int | None, list[str | None] | None]


def opened(folder: Path, provider: Provider) -> LocalAdapter:
    introspect = Introspect(local="warehouse.duckdb")
    connection = Connection("w", "W", provider, {}, introspect=introspect)
    return connect(connection, root=folder, environ={}, record=lambda _: None)


def profile(folder: Path, rows: Sequence[Sequence[Any]], sample: int | None = None) -> Profile:
    path = folder / "warehouse.duckdb"
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute(CREATE)
        if rows:
            connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?)", rows)
    adapter = opened(folder, Provider.REDSHIFT)
    try:
        return adapter.profile(ProfileAsk(SQL, profile_columns(adapter.describe(SQL), None), sample))
    finally:
        adapter.close()


words = st.one_of(
    st.none(),
    st.sampled_from(
        ["", " ", "\t\n", "A@b.org", "a@b.org", " a@b.org ", "NULL", " unknown", "0", "a@b", "ß\U0001f600"]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6),
)
rows_ = st.lists(
    st.tuples(
        words,
        words,
        st.one_of(st.none(), st.floats(width=64)),
        st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.sampled_from([2**53, 2**53 + 1, -(2**53) - 1])),
        st.one_of(st.none(), st.lists(words, max_size=3)),
    ),
    max_size=6,
)


def blank(value: str | None) -> bool:
    return value is None or re.fullmatch(r"[ \t\n\f\r]*", value) is not None


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(rows_)
def test_the_numbers_are_those_that_python_counts(tmp_path: Path, rows: list[Row]) -> None:
    found = profile(tmp_path, rows)
    email, device, score, big, tags = found.columns
    emails = [row[0] for row in rows]
    assert found.rows == len(rows)
    assert found.rows_without_identity == sum(blank(row[0]) and blank(row[1]) for row in rows)
    assert [column.nulls for column in found.columns] == [sum(row[i] is None for row in rows) for i in range(5)]
    there = [value for value in emails if value is not None and not blank(value)]
    assert email.blanks == sum(value is not None and blank(value) for value in emails)
    assert email.longest_text == max((len(value) for value in emails if value is not None), default=0)
    assert email.identity is not None
    assert email.identity.duplicates == len(there) - len(set(there))
    trimmed = [re.sub(r"^[ \t\n\f\r]+|[ \t\n\f\r]+\Z", "", value) for value in there]
    assert email.identity.placeholders == sum(value.lower() in identities.PLACEHOLDERS for value in trimmed)
    assert device.identity is not None
    assert device.identity.malformed == sum(not blank(row[1]) for row in rows)
    assert score.non_finite == sum(row[2] is not None and not math.isfinite(row[2]) for row in rows)
    assert big.beyond_2_53 == sum(row[3] is not None and abs(row[3]) > 2**53 for row in rows)
    bigs = [row[3] for row in rows if row[3] is not None]
    assert (big.minimum, big.maximum) == ((str(min(bigs)), str(max(bigs))) if bigs else (None, None))
    lists = [row[4] for row in rows if row[4] is not None]
    assert tags.longest_list == max(map(len, lists), default=0)
    assert tags.longest_entry == max((len(e) for entries in lists for e in entries if e is not None), default=0)


@pytest.mark.parametrize(("sample", "read", "sampled"), [(None, 3, False), (2, 2, True), (3, 3, True), (4, 3, False)])
def test_a_sample_is_one_only_where_rows_may_be_left(
    tmp_path: Path, sample: int | None, read: int, sampled: bool
) -> None:
    found = profile(tmp_path, [("a@b.org", None, 1.0, 1, [])] * 3, sample)
    assert (found.rows, found.sampled) == (read, sampled)


def test_names_that_differ_by_case_alone_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    duckdb.connect(str(path)).close()
    adapter = opened(tmp_path, Provider.BIGQUERY)
    sql = "SELECT 'abc' AS name, 'abcde' AS NAME, 1 AS t0, 2 AS c0"
    found = adapter.profile(ProfileAsk(sql, profile_columns(adapter.describe(sql), None)))
    adapter.close()
    assert [(c.name, c.longest_text) for c in found.columns] == [("name", 3), ("NAME", 5), ("t0", 0), ("c0", 0)]


def test_no_value_of_a_row_is_in_the_profile(tmp_path: Path) -> None:
    found = profile(tmp_path, [("hidden@secret.example", "hidden-device", 0.5, 7, ["hidden entry"])])
    assert b"hidden" not in msgspec.json.encode(found)


WAREHOUSE = """
CREATE SCHEMA public;
CREATE TABLE public.contacts AS
SELECT i AS customer_id, 'a' || i || '@b.org' AS email, TIMESTAMP '2026-11-01' AS updated_at FROM range(3) AS r(i)
"""


def test_a_pipeline_scans_once_to_count_and_once_to_profile(tmp_path: Path) -> None:
    sql = "SELECT c.customer_id, c.email, c.updated_at FROM crm.public.contacts AS c"
    report = judge(Case("", "", {"warehouse": WAREHOUSE, "sql": sql}, ""), tmp_path)
    assert not report.failures
    scans = [one.purpose for one in report.statements if one.basis in (Grade.COUNTED, Grade.SAMPLED)]
    assert scans == ["histogram", "profile"]


@pytest.mark.parametrize(("sample", "grade"), [(None, Grade.COUNTED), (2, Grade.SAMPLED)])
def test_what_a_verdict_rests_on(tmp_path: Path, sample: int | None, grade: Grade) -> None:
    connection = {"introspect": {"sample_rows": sample}} if sample else {}
    report = judge(Case("", "", {"warehouse": WAREHOUSE, "connection": connection}, ""), tmp_path)
    weighed = next(v for v in report.verdicts if v.name == "rows-without-identity").measures
    assert [measure.basis for measure in weighed] == [Basis(grade, stand_in=True)]


def test_an_adapter_that_cannot_profile_leaves_the_rules_unproven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unable = {Capability.PROFILE: Support(Level.NONE, "it keeps no rows")}
    monkeypatch.setattr(LocalAdapter, "support", {**SUPPORT, **unable})
    report = judge(Case("", "", {"warehouse": WAREHOUSE}, ""), tmp_path)
    verdict = next(v for v in report.verdicts if v.name == "rows-without-identity")
    assert verdict.state is State.UNPROVEN
    assert verdict.reason.endswith("the stand-in of warehouse for a profile of the values: it keeps no rows")
    assert not report.failures


def test_values_that_a_member_does_not_take_and_different_names_are_counted(tmp_path: Path) -> None:
    profile(tmp_path, [("buy", None, None, 7, None), (None, None, None, 8, None), ("purchase", None, None, 8, None)])
    adapter = opened(tmp_path, Provider.REDSHIFT)
    mappings = [
        FieldMapping("column", "EMAIL", "events.data.product_action.action"),
        FieldMapping("column", "big", "$.events[0].data.event_name"),
        FieldMapping("ignore", "score", "events.event_type"),
    ]
    transformation = FieldTransformation("t", "T", "event_batch", tuple(mappings))
    try:
        columns = profile_columns(adapter.describe(SQL), transformation)
        found = {column.name: column for column in adapter.profile(ProfileAsk(SQL, columns)).columns}
    finally:
        adapter.close()
    assert (found["email"].outside, found["email"].distinct) == (1, None)
    assert (found["big"].outside, found["big"].distinct) == (None, 2)
    assert (found["score"].outside, found["score"].distinct) == (None, None)

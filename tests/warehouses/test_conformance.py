"""What every adapter must answer, over its real driver, on its engine's test server."""

from __future__ import annotations

import threading
import time
from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from preflight import registry
from preflight.errors import Cause, WarehouseError
from preflight.model import (
    AccessAsk,
    Bucket,
    Histogram,
    HistogramAsk,
    IteratorKind,
    Kind,
    ProfileAsk,
    ProfileColumn,
    RehearsalAsk,
    Window,
)
from preflight.source import Outcome, Sampler
from servers.stand import Server
from tests.adapters.statements import HOSTILE
from tests.until import PATIENCE_SECONDS
from tests.warehouses.opened import Opened
from tests.warehouses.seed import ANCHOR, INSTANTS, NOW, PEOPLE, PEOPLE_COLUMNS, ZONE

ANCHOR_S, NOW_S = int(ANCHOR.timestamp()), int(NOW.timestamp())


def refusal(opened: Opened, sql: str) -> WarehouseError:
    with pytest.raises(WarehouseError) as caught:
        opened.adapter.describe(sql)
    return caught.value


# -- describe ----------------------------------------------------------------------------------------------------------


def test_describe_gives_names_order_and_kinds(opened: Opened) -> None:
    names = ", ".join(f"p.{name}" for name, _ in PEOPLE_COLUMNS)
    schema = opened.adapter.describe(f"SELECT {names}, COUNT(*) OVER () AS n FROM {opened.server.name('people')} AS p")
    stored = opened.server.stored
    assert [column.name for column in schema.columns] == [*(stored(name) for name, _ in PEOPLE_COLUMNS), stored("n")]
    kinds = {column.name: column.type.kind for column in schema.columns}
    assert kinds[stored("email")] is Kind.TEXT
    assert kinds[stored("age")] in (Kind.INTEGER, Kind.DECIMAL)
    assert kinds[stored("big")] in (Kind.INTEGER, Kind.DECIMAL)
    assert kinds[stored("spent")] is Kind.DECIMAL
    assert kinds[stored("score")] is Kind.FLOAT
    assert kinds[stored("active")] is Kind.BOOLEAN
    assert kinds[stored("joined")] is Kind.DATE
    assert kinds[stored("updated_at")] is Kind.TIMESTAMP
    assert kinds[stored("seen_at")] is Kind.INSTANT
    assert all(column.type.raw for column in schema.columns)


def test_a_model_may_end_in_a_comment(opened: Opened) -> None:
    schema = opened.adapter.describe(f"SELECT e.id FROM {opened.server.name('events')} AS e -- the last line")
    assert len(schema.columns) == 1


def test_a_missing_table_is_not_found(opened: Opened) -> None:
    error = refusal(opened, f"SELECT n.id FROM {opened.server.name('no_such_table')} AS n")
    assert error.cause is Cause.NOT_FOUND
    assert "no_such_table" in (error.name or error.message).casefold()


def test_a_missing_column_is_named(opened: Opened) -> None:
    error = refusal(opened, f"SELECT e.id, e.custmer_id FROM {opened.server.name('events')} AS e")
    assert error.cause is Cause.BAD_COLUMN
    assert "custmer_id" in error.name.casefold()


def test_the_place_of_a_missing_column_is_in_the_models_own_text(opened: Opened) -> None:
    sql = f"SELECT\n  e.id,\n  e.custmer_id\nFROM {opened.server.name('events')} AS e"
    offset = refusal(opened, sql).offset
    assert offset is not None
    assert sql[offset:].startswith(("e.custmer_id", "custmer_id"))


def test_a_mistake_in_the_syntax_is_one(opened: Opened) -> None:
    error = refusal(opened, f"SELECT e.id FROM {opened.server.name('events')} AS e WHERE WHERE e.id = 1")
    assert error.cause in (Cause.SYNTAX, Cause.UNSUPPORTED)


def test_a_view_whose_table_is_gone_is_refused(opened: Opened) -> None:
    server = opened.server
    server.load("base", (("id", "integer"),), ((1,),))
    server.run(
        [
            f"CREATE OR REPLACE VIEW {server.name('orphan')} AS SELECT b.id FROM {server.name('base')} AS b",
            f"DROP TABLE {server.name('base')}",
        ]
    )
    error = refusal(opened, f"SELECT o.id FROM {server.name('orphan')} AS o")
    assert error.cause.blames_query


# -- tables ------------------------------------------------------------------------------------------------------------


def test_a_tables_columns_and_rows(opened: Opened) -> None:
    info = opened.adapter.table(opened.server.ref("people"))
    assert info.kind == "table"
    assert [column.name for column in info.columns] == [opened.server.stored(name) for name, _ in PEOPLE_COLUMNS]
    assert info.rows in (None, len(PEOPLE))


def test_a_tables_rows_are_known(opened: Opened) -> None:
    assert opened.adapter.table(opened.server.ref("people")).rows == len(PEOPLE)


def test_a_table_that_is_not_there(opened: Opened) -> None:
    with pytest.raises(WarehouseError) as caught:
        opened.adapter.table(opened.server.ref("no_such_table"))
    assert caught.value.cause is Cause.NOT_FOUND


# -- histogram ---------------------------------------------------------------------------------------------------------

COLUMNS = {
    IteratorKind.INSTANT: "at_instant",
    IteratorKind.ZONELESS: "at_local",
    IteratorKind.DATE: "at_day",
    IteratorKind.EPOCH_S: "at_s",
    IteratorKind.EPOCH_MS: "at_ms",
}


def microseconds(kind: IteratorKind) -> list[int | None]:
    """Each row's instant as its column holds it: a day begins in ``ZONE``, seconds have lost their fraction."""
    found: list[int | None] = []
    for at in INSTANTS:
        if at is None:
            found.append(None)
            continue
        exact = round(at.timestamp() * 1_000_000)
        if kind is IteratorKind.DATE:
            exact = _start_of_day(at)
        if kind is IteratorKind.EPOCH_S:
            exact = exact // 1_000_000 * 1_000_000
        found.append(exact)
    return found


def _start_of_day(at: datetime) -> int:
    day = datetime(at.year, at.month, at.day, tzinfo=ZoneInfo(ZONE))
    return round(day.timestamp()) * 1_000_000


def expected(kind: IteratorKind, lower: int | None = None, upper: int | None = None) -> Histogram:
    """What Python counts."""
    rows: Counter[int] = Counter()
    starts: Counter[int] = Counter()
    nulls = future = 0
    for micro in microseconds(kind):
        if micro is None:
            nulls += 1
            continue
        if (lower is not None and micro < lower * 1_000_000) or (upper is not None and micro > upper * 1_000_000):
            continue
        if micro > NOW_S * 1_000_000:
            future += 1
            continue
        index, rest = divmod(micro - ANCHOR_S * 1_000_000, 3_600_000_000)
        rows[index] += 1
        starts[index] += rest == 0
    buckets = tuple(Bucket(index, rows[index], starts[index]) for index in sorted(rows))
    return Histogram(ANCHOR_S, buckets, nulls, future)


def ask(server: Server, kind: IteratorKind, lower: int | None = None, upper: int | None = None) -> HistogramAsk:
    column = COLUMNS[kind]
    sql = f"SELECT e.id, e.{column} FROM {server.name('events')} AS e -- all of them"
    zone = ZONE if kind in (IteratorKind.ZONELESS, IteratorKind.DATE) else "UTC"
    return HistogramAsk(sql, server.stored(column), kind, ANCHOR_S, NOW_S, zone, lower, upper)


@pytest.mark.parametrize("kind", IteratorKind, ids=lambda kind: kind.name.lower())
def test_rows_are_counted_by_hour(opened: Opened, kind: IteratorKind) -> None:
    assert opened.adapter.histogram(ask(opened.server, kind)) == expected(kind)


@pytest.mark.parametrize("kind", IteratorKind, ids=lambda kind: kind.name.lower())
def test_rows_outside_the_clip_are_not_counted(opened: Opened, kind: IteratorKind) -> None:
    lower, upper = ANCHOR_S, ANCHOR_S + 25 * 3600
    assert opened.adapter.histogram(ask(opened.server, kind, lower, upper)) == expected(kind, lower, upper)


def test_a_full_sync_counts_all_rows(opened: Opened) -> None:
    sql = f"SELECT e.id FROM {opened.server.name('events')} AS e"
    assert opened.adapter.histogram(HistogramAsk(sql, None, None, ANCHOR_S, NOW_S)).rows == len(INSTANTS)


def test_an_empty_table_counts_nothing(opened: Opened) -> None:
    sql = f"SELECT n.id, n.at_instant FROM {opened.server.name('nothing')} AS n"
    wanted = HistogramAsk(sql, opened.server.stored("at_instant"), IteratorKind.INSTANT, ANCHOR_S, NOW_S)
    assert opened.adapter.histogram(wanted) == Histogram(ANCHOR_S, ())


def test_a_histogram_is_one_statement_that_scans(opened: Opened) -> None:
    opened.adapter.histogram(ask(opened.server, IteratorKind.INSTANT))
    assert len([one for one in opened.asked if one.purpose in ("histogram", "rows")]) == 1


# -- profile -----------------------------------------------------------------------------------------------------------


def profile_ask(opened: Opened, sample: int | None = None) -> ProfileAsk:
    names = ", ".join(f"p.{name}" for name, _ in PEOPLE_COLUMNS)
    sql = f"SELECT {names} FROM {opened.server.name('people')} AS p"
    identities = {opened.server.stored(name): name for name in ("customer_id", "email")}
    columns = tuple(
        ProfileColumn(column.name, column.type, identities.get(column.name))
        for column in opened.adapter.describe(sql).columns
    )
    return ProfileAsk(sql, columns, sample)


def test_a_profile_counts_what_values_are_like(opened: Opened) -> None:
    profile = opened.adapter.profile(profile_ask(opened))
    assert (profile.rows, profile.sampled) == (len(PEOPLE), False)
    assert profile.rows_without_identity == 1
    found = {column.name: column for column in profile.columns}
    stored = opened.server.stored
    customer, email = found[stored("customer_id")], found[stored("email")]
    assert (customer.nulls, customer.blanks) == (1, 1)
    assert customer.identity is not None
    assert (customer.identity.placeholders, customer.identity.duplicates) == (1, 1)
    assert email.identity is not None
    assert (email.nulls, email.identity.malformed, email.identity.untidy) == (1, 1, 2)
    assert email.longest_text == len(" cat@example.com")
    assert (customer.minimum, email.maximum) == (None, None)
    assert found[stored("big")].beyond_2_53 == 1
    assert found[stored("age")].nulls == 1
    assert float(found[stored("spent")].minimum or "nan") == -3.25
    assert float(found[stored("score")].maximum or "nan") == 22.0


def test_a_profile_counts_values_outside_a_list_and_different_ones(opened: Opened) -> None:
    wanted = profile_ask(opened)
    marks = {"email": {"allowed": ("ann@example.com",)}, "customer_id": {"names_events": True}}
    by_name = {opened.server.stored(name): mark for name, mark in marks.items()}
    columns = tuple(
        msgspec.structs.replace(column, identity=None, **by_name.get(column.name, {})) for column in wanted.columns
    )
    profile = opened.adapter.profile(msgspec.structs.replace(wanted, columns=columns))
    found = {column.name: column for column in profile.columns}
    assert found[opened.server.stored("email")].outside == 3
    assert found[opened.server.stored("customer_id")].distinct == 3


def test_a_sample_says_so(opened: Opened) -> None:
    profile = opened.adapter.profile(profile_ask(opened, sample=2))
    assert (profile.rows, profile.sampled) == (2, True)


def test_a_profile_is_one_statement_that_scans(opened: Opened) -> None:
    wanted = profile_ask(opened)
    before = len(opened.asked)
    opened.adapter.profile(wanted)
    assert [one.purpose for one in opened.asked[before:]] == ["profile"]


def test_a_few_rows_are_read_as_plain_values(opened: Opened) -> None:
    names = ", ".join(f"p.{name}" for name, _ in PEOPLE_COLUMNS)
    sql = f"SELECT {names} FROM {opened.server.name('people')} AS p WHERE p.age = 31 -- one"
    assert isinstance(opened.adapter, Sampler)
    [row] = opened.adapter.sample(sql, 5)
    found = dict(zip((name for name, _ in PEOPLE_COLUMNS), row, strict=True))
    assert (found["customer_id"], found["email"], int(found["age"])) == ("c1", "ann@example.com", 31)
    assert (int(found["big"]), float(found["spent"]), float(found["score"])) == (9_007_199_254_740_993, 10.5, 15.5)
    assert found["active"] is True
    assert found["joined"] == "2026-01-02"
    assert str(found["updated_at"]).replace(" ", "T").startswith("2026-11-02T08:00:00")
    assert str(found["seen_at"]).replace(" ", "T").startswith("2026-11-02T08:00:00")
    assert len(opened.adapter.sample(f"SELECT e.id FROM {opened.server.name('events')} AS e", 3)) == 3


# -- access and rehearsal ----------------------------------------------------------------------------------------------


def test_held_rights_are_seen(opened: Opened) -> None:
    access = opened.adapter.access(AccessAsk((opened.server.ref("people"),)))
    assert access.principal
    [table] = [right for right in access.rights if right.table == opened.server.ref("people")]
    assert table.held is True
    assert not [right for right in access.rights if right.held is False]


def test_a_missing_right_comes_with_its_grant(opened: Opened) -> None:
    access = opened.adapter.access(AccessAsk((opened.server.ref("forbidden"),)))
    missing = [right for right in access.rights if right.table == opened.server.ref("forbidden") and not right.held]
    assert missing
    assert all(right.grant for right in missing)


def test_the_platforms_statements_compile(opened: Opened) -> None:
    sql = f"SELECT p.customer_id, p.updated_at FROM {opened.server.name('people')} AS p -- all"
    rehearsed = opened.adapter.rehearse(RehearsalAsk(sql, "updated_at", Window(ANCHOR_S, ANCHOR_S + 86_400)))
    assert {one.purpose for one in rehearsed} == {"discover columns", "count", "extract"}
    assert all(sql in one.text for one in rehearsed)
    assert [one.refusal for one in rehearsed] == [""] * len(rehearsed)


def test_a_statement_of_the_platform_that_is_refused_says_why(opened: Opened) -> None:
    sql = f"SELECT p.customer_id FROM {opened.server.name('people')} AS p"
    rehearsed = opened.adapter.rehearse(RehearsalAsk(sql, "no_such_iterator", Window(ANCHOR_S, ANCHOR_S + 86_400)))
    refused = {one.purpose: one.refusal for one in rehearsed}
    assert not refused["discover columns"]
    assert "no_such_iterator" in refused["count"].casefold()


READING = ("SELECT", "WITH", "DESCRIBE", "DESC ", "SHOW", "SET ", "ALTER SESSION SET", "BEGIN READ ONLY", "ROLLBACK")
"""How every statement begins that an adapter may send: a query, a look into the catalog, a session's own settings."""


# -- safety ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_a_hostile_statement_is_refused(opened: Opened, number: int) -> None:
    server, sql = opened.server, HOSTILE[number]
    assert opened.adapter
    server.forget()
    wanted = HistogramAsk(sql, server.stored("id"), IteratorKind.INSTANT, ANCHOR_S, NOW_S)
    asks = (
        lambda: opened.adapter.describe(sql),
        lambda: opened.adapter.histogram(wanted),
        lambda: opened.adapter.profile(ProfileAsk(sql, ())),
        lambda: opened.adapter.rehearse(RehearsalAsk(sql, None)),
        lambda: opened.adapter.sample(sql, 1),  # type: ignore[attr-defined]
    )
    harmless = sql.startswith(("EXPLAIN SELECT", "DESCRIBE")) or sql == ""
    for call in asks:
        try:
            call()
        except WarehouseError:
            continue
        assert harmless, sql
    arrived = [" ".join(text.split()) for text in server.arrived()]
    assert not [text for text in arrived if not text.upper().startswith(READING)]
    body = " ".join(sql.split())
    if len(body) > 12 and not harmless:
        assert not [text for text in arrived if body in text]


def test_only_reads_arrive(opened: Opened) -> None:
    server = opened.server
    server.forget()
    adapter = opened.open()
    adapter.describe(f"SELECT e.id FROM {server.name('events')} AS e")
    adapter.table(server.ref("events"))
    adapter.histogram(ask(server, IteratorKind.INSTANT))
    adapter.close()
    arrived = server.arrived()
    assert arrived
    recorded = {" ".join(one.text.split()) for one in opened.asked}
    unknown = [text for text in arrived if " ".join(text.split()) not in recorded]
    allowed = ("SET ", "BEGIN", "ROLLBACK", "ALTER SESSION", "SELECT CURRENT_", "SHOW ", "DESCRIBE ")
    assert not [text for text in unknown if not text.lstrip().upper().startswith(allowed)]


def test_a_secret_appears_nowhere(opened: Opened, capfd: pytest.CaptureFixture[str]) -> None:
    secrets = set(opened.server.environ.values())
    adapter = opened.adapter
    error = refusal(opened, f"SELECT n.id FROM {opened.server.name('no_such_table')} AS n")
    texts = [repr(adapter), str(vars(adapter).keys()), error.message, error.remedy, *(str(one) for one in opened.asked)]
    out = capfd.readouterr()
    for secret in secrets:
        assert not [text for text in (*texts, out.out, out.err) if secret in text]


def endless(server: Server) -> HistogramAsk:
    """A histogram of a query that no server gets to the end of."""
    cross = ", ".join(f"{server.name('events')} AS e{number}" for number in range(9))
    sql = f"SELECT e0.id, e0.at_instant FROM {cross}"
    return HistogramAsk(sql, server.stored("at_instant"), IteratorKind.INSTANT, ANCHOR_S, NOW_S)


def test_a_statement_over_its_timeout_is_stopped(opened: Opened) -> None:
    adapter = opened.open(timeout_seconds=1)
    with pytest.raises(WarehouseError) as caught:
        adapter.histogram(endless(opened.server))
    assert caught.value.cause is Cause.TIMEOUT
    adapter.close()


def test_a_statement_can_be_cancelled_from_another_thread(opened: Opened) -> None:
    adapter = opened.open(timeout_seconds=600)
    over = threading.Event()

    def cancel() -> None:
        while not over.wait(1):  # what has not arrived at the server yet cannot be cancelled there
            adapter.cancel()

    canceller = threading.Thread(target=cancel)
    canceller.start()
    start = time.monotonic()
    try:
        with pytest.raises(WarehouseError):
            adapter.histogram(endless(opened.server))
    finally:
        over.set()
        canceller.join()
    assert time.monotonic() - start < PATIENCE_SECONDS
    adapter.close()


def test_an_adapter_answers_again_after_an_error(opened: Opened) -> None:
    refusal(opened, f"SELECT n.id FROM {opened.server.name('no_such_table')} AS n")
    assert opened.adapter.describe(f"SELECT e.id FROM {opened.server.name('events')} AS e").columns


def test_closing_twice_is_harmless(opened: Opened) -> None:
    adapter = opened.open()
    adapter.close()
    adapter.close()


# -- the route ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def steps(opened: Opened) -> list[tuple[str, Outcome]]:
    connection = opened.server.connection()
    diagnose = registry.diagnose_for(connection)
    assert diagnose is not None
    walked = diagnose(connection, root=opened.folder, environ=opened.server.environ, record=opened.asked.append)
    return [(step.name, step.outcome) for step in walked]


def test_the_route_of_a_sound_connection_has_no_failure(steps: list[tuple[str, Outcome]]) -> None:
    assert ("driver", Outcome.PASS) in steps
    assert not [name for name, outcome in steps if outcome is Outcome.FAIL]

"""What PostgreSQL answers otherwise than Redshift, from constructed recordings over the wire, with the real driver."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from preflight.config import Connection, Introspect
from preflight.errors import Cause, WarehouseError
from preflight.model import Column, Kind, Provider, TableRef, Type
from preflight_adapters import redshift
from preflight_adapters.redshift import RedshiftAdapter, queries
from tests.warehouses.redshift.wire_server import (
    HLLSKETCH,
    NUMERIC,
    SUPER,
    TIMESTAMP,
    VARBYTE,
    VARCHAR,
    Answer,
    Field,
    Refusal,
    WireServer,
)

Recorded = Callable[[Mapping[str, Answer | Refusal]], tuple[RedshiftAdapter, WireServer]]
NAMES = ("a", "b", "c", "d")


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    """Opens an adapter on a server that answers as a test says."""
    opened: list[tuple[RedshiftAdapter, WireServer]] = []

    def start(answers: Mapping[str, Answer | Refusal]) -> tuple[RedshiftAdapter, WireServer]:
        server = WireServer(answers)
        options = {
            "host": "127.0.0.1",
            "port": server.port,
            "ssl": False,
            "user": "svc",
            "password": "p",
            "database": "dw",
        }
        connection = Connection("w", "W", Provider.REDSHIFT, {}, introspect=Introspect(options=options))
        adapter = redshift.connect(connection, root=Path(), environ={}, record=lambda _: None)
        opened.append((adapter, server))
        return adapter, server

    yield start
    for adapter, server in opened:
        adapter.close()
        server.close()


def texts(*rows: tuple[str | None, ...]) -> Answer:
    """Rows of texts, as the catalog gives them."""
    return Answer([Field(name, VARCHAR) for name in NAMES[: len(rows[0]) if rows else 1]], rows)


def test_redshifts_own_types_are_read_and_nothing_is_executed(recorded: Recorded) -> None:
    sql = "SELECT t.* FROM crm.t"
    fields = [
        Field("props", SUPER, table=7),
        Field("raw", VARBYTE, 64 + 4, table=7, nullable=0),
        Field("sketch", HLLSKETCH),
        Field("amount", NUMERIC, (38 << 16 | 10) + 4),
        Field("new", 987_654),
    ]
    adapter, server = recorded({sql: Answer(fields)})
    assert adapter.describe(sql).columns == (
        Column("props", Type(Kind.JSON, "super"), True),
        Column("raw", Type(Kind.BINARY, "varbyte(64)")),
        Column("sketch", Type(Kind.OTHER, "hllsketch")),
        Column("amount", Type(Kind.DECIMAL, "numeric(38,10)", 38, 10)),
        Column("new", Type(Kind.OTHER, "type 987654")),
    )
    assert sql not in server.executed
    assert server.executed[-2:] == [queries.BEGIN, queries.ROLLBACK]


def test_a_refusal_is_told_with_its_place_and_the_session_goes_on(recorded: Recorded) -> None:
    wrong, right = "SELECT totl FROM crm.t", "SELECT total FROM crm.t"
    adapter, _ = recorded(
        {
            wrong: Refusal("42703", 'column "totl" does not exist in t', 8),
            right: Answer([Field("total", NUMERIC)]),
        }
    )
    with pytest.raises(WarehouseError) as caught:
        adapter.describe(wrong)
    assert (caught.value.cause, caught.value.name, caught.value.offset) == (Cause.BAD_COLUMN, "totl", 7)
    assert adapter.describe(right).columns[0].name == "total"


def test_a_late_binding_view_is_compiled_for_its_columns(recorded: Recorded) -> None:
    described = Answer([Field("id", VARCHAR, 40), Field("at", TIMESTAMP)])
    adapter, server = recorded(
        {
            queries.WHO: texts(("svc", "dw")),
            queries.objects(("crm",), "seen"): texts(("crm", "seen", "v", "16400")),
            queries.columns(16400): texts(),
            queries.table_rows("crm", "seen"): described,
        }
    )
    view = adapter.table(TableRef("seen", "crm", "dw"))
    assert (view.kind, [str(column.type) for column in view.columns]) == ("view", ["varchar(36)", "timestamp"])
    assert queries.table_rows("crm", "seen") not in server.executed


def test_a_late_binding_view_whose_table_is_gone_is_refused(recorded: Recorded) -> None:
    adapter, _ = recorded(
        {
            queries.WHO: texts(("svc", "dw")),
            queries.objects(("crm",), "seen"): texts(("crm", "seen", "v", "16400")),
            queries.columns(16400): texts(),
            queries.table_rows("crm", "seen"): Refusal("42P01", 'relation "crm.base" does not exist'),
        }
    )
    with pytest.raises(WarehouseError) as caught:
        adapter.table(TableRef("seen", "crm"))
    assert (caught.value.cause, caught.value.name) == (Cause.NOT_FOUND, "crm.base")


def test_a_query_monitoring_rule_is_a_cap_on_cost(recorded: Recorded) -> None:
    sql = "SELECT count(*) AS n FROM crm.t"
    message = 'Query (7) cancelled by WLM abort action of Query Monitoring Rule "cost".'
    adapter, _ = recorded({sql: Refusal("57014", message)})
    with pytest.raises(WarehouseError) as caught:
        adapter.describe(sql)
    assert caught.value.cause is Cause.COST_CAP

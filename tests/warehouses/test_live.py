"""The way to the suite over an account, tried on test servers that play the account."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from servers.stand import Server
from tests.warehouses.live import PROJECT, SCHEMA, LiveServer, seed
from tests.warehouses.opened import Opened
from tests.warehouses.seed import PEOPLE_COLUMNS, fill
from tests.warehouses.test_conformance import IteratorKind, ask, expected
from tests.warehouses.test_project import people, written


@pytest.fixture
def live(opened: Opened) -> Iterator[LiveServer]:
    """The server as an account: its tables are those that the printed statements made."""
    server: Server = opened.server
    schema = server.name("people").rpartition(".")[0]
    server.run([f"DROP TABLE {server.name(table)}" for table in ("events", "people", "forbidden", "nothing")])
    server.run(list(seed(server.types, schema)))
    written(opened, {"people": people(server)})
    yield LiveServer(server.dialect, opened.folder, {**server.environ, PROJECT: str(opened.folder), SCHEMA: schema})
    fill(server)


def test_the_printed_statements_make_the_suites_tables(live: LiveServer, opened: Opened) -> None:
    with Opened(live, opened.folder) as account:
        names = ", ".join(f"p.{name}" for name, _ in PEOPLE_COLUMNS)
        assert len(account.adapter.describe(f"SELECT {names} FROM {live.name('people')} AS p").columns) == 10
        for kind in (IteratorKind.INSTANT, IteratorKind.ZONELESS):
            assert account.adapter.histogram(ask(live, kind)) == expected(kind)

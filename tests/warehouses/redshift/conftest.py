"""A server of its own for what concerns Redshift alone; without ``--warehouse redshift`` nothing here is collected."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from preflight.source import Asked
from preflight_adapters import redshift
from preflight_adapters.redshift import RedshiftAdapter
from servers.redshift import RedshiftServer, start
from tests.warehouses.conftest import chosen
from tests.warehouses.redshift.opening import Open
from tests.warehouses.seed import fill


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return True if "redshift" not in chosen(config) else None


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedshiftServer]:
    """A server with the suite's tables."""
    started = start(tmp_path_factory.mktemp("redshift"))
    try:
        fill(started)
        yield started
    finally:
        started.stop()


@pytest.fixture
def open_adapter(cluster: RedshiftServer, tmp_path: Path) -> Iterator[Open]:
    """Opens adapters on the server, and closes them."""
    opened: list[RedshiftAdapter] = []

    def connect(asked: list[Asked] | None = None, **introspect: object) -> RedshiftAdapter:
        connection = cluster.connection(**introspect)
        record = (asked if asked is not None else []).append
        opened.append(redshift.connect(connection, root=tmp_path, environ=cluster.environ, record=record))
        return opened[-1]

    yield connect
    for adapter in opened:
        adapter.close()


@pytest.fixture
def adapter(open_adapter: Open) -> RedshiftAdapter:
    return open_adapter()

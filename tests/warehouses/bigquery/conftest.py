"""The tests that need BigQuery's test server run where ``--warehouse`` names it; the others always do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from servers.bigquery import BigQueryServer, start
from servers.stand import running
from tests.warehouses.opened import Opened


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    named = config.getoption("--warehouse")
    wanted = "bigquery" in named or "all" in named
    return True if collection_path.name.startswith("test_server_") and not wanted else None


@pytest.fixture(scope="module")
def bigquery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BigQueryServer]:
    """A server with an empty dataset."""
    with running(start(tmp_path_factory.mktemp("bigquery"))) as started:
        assert isinstance(started, BigQueryServer)
        yield started


@pytest.fixture
def reading(bigquery: BigQueryServer, tmp_path: Path) -> Iterator[Opened]:
    """An adapter on it."""
    with Opened(bigquery, tmp_path) as found:
        yield found

"""What every part of the tests shares."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

from preflight.sandbox.faults import Fault
from tests.until import PATIENCE_SECONDS

SLOW = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}  # as a machine is that others use too
settings.register_profile("gate", derandomize=True, **SLOW)  # a change fails by what it changes, not by chance
settings.register_profile("search", **SLOW)  # pytest --hypothesis-profile search: other examples in each run
settings.load_profile("gate")


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep what tests judge out of the cache of the user who runs them, and theirs out of the tests."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def patience(request: pytest.FixtureRequest) -> float:
    """How long a client waits for an answer, in seconds: not for long where the test's ``fault`` never lets it come."""
    given = getattr(request.node, "callspec", None)
    fault = given.params.get("fault") if given else None
    return 0.5 if isinstance(fault, Fault) and fault.hang else PATIENCE_SECONDS


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which warehouses' test servers the conformance suite starts."""
    parser.addoption(
        "--warehouse",
        action="append",
        default=[],
        metavar="ENGINE",
        help="run tests/warehouses over this engine's test server too: snowflake, bigquery, redshift, databricks, all",
    )
    parser.addoption(
        "--live",
        metavar="ENGINE",
        help="run tests/warehouses over an account of one's own in place of test servers; see docs/warehouses/live.md",
    )

"""What every part of the tests shares."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from preflight.sandbox.faults import Fault
from tests.until import PATIENCE_SECONDS

ROOT = Path(__file__).parents[1]

SLOW = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}  # as a machine is that others use too
settings.register_profile("gate", derandomize=True, **SLOW)  # a change fails by what it changes, not by chance
settings.register_profile("search", **SLOW)  # pytest --hypothesis-profile search: other examples in each run
settings.load_profile("gate")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell leaves it to what it starts in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep what tests do out of the cache and the state of the user who runs them, and theirs out of the tests.

    What the examples fetched once is no part of that: its digest is checked whenever it is read.
    """
    fetched = Path(os.environ.get("XDG_CACHE_HOME") or ROOT / ".cache") / "preflight-examples"
    cache = tmp_path_factory.mktemp("cache")
    with suppress(OSError):  # without a folder that can be written, it is fetched anew
        fetched.mkdir(parents=True, exist_ok=True)
        (cache / fetched.name).symlink_to(fetched)
    os.environ["XDG_CACHE_HOME"] = str(cache)
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))


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

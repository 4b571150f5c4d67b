"""The route to BigQuery, step by step: driver, credentials, host, TLS, login and project, dataset, grants."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from preflight.errors import WarehouseError
from preflight.model import AccessAsk
from preflight.source import Outcome, Step
from preflight_adapters._options import Options
from preflight_adapters._route import route, unproven
from preflight_adapters.bigquery.connect import driver
from preflight_adapters.bigquery.login import Login, endpoint
from preflight_adapters.bigquery.queries import PROBE

if TYPE_CHECKING:
    from preflight_adapters.bigquery import BigQueryAdapter

_HOST = "https://bigquery.googleapis.com"
_STEPS = ("driver", "credentials", "resolve", "TLS", "login", "dataset", "grants")


class Walk(msgspec.Struct, frozen=True):
    """What is known before anything is sent."""

    options: Options
    login: Login
    environ: Mapping[str, str]
    adapter: Callable[[], BigQueryAdapter]


def walk(open_session: Callable[[], Walk]) -> Iterator[Step]:
    """Each step as soon as it is known; those behind a failed one are unproven. Raises nothing."""
    done: list[str] = []
    try:
        for step in _steps(open_session):
            done.append(step.name)
            yield step
            if step.outcome is Outcome.FAIL:
                break
        else:
            return
    except WarehouseError as error:
        step = Step(_STEPS[len(done)], Outcome.FAIL, error.message, error.remedy)
        done.append(step.name)
        yield step
    yield from unproven(_STEPS[len(done) :], f"{step.name} failed")


def _steps(open_session: Callable[[], Walk]) -> Iterator[Step]:
    yield Step("driver", Outcome.PASS, f"google-cloud-bigquery {driver().__version__}")
    known = open_session()
    yield Step("credentials", Outcome.PASS, known.login.way)
    yield from _network(known)
    adapter = known.adapter()
    try:
        session = adapter.session
        session.compile(PROBE, "describe", model=PROBE)
        yield Step("login", Outcome.PASS, f"jobs run in the project {session.project}, as {_who(known.login)}")
        yield _dataset(adapter)
        yield _grants(adapter)
    finally:
        adapter.close()


def _who(login: Login) -> str:
    return login.principal or login.way


def _network(known: Walk) -> Iterator[Step]:
    parts = urlsplit(endpoint(known.options) or _HOST)
    tls = parts.scheme == "https"
    yield from route(parts.hostname or "", parts.port or (443 if tls else 80), environ=known.environ, tls=tls)


def _dataset(adapter: BigQueryAdapter) -> Step:
    place = adapter.place
    if not place.dataset:
        return Step("dataset", Outcome.UNPROVEN, "the connection names no dataset_id")
    name = f"{place.project}.{place.dataset}"
    found = str(adapter.session.dataset(name).get("location") or "")
    wanted = adapter.session.location
    if wanted and found and wanted.casefold() != found.casefold():
        return Step(
            "dataset",
            Outcome.FAIL,
            f"{name} lies in {found}, but jobs are sent to {wanted}",
            f"set `region` of the connection to {found}",
        )
    return Step("dataset", Outcome.PASS, f"{name} lies in {found or 'a place it does not name'}")


def _grants(adapter: BigQueryAdapter) -> Step:
    access = adapter.access(AccessAsk(()))
    missing = [right for right in access.rights if right.held is False]
    if missing:
        first = missing[0]
        return Step("grants", Outcome.FAIL, f"{access.principal} lacks {first.privilege} on {first.name}", first.grant)
    unknown = [right for right in access.rights if right.held is None]
    if unknown:
        return Step("grants", Outcome.UNPROVEN, unknown[0].note)
    return Step("grants", Outcome.PASS, f"{access.principal} may run jobs and read the dataset")

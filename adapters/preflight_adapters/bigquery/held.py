"""Asks BigQuery and the Resource Manager what the sync's service account holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from preflight.errors import Cause, WarehouseError
from preflight.model import Access, TableRef, Trait, TraitKind
from preflight_adapters.bigquery.access import DATASET_RIGHT, PROJECT_RIGHTS, TABLE_RIGHTS, Granted, account, rights

if TYPE_CHECKING:
    from preflight_adapters.bigquery.connect import Session
    from preflight_adapters.bigquery.login import Login


class Place(msgspec.Struct, frozen=True):
    """Where the connection's data is and who reads it, as the project's ``config`` says."""

    project: str
    dataset: str
    service_account_id: str


def access(session: Session, login: Login, place: Place, tables: tuple[TableRef, ...]) -> Access:
    """What the service account holds; every right is unknown where preflight asks as somebody else."""
    principal = account(place.service_account_id, place.project) or login.principal
    assumed = bool(principal) and principal.casefold() == login.principal.casefold()
    if assumed:
        granted = {name: _ask(ask) for name, ask in _asks(session, place, tables).items()}
    else:
        asker = login.principal or login.way
        why = f"IAM answers only for who asks, and preflight asks with {asker}, not as {principal or 'the sync'}"
        granted = dict.fromkeys(_asks(session, place, tables), Granted(unasked=why))
    found = rights(principal, place.project, place.dataset, tables, granted)
    return Access(principal or "unknown", assumed, found, traits=_traits(session, place) if assumed else ())


def _traits(session: Session, place: Place) -> tuple[Trait, ...]:
    """Where the connection's dataset is kept, if that may be seen."""
    if not place.dataset:
        return ()
    name = f"{place.project}.{place.dataset}"
    try:
        location = str(session.dataset(name).get("location") or "")
    except WarehouseError as error:
        if not error.cause.blames_query:
            raise
        return ()
    return (Trait(TraitKind.LOCATION, name, location),) if location else ()


def _asks(session: Session, place: Place, tables: tuple[TableRef, ...]) -> dict[str, Callable[[], frozenset[str]]]:
    """By object, the call that says what is held on it."""
    asks: dict[str, Callable[[], frozenset[str]]] = {
        place.project: lambda: session.project_permissions(place.project, PROJECT_RIGHTS)
    }
    if place.dataset:
        dataset = f"{place.project}.{place.dataset}"
        asks[dataset] = lambda: _readable(session, dataset)
    return asks | {str(ref): _table_ask(session, str(ref)) for ref in tables}


def _table_ask(session: Session, name: str) -> Callable[[], frozenset[str]]:
    return lambda: session.table_permissions(name, TABLE_RIGHTS)


def _readable(session: Session, dataset: str) -> frozenset[str]:
    """The right to read a dataset's metadata; no call tests it, so the dataset is read."""
    try:
        session.dataset(dataset)
    except WarehouseError as error:
        if error.cause is Cause.PERMISSION:
            return frozenset()
        raise
    return frozenset({DATASET_RIGHT})


def _ask(call: Callable[[], frozenset[str]]) -> Granted:
    """What is held, or why that could not be asked; raises WarehouseError where nothing else could be asked either."""
    try:
        return Granted(call())
    except WarehouseError as error:
        if error.cause in (Cause.AUTH, Cause.NETWORK, Cause.TIMEOUT, Cause.RATE_LIMIT):
            raise
        return Granted(unasked=error.message)

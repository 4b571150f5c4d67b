"""Which privileges a principal needs on Unity Catalog or the legacy metastore, and which the listings show. Pure.

https://docs.databricks.com/aws/en/data-governance/unity-catalog/manage-privileges/privileges: reading a table takes USE
CATALOG, USE SCHEMA and SELECT, each held itself or by way of a parent, an owner or a group.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from shlex import quote
from typing import Any

import msgspec

from preflight.model import Right, TableRef
from preflight_adapters.databricks.errors import Lacking
from preflight_adapters.databricks.queries import path

LEGACY = ("hive_metastore", "spark_catalog")
"""Catalogs whose privileges are the legacy metastore's: USAGE and SELECT, and none on the catalog."""
EVERYONE = ("account users", "users")
_ENOUGH = ("ALL PRIVILEGES", "ALL_PRIVILEGES", "OWN", "OWNERSHIP")
_CHANGES = ("MODIFY", "MANAGE", *_ENOUGH)
_PERSON = re.compile(r".+@.+|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""A user's address or a service principal's application id: no group."""


class Need(msgspec.Struct, frozen=True):
    """One privilege that reading a table takes."""

    privilege: str
    kind: str
    """``CATALOG``, ``SCHEMA`` or ``TABLE``."""
    parts: tuple[str, ...]
    table: TableRef | None = None

    @property
    def name(self) -> str:
        """The object as Databricks writes it."""
        return ".".join(self.parts)

    def grant(self, principal: str) -> str:
        """The statement that gives it."""
        return f"GRANT {self.privilege} ON {self.kind} {path(*self.parts)} TO {path(principal)}"

    def right(self, principal: str, *, held: bool | None, note: str = "") -> Right:
        """It as an answer; what is held needs no statement."""
        grant = "" if held else self.grant(principal)
        return Right(self.privilege, self.kind.lower(), self.name, held, grant, note, self.table)


class Listing(msgspec.Struct, frozen=True):
    """What SHOW GRANTS shows on one object: who holds what, names in lower case, privileges in upper."""

    held: frozenset[tuple[str, str]]

    def holders(self, privilege: str) -> frozenset[str]:
        """Everybody with the privilege, or with one that includes it."""
        enough = {privilege.replace("_", " "), *_ENOUGH}
        return frozenset(who for who, what in self.held if what.replace("_", " ") in enough)

    @property
    def principals(self) -> frozenset[str]:
        """Everybody whom the listing names."""
        return frozenset(who for who, _ in self.held)


def listing(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Listing:
    """The rows of SHOW GRANTS: principal, action type, object type, object key; a deny is no grant."""
    at = {name.casefold().replace("_", ""): index for index, name in enumerate(names)}
    who, what = at.get("principal", 0), at.get("actiontype", 1)
    return Listing(
        frozenset(
            (str(row[who]).casefold(), str(row[what]).upper())
            for row in rows
            if not str(row[what]).upper().startswith("DENIED")
        )
    )


def full(ref: TableRef, catalog: str, schema: str) -> TableRef:
    """The table with the session's catalog and schema where the query names none."""
    return TableRef(ref.name, ref.schema or schema, ref.catalog or catalog)


def needs(asked: TableRef, ref: TableRef) -> tuple[Need, ...]:
    """What reading ``ref``, which the query calls ``asked``, takes; outermost first."""
    schema = (ref.catalog, ref.schema)
    if ref.catalog.casefold() in LEGACY:
        return (
            Need("USAGE", "SCHEMA", schema, None),
            Need("SELECT", "TABLE", ref.parts, asked),
        )
    return (
        Need("USE CATALOG", "CATALOG", (ref.catalog,), None),
        Need("USE SCHEMA", "SCHEMA", schema, None),
        Need("SELECT", "TABLE", ref.parts, asked),
    )


def excess(need: Need, shown: Listing, principal: str) -> tuple[Right, ...]:
    """The rights to change the object that the principal holds by name, without being asked for."""
    mine = sorted(
        what for who, what in shown.held if who == principal.casefold() and what.replace("_", " ") in _CHANGES
    )
    return tuple(Right(what, need.kind.lower(), need.name, True, table=need.table) for what in mine)


def groups(shown: Listing, privilege: str) -> tuple[str, ...]:
    """Of the privilege's holders those that may be groups, in order."""
    holders = shown.holders(privilege) - set(EVERYONE)
    return tuple(sorted(who for who in holders if not _PERSON.fullmatch(who)))


def is_it(need: Need, lacks: Lacking | None) -> bool:
    """Whether a refusal names this privilege on this object."""
    if lacks is None:
        return False
    same_kind = lacks.kind == need.kind.casefold() or (need.kind == "TABLE" and lacks.kind == "view")
    return same_kind and lacks.privilege.replace("_", " ") == need.privilege


def judged(need: Need, shown: Listing, principal: str, *, asker: str, member_of: Mapping[str, bool] | None) -> Right:
    """Whether the listing gives the privilege to ``principal``.

    ``member_of`` says which groups it is in, where it could be asked. Without that a group's grant leaves it open, and
    so does a listing that shows the asker's own grants alone: who may not see others' grants sees none.
    """
    holders = shown.holders(need.privilege)
    me = principal.casefold()
    if holders & {me, *EVERYONE}:
        return need.right(principal, held=True)
    in_groups = groups(shown, need.privilege)
    if member_of is not None:
        if via := [group for group in in_groups if member_of.get(group)]:
            return need.right(principal, held=True, note=f"by way of the group {via[0]}")
        return need.right(principal, held=False)
    if in_groups:
        return need.right(principal, held=None, note=f"the group {in_groups[0]} holds it; its members are not listed")
    if me != asker.casefold() and not shown.principals - {asker.casefold()}:
        return need.right(principal, held=None, note="no grants of others are shown to the login that preflight uses")
    return need.right(principal, held=False)


def warehouse(http_path: str, principal: str, *, own: bool) -> Right:
    """The right to use the SQL warehouse, which no SQL statement lists: an open session is the proof of one's own."""
    parts = http_path.rstrip("/").split("/")
    id_ = parts[-1]
    if own:
        return Right("CAN USE", "warehouse", id_, True)
    person = "user_name" if "@" in principal else "service_principal_name"
    access = {"access_control_list": [{person: principal, "permission_level": "CAN_USE"}]}
    told = quote(msgspec.json.encode(access).decode())
    return Right(
        "CAN USE",
        "warehouse",
        id_,
        None,
        f"databricks permissions update warehouses {quote(id_)} --json {told}",
        "no SQL statement lists who may use a SQL warehouse",
    )

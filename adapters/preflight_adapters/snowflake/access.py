"""What a role holds and lacks, from its listed grants: pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from preflight.model import AccessAsk, Right, TableRef, Trait, TraitKind
from preflight_adapters.snowflake.queries import plain, split_name

_READABLE = ("TABLE", "VIEW", "MATERIALIZED VIEW", "EXTERNAL TABLE", "DYNAMIC TABLE", "ICEBERG TABLE", "EVENT TABLE")
_INTEGRATION = re.compile(r"MP_[A-Z0-9]+_[0-9]+_[0-9]+_S3")


class Grant(msgspec.Struct, frozen=True, order=True):
    """One privilege on one object, its name in parts without quotes."""

    privilege: str
    kind: str
    name: tuple[str, ...]


class Granted(msgspec.Struct, frozen=True):
    """All that a role and the roles in it hold."""

    grants: frozenset[Grant]
    gaps: tuple[str, ...] = ()
    """Why something may be missing here."""

    def has(self, kinds: Iterable[str], name: tuple[str, ...], *privileges: str) -> bool:
        """Whether one of the privileges, or the ownership, is held."""
        wanted = (*privileges, "OWNERSHIP")
        return any(Grant(privilege, kind, name) in self.grants for kind in kinds for privilege in wanted)


class Needed(msgspec.Struct, frozen=True):
    """What the sync's connection names."""

    role: str
    warehouse: str
    database: str
    integration: str


def grants(rows: Iterable[Mapping[str, Any]]) -> frozenset[Grant]:
    """The rows of SHOW GRANTS TO ROLE."""
    return frozenset(
        Grant(
            str(row.get("privilege")).upper(),
            str(row.get("granted_on")).upper().replace("_", " "),
            split_name(str(row.get("name"))),
        )
        for row in rows
    )


def roles_in(found: Iterable[Grant]) -> list[str]:
    """The roles that these grants bring in, as ``queries.grants`` takes them."""
    return sorted(
        ".".join('"' + part.replace('"', '""') + '"' for part in grant.name)
        for grant in found
        if grant.kind in ("ROLE", "DATABASE ROLE") and grant.privilege in ("USAGE", "OWNERSHIP")
    )


def rights(ask: AccessAsk, needed: Needed, granted: Granted, readable: Mapping[TableRef, bool]) -> tuple[Right, ...]:
    """Every right that the sync needs, outermost first.

    ``readable`` says of a table whether the session, in the sync's own role, compiled a query that reads it: grants by
    way of a share are not listed, so this outweighs the list.
    """
    note = "; ".join(granted.gaps)
    found = [_warehouse(needed, granted, note)]
    tables = [msgspec.structs.replace(ref, catalog=ref.catalog or needed.database) for ref in ask.tables]
    reached = {table for ref, table in zip(ask.tables, tables, strict=True) if readable.get(ref)}
    databases = dict.fromkeys([needed.database, *(table.catalog for table in tables)])
    for database in filter(None, databases):
        proven = any(table.catalog == database for table in reached)
        found.append(_usage("database", (database,), needed, granted, note, proven=proven))
    for catalog, schema in dict.fromkeys((table.catalog, table.schema or "PUBLIC") for table in tables):
        proven = any((table.catalog, table.schema or "PUBLIC") == (catalog, schema) for table in reached)
        found.append(_usage("schema", (catalog, schema), needed, granted, note, proven=proven))
    for ref, table in zip(ask.tables, tables, strict=True):
        found.append(_table(ref, table, needed, granted, note, readable=readable.get(ref)))
    found.append(_integration(needed, granted, note))
    return tuple(found)


_WRITES = ("INSERT", "UPDATE", "DELETE", "TRUNCATE", "OWNERSHIP")


def excess(granted: Granted) -> tuple[Right, ...] | None:
    """The rights to change tables and views, or what is in them; None where none is listed and the list has gaps."""
    found = tuple(
        Right(grant.privilege, grant.kind.lower(), _shown(grant.name), True)
        for grant in sorted(granted.grants)
        if grant.kind in _READABLE and grant.privilege in _WRITES
    )
    return found if found or not granted.gaps else None


_TRAITS = {kind.value.upper(): kind for kind in TraitKind if kind.name.startswith("INTEGRATION")}


def integration_traits(name: str, listed: Iterable[Mapping[str, Any]]) -> tuple[Trait, ...]:
    """What DESCRIBE INTEGRATION says of a storage integration."""
    return tuple(
        Trait(kind, plain(name), str(row.get("property_value") or ""))
        for row in listed
        if (kind := _TRAITS.get(str(row.get("property")).upper()))
    )


def warehouse_traits(name: str, listed: Iterable[Mapping[str, Any]]) -> tuple[Trait, ...]:
    """What SHOW WAREHOUSES says of one warehouse."""
    return tuple(
        Trait(TraitKind.AUTO_RESUME, plain(name), str(row["auto_resume"]).lower())
        for row in listed
        if row.get("name") == name and str(row.get("auto_resume")).lower() in ("true", "false")
    )


def integration_of(needed: Needed, granted: Granted) -> str:
    """The storage integration that the sync goes through: the connection's, else the granted one of mParticle's."""
    held = (g.name[0] for g in sorted(granted.grants) if g.kind == "INTEGRATION" and g.name)
    return needed.integration or next((name for name in held if _INTEGRATION.fullmatch(name.upper())), "")


def _held(listed: bool, note: str, *, proven: bool = False) -> tuple[bool | None, str]:
    """Held where it is listed or proven; where the list has gaps, what it does not show is not known."""
    if listed or proven:
        return True, "" if listed else "a query that needs it compiles, though no grant is listed"
    return (None, note) if note else (False, "")


def _warehouse(needed: Needed, granted: Granted, note: str) -> Right:
    if not needed.warehouse:
        return Right("USAGE", "warehouse", "?", None, note="the connection names no warehouse")
    return _usage("warehouse", (needed.warehouse,), needed, granted, note)


def _usage(
    kind: str, name: tuple[str, ...], needed: Needed, granted: Granted, note: str, *, proven: bool = False
) -> Right:
    listed = granted.has([kind.upper()], name, "USAGE", *(["IMPORTED PRIVILEGES"] if kind == "database" else []))
    held, why = _held(listed, note, proven=proven)
    shown = _shown(name)
    grant = f"GRANT USAGE ON {kind.upper()} {shown} TO ROLE {plain(needed.role)};"
    return Right("USAGE", kind, shown, held, grant, why)


def _table(
    ref: TableRef, table: TableRef, needed: Needed, granted: Granted, note: str, *, readable: bool | None
) -> Right:
    name = (table.catalog, table.schema or "PUBLIC", table.name)
    listed = granted.has(_READABLE, name, "SELECT")
    held, why = _held(listed, note, proven=bool(readable))
    if readable is False:
        held, why = False, "a query that reads it does not compile in this role" if listed else ""
    shown = _shown(name)
    grant = f"GRANT SELECT ON TABLE {shown} TO ROLE {plain(needed.role)};"
    if not held and not why:
        why = f"if it is a view: GRANT SELECT ON VIEW {shown} TO ROLE {plain(needed.role)};"
    return Right("SELECT", "table", shown, held, grant, why, ref)


def _integration(needed: Needed, granted: Granted, note: str) -> Right:
    """The storage integration, through which Snowflake unloads to mParticle's bucket."""
    kind, role = "storage integration", plain(needed.role)
    if not needed.integration:
        if name := integration_of(needed, granted):
            return Right("USAGE", kind, plain(name), True)
        grant = f"GRANT USAGE ON INTEGRATION mp_<pod>_<org id>_<account id>_s3 TO ROLE {role};"
        why = "no grant on one of mParticle's integrations is listed, and the connection's config names none"
        return Right("USAGE", kind, "mp_<pod>_<org id>_<account id>_s3", None, grant, why)
    held, why = _held(granted.has(["INTEGRATION"], (needed.integration,), "USAGE"), note)
    shown = plain(needed.integration)
    return Right("USAGE", kind, shown, held, f"GRANT USAGE ON INTEGRATION {shown} TO ROLE {role};", why)


def _shown(name: tuple[str, ...]) -> str:
    return ".".join(plain(part) for part in name if part)

"""Fixes of the text around the columns: the semicolon at its end, tables' full names, common table expressions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from preflight.config import Connection
from preflight.fix.edits import Edit
from preflight.fix.proposal import Fix, NoFix, Proposal, Target
from preflight.model import TableRef
from preflight.query import TableUse, fold_table
from preflight.query.inline import CannotInline, without_common_tables


def semicolons(target: Target) -> Iterator[Proposal]:
    """The semicolon at the query's end, taken out."""
    query = target.query
    for problem in query.problems:
        if problem.kind == "trailing-semicolon":
            place = query.range(problem.start, problem.end)
            if query.sql.text[problem.start : problem.end] != ";":
                yield NoFix("trailing-semicolon", (place,), "there is more than one")
                continue
            edit = Edit(problem.start, problem.end, "")
            yield Fix("trailing-semicolon", (place,), "remove the semicolon", (edit,))


def common_tables(target: Target) -> Iterator[Proposal]:
    """Subqueries in place of all common table expressions."""
    query = target.query
    places = tuple(query.place(node.args["alias"]) for node in query.nodes("CTE"))
    if not places:
        return
    try:
        edits = tuple(Edit(*replacement) for replacement in without_common_tables(query))
    except CannotInline as reason:
        yield NoFix("common-table-expression", places, str(reason))
        return
    yield Fix("common-table-expression", places, "write them as subqueries in FROM", edits)


_CATALOGS: dict[str, tuple[str, ...]] = {
    "snowflake": ("database",),
    "bigquery": ("project_id", "project"),
    "redshift": (),
    "databricks": ("catalog",),
}
_OWN = frozenset({"_session", "information_schema"})
"""What warehouses hold beside the schemas of a database."""
_SCHEMAS: tuple[str, ...] = ("schema", "dataset_id", "dataset")


def tables(target: Target) -> Iterator[Proposal]:
    """The connection's database and schema before a table that is named without them."""
    query = target.query
    full = 2 if query.dialect == "redshift" else 3
    sources = {node.name.casefold() for node in query.nodes("TableAlias")}
    sources |= {other.ref.name.casefold() for other in query.tables}
    for use in query.tables:
        if len(use.ref.parts) >= full:
            continue
        rule = "unqualified-table" if len(use.ref.parts) == 1 else "partly-qualified-table"
        prefixes = {_prefix(connection, query.dialect, use, full) for connection in target.connections}
        text = query.sql.text[use.place.start : use.place.end]
        if None in prefixes or not prefixes:
            missing = "no database" if len(use.ref.parts) == 2 else "no database and schema"
            missing = "no schema" if full == 2 else missing
            yield NoFix(rule, (use.place,), f"its connection names {missing} to write before it")
        elif len(prefixes) > 1:
            yield NoFix(rule, (use.place,), "it is read over connections with different databases")
        elif len(use.ref.parts) > 1 and use.ref.parts[0].casefold() in sources | _OWN:
            yield NoFix(rule, (use.place,), f"{use.ref.parts[0]} may be no schema here")
        elif (text.startswith("`") and "." in text) or not re.match(r"[\w\"`]", text):
            yield NoFix(rule, (use.place,), "its name is written in a form that takes no part before it")
        else:
            parts = prefixes.pop() or ()
            written = "".join(f"{_quoted(part, query.dialect)}." for part in parts)
            names = [fold_table(p, query.dialect, quoted=not _PLAIN.fullmatch(p)) for p in parts]
            names += use.ref.parts
            ref = TableRef(names[-1], names[-2], ".".join(names[:-2]))
            edit = Edit(use.place.start, use.place.start, written)
            yield Fix(rule, (use.place,), f"write {written}{text}", (edit,), tables={use.ref: ref})


def _prefix(connection: Connection, dialect: str, use: TableUse, full: int) -> tuple[str, ...] | None:
    """The parts to write before a table's name; None where the connection does not give one of them."""
    places = (connection.config, connection.introspect.options)
    keys = [_CATALOGS[dialect]] if full == 3 else []
    keys += [_SCHEMAS] if len(use.ref.parts) == 1 else []
    found = []
    for names in keys:
        values = (values.get(name) for values in places for name in names)
        value = next((value for value in values if isinstance(value, str) and value), None)
        if value is None or re.search(r"[.:`\"\s]", value):
            return None
        found.append(value)
    return tuple(found)


_PLAIN = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")


def _quoted(part: str, dialect: str) -> str:
    if _PLAIN.fullmatch(part):
        return part
    return f"`{part}`" if dialect in ("bigquery", "databricks") else f'"{part}"'

"""``preflight init``."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from preflight.cli.output import write
from preflight.errors import UsageError

if TYPE_CHECKING:
    from preflight.model import Provider
    from preflight.starter import Start


@click.command("init")
@click.argument("path", type=click.Path(path_type=Path, file_okay=False), default=".")
@click.option(
    "--provider",
    type=click.Choice(["snowflake", "bigquery", "redshift", "databricks"]),
    default="snowflake",
    show_default=True,
    help="The warehouse that the project is written for.",
)
@click.option("--dbt-model", "dbt_models", multiple=True, metavar="NAME", help="Begin with this dbt model; repeatable.")
@click.option(
    "--tables",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="Begin with the tables of this stand-in, a DuckDB file in PATH.",
)
def command(path: Path, provider: str, dbt_models: tuple[str, ...], tables: Path | None) -> int:
    """Write a small project into PATH (this folder, unless given); nothing is overwritten.

    \b
    Example:
      preflight init
      preflight init sync --provider bigquery && preflight check --offline sync
      preflight init --dbt-model contacts --dbt-model tiers
      preflight init --tables warehouse.duckdb
    """
    import json
    from datetime import UTC, datetime

    from preflight.config.schema import json_schema
    from preflight.model import Provider
    from preflight.starter import files

    if dbt_models and tables is not None:
        raise UsageError("a project begins with dbt models or with tables", remedy="leave out one of the two")
    of, today = Provider(provider), datetime.now(UTC).date()
    if tables is not None:
        local = _inside(path, tables)
        database, starts = _of_tables(tables, of)
        made = files(starts, of, database=database, local=local, today=today)
    elif dbt_models:
        made = files(_of_dbt(path, dbt_models, of), of, today=today)
    else:
        made = files(_example(of), of, database=_DATABASES.get(provider, "crm"), today=today)
    schema = json.dumps(json_schema(), indent=2) + "\n"
    _write({path / name: text for name, text in {**made, ".preflight/schema.json": schema}.items()}, path)
    write(f"next: put your own {'settings' if tables or dbt_models else 'tables'} in, then run `{_check(path)}`\n")
    return 0


def _check(path: Path) -> str:
    return "preflight check" if path == Path() else f"preflight check {shlex.quote(str(path))}"


_DATABASES = {"snowflake": "CRM"}


def _example(provider: Provider) -> list[Start]:
    """A model of a table that there may be."""
    from preflight.model import Column, Kind, TableInfo, TableRef, Type
    from preflight.starter import Start, select

    names = ("CUSTOMER_ID", "TIER", "UPDATED_AT")
    upper = provider.value == "snowflake"
    columns = tuple(
        Column(name if upper else name.lower(), Type(Kind.TIMESTAMP if name == "UPDATED_AT" else Kind.TEXT))
        for name in names
    )
    schema, table = ("PUBLIC", "CUSTOMERS") if upper else ("marts", "customers")
    info = TableInfo(TableRef(table, schema), columns=columns)
    return [Start("customers", columns, select(info, provider, _DATABASES.get(provider.value, "crm")))]


def _of_dbt(path: Path, names: tuple[str, ...], provider: Provider) -> list[Start]:
    """The named dbt models, with the catalog's columns where there is one."""
    from preflight.config.dbt import DbtProblem, find
    from preflight.config.files import Files
    from preflight.lock.catalog import listed_columns
    from preflight.starter import Start

    try:
        dbt = find(Files(path.resolve()), None)
        return [
            Start(node.name, listed_columns(dbt, node, provider.value), dbt_model=name)
            for name in names
            for node in (dbt.model(name),)
        ]
    except DbtProblem as problem:
        raise UsageError(problem.message.rstrip("."), remedy=problem.remedy) from None


def _of_tables(file: Path, provider: Provider) -> tuple[str, list[Start]]:
    """The stand-in's database, and every table of it."""
    from importlib import import_module

    from preflight.config import Connection, Introspect
    from preflight.registry import LOCAL
    from preflight.starter import Start, select

    introspect = Introspect(local=file.name)
    connection = Connection("warehouse-connection", "Warehouse connection", provider, {}, introspect=introspect)
    found = import_module(LOCAL).tables(connection, root=file.resolve().parent)
    if not found:
        raise UsageError(f"{file} holds no table", remedy="name a DuckDB file with the tables to load")
    database = "CRM" if provider.value == "snowflake" else "crm"
    starts = {start.slug: start for table in found for start in (Start(table.ref.name, table.columns, ""),)}
    if len(starts) < len(found):
        raise UsageError(f"two tables of {file} would have one id", remedy="name one of them otherwise in the file")
    return database, [Start(t.ref.name, t.columns, select(t, provider, database)) for t in found]


def _inside(path: Path, file: Path) -> str:
    folder, stand_in = path.resolve(), file.resolve()
    if not stand_in.is_relative_to(folder):
        raise UsageError(f"{file} lies outside {path}", remedy="put the stand-in into the project's folder")
    return stand_in.relative_to(folder).as_posix()


def _write(files: Mapping[Path, str], path: Path) -> None:
    for file in (*files, path / "preflight.yaml"):
        if os.path.lexists(file):
            raise UsageError(
                f"{file} exists already", remedy="choose another folder, or edit the project that is there"
            )
    for file, text in files.items():
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("x", encoding="utf-8") as stream:
                stream.write(text)
        except OSError as error:
            raise UsageError(f"{file} cannot be written: {error.strerror}", remedy="choose another folder") from None
        write(f"wrote {file}\n")

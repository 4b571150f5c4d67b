"""S3, S4, S5: many models at once. Run: ``python -m benchmarks.static [--peers]``; compiled sqlglot throughout."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks import corpus
from benchmarks.measure import Cost, Goal, Measured, cost, finish, in_turn, peak, ratio
from benchmarks.places import WORK, peer, python
from benchmarks.start import check

_SQLFLUFF_DBT = 200
"""Models of the thousand that sqlfluff lints: it takes seconds for ten."""


def goals(*, peers: bool = False) -> Iterator[Goal]:
    """The goals, as they are measured."""
    speed = python("speed")
    thousand = corpus.project(WORK / "projects" / "thousand", corpus.dbt(WORK, "snowflake"), "snowflake")
    serial = partial(check, speed, thousand, "--workers", "1")
    bare = partial(cost, [speed, Path(__file__).with_name("bare.py"), "snowflake", thousand / "models"])
    pairs = in_turn(serial, bare, 3)
    yield Goal("S4", "check of 1,000 models / bare parse, qualify and annotate, CPU", ratio(pairs), 1.15)
    yield Goal("S5", "peak MiB a process, 1,000 models, one worker", peak(a for a, _ in pairs), 100)
    double = partial(check, speed, thousand, "--workers", "2")
    pairs = in_turn(serial, double, 3)
    yield Goal("S5", "one worker / two workers, 1,000 models, wall", ratio(pairs, "wall"), 1.6, least=True)
    yield Goal("S5", "peak MiB a process, 1,000 models, two workers", peak(b for _, b in pairs), 100)
    if peers:
        yield from _against_peers(speed, thousand)


def _against_peers(speed: Path, thousand: Path) -> Iterator[Goal]:
    for dialect in corpus.DIALECTS:
        folder = corpus.project(WORK / "projects" / f"tpcds-{dialect}", corpus.tpcds(WORK, dialect), dialect)
        ours = partial(check, speed, folder, "--workers", "1")
        pairs = in_turn(partial(_sqlfluff, dialect, folder / "models"), ours, 1)
        yield Goal("S3", f"sqlfluff / preflight, 99 TPC-DS queries, {dialect}, CPU", ratio(pairs), 40, least=True)
    tpcds = WORK / "projects" / "tpcds-snowflake"
    ours = partial(check, speed, tpcds)
    sqruff = partial(cost, [peer("sqruff"), "lint", "--config", _sqruff_config(), "."], cwd=tpcds / "models")
    pairs = in_turn(sqruff, ours, 5)
    yield Goal("S3", "sqruff / preflight, 99 TPC-DS queries, wall", ratio(pairs, "wall"), 1.5, least=True)
    mesh = partial(cost, [peer("sqlmesh"), "lint"], cwd=_sqlmesh(tpcds / "models"))
    pairs = in_turn(partial(_cold_mesh, mesh), ours, 3)
    yield Goal("S3", "sqlmesh lint, cold / preflight, 99 TPC-DS queries, wall", ratio(pairs, "wall"), 8, least=True)
    some = corpus.project(
        WORK / "projects" / "two-hundred", corpus.dbt(WORK, "snowflake")[::5][:_SQLFLUFF_DBT], "snowflake"
    )
    pairs = in_turn(partial(_sqlfluff, "snowflake", some / "models"), partial(check, speed, some, "--workers", "1"), 1)
    yield Goal("S4", f"sqlfluff / preflight, {_SQLFLUFF_DBT} models, CPU", ratio(pairs), 50, least=True)
    sqruff = partial(cost, [peer("sqruff"), "lint", "--config", _sqruff_config(), "."], cwd=thousand / "models")
    pairs = in_turn(sqruff, partial(check, speed, thousand), 3)
    yield Goal("S4", "sqruff / preflight, 1,000 models, wall", ratio(pairs, "wall"), 2.5, least=True)


def _sqlfluff(dialect: str, folder: Path) -> Cost:
    return cost([peer("sqlfluff"), "lint", "--dialect", dialect, "--processes", "1", "--format", "json", folder])


def _sqruff_config() -> Path:
    config = WORK / "sqruff.cfg"
    config.write_text("[sqruff]\ndialect = snowflake\n", "utf-8")
    return config


def _sqlmesh(models: Path) -> Path:
    """A sqlmesh project of the same queries, with three of its lint rules on."""
    folder = WORK / "projects" / "sqlmesh"
    (folder / "models").mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(_SQLMESH, "utf-8")
    for file in models.iterdir():
        head = f"MODEL (name d.{file.stem}, kind VIEW, dialect snowflake);\n\n"
        (folder / "models" / file.name).write_text(head + file.read_text("utf-8"), "utf-8")
    return folder


_SQLMESH = """\
gateways: {local: {connection: {type: duckdb}}}
default_gateway: local
model_defaults: {dialect: snowflake}
linter: {enabled: true, rules: [ambiguousorinvalidcolumn, invalidselectstarexpansion, noselectstar]}
"""


def _cold_mesh(mesh: Measured) -> Cost:
    from shutil import rmtree

    rmtree(WORK / "projects" / "sqlmesh" / ".cache", ignore_errors=True)
    return mesh()


if __name__ == "__main__":
    sys.exit(finish(goals(peers="--peers" in sys.argv)))

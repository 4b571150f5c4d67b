"""What is kept between runs, and what is shared out to processes, never changes what a report says."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight.cache import Cache
from preflight.config import load
from preflight.engine import Options, check
from preflight.report import render
from tests.cli.command import environment
from tests.until import PATIENCE_SECONDS

HEAD = """\
version: 1
connections:
  - {id: w, name: Warehouse connection, service_provider: snowflake, config: {account_identifier: a, region: r,
     warehouse: W, database: CRM, role: R, user: U, password: {env: P},
     aws_iam_user_arn: 'arn:aws:iam::111122223333:user/ext/s', aws_external_id: E}}
"""
PIPELINE = """\
  - id: p{n}
    name: P{n} pipeline
    connection_id: w
    data_model_id: m{n}
    partner_feed_id: 7
    environment: development
    sync_mode: {{type: incremental, iterator_field: UPDATED_AT, iterator_data_type: timestamp_ntz,
                 from: 2026-11-0{n}T00:00:00Z}}
    schedule: {{type: interval, frequency: daily, start_time: 2026-12-01T03:05:00Z, end_time: 2026-12-20T00:00:00Z}}
"""
SQL = (
    "SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c",
    "SELECT * FROM crm.public.contacts;",
    "WITH a AS (SELECT 1 AS customer_id) SELECT a.customer_id, a.updated_at FROM a",
    "SELECT c.customer_id,, FROM crm.public.contacts AS c",
    "SELECT c.email, c.updated_at FROM crm.contacts AS c -- preflight: ignore[unqualified-table] known",
    "SELECT ‘a’ AS x\nFROM {{ ref('a') }}",
    "",
)
TAILS = (
    "",
    "rules: {common-table-expression: off}\n",
    "rules: {select-star: error}\n",
    "waivers: [{rule: select-star, owner: o, reason: r, expires: 2026-11-30}]\n",
    "limits: {overrides: {columns: {value: 1, reason: r, expires: 2026-11-29}}}\n",
)
START = datetime(2026, 11, 24, 12, tzinfo=UTC)
Edit = tuple[int, int, int, int, int]


def write(folder: Path, sqls: list[int], *, tail: int = 0, blank: int = 0) -> Path:
    """A project of a model for each number of SQL; those of an odd index have a pipeline."""
    (folder / "models").mkdir(exist_ok=True)
    models = "".join(
        f"  - {{id: m{n}, name: M{n} model, type: sql, sql_file: models/m{n}.sql}}\n" for n in range(len(sqls))
    )
    pipelines = "".join(PIPELINE.format(n=n) for n in range(1, len(sqls), 2))
    for n, sql in enumerate(sqls):
        (folder / "models" / f"m{n}.sql").write_text(SQL[sql], "utf-8")
    text = "#\n" * blank + HEAD + TAILS[tail] + "data_models:\n" + models + "pipelines:\n" + pipelines
    (folder / "preflight.yml").write_text(text, "utf-8")
    return folder


def report(folder: Path, now: datetime, cache: Cache | None, *, workers: int = 1) -> str:
    return render(check(load(folder), Options(offline=True, workers=workers), now=now, environ={}, cache=cache), "json")


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.integers(0, len(SQL) - 1),
            st.integers(0, len(TAILS) - 1),
            st.integers(0, 1),
            st.integers(0, 20),
        ),
        min_size=2,
        max_size=5,
    )
)
def test_a_report_is_the_same_with_and_without_what_earlier_runs_kept(edits: list[Edit]) -> None:
    with TemporaryDirectory() as name:
        cache = Cache({"XDG_CACHE_HOME": name, "LOCALAPPDATA": name})
        sqls, now = [0, 0, 1, 2], START
        for model, sql, tail, blank, days in edits:
            sqls[model] = sql
            now += timedelta(days=days)
            folder = write(Path(name), sqls, tail=tail, blank=blank)
            plain = report(folder, now, None)
            assert report(folder, now, cache) == plain
            assert report(folder, now, cache) == plain


WORKERS = """
import random, sys
from pathlib import Path
from preflight.engine import survey, workers
from tests.engine.test_kept import SQL, START, TAILS, report, write
from preflight.cache import Cache
assert workers.can_fork() or sys.platform in ("win32", "darwin")
folder, chance = Path(sys.argv[1]), random.Random(7)
cache = Cache({"XDG_CACHE_HOME": sys.argv[1], "LOCALAPPDATA": sys.argv[1]})
for _ in range(6):
    sqls = [chance.randrange(len(SQL)) for _ in range(6)]
    write(folder, sqls, tail=chance.randrange(len(TAILS)))
    survey._PIECE = 1 << 30
    plain = report(folder, START, None)
    survey._PIECE = 70
    for count in (1, 2):
        assert report(folder, START, None, workers=count) == plain, sqls
        assert report(folder, START, cache, workers=count) == plain, sqls
"""


def python(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment(), timeout=PATIENCE_SECONDS
    )


def test_a_report_is_the_same_with_one_worker_with_two_and_with_none(tmp_path: Path) -> None:
    done = python(WORKERS, tmp_path)
    assert done.returncode == 0, done.stderr


FAILING = """
import os, signal
from preflight.engine.workers import in_processes

def work(job):
    if job == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    if job == 2:
        raise ValueError("a bug")
    return b"x" * job * 100_000

found = list(in_processes([3, 1, 2, 0], work, 2))
assert [None if one is None else len(one) for one in found] == [300_000, None, None, 0], found
first = in_processes([5, 6, 7], work, 3)
next(first)
first.close()
try:
    os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    print("none is left")
"""


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="nothing is forked there")
def test_a_process_that_fails_is_told_and_none_outlives_the_work() -> None:
    done = python(FAILING)
    assert done.stdout == "none is left\n", done.stderr


@pytest.mark.parametrize("harm", ["flip", "cut", "garbage", "folder"])
def test_a_broken_cache_is_dropped_and_never_believed(tmp_path: Path, harm: str) -> None:
    cache = Cache({"XDG_CACHE_HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)})
    folder = write(tmp_path, [0, 1, 2, 4])
    plain = report(folder, START, None)
    assert report(folder, START, cache) == plain
    data = bytearray(cache.path.read_bytes())
    if harm == "flip":
        at = data.find(b"PF104")
        assert at > 0
        data[at + 2 : at + 5] = b"999"
        cache.path.write_bytes(data)
    elif harm == "cut":
        cache.path.write_bytes(data[: len(data) // 2])
    elif harm == "garbage":
        cache.path.write_bytes(b"no database at all" * 100)
    else:
        cache.path.unlink()
        cache.path.mkdir()
    assert report(folder, START, cache) == plain
    assert report(folder, START, cache) == plain


def test_what_a_stand_in_says_is_not_kept(tmp_path: Path) -> None:
    import duckdb

    with duckdb.connect(str(tmp_path / "crm.duckdb")) as stand_in:
        stand_in.execute("CREATE SCHEMA public; CREATE TABLE public.contacts (customer_id INT, updated_at TIMESTAMP)")
    cache = Cache({"XDG_CACHE_HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)})
    folder = write(tmp_path, [0, 0])
    text = (
        (folder / "preflight.yml")
        .read_text("utf-8")
        .replace("aws_external_id: E}", "aws_external_id: E}, introspect: {local: crm.duckdb}")
    )
    (folder / "preflight.yml").write_text(text, "utf-8")
    first = json.loads(report(folder, START, cache))
    assert first["depth"] == "local"
    assert not cache.path.exists()


def test_two_that_write_at_once_harm_nothing(tmp_path: Path) -> None:
    import sqlite3

    cache = Cache({"XDG_CACHE_HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)})
    cache.write({"a": b"1"}, 1)
    other = sqlite3.connect(cache.path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    cache.write({"b": b"2"}, 1)
    assert cache.read(["a"]) == {}
    other.execute("ROLLBACK")
    other.close()
    assert cache.read(["a", "b"]) == {"a": b"1"}


def test_old_values_are_forgotten(tmp_path: Path) -> None:
    cache = Cache({"XDG_CACHE_HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)})
    cache.write({"a": b"1"}, 100)
    cache.write({"b": b"2"}, 120)
    assert cache.read(["a", "b"]) == {"a": b"1", "b": b"2"}
    cache.write({"c": b"3"}, 131)
    assert cache.read(["a", "b", "c"]) == {"b": b"2", "c": b"3"}

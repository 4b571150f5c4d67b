"""A check after an edit says what a check of the whole says, and looks at no more than it has to."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from unittest.mock import patch

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from preflight import amended, limits
from preflight.cache import Cache
from preflight.cli import run
from preflight.config import load
from preflight.engine.selection import parts, subjects
from preflight.finding import SubjectKind
from preflight.location import Excerpt, SourceFile
from preflight.query import parse
from preflight.rule import Context, Fact, Scope
from preflight.unchanged import Unchanged
from preflight_rules import RULES
from tests.engine.test_kept import HEAD, PIPELINE, START, TAILS

from .test_unchanged import Checks

SQL = {
    "plain": "SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c",
    "moved": "\n\nSELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c -- a remark",
    "column": "SELECT c.customer_id, c.updated_at, c.tier FROM crm.public.contacts AS c",
    "no iterator": "SELECT c.customer_id FROM crm.public.contacts AS c",
    "star": "SELECT * FROM crm.public.contacts;",
    "with": "WITH a AS (SELECT 1 AS customer_id) SELECT a.customer_id, a.updated_at FROM a",
    "broken": "SELECT c.customer_id,, FROM crm.public.contacts AS c",
    "accepted": "SELECT c.email, c.updated_at FROM crm.contacts AS c -- preflight: ignore[unqualified-table] known",
    "accepts nothing": "SELECT customer_id, updated_at FROM crm.public.c -- preflight: ignore[select-star] known",
    "letters": "SELECT 'é', ‘a’ AS x\nFROM {{ ref('a') }}",
    "mark": "\ufeffSELECT * FROM crm.public.contacts",
    "nothing": "",
    "gone": None,
}
MODELS = """\
data_models:
  - {id: m0, name: M0 model, type: sql, sql_file: models/a.sql}
  - {id: m1, name: M1 model, type: sql, sql_file: models/a.sql}
  - {id: m2, name: M2 model, type: sql, sql_file: models/b.sql}
  - {id: m3, name: M3 model, type: sql, sql_file: models/c.sql}
  - {id: m4, name: M4 model, type: sql, sql_query: SELECT * FROM crm.public.contacts}
"""
FILES = ("a", "b", "c")
WAIVED = 3
"""The tail of a project that waives a rule."""


class Edit(NamedTuple):
    """What is written before a check, and how it is asked."""

    sqls: dict[str, str]
    tail: int = 0
    blank: int = 0
    color: str = "auto"
    fail_on: str = "error"


def write(folder: Path, sqls: dict[str, str], tail: int = 0, blank: int = 0) -> None:
    """A project in which two pipelines and a data model share one file."""
    (folder / "models").mkdir(exist_ok=True)
    for name, sql in sqls.items():
        file, text = folder / "models" / f"{name}.sql", SQL[sql]
        if text is None:
            file.unlink(missing_ok=True)
        else:
            file.write_text(text, "utf-8")
    pipelines = "".join(PIPELINE.format(n=n) for n in (1, 2)) + PIPELINE.format(n=1).replace("id: p1", "id: p9")
    pipelines = re.sub(r",\s*(from|end_time): [\w:-]+", "", pipelines)  # what is past is asked of the clock
    text = "#\n" * blank + HEAD + TAILS[tail] + MODELS + "pipelines:\n" + pipelines
    (folder / "preflight.yml").write_text(text, "utf-8")


def check(folder: Path, *options: str) -> tuple[str, int]:
    """What a check in this process writes, and its exit code."""
    stdout = io.TextIOWrapper(io.BytesIO(), "utf-8")
    with redirect_stdout(stdout):
        code = run(["check", str(folder), "--offline", *options])
    stdout.seek(0)
    return stdout.read(), code


@contextmanager
def project() -> Iterator[Path]:
    """An empty folder, and a cache of its own beside it."""
    with TemporaryDirectory() as name:
        folder = Path(name) / "project"
        folder.mkdir()
        with patch.dict(os.environ, {"XDG_CACHE_HOME": name, "LOCALAPPDATA": name}):
            yield folder


EDITS = st.lists(
    st.builds(
        Edit,
        st.dictionaries(st.sampled_from(FILES), st.sampled_from([*SQL]), max_size=2),
        st.sampled_from([0, 0, 0, 0, *range(len(TAILS))]),
        st.sampled_from([0, 0, 0, 1]),
        st.sampled_from(["auto", "always"]),
        st.sampled_from(["error", "warning"]),
    ),
    min_size=2,
    max_size=6,
)


@settings(max_examples=30, deadline=None)
@given(EDITS)
@example([Edit({"a": "column"}), Edit({"a": "plain"})])
@example([Edit({"b": "no iterator"}), Edit({"b": "plain"})])
@example([Edit({"c": "accepted"}), Edit({"c": "plain"}), Edit({"c": "accepts nothing"}), Edit({"c": "plain"})])
@example([Edit({}, WAIVED), Edit({"c": "star"}, WAIVED), Edit({"c": "plain"}, WAIVED)])
@example([Edit({"c": "mark"}), Edit({"c": "star"}), Edit({"c": "gone"}), Edit({"c": "star"})])
@example([Edit({}, color="always"), Edit({"c": "star"}, color="always"), Edit({"c": "star"}, fail_on="warning")])
def test_after_an_edit_the_check_says_what_a_check_of_the_whole_says(edits: Sequence[Edit]) -> None:
    with project() as folder:
        write(folder, dict.fromkeys(FILES, "plain"))
        check(folder)
        for sqls, tail, blank, color, fail_on in edits:
            write(folder, sqls, tail, blank)
            options = ("--color", color, "--fail-on", fail_on)
            whole = check(folder, *options, "--no-cache")
            assert check(folder, *options) == whole
            assert check(folder, *options) == whole


@pytest.fixture
def checks(tmp_path: Path) -> Checks:
    folder = tmp_path / "project"
    folder.mkdir()
    write(folder, dict.fromkeys(FILES, "plain"))
    return Checks(folder)


@pytest.mark.parametrize(
    ("name", "sql"),
    [
        ("a", "moved"),
        ("b", "moved"),
        ("c", "moved"),
        ("c", "star"),
        ("c", "broken"),
        ("c", "letters"),
    ],
)
def test_an_edited_query_is_judged_without_a_look_at_the_rest(checks: Checks, name: str, sql: str) -> None:
    checks()
    write(checks.folder, {name: sql})
    text, code, heavy = checks()
    assert (text, code) == checks("--no-cache")[:2]
    assert "msgspec" in heavy
    assert "click" not in heavy
    assert checks() == (text, code, [])


def test_edit_after_edit_is_judged_so(checks: Checks) -> None:
    checks()
    for sql in ("star", "plain", "with", "moved"):
        write(checks.folder, {"c": sql})
        text, code, heavy = checks()
        assert (text, code) == checks("--no-cache")[:2]
        assert "click" not in heavy


@pytest.mark.parametrize("harm", [b"proven", b"SELECT", b"models/c.sql"])
def test_a_broken_outline_is_not_believed(checks: Checks, harm: bytes) -> None:
    checks()
    cache = Cache({"XDG_CACHE_HOME": checks.env["XDG_CACHE_HOME"]})
    cache.path.write_bytes(cache.path.read_bytes().replace(harm, harm.swapcase()))
    write(checks.folder, {"c": "moved"})
    assert checks()[:2] == checks("--no-cache")[:2]


def test_an_outline_that_cannot_be_read_is_dropped(checks: Checks) -> None:
    with patch.dict(os.environ, {"XDG_CACHE_HOME": checks.env["XDG_CACHE_HOME"]}):
        checks()
        write(checks.folder, {"c": "moved"})
        last = Unchanged(checks.folder, ((), "error", (), (), (), False, "utf-8", 0), Cache(os.environ))
        assert last.printed_again() is None
        assert last.before is not None
        last._write(0, last.before.until, last.before.lines, last.before.text, b"\xc1 no outline")
        assert amended.print_amended(last) is None
        assert not last.cache.path.exists()


def test_checks_at_the_same_time_say_the_same(checks: Checks) -> None:
    checks()
    for sql in ("moved", "star"):
        write(checks.folder, {"c": sql})
        command = [sys.executable, "-m", "preflight", "check", str(checks.folder), "--offline"]
        running = [subprocess.Popen(command, env=checks.env, stdout=subprocess.PIPE, text=True) for _ in range(3)]
        said = {process.communicate(timeout=120)[0] for process in running}
        assert said == {checks("--no-cache")[0]}


def test_only_one_rule_of_the_whole_project_reads_what_queries_put_out() -> None:
    """Its word is left standing when a query changes: it reads the columns' names, and whether there are more."""
    rules = [rule for rule in RULES if rule.scope in (Scope.PROJECT, Scope.CONNECTION)]
    assert [r.name for r in rules if Fact.SCHEMA in r.needs | r.uses] == ["attribute-written-twice"]


class _Trap:
    """Resources that no rule may look at."""

    def __iter__(self) -> Iterator[object]:
        raise AssertionError("a rule reads them")


def test_rules_read_no_more_of_the_project_than_their_word_hangs_on(tmp_path: Path) -> None:
    """Rules of a query read no other query, and those of the project and its connections none at all."""
    write(tmp_path, dict.fromkeys(FILES, "star"))
    project = load(tmp_path)
    rules = tuple(rule for rule in RULES if not rule.last)
    text = Excerpt.whole(SourceFile("models/a.sql", "SELECT * FROM crm.public.contacts"))
    for subject in subjects(project, ()):
        whole = subject.kind in (SubjectKind.PROJECT, SubjectKind.CONNECTION)
        pipeline = project.pipeline(subject.id) if subject.kind is SubjectKind.PIPELINE else None
        model, connection = parts(project, subject, pipeline)
        models = [replace(m, sql=_Trap()) for m in project.data_models]
        seen = (
            replace(project, data_models=models) if whole else replace(project, data_models=_Trap(), pipelines=_Trap())
        )
        context = Context(
            project=seen,
            subject=subject,
            limits=limits.load(),
            now=START,
            query=parse(text, "snowflake", model.id) if model is not None else None,
            pipeline=pipeline,
            data_model=model,
            connection=connection,
        )
        for rule in rules:
            if rule.scope.covers(subject.kind):
                with suppress(LookupError):  # a fact is missing
                    list(rule.check(context.declaring(rule.needs | rule.uses)))

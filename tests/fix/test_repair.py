"""What is mended, what is not and why, on projects on disk and real stand-ins."""

from __future__ import annotations

from operator import itemgetter
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from preflight.config import load
from preflight.engine import check
from preflight.engine.baseline import accept
from preflight.engine.selection import Options
from preflight.fix import Repair, repair
from preflight.location import Excerpt, SourceFile
from preflight.query import parse
from tests.rules.cases import NOW, Case, write

DDL = """
CREATE SCHEMA public;
CREATE TABLE public.contacts AS SELECT i AS customer_id, 'c' || (i % 7) AS city, i % 3 AS tier, i * 1.5 AS spent,
  TIMESTAMP '2026-11-20 12:00:00' AS updated_at FROM range(1, 40) AS r(i);
"""


CASES = yaml.safe_load(Path(__file__).with_name("cases.yml").read_text("utf-8"))


def mended(folder: Path, sql: str, **keys: Any) -> tuple[Repair, str]:
    (folder / "warehouse.duckdb").unlink(missing_ok=True)
    given = {key: value for key, value in keys.items() if value is not None}
    write(Case("", "", {"sql": sql, **given}, ""), folder)
    project = load(folder)
    found = repair(project, check(project, Options(offline=True), now=NOW, environ={}), {})
    return found, found.files.get("models/model.sql", sql)


def reasons(found: Repair) -> dict[str, str]:
    return {refused.rule: refused.why for refused in found.refused}


@pytest.mark.parametrize("case", CASES["mended"], ids=itemgetter("sql"))
@pytest.mark.parametrize("warehouse", [DDL, None])
def test_each_is_mended(tmp_path: Path, case: dict[str, str], warehouse: str | None) -> None:
    rule, sql, after = case["rule"], case["sql"], case["after"]
    found, text = mended(tmp_path, sql, warehouse=warehouse)
    assert [fixed.rule for fixed in found.fixed] == [rule], reasons(found)
    assert after in text
    (tmp_path / "models" / "model.sql").write_text(text, "utf-8")
    assert not check(load(tmp_path), Options(offline=True), now=NOW, environ={}).select(rule)


@pytest.mark.parametrize("case", CASES["left"], ids=itemgetter("sql"))
def test_what_is_not_surely_the_same_is_left_with_its_reason(tmp_path: Path, case: dict[str, str]) -> None:
    rule, sql, why = case["rule"], case["sql"], case["why"]
    found, text = mended(tmp_path, sql)
    assert rule not in {fixed.rule for fixed in found.fixed}
    assert why in reasons(found)[rule]
    if not found.fixed:
        assert text == sql


def test_what_a_pipeline_reads_by_its_name_keeps_it(tmp_path: Path) -> None:
    sql = "SELECT c.email, c.at AS updatedAt FROM crm.public.contacts AS c"
    found, _ = mended(tmp_path, sql, pipeline={"sync_mode": {"iterator_field": "updatedat"}})
    assert "iterator_field of pipeline" in reasons(found)["case-not-preserved"]


def test_a_stand_in_that_cannot_say_the_same_keeps_the_text(tmp_path: Path) -> None:
    sql = "SELECT c.customer_id, c.updated_at, RANDOM() AS draw FROM crm.public.contacts AS c;"
    found, text = mended(tmp_path, sql, warehouse=DDL)
    assert "gives other rows" in reasons(found)["trailing-semicolon"]
    assert text == sql
    sql = "SELECT c.customer_id, c.updated_at FROM crm.public.nowhere AS c;"
    found, text = mended(tmp_path, sql, warehouse=DDL)
    assert "could not compare" in reasons(found)["trailing-semicolon"]
    assert text == sql


@pytest.mark.parametrize(
    "keys",
    [
        {"top": {"waivers": [{"rule": "trailing-semicolon", "owner": "d", "reason": "r", "expires": "2027-01-01"}]}},
        {"top": {"rules": {"trailing-semicolon": "off"}}},
    ],
)
def test_what_somebody_decided_is_not_mended(tmp_path: Path, keys: dict[str, Any]) -> None:
    found, _ = mended(tmp_path, "SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c;", **keys)
    assert not found.files
    sql = "SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c; -- preflight: ignore[PF107] so"
    assert not mended(tmp_path, sql)[0].files


def test_what_the_baseline_holds_is_not_mended(tmp_path: Path) -> None:
    mended(tmp_path, "SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c;")
    project = load(tmp_path)
    _, marked = accept(check(project, Options(offline=True), now=NOW, environ={}), ())
    assert not repair(project, marked, {}).files


def block(sql: str, style: str = "|") -> dict[str, Any]:
    model = {"id": "model", "name": "A data model", "type": "sql", "sql_query": sql}
    return {"top": {"data_models": [model]}, "style": style}


def in_yaml(folder: Path, written: str) -> tuple[Repair, str, str]:
    """The repair of a project whose query is written so in the YAML, and the file before and after."""
    write(Case("", "", block("PLACEHOLDER"), ""), folder)
    file = folder / "preflight.yml"
    text = file.read_text("utf-8").replace("sql_query: PLACEHOLDER", f"sql_query: {written}")
    file.write_bytes(text.encode())
    project = load(folder)
    found = repair(project, check(project, Options(offline=True), now=NOW, environ={}), {})
    return found, text, found.files.get("preflight.yml", text)


CTE = """|
    WITH a AS (
      SELECT t.* FROM crm.public.contacts AS t
    )
    SELECT a.customer_id, a.updated_at
    FROM a  # t
"""


def test_a_block_in_the_yaml_is_mended_in_its_place(tmp_path: Path) -> None:
    found, before, after = in_yaml(tmp_path, CTE.replace("  # t", ";"))
    assert [fixed.rule for fixed in found.fixed] == ["trailing-semicolon", "common-table-expression"]
    (tmp_path / "preflight.yml").write_text(after, "utf-8")
    model = load(tmp_path).data_model("model")
    assert model is not None
    assert model.sql.text == (
        "SELECT a.customer_id, a.updated_at\nFROM (\n  SELECT t.* FROM crm.public.contacts AS t\n) AS a\n"
    )
    assert before.partition("sql_query")[0] == after.partition("sql_query")[0]


@pytest.mark.parametrize(
    "written",
    [
        ">\n    SELECT c.customer_id, c.updated_at\n    FROM crm.public.contacts AS c;\n",
        '"SELECT c.customer_id, c.updated_at,\\n x FROM crm.public.contacts AS c;"',
    ],
)
def test_folded_sql_is_refused_with_the_reason(tmp_path: Path, written: str) -> None:
    found, _, _ = in_yaml(tmp_path, written)
    assert not found.files
    assert "write it as a block" in reasons(found)["trailing-semicolon"]


def test_plain_sql_in_the_yaml_is_mended_where_it_stays_the_same(tmp_path: Path) -> None:
    found, _, after = in_yaml(tmp_path, "SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c;")
    assert [fixed.rule for fixed in found.fixed] == ["trailing-semicolon"]
    assert "AS c\n" in after


SPACE = st.sampled_from([" ", "\n", "\r\n", "\t", "  ", " /* c; */ ", " -- d\r\n"])
ITEMS = st.sampled_from(["c.customer_id", "UPPER(c.city)", "c.tier AS loyaltyTier", "'a;b' AS x", "c.updated_at"])


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(ITEMS, min_size=1, max_size=4, unique=True), st.lists(SPACE, min_size=12, max_size=12))
def test_a_repair_keeps_all_other_text(tmp_path: Path, items: list[str], spaces: list[str]) -> None:
    space = iter(spaces)
    listed = f",{next(space)}".join(items)
    head = f"SELECT{next(space)}{listed}{next(space)}FROM{next(space)}public.contacts AS c{next(space)}"
    tail = next(space)
    sql = f"{head};{tail}"
    found, text = mended(tmp_path, sql)
    left = text.replace("CRM.public", "public").replace(" AS upper_city", "").replace('"loyaltyTier"', "loyaltyTier")
    assert left == head + tail
    assert not found.refused
    before, after = (parse(Excerpt.whole(SourceFile("", s)), "snowflake").outputs() for s in (sql, text))
    assert [c.type for c in before.columns] == [c.type for c in after.columns]
    assert all(c.name for c in after.columns)


def test_the_rows_of_an_inlined_query_are_the_same_on_the_stand_in(tmp_path: Path) -> None:
    sql = """WITH big AS (SELECT c.tier, SUM(c.spent) AS total FROM crm.public.contacts AS c GROUP BY c.tier),
-- those of one tier
some AS (SELECT c.customer_id, c.tier, c.updated_at FROM crm.public.contacts AS c WHERE c.tier > 0)
SELECT s.customer_id, b.total, s.updated_at, (SELECT COUNT(*) FROM some WHERE some.tier = s.tier) AS peers
FROM some AS s JOIN big AS b ON b.tier = s.tier JOIN big ON big.tier = s.tier"""
    found, text = mended(tmp_path, sql, warehouse=DDL)
    assert [fixed.rule for fixed in found.fixed] == ["common-table-expression"], reasons(found)
    assert found.fixed[0].findings == 2
    assert "-- those of one tier" in text
    assert "WITH" not in text


def test_two_models_of_one_file_are_mended_once(tmp_path: Path) -> None:
    sql = "SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c;"
    twin = {"id": "twin", "name": "A data model", "type": "sql", "sql_file": "models/model.sql"}
    first = {"id": "model", "name": "A data model", "type": "sql", "sql_file": "models/model.sql"}
    found, text = mended(tmp_path, sql, top={"data_models": [first, twin]})
    assert text == sql[:-1]
    assert msgspec.structs.asdict(found.fixed[0])["findings"] == 1

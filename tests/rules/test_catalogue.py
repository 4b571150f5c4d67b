"""Everything that was considered is accounted for, every rule is named, and no rule is surer than its ground."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

import preflight_rules
from preflight import limits
from preflight.finding import Severity
from preflight.report.rule_page import GROUNDS, ground, read_on
from preflight.schedule import FREQUENCIES
from preflight_rules import RULES
from tests.cli.command import run

CATALOGUE: dict[str, list[dict[str, Any]]] = yaml.safe_load(
    (Path(__file__).parents[2] / "rules" / "catalogue.yml").read_text("utf-8")
)
CONSIDERED = {
    "CFG": 28, "SYN": 25, "SQL": 27, "COL": 12, "IDN": 14, "TYP": 12,
    "LIM": 10, "VOL": 12, "MAP": 31, "PLN": 6, "WH": 16, "API": 18,
}  # fmt: skip
"""How many matters were proposed under each head; they are numbered from 01."""
FATES = {"rule", "rules", "elsewhere", "not_checked"}


def _named(entry: dict[str, Any]) -> list[str]:
    return [entry["rule"]] if "rule" in entry else list(entry.get("rules", ()))


def test_every_matter_stands_there_once_in_order() -> None:
    wanted = [f"{head}-{number:02}" for head, count in CONSIDERED.items() for number in range(1, count + 1)]
    assert [entry["id"] for entry in CATALOGUE["considered"]] == wanted


@pytest.mark.parametrize("entry", [*CATALOGUE["considered"], *CATALOGUE["further"]], ids=lambda e: e["subject"])
def test_every_matter_has_a_subject_and_exactly_one_fate(entry: dict[str, Any]) -> None:
    assert len(FATES & entry.keys()) == 1
    assert entry["subject"].strip()
    for key in ("elsewhere", "not_checked"):
        assert entry.get(key, "reason.").endswith("."), entry
    assert set(entry.get("ground", ())) <= GROUNDS.keys()
    assert entry.get("ground") or "family" in entry


def test_every_listed_rule_is_named_and_every_named_rule_is_listed() -> None:
    listed = {entry["name"] for entry in json.loads(run("rules", "-o", "json").stdout)}
    considered = {name for entry in CATALOGUE["considered"] for name in _named(entry)}
    ours = [entry["rule"] for entry in CATALOGUE["ours"]]
    assert considered | set(ours) == listed
    assert not considered & set(ours), "a rule of our own was proposed after all"
    assert not [name for name, count in Counter(ours).items() if count > 1]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rules_source_says_how_sure_it_is(rule: Any) -> None:
    marks = ground(rule)
    assert marks, "Source names no ground"
    if marks == ("INF",):
        assert rule.severity is not Severity.ERROR, "what is inferred alone is at most a warning"
    assert read_on(rule) or not set(marks) & {"V2", "V1", "OAS", "3P", "RFC"}


def test_what_rests_on_inference_alone_is_no_error() -> None:
    severities = {rule.name: rule.severity for rule in RULES}
    guessed = [entry for entry in [*CATALOGUE["considered"], *CATALOGUE["ours"]] if entry["ground"] == ["INF"]]
    assert guessed
    for entry in guessed:
        assert all(severities[name] is not Severity.ERROR for name in _named(entry)), entry


def test_a_source_may_name_the_day_it_was_read() -> None:
    days = {read_on(rule) for rule in RULES}
    assert {"", "2026-11-23", "2026-08-13"} == days


def test_every_documented_limit_is_judged_by_a_rule() -> None:
    folder = Path(preflight_rules.__file__).parent
    text = "\n".join(path.read_text("utf-8") for path in folder.rglob("*.py"))
    judged = {name for name in limits.NAMES if name in text}
    judged |= {f"records_per_{frequency}_interval" for frequency in FREQUENCIES}
    assert judged == set(limits.NAMES)

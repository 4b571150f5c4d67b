"""The page of what has no rule, made from ``rules/catalogue.yml``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from preflight.report.rule_page import FAMILIES

_CATALOGUE = Path(__file__).parents[1] / "rules" / "catalogue.yml"
_HEAD = """\
# Not checked, and why

Made from [catalogue.yml](../rules/catalogue.yml); do not edit.

What was considered for a rule and has none. Nothing here is said to be right by a run that passes: where one of these
matters, look at it yourself.
"""
_FAMILIES = {
    "CFG": "PF0", "SYN": "PF3", "SQL": "PF1", "COL": "PF2", "IDN": "PF2", "TYP": "PF2",
    "LIM": "PF4", "VOL": "PF4", "MAP": "PF5", "PLN": "PF5", "WH": "PF6", "API": "PF7",
}  # fmt: skip


def page() -> str:
    """The page's text."""
    catalogue = yaml.safe_load(_CATALOGUE.read_text("utf-8"))
    entries = [*catalogue["considered"], *catalogue["further"]]
    parts = [_HEAD]
    for family, title in FAMILIES.items():
        rows = [entry for entry in entries if "not_checked" in entry and _family(entry) == family]
        if rows:
            parts.append(f"\n## {title}\n\n| check | why there is no rule |\n|---|---|\n{_rows(rows, 'not_checked')}")
    elsewhere = [entry for entry in entries if "elsewhere" in entry]
    parts.append(f"\n## No rule, but done\n\n| check | what does it |\n|---|---|\n{_rows(elsewhere, 'elsewhere')}")
    return "".join(parts)


def _family(entry: dict[str, Any]) -> str:
    found: str = entry.get("family") or _FAMILIES[entry["id"].partition("-")[0]]
    return found


def _rows(entries: list[dict[str, Any]], key: str) -> str:
    return "".join(f"| {entry['subject']} | {entry[key]} |\n" for entry in entries)

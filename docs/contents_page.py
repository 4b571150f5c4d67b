"""The documents' contents: every page below ``docs``, by its own heading. The site's menu is made from it too."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

SECTIONS = {
    "Start": ("tutorial", "coming-from"),
    "Use": (
        "configuration",
        "commands",
        "exit-codes",
        "reports",
        "living-with-rules",
        "lock",
        "ci",
        "pytest",
        "dbt",
    ),
    "Warehouses": (
        "warehouses/snowflake",
        "warehouses/bigquery",
        "warehouses/redshift",
        "warehouses/databricks",
        "warehouses/live",
        "warehouses/gaps",
    ),
    "What is proven": (
        "what-a-green-run-proves",
        "rules/README",
        "limits",
        "not-checked",
        "threat-model",
        "benchmarks",
    ),
}
"""Pages by section, in order, by their path without its suffix; one that does not exist yet is left out."""
HEAD = """\
# preflight

preflight proves, before anything is created, that an mParticle Warehouse Sync pipeline will be accepted and will do
what was meant. New to it? The [tutorial](tutorial.md) takes five minutes and no account.
"""


def page(docs: Path, generated: Mapping[Path, str]) -> str:
    """The page, of the pages on disk and of those in ``generated``; what no section names stands in the last one."""
    texts = {path: path.read_text("utf-8") for path in docs.rglob("*.md")} | generated
    headings = {
        path.relative_to(docs).with_suffix("").as_posix(): text.partition("\n")[0].removeprefix("# ").strip()
        for path, text in texts.items()
        if path.is_relative_to(docs)
    }
    headings = {name: text for name, text in headings.items() if name == "rules/README" or not _is_a_detail(name)}
    placed = {name for names in SECTIONS.values() for name in names}
    sections = {**SECTIONS, "Further": tuple(sorted(headings.keys() - placed))}
    return HEAD + "".join(
        f"\n## {title}\n\n" + "".join(f"- [{headings[name]}]({name}.md)\n" for name in found)
        for title, names in sections.items()
        if (found := [name for name in names if name in headings])
    )


def _is_a_detail(name: str) -> bool:
    """Whether the page is the contents, or one of the rules', which their index names."""
    return name == "index" or name.startswith("rules/")

"""Writes what is made from the code: the pages of rules, limits, keys, commands, gaps, what is not checked, contents.

``--check`` writes nothing and says what is not current.

Run from the repository's root: ``python docs/generate.py [--check]``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import commands_page
import configuration_page
import contents_page
import gaps_page
import limits_page
import not_checked_page

from preflight.registry import rules
from preflight.report.rule_page import index, page

ROOT = Path(__file__).parents[1]
START, END = "<!-- generated: rules -->", "<!-- end of generated -->"


def generated() -> dict[Path, str]:
    """Every generated file with its text."""
    found = rules()
    docs = ROOT / "docs" / "rules"
    files = {docs / f"{rule.name}.md": page(rule) for rule in found}
    files[docs / "README.md"] = f"# The rules\n\n{index(found)}"
    files[ROOT / "docs" / "limits.md"] = limits_page.page()
    files[ROOT / "docs" / "configuration.md"] = configuration_page.page()
    files[ROOT / "docs" / "commands.md"] = commands_page.page()
    files[ROOT / "docs" / "not-checked.md"] = not_checked_page.page()
    files[ROOT / "docs" / "warehouses" / "gaps.md"] = gaps_page.page(ROOT)
    readme = ROOT / "rules" / "README.md"
    before, _, rest = readme.read_text("utf-8").partition(START)
    _, _, after = rest.partition(END)
    files[ROOT / "docs" / "index.md"] = contents_page.page(ROOT / "docs", files)
    files[readme] = f"{before}{START}\n\n{index(found, link='../docs/rules/{name}.md')}\n{END}{after}"
    return files


def main() -> int:
    """Write the files, or with ``--check`` list those that differ or that no rule makes any more; 1 if there is any."""
    files = generated()
    extra = set((ROOT / "docs" / "rules").glob("*.md")) - files.keys()
    stale = [path for path, text in files.items() if not path.exists() or path.read_text("utf-8") != text]
    if "--check" in sys.argv[1:]:
        for path in sorted([*stale, *extra]):
            sys.stderr.write(f"{path.relative_to(ROOT)} is not current: run `python docs/generate.py`\n")
        return int(bool(stale or extra))
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[path], "utf-8")
    for path in extra:
        path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())

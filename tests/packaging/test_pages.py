"""The hand-written pages point at what exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from preflight import errors

ROOT = Path(__file__).parents[2]
PAGES = sorted(page.relative_to(ROOT).as_posix() for pattern in ("*.md", "[!.]*/*.md") for page in ROOT.glob(pattern))
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")


@pytest.mark.parametrize("page", PAGES)
def test_every_link_to_a_file_resolves(page: str) -> None:
    here = ROOT / page
    assert [link for link in LINK.findall(here.read_text("utf-8")) if not (here.parent / link).exists()] == []


def test_the_readme_names_every_exit_code_of_the_error_tree() -> None:
    codes = {value.exit_code for value in vars(errors).values() if hasattr(value, "exit_code")}
    listed = re.findall(r"^\| (\d+) \|", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    assert codes <= {int(code) for code in listed}

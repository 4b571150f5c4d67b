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


def test_the_page_of_exit_codes_names_every_one_of_the_error_tree() -> None:
    codes = {value.exit_code for value in vars(errors).values() if hasattr(value, "exit_code")}
    listed = re.findall(r"^\| (\d+) \|", (ROOT / "docs" / "exit-codes.md").read_text("utf-8"), re.MULTILINE)
    assert codes <= {int(code) for code in listed}


def test_every_test_that_the_threat_model_names_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs" / "threat-model.md").read_text("utf-8"))
    assert len(named) > 30
    assert [(f, name) for f, name in named if f"def {name}(" not in (ROOT / f).read_text("utf-8")] == []

"""The mistakes that are planted are real ones, and the cases notice one of each kind in a rule that they cover."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rules.mutants import of_module

ROOT = Path(__file__).parents[2]
TEXT = '''
LIMIT = 3

def judge(rows: "int | None" = 0) -> str:
    """A sentence with 7 in it."""
    if rows > LIMIT and not rows == 8:
        return f"{rows + 1:>10}"
    return [x for x in "ab" if x.isalpha()][0] if rows in ("a",) else ""

class Limits:
    def get(self):
        return True
'''


def test_each_mistake_is_one_change_that_still_compiles() -> None:
    found = [(mutant.owner, mutant.what) for mutant in of_module("m", TEXT)]
    assert found == [
        ("LIMIT", "3 becomes 4"),
        ("judge", "And becomes Or"),
        ("judge", "Gt becomes GtE"),
        ("judge", "not is lost"),
        ("judge", "Eq becomes NotEq"),
        ("judge", "8 becomes 9"),
        ("judge", "Add becomes Sub"),
        ("judge", "1 becomes 2"),
        ("judge", "In becomes NotIn"),
        ("judge", "'a' becomes another text"),
        ("judge", "the condition turns round"),
        ("judge", "0 becomes 1"),
        ("Limits.get", "True becomes False"),
    ]
    for mutant in of_module("m", TEXT):
        assert ast.unparse(mutant.node)


@pytest.mark.slow
def test_a_sample_is_the_same_each_time_and_is_mostly_noticed() -> None:
    command = [sys.executable, "-m", "tests.rules.mutation", "--only", "meta.settings", "--sample", "3", "--seed", "1"]
    runs = [subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False) for _ in range(2)]
    assert runs[0].stdout == runs[1].stdout
    assert "mistakes noticed" in runs[0].stdout, runs[0].stderr

"""What counts as the output that a page quotes."""

from __future__ import annotations

from pathlib import Path

import pytest

from .blocks import Command, agrees, blocks, commands

PAGE = """\
Text.

<!-- another terminal -->
```console
$ first
said
$ second
```

```sh
first \\
  --long
# a remark
second
```
"""


def test_blocks_and_their_commands(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(PAGE, "utf-8")
    console, shell = blocks(tmp_path / "page.md", tmp_path)
    assert (console.place, console.marker) == ("page.md:4", "another terminal")
    assert commands(console) == [Command("first", "said\n"), Command("second", None)]
    assert [command.text.split() for command in commands(shell)] == [["first", "--long"], ["second"]]


@pytest.mark.parametrize(
    ("quoted", "printed", "same"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\nb\n", "a\n", False),
        ("a\n", "a\nb\n", False),
        ("a\n...\nd\n", "a\nb\nc\nd\n", True),
        ("a\n...\nd\n", "a\nd\n", True),
        ("a\n...\nd\n", "a\nb\nc\n", False),
        ("a ... rows\n", "a 24 rows\n", True),
        ("a ... rows\n", "a 24\nrows\n", False),
        ("a.b\n", "axb\n", False),
        ("", "a\n", False),
    ],
)
def test_a_quoted_output_is_the_printed_one(quoted: str, printed: str, same: bool) -> None:
    assert agrees(quoted, printed) is same

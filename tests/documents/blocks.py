"""The fenced blocks of a page, the commands in them, and the outputs that are quoted below the commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

_BLOCK = re.compile(
    r"(?:^<!-- (?P<marker>[^\n]*?) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


class Block(msgspec.Struct, frozen=True):
    """One fenced block; ``marker`` is the comment on the line above it."""

    page: str
    line: int
    language: str
    marker: str
    text: str

    @property
    def place(self) -> str:
        """The page and line, for people."""
        return f"{self.page}:{self.line}"


class Command(msgspec.Struct, frozen=True):
    """A command line, and the output that the page quotes; None where it quotes none."""

    text: str
    quoted: str | None


def blocks(page: Path, root: Path) -> Iterator[Block]:
    """Every fenced block of the page, in order."""
    text = page.read_text("utf-8")
    for match in _BLOCK.finditer(text):
        line = text.count("\n", 0, match.start("language")) + 1
        yield Block(page.relative_to(root).as_posix(), line, match["language"], match["marker"] or "", match["text"])


def commands(block: Block) -> list[Command]:
    """The commands of a ``console`` block, which begin with ``$``, or of an ``sh`` block, which fill a line each."""
    found: list[Command] = []
    if block.language == "sh":
        lines = block.text.replace("\\\n", " ").splitlines()
        return [Command(line, None) for line in lines if line.strip() and not line.lstrip().startswith("#")]
    for line in block.text.splitlines(keepends=True):
        if line.startswith("$ "):
            found.append(Command(line[2:].strip(), None))
        elif found:
            found[-1] = Command(found[-1].text, (found[-1].quoted or "") + line)
    return found


def agrees(quoted: str, printed: str) -> bool:
    """Whether the output is the quoted one: ``...`` stands for any lines on a line of its own, else for any words."""
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "..." else re.escape(line).replace(r"\.\.\.", ".*") + r"\s*?\n"
        for line in quoted.rstrip().splitlines()
    )
    return re.fullmatch(pattern + r"\s*", printed if printed.endswith("\n") else printed + "\n") is not None

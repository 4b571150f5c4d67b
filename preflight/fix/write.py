"""A repair as a difference to read, and as files."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping

from preflight.config import Project
from preflight.errors import UsageError
from preflight.files import replace
from preflight.location import SourceFile

_MARK = b"\xef\xbb\xbf"


def difference(sources: Mapping[str, SourceFile], before: Mapping[str, str], files: Mapping[str, str]) -> Iterator[str]:
    """The lines of a unified difference, each with its line's end.

    ``sources`` hold the files as a report may show them, which is how unchanged lines are shown.
    """
    for path, text in sorted(files.items()):
        old, new, shown = _lines(before[path]), _lines(text), _lines(sources[path].text)
        masks = dict(zip(old, shown, strict=False))
        old, new = ([masks.get(line, line) for line in lines] for lines in (old, new))
        for line in difflib.unified_diff(old, new, f"a/{path}", f"b/{path}"):
            yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _lines(text: str) -> list[str]:
    """The lines as ``diff`` counts them: a line feed alone ends one."""
    return [line for line in re.split(r"(?<=\n)", text) if line]


def write(project: Project, before: Mapping[str, str], files: Mapping[str, str]) -> None:
    """Replace the files, each whole or not at all; raises UsageError for one that changed since it was read.

    ``before`` holds the texts that the new ones were made of.
    """
    for path, text in files.items():
        file = project.root / path
        try:
            data = file.read_bytes()
            mark = _MARK if data.startswith(_MARK) else b""
            if data != mark + before[path].encode():
                raise UsageError(f"{path} changed while it was checked", remedy="run the command again")
            replace(file, mark + text.encode())
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror}", remedy="mend its rights") from None

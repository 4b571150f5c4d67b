"""The project's files: found and read, each once, and none outside the project's folder, links included."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path, PurePosixPath

from preflight.location import SourceFile, Span

MAX_BYTES = 4_000_000
MAX_FILES = 2_000
"""How many files one pattern may match."""

Refuse = Callable[[str, str, Span | None], None]
"""Takes a message, a remedy, and a place of its own where the fault lies in the file itself."""

KEEP_INSIDE = "Keep the file inside the project's folder, links included."


def within(folder: str, name: str) -> str | None:
    """``name``, relative to ``folder``, as seen from the project's folder; None where it leads out of it."""
    if PurePosixPath(name).is_absolute() or "\\" in name or "\0" in name:
        return None
    parts: list[str] = []
    for part in (PurePosixPath(folder) / name).parts:
        if part == "..":
            if not parts:
                return None
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


class Files:
    """The files below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.sources: dict[str, SourceFile] = {}
        """What was read, by path relative to the root."""
        self.patterns: dict[str, None] = {}
        """Every pattern that files were looked for by."""
        self._matched: set[Path | str] = set()
        self._folders: dict[PurePosixPath, Path] = {}

    def contains(self, name: str) -> bool:
        """Whether the path, with its links followed, leads nowhere out of the root; it need not exist."""
        return self._inside(name) is not None

    def _inside(self, name: str) -> Path | None:
        try:
            path = self._folder(PurePosixPath(name).parent) / PurePosixPath(name).name
            if path.name in ("", "..") or path.is_symlink():
                path = (self.root / name).resolve()
        except (OSError, ValueError, RuntimeError):  # RuntimeError: a loop of links, up to Python 3.12
            return None
        return path if path.is_relative_to(self.root) else None

    def _folder(self, name: PurePosixPath) -> Path:
        """A folder with its links followed; those of its files are many, and it is asked for once."""
        if name not in self._folders:
            self._folders[name] = (self.root / name).resolve()
        return self._folders[name]

    def match(self, pattern: str, refuse: Refuse) -> list[str]:
        """The files that a pattern matches, sorted, without those that were read or matched before under any name."""
        self.patterns[pattern] = None
        parts = PurePosixPath(pattern).parts
        if PurePosixPath(pattern).is_absolute() or ".." in parts or "\\" in pattern:
            refuse(f"{pattern} leads out of the project's folder.", KEEP_INSIDE, None)
            return []
        if parts.count("**") > 1:
            refuse(f"{pattern} holds more than one `**`.", "Write one `**` at most.", None)
            return []
        try:
            paths = self.root.glob("/".join(parts)) if parts else ()  # an empty one crashes pathlib
            found = list(islice((path for path in paths if path.is_file()), MAX_FILES + 1))
        except (ValueError, OSError, RuntimeError):
            found = []
        if not found:
            refuse(f"{pattern} matches no file.", "Correct the pattern, or take it out.", None)
        if len(found) > MAX_FILES:
            refuse(f"{pattern} matches more than {MAX_FILES:,} files.", "Narrow the pattern.", None)
            return []
        names: list[str] = []
        for name in sorted(path.relative_to(self.root).as_posix() for path in found):
            followed = self._inside(name) or name
            if followed not in self._matched:
                self._matched.add(followed)
                names.append(name)
        return names

    def read(self, name: str, refuse: Refuse) -> SourceFile | None:
        """A file by its path relative to the root, without its byte order mark; None where it is refused."""
        if name not in self.sources:
            data = self._bytes(name, refuse)
            text = None if data is None else _decoded(name, data, refuse)
            if text is None:
                return None
            self.sources[name] = SourceFile(name, text)
            self._matched.add(self._inside(name) or name)
        return self.sources[name]

    def _bytes(self, name: str, refuse: Refuse) -> bytes | None:
        path = self._inside(name)
        if path is None:
            refuse(f"{name} lies outside the project's folder.", KEEP_INSIDE, None)
            return None
        try:
            if not path.is_file():
                what = f"{name} is a folder." if path.is_dir() else f"There is no file {name}."
                refuse(what, "Correct the path, or add the file.", None)
                return None
            if path.stat().st_size > MAX_BYTES:
                refuse(f"{name} is larger than {MAX_BYTES:,} bytes.", "Make it smaller.", None)
                return None
            return path.read_bytes()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "its name is not one"
            refuse(f"{name} cannot be read: {reason}.", "Correct the path or the file's rights.", None)
            return None


def _decoded(name: str, data: bytes, refuse: Refuse) -> str | None:
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        before = data[: error.start].decode("utf-8").removeprefix("\ufeff")
        column = len(before.rpartition("\n")[2]) + 1
        offset = len(before)
        span = Span(name, offset, offset + 1, line, column, line, column + 1)
        what = "is UTF-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "is no UTF-8"
        message = f"{name} {what}: byte {error.start}, in line {line}, begins no character."
        refuse(message, "Save it as UTF-8.", span)
        return None

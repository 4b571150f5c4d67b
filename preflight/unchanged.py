"""What a check printed the last time, for a project of which no file has changed since: nothing is parsed then.

An entry holds for its day, and until the first of the next runs that it prints has begun. Nothing is kept of a run in
which a rule asked for the time, of one that read anything but the project's files, or of one that wrote anything else.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from preflight.cache import Cache, code_key, key
from preflight.hashing import blake2b
from preflight.terminal import put

if TYPE_CHECKING:
    from preflight.config import Project
    from preflight.finding import Report

_NAME = "preflight.yml"
"""The name that is looked for first: another one may be passed over as soon as this is there."""
_LOCK = "preflight.lock"
_CODES = (0, 1, 5)
"""The exit codes that mean no more than what was printed."""
_DAY = 86_400
_FAR = 1 << 53
_MOST = 100_000
"""Bytes of changed files that are still the work of one process."""


class Before:
    """What was printed for a project of which some files have changed since, and nothing else."""

    def __init__(self, code: int, until: int, lines: list[str], text: str, changed: dict[str, bytes]) -> None:
        self.code = code
        self.until = until
        self.lines = lines
        """What it hangs on: files and patterns, each with a digest."""
        self.text = text
        self.changed = changed
        """The new content of the files that have changed."""

    @property
    def now(self) -> list[str]:
        """What it would hang on, if it were printed today."""
        return [self._now(line) for line in self.lines]

    def _now(self, line: str) -> str:
        name = line[1:].rsplit(" ", 1)[0]
        data = self.changed.get(name) if line[0] == "f" else None
        return line if data is None else file_line(name, data)


class Unchanged:
    """The last word on one project, asked in one way."""

    def __init__(self, path: Path, asked: Sequence[Any], cache: Cache) -> None:
        self.cache = cache
        self.asked = asked
        self.before: Before | None = None
        """Where something was printed that does not hold any more: how it may still serve."""
        self._now = time.time()
        self._named = "" if path.is_dir() else path.name
        self._root = path if path.is_dir() else path.parent
        day = str(int(self._now // _DAY))
        places = os.path.realpath(path), str(path), os.path.realpath(".")
        self._key = key("printed", code_key(), *places, day, *map(repr, asked))

    @property
    def now(self) -> float:
        """The instant that it answers for, in seconds since 1970."""
        return self._now

    def printed_again(self) -> int | None:
        """Print what was printed, and return the exit code; None where anything may have changed."""
        found = self._printed()
        if found is None:
            return None
        put(found[0])
        return found[1]

    def _printed(self) -> tuple[str, int] | None:
        """The text and the exit code."""
        value = self.cache.read([self._key]).get(self._key)
        if value is None:
            return None
        head, _, rest = value.partition(b"\0\0")
        try:
            numbers, *lines = head.decode().split("\0")
            code, since, until = map(int, numbers.split())
            text = rest.decode()
        except ValueError:
            return None
        if not since <= self._now < until:
            return None
        changed = self._changed(lines)
        if changed:
            self.before = Before(code, until, lines, text, changed)
        return None if changed is None or changed else (text, code)

    def _changed(self, lines: Iterable[str]) -> dict[str, bytes] | None:
        """The files that hold something else now; None where more than that has changed, or too much."""
        if os.path.lexists(self._root / _LOCK):
            return None
        folders: set[str] = set()
        changed: dict[str, bytes] = {}
        for line in lines:
            kind, name, digest = line[0], *line[1:].rsplit(" ", 1)
            if kind == "p":
                if _matched(self._root, name) != digest:
                    return None
                continue
            data = _content(self._root, name, folders)
            if data is None:
                return None
            if _digest(data) != digest:
                changed[name] = data
                if sum(map(len, changed.values())) > _MOST:
                    return None
        return changed

    def keep(self, project: Project, report: Report, text: str, outline: bytes | None) -> None:
        """Keep what was printed, where it hangs on nothing but the project's files and the day.

        ``outline`` is what ``read_outline`` gives back beside this very text.
        """
        if project.file not in (_NAME, self._named) or report.exit_code not in _CODES:
            return
        if project.problems or project.plugins or project.dbt is not None or report.clock_was_read:
            return
        if report.failures or report.bugs or report.statements or os.path.lexists(self._root / _LOCK):
            return
        folders: set[str] = set()
        lines = []
        plans = {plan.path: plan for plan in project.data_plans}
        for name, source in (plans | dict(project.sources)).items():
            data = _content(self._root, name, folders)
            if data is None or "\0" in name:
                return
            if data != source.text.encode("utf-8", "surrogatepass"):
                return  # it has a byte order mark, or has changed meanwhile
            lines.append(file_line(name, data))
        lines += [f"p{pattern} {_matched(self._root, pattern)}" for pattern in project.patterns]
        until = min((runs[0] for runs in report.next_runs.values()), default=_FAR)
        self._write(report.exit_code, until, lines, text, outline)

    def amend(self, before: Before, code: int, text: str, outline: bytes) -> None:
        """Keep what was printed after the files that had changed were judged anew."""
        self._write(code, before.until, before.now, text, outline)

    def _write(self, code: int, until: int, lines: list[str], text: str, outline: bytes | None) -> None:
        head = "\0".join([f"{code} {int(self._now)} {until}", *lines]).encode()
        values = {self._key: head + b"\0\0" + text.encode("utf-8", "surrogatepass")}
        if outline is not None:
            values[f"{self._key}-outline"] = _outline_seal(lines) + outline
        self.cache.write(values, int(self._now // _DAY) + _ORDINAL)

    def read_outline(self, before: Before) -> bytes | None:
        """What was kept beside a text; None where nothing was, or for another one."""
        name = f"{self._key}-outline"
        seal = _outline_seal(before.lines)
        value = self.cache.read([name]).get(name, b"")
        return value.removeprefix(seal) if value.startswith(seal) else None


_ORDINAL = 719_163
"""The proleptic ordinal of 1970-01-01, from which the cache counts days."""


def _outline_seal(lines: Iterable[str]) -> bytes:
    """What tells the outline of one text from that of another: the digest of all that the text hangs on."""
    return key(*lines).encode()


def file_line(name: str, data: bytes) -> str:
    """What a text hangs on where it hangs on a file: its path and the digest of its content."""
    return f"f{name} {_digest(data)}"


def _digest(data: bytes) -> str:
    return blake2b(data).hexdigest()


def _content(root: Path, name: str, folders: set[str]) -> bytes | None:
    """A file that is reached by no link; ``folders`` are those that were looked at before."""
    path = f"{root}/{name}"
    try:
        folder = name.rpartition("/")[0]
        while folder and folder not in folders:
            if stat.S_ISLNK(os.lstat(f"{root}/{folder}").st_mode):
                return None
            folders.add(folder)
            folder = folder.rpartition("/")[0]
        with open(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb", buffering=0) as file:  # noqa: PTH123
            return file.read()
    except OSError:
        return None


def _matched(root: Path, pattern: str) -> str:
    """The digest of the names of the files that a pattern matches."""
    try:
        return key(*sorted(path.relative_to(root).as_posix() for path in root.glob(pattern) if path.is_file()))
    except (OSError, ValueError, RuntimeError):
        return ""

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
from typing import TYPE_CHECKING

from preflight.cache import Cache, code_key, key
from preflight.hashing import blake2b
from preflight.terminal import put, shown

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


PLAIN: tuple[object, ...] = ((), "error", (), (), ())
"""What a check is asked without an option: pipelines, --fail-on, --require, --select, --ignore."""


def print_again(arguments: Sequence[str]) -> int | None:
    """Answer ``check [PATH] --offline`` where nothing has changed; None for all else: the command line answers it."""
    if arguments[:1] != ["check"] or "--offline" not in arguments:
        return None
    paths = [word for word in arguments[1:] if word != "--offline"]
    if len(paths) > 1 or any(word.startswith("-") for word in paths):
        return None
    try:
        return Unchanged(Path(*paths), (*PLAIN, *shown("auto")), Cache(os.environ)).printed_again()
    except (AttributeError, OSError):  # stdout is closed, a folder may not be read
        return None


class Unchanged:
    """The last word on one project, asked in one way."""

    def __init__(self, path: Path, asked: Sequence[object], cache: Cache) -> None:
        self._cache = cache
        self._now = time.time()
        self._named = "" if path.is_dir() else path.name
        self._root = path if path.is_dir() else path.parent
        day = str(int(self._now // _DAY))
        places = _real(path), str(path), _real(Path())
        self._key = key("printed", code_key(), *places, day, *map(repr, asked))

    def printed_again(self) -> int | None:
        """Print what was printed, and return the exit code; None where anything may have changed."""
        found = self._printed()
        if found is None:
            return None
        put(found[0])
        return found[1]

    def _printed(self) -> tuple[str, int] | None:
        """The text and the exit code."""
        value = self._cache.read([self._key]).get(self._key)
        if value is None:
            return None
        head, _, rest = value.partition(b"\0\0")
        try:
            numbers, *lines = head.decode().split("\0")
            code, since, until = map(int, numbers.split())
            text = rest.decode()
        except ValueError:
            return None
        if not since <= self._now < until or not self._as_it_was(lines):
            return None
        return text, code

    def _as_it_was(self, lines: Iterable[str]) -> bool:
        if os.path.lexists(self._root / _LOCK):
            return False
        folders: set[str] = set()
        for line in lines:
            kind, name, digest = line[0], *line[1:].rsplit(" ", 1)
            if kind == "p":
                if _matched(self._root, name) != digest:
                    return False
            elif _digest(self._root, name, folders) != digest:
                return False
        return True

    def keep(self, project: Project, report: Report, text: str) -> None:
        """Keep what was printed, where it hangs on nothing but the project's files and the day."""
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
            digest = _digest(self._root, name, folders)
            if digest is None or "\0" in name:
                return
            if digest != blake2b(source.text.encode("utf-8", "surrogatepass")).hexdigest():
                return  # it has a byte order mark, or has changed meanwhile
            lines.append(f"f{name} {digest}")
        lines += [f"p{pattern} {_matched(self._root, pattern)}" for pattern in project.patterns]
        until = min((runs[0] for runs in report.next_runs.values()), default=_FAR)
        head = "\0".join([f"{report.exit_code} {int(self._now)} {until}", *lines])
        value = head.encode() + b"\0\0" + text.encode("utf-8", "surrogatepass")
        self._cache.write({self._key: value}, int(self._now // _DAY) + _ORDINAL)


def _real(path: Path) -> str:
    try:
        return os.path.realpath(path)
    except OSError:  # the working folder is gone
        return ""


_ORDINAL = 719_163
"""The proleptic ordinal of 1970-01-01, from which the cache counts days."""


def _digest(root: Path, name: str, folders: set[str]) -> str | None:
    """The digest of a file that is reached by no link; ``folders`` are those that were looked at before."""
    path = f"{root}/{name}"
    try:
        folder = name.rpartition("/")[0]
        while folder and folder not in folders:
            if stat.S_ISLNK(os.lstat(f"{root}/{folder}").st_mode):
                return None
            folders.add(folder)
            folder = folder.rpartition("/")[0]
        with open(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb", buffering=0) as file:  # noqa: PTH123
            return blake2b(file.read()).hexdigest()
    except OSError:
        return None


def _matched(root: Path, pattern: str) -> str:
    """The digest of the names of the files that a pattern matches."""
    try:
        return key(*sorted(path.relative_to(root).as_posix() for path in root.glob(pattern) if path.is_file()))
    except (OSError, ValueError, RuntimeError):
        return ""

"""A commit's files, read with git's own plumbing; nothing is checked out and nothing is written."""

from __future__ import annotations

import os
import subprocess
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path, PurePosixPath

import msgspec

from preflight.config.files import MAX_BYTES, MAX_FILES, Files, Refuse
from preflight.errors import EnvironmentFailure, UsageError

_TIMEOUT_SECONDS = 60
_WHOLE = "fetch the whole history: `git fetch --unshallow`, or `fetch-depth: 0` in the checkout action"


class Base(msgspec.Struct, frozen=True):
    """The commit that a working tree is compared with: where its branch left ``ref``."""

    ref: str
    commit: str
    top: Path
    """The repository's folder."""


def _git(folder: Path, *arguments: str, stdin: bytes | None = None) -> bytes:
    """What git answers; raises EnvironmentFailure where there is no git, CalledProcessError where it refuses."""
    command = ["git", "-c", "core.quotePath=false", "-c", "core.fsmonitor=false", *arguments]
    environ = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(  # noqa: S603 - git itself, and arguments of ours
            command, cwd=folder, env=environ, input=stdin, capture_output=True, check=True, timeout=_TIMEOUT_SECONDS
        )
    except FileNotFoundError:
        raise EnvironmentFailure("git is not installed", remedy="install git, or check the whole project") from None
    except subprocess.TimeoutExpired:
        raise EnvironmentFailure("git did not answer in time", remedy="try again") from None
    return done.stdout


def base(folder: Path, ref: str) -> Base:
    """Where the branch left ``ref``; raises UsageError where git knows neither it nor a commit that both come from."""
    try:
        top = Path(os.fsdecode(_git(folder, "rev-parse", "--show-toplevel")).strip())
    except subprocess.CalledProcessError as error:
        reason = os.fsdecode(error.stderr).strip().rpartition("fatal: ")[2]
        raise UsageError(f"{folder} is in no git repository: {reason}", remedy="check the whole project") from None
    try:
        named = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    except (subprocess.CalledProcessError, ValueError):
        remedy = _WHOLE if _is_shallow(folder) else "fetch it first: `git fetch origin`"
        raise UsageError(f"git knows no commit {ref!r}", remedy=remedy) from None
    try:
        commit = _git(folder, "merge-base", named.decode().strip(), "HEAD").decode().split()[0]
    except (subprocess.CalledProcessError, IndexError):
        raise UsageError(
            f"git finds no commit that {ref} and HEAD both come from",
            remedy=_WHOLE,
        ) from None
    return Base(ref, commit, top.resolve())


def _is_shallow(folder: Path) -> bool:
    try:
        return _git(folder, "rev-parse", "--is-shallow-repository").strip() == b"true"
    except subprocess.CalledProcessError:
        return False


def changed(at: Base) -> frozenset[str]:
    """The files that the working tree has otherwise, or that one side lacks, relative to the repository's folder."""
    diff = _git(at.top, "diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", at.commit, "--")
    new = _git(at.top, "ls-files", "--others", "--exclude-standard", "-z")
    return frozenset(os.fsdecode(name) for name in (diff + new).split(b"\0") if name)


class CommittedFiles(Files):
    """The files below ``root`` as a commit has them; links are not followed."""

    def __init__(self, root: Path, at: Base) -> None:
        super().__init__(root)
        self._at = at

    @cached_property
    def _tree(self) -> dict[str, tuple[str, int]]:
        """Each file's object and size, by its path relative to the root."""
        listed = _git(self.root, "ls-tree", "-r", "-z", "--long", self._at.commit, "--", ".")
        found: dict[str, tuple[str, int]] = {}
        for entry in listed.split(b"\0"):
            about, _, name = entry.partition(b"\t")
            fields = about.split()
            if len(fields) == 4 and fields[0] in (b"100644", b"100755"):
                found[os.fsdecode(name)] = fields[2].decode(), int(fields[3])
        return found

    def holds(self, name: str) -> bool:
        """Whether the commit has the file."""
        return name in self._tree

    def content(self, name: str) -> bytes | None:
        """A file's bytes; None where the commit has it not."""
        entry = self._tree.get(name)
        return None if entry is None else _git(self.root, "cat-file", "blob", entry[0])

    def match(self, pattern: str, refuse: Refuse) -> list[str]:
        """As ``Files.match``, over the commit's files."""
        parts = PurePosixPath(pattern).parts
        if PurePosixPath(pattern).is_absolute() or ".." in parts or "\\" in pattern or not parts:
            refuse(f"{pattern} leads out of the project's folder.", "Correct the pattern.", None)
            return []
        if parts.count("**") > 1:
            refuse(f"{pattern} holds more than one `**`.", "Write one `**` at most.", None)
            return []
        taken = self._matched | self.sources.keys()
        names = [name for name in sorted(self._tree) if name not in taken and _fits(tuple(name.split("/")), parts)]
        self._matched.update(names[:MAX_FILES])
        if not names:
            refuse(f"{pattern} matches no file.", "Correct the pattern, or take it out.", None)
        return names[:MAX_FILES]

    def _bytes(self, name: str, refuse: Refuse) -> bytes | None:
        size = self._tree.get(name, ("", 0))[1]
        data = self.content(name) if size <= MAX_BYTES else None
        if data is None:
            refuse(f"There is no file {name}.", "Correct the path, or add the file.", None)
        return data


def _fits(name: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    """Whether a glob's parts match a path's, as pathlib reads them: ``**`` is any number of folders."""
    if not pattern:
        return not name
    if pattern[0] == "**":
        return any(_fits(name[skipped:], pattern[1:] or ("*",)) for skipped in range(len(name)))
    return bool(name) and fnmatchcase(name[0], pattern[0]) and _fits(name[1:], pattern[1:])

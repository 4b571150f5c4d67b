"""Results kept between runs: one SQLite file in the user's cache folder, by the digest of what they were made of.

Nothing in it is needed: what cannot be read, or is not what was written, is dropped, and the result is made anew.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from preflight import __version__
from preflight.folders import cache_folder
from preflight.hashing import blake2b

if TYPE_CHECKING:
    from sqlite3 import Connection

_FORMAT = 1
_NAME = f"results-{_FORMAT}.sqlite"
_MAX_BYTES = 200_000_000
_MAX_AGE_DAYS = 30
_PAGE_BYTES = 32_768
"""A value of megabytes takes half as long to write as with SQLite's own 4,096."""
_PATIENCE_SECONDS = 0.5
_PACKAGES = ("preflight", "preflight_rules", "preflight_adapters")


class Cache:
    """The cache of one user. Several processes may use it at once; one that has to wait too long does without."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.path = cache_folder(environ) / _NAME

    def read(self, keys: Sequence[str]) -> dict[str, bytes]:
        """The values of those keys that it holds, each as it was written."""
        try:
            return self._with(lambda connection: _read(connection, keys)) if self.path.exists() else {}
        except OSError:
            return {}

    def write(self, values: Mapping[str, bytes], day: int) -> None:
        """Keep the values; ``day`` is counted from any day, and values of long ago are dropped."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if self.path.exists() and self.path.stat().st_size > _MAX_BYTES:
                self.drop()
        except OSError:
            return
        self._with(lambda connection: _write(connection, values, day))

    def drop(self) -> None:
        """Forget everything."""
        for suffix in ("", "-journal"):
            with suppress(OSError):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    def _with(self, use: Any) -> Any:
        import sqlite3

        connection = None
        try:
            connection = sqlite3.connect(self.path, timeout=_PATIENCE_SECONDS, isolation_level=None)
            return use(connection)
        except sqlite3.OperationalError:  # locked, read-only, no room: it may be in order all the same
            return {}
        except (sqlite3.Error, ValueError):
            self.drop()
            return {}
        finally:
            if connection is not None:
                connection.close()


def _read(connection: Connection, keys: Sequence[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for at in range(0, len(keys), 500):
        some = keys[at : at + 500]
        marks = ",".join("?" * len(some))
        rows = connection.execute(f"SELECT key, value, digest FROM results WHERE key IN ({marks})", some)  # noqa: S608
        for key, value, digest in rows:
            if not isinstance(value, bytes) or _seal(key, value) != digest:
                raise ValueError("a value is not what was written")
            found[key] = value
    return found


def _write(connection: Connection, values: Mapping[str, bytes], day: int) -> None:
    connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS results (key TEXT PRIMARY KEY, value BLOB, digest TEXT, day INTEGER)"
    )
    connection.execute("DELETE FROM results WHERE day < ? OR day > ?", (day - _MAX_AGE_DAYS, day))
    rows = ((key, value, _seal(key, value), day) for key, value in values.items())
    connection.executemany("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?)", rows)
    connection.execute("COMMIT")


def _seal(key: str, value: bytes) -> str:
    found = blake2b(key.encode())
    found.update(value)
    return found.hexdigest()


def key(*parts: str | bytes) -> str:
    """The digest of some parts; where one ends and the next begins enters it."""
    pieces = [part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part for part in parts]
    return blake2b(b"".join(b"%d:%s" % (len(piece), piece) for piece in pieces)).hexdigest()


def code_key() -> str:
    """The digest of what does the judging: preflight's version and files, sqlglot's, and Python's version.

    Files go in by name, size and time, so that an edit of them counts as another version.
    """
    files = [line for package in _PACKAGES for line in _package(package)]
    return key(str(_FORMAT), __version__, sys.version, *files, *_package("sqlglot", deep=False))


def _package(name: str, *, deep: bool = True) -> Iterable[str]:
    from importlib.util import find_spec

    spec = find_spec(name)
    if spec is None or spec.origin is None:
        return (name,)
    return _listed(str(Path(spec.origin).parent), deep)


def _listed(folder: str, deep: bool) -> list[str]:
    lines: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                if deep and entry.name != "__pycache__":
                    lines += _listed(entry.path, deep)
            elif not entry.name.endswith(".pyc"):
                found = entry.stat()
                lines.append(f"{entry.path} {found.st_size} {found.st_mtime_ns}")
    return sorted(lines)

"""The sandbox's state in one SQLite file, so that it survives a restart; each change is on disk before its answer."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from preflight.errors import EnvironmentFailure, UsageError

_LAYOUT = 1
"""The version of the table, kept as the file's ``user_version``."""


class Store:
    """One file; ``kind`` is a project's list name, or ``runs``. To be used by one process at a time."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=1.0)
            self._open(path)
        except sqlite3.Error as error:
            raise EnvironmentFailure(
                f"The sandbox's state {path} cannot be used: {error}.", remedy="Name another file."
            ) from None

    def _open(self, path: Path) -> None:
        layout = self._file.execute("PRAGMA user_version").fetchone()[0]
        tables = self._file.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if layout not in (0, _LAYOUT) or (layout == 0 and tables):
            self._file.close()
            raise UsageError(f"{path} is no state of this sandbox", remedy="name another file")
        self._file.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._file.execute("BEGIN EXCLUSIVE")
        self._file.execute(
            "CREATE TABLE IF NOT EXISTS held"
            " (number INTEGER PRIMARY KEY, kind TEXT, id TEXT, body TEXT, UNIQUE (kind, id))"
        )
        self._file.execute(f"PRAGMA user_version = {_LAYOUT}")
        self._file.execute("COMMIT")

    def all(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Everything that is held, in the order of its creation."""
        for kind, name, body in self._file.execute("SELECT kind, id, body FROM held ORDER BY number"):
            yield kind, name, json.loads(body)

    def put(self, kind: str, id: str, body: dict[str, Any]) -> None:  # noqa: A002 - the API's word
        """Hold ``body``, in place of what was there."""
        self._file.execute(
            "INSERT INTO held (kind, id, body) VALUES (?, ?, ?)"
            " ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
            (kind, id, json.dumps(body)),
        )

    def drop(self, kind: str, id: str) -> None:  # noqa: A002
        """Forget it."""
        self._file.execute("DELETE FROM held WHERE kind = ? AND id = ?", (kind, id))

    def close(self) -> None:
        """Let another process have the file; may be called twice."""
        self._file.close()

"""The adapters of one run: each belongs to the thread that opened it, and all are closed at the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from preflight import registry
from preflight.config import Connection, Project
from preflight.errors import Cause, WarehouseError
from preflight.finding import Depth
from preflight.rule import Missing
from preflight.source import Adapter, Record

if TYPE_CHECKING:
    from preflight.lock import LockedAdapter


class Sessions:
    """One adapter a connection and thread.

    A connection that could not be opened is not tried again: a wrong password, tried by each worker, locks an account.
    """

    def __init__(
        self,
        project: Project,
        *,
        offline: bool,
        environ: Mapping[str, str],
        record: Record,
        failed: Callable[[Connection, WarehouseError], None],
        require_credentials: bool,
    ) -> None:
        self._project = project
        self._offline = offline
        self._environ = environ
        self._record = record
        self._failed = failed
        self._require_credentials = require_credentials
        self.locked: Callable[[Connection], LockedAdapter | None] = lambda _: None
        """What an offline run has of a connection from an earlier day."""
        self._guard = threading.Lock()
        self._opening: dict[str, threading.Lock] = {}
        self._adapters: dict[tuple[int, str], Adapter] = {}
        self._missing: dict[str, Missing] = {}
        self._depths: dict[str, Depth] = {}

    def is_live(self, connection: Connection | None) -> bool:
        """Whether asking this connection waits for a network rather than for this machine's processors."""
        return connection is not None and not self._offline and connection.introspect.local is None

    def adapter(self, connection: Connection) -> Adapter | Missing:
        """The adapter of the calling thread, opened where there is none yet, or why there is none."""
        key = threading.get_ident(), connection.id
        with self._guard:
            if key in self._adapters:
                return self._adapters[key]
            opening = self._opening.setdefault(connection.id, threading.Lock())
        with opening:
            if connection.id not in self._depths:  # nobody has opened it: the others wait to hear how this goes
                return self._keep(key, connection, self._open(connection))
        missing = self._missing.get(connection.id)
        return missing or self._keep(key, connection, self._open(connection))

    def _keep(self, key: tuple[int, str], connection: Connection, found: Adapter | Missing) -> Adapter | Missing:
        with self._guard:
            if isinstance(found, Missing):
                self._missing[connection.id] = found
                self._depths.setdefault(connection.id, Depth.STATIC)
            else:
                self._adapters[key] = found
                self._depths[connection.id] = _depth(found)
        return found

    def _open(self, connection: Connection) -> Adapter | Missing:
        provider = connection.service_provider.label
        if self._offline and connection.introspect.local is None:
            return self.locked(connection) or Missing(f"the run is offline, so {provider} was not asked")
        connect = registry.connect_for(connection, self._project.plugins)
        if connect is None:
            return Missing(f"there is no adapter for {provider} yet, and the connection names no stand-in")
        try:
            return connect(connection, root=self._project.root, environ=self._environ, record=self._record)
        except WarehouseError as error:
            if error.cause is Cause.NO_CREDENTIALS and not self._require_credentials:
                return Missing(f"connection {connection.id} was not asked: {error.message}")
            self._failed(connection, error)
            return Missing(f"connection {connection.id} could not be opened: {error.message}")

    @property
    def depths(self) -> Mapping[str, Depth]:
        """How deep each connection was read, by its id."""
        return dict(self._depths)

    def cancel(self) -> None:
        """Stop every statement that runs."""
        with self._guard:
            adapters = tuple(self._adapters.values())
        for adapter in adapters:
            adapter.cancel()

    def close(self) -> None:
        """Close every adapter; no thread may use one any more."""
        for adapter in self._adapters.values():
            adapter.close()
        self._adapters.clear()


def _depth(adapter: Adapter) -> Depth:
    from preflight.lock import LockedAdapter

    if isinstance(adapter, LockedAdapter):
        return Depth.LOCKED
    return Depth.LOCAL if adapter.stand_in else Depth.LIVE

"""An adapter on a test server, opened as the command line opens it, with what it recorded."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from preflight import registry
from preflight.finding import Asked
from preflight.source import Adapter
from servers.stand import Server


class Opened:
    """The adapter of ``server.connection``; it is opened when first used, and closed at the end."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.asked: list[Asked] = []
        self._adapter: Adapter | None = None

    @property
    def adapter(self) -> Adapter:
        if self._adapter is None:
            self._adapter = self.open()
        return self._adapter

    def open(self, **introspect: object) -> Adapter:
        """Another adapter on the same server, with options of its own; the caller closes it."""
        connection = self.server.connection(**introspect)
        connect = registry.connect_for(connection)
        assert connect is not None
        return connect(connection, root=self.folder, environ=self.server.environ, record=self.asked.append)

    def __enter__(self) -> Opened:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._adapter is not None:
            self._adapter.close()

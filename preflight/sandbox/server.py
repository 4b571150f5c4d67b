"""Starting and stopping the sandbox on a socket of its own."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Self

from preflight.config import Project
from preflight.errors import EnvironmentFailure, UsageError
from preflight.sandbox.faults import Fault, Planned
from preflight.sandbox.state import State
from preflight.sandbox.store import Store
from preflight.workspace import wire

WORKSPACE = "5328"
_START = 60.0  # seconds
_PRODUCE = 1.0  # seconds between two looks for runs that are due


class Sandbox:
    """A running sandbox, as a context manager. ``requests`` holds every (method, path) that came in."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        workspace: str = WORKSPACE,
        state: State | None = None,
        paths: Mapping[str, str] | None = None,
    ) -> None:
        self.workspace = workspace
        self.state = state or State()
        self.paths = {kind: collection.path for kind, collection in wire.COLLECTIONS.items()} | dict(paths or {})
        """Where each kind is kept below the workspace."""
        self.requests: list[tuple[str, str]] = []
        self._planned: list[Planned] = []
        self._host = host
        self._port = port
        self._stop: Callable[[], None] = lambda: None

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    @property
    def api_url(self) -> str:
        """What a project writes as ``workspace.api_url``."""
        return f"{self.url}/platform/v2"

    @property
    def token_url(self) -> str:
        """What a project writes as ``workspace.token_url``."""
        return f"{self.url}/oauth/token"

    @property
    def writes(self) -> list[tuple[str, str]]:
        """The requests that may have changed the workspace."""
        return [(method, path) for method, path in self.requests if method != "GET" and path != "/oauth/token"]

    def environment(self) -> dict[str, str]:
        """The variables with which preflight is let in."""
        client_id, client_secret = self.state.credentials
        return {"MP_CLIENT_ID": client_id or "sandbox", "MP_CLIENT_SECRET": client_secret or "sandbox"}

    def addresses(self) -> dict[str, str]:
        """The variables that lead preflight here, where a project names no address."""
        return {"MP_API_URL": self.api_url, "MP_TOKEN_URL": self.token_url}

    @property
    def unmet(self) -> list[str]:
        """The faults that were planned and that no request, or too few, met: method and path."""
        return [planned.pattern for planned in self._planned if planned.left]

    def fail(self, method: str, path: str, fault: Fault, *, skip: int = 0, times: int = 1) -> None:
        """Spoil ``times`` requests whose method and path match these shell patterns, after letting ``skip`` pass."""
        self._planned.append(Planned(method, path, fault, skip=skip, times=times))

    def reset(self, state: State | None = None) -> None:
        """Begin anew on the same socket: another state, no requests seen, no fault planned."""
        self.state = state or State()
        self.requests.clear()
        self._planned.clear()

    def log(self, method: str, path: str) -> Fault | None:
        """Write a request down; the fault that spoils it, if one is planned."""
        self.requests.append((method, path))
        return next((planned.fault for planned in self._planned if planned.takes(method, path)), None)

    def __enter__(self) -> Self:
        try:
            import uvicorn

            from preflight.sandbox.app import Protocol, application
        except ModuleNotFoundError as error:
            raise UsageError(
                f"The sandbox needs the package {error.name}.",
                remedy="Run pip install 'mparticle-preflight[sandbox]'.",
            ) from None
        listener = self._listen()
        config = uvicorn.Config(
            application(self),
            http=Protocol,
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        thread = Thread(target=server.run, kwargs={"sockets": [listener]}, name="sandbox", daemon=True)

        def stop() -> None:
            server.should_exit = server.force_exit = True
            thread.join(_START)
            listener.close()

        self._stop = stop
        thread.start()
        until = monotonic() + _START
        while not server.started:
            if not thread.is_alive() or monotonic() > until:
                stop()
                raise EnvironmentFailure(f"The sandbox did not start on {self.url}.", remedy="Choose another port.")
            sleep(0.005)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def _listen(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        # asyncio turns Nagle's algorithm off only where the protocol is named; else each answer waits 40 ms.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self._host, self._port))
        except OSError as error:
            listener.close()
            raise EnvironmentFailure(
                f"The sandbox cannot listen on {self._host}:{self._port}: {error.strerror}.",
                remedy="Choose another host or port.",
            ) from None
        self._port = listener.getsockname()[1]
        return listener


def serve(
    announce: Callable[[Sandbox], None],
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    file: Path | None = None,
    project: Project | None = None,
) -> None:
    """Run a sandbox until KeyboardInterrupt; ``announce`` is called once it listens. Port 0: any free one.

    Its state is kept in ``file``, and begins with what is there. Pipelines that ``project`` holds run when they are
    due, with the counts of its stand-in files. Raises EnvironmentFailure and UsageError.
    """
    from preflight.sandbox.production import produce

    with ExitStack() as stack:
        store = stack.enter_context(closing(Store(file))) if file else None
        sandbox = stack.enter_context(Sandbox(host, port, state=State(store=store)))
        announce(sandbox)
        try:
            while True:
                if project is not None:
                    produce(sandbox.state, project, datetime.now(UTC))
                sleep(_PRODUCE if project else 3600)
        except KeyboardInterrupt:
            return

"""What the test servers share: their environments, their ports, processes that end with whoever started them.

It knows no warehouse. A server's folder holds ``requirements.txt``, ``serve.py`` and a ``start`` function.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from preflight.config import Connection
from preflight.model import TableRef

HERE = Path(__file__).resolve().parent
ENVIRONMENTS = Path(os.environ.get("PREFLIGHT_SERVERS") or HERE.parents[1] / ".servers")
"""Where the servers' own virtual environments are built."""
_READY_SECONDS = 300.0
_STOP_SECONDS = 15.0


class Server(Protocol):
    """One test server that runs, with the databases that a test filled."""

    engine: str
    dialect: str
    environ: Mapping[str, str]
    """The variables that hold the secrets of ``connection``."""
    types: Mapping[str, str]
    """The engine's type for each of ``integer big decimal float text boolean date timestamp instant texts``: numbers of
    32 and 64 bits, a decimal with two places, a time without and one with a zone, a list of texts."""

    def name(self, table: str) -> str:
        """A table's full name as SQL text; ``table`` is in lower case."""

    def ref(self, table: str) -> TableRef:
        """The same as preflight reads it from a query."""

    def stored(self, column: str) -> str:
        """An unquoted lower-case column's name as the engine stores it."""

    def connection(self, **introspect: object) -> Connection:
        """A connection of a principal who may read what ``run`` made; the options are laid over its own."""

    def run(self, statements: Sequence[str]) -> None:
        """Run DDL and DML as an administrator."""

    def load(self, table: str, columns: Sequence[tuple[str, str]], rows: Sequence[tuple[object, ...]]) -> None:
        """Create ``table`` anew with columns (name, key of ``types``) and fill it.

        A None is a NULL; dates and times are ISO texts, those with a zone in UTC (``2026-01-02 03:04:05.006+00:00``).
        """

    def forbid(self, table: str) -> None:
        """Take from the principal of ``connection`` the right to read ``table``, which ``load`` gave."""

    def arrived(self) -> list[str]:
        """Every statement that clients sent since ``forget``, as it arrived."""

    def forget(self) -> None:
        """Begin ``arrived`` anew."""

    def stop(self) -> None:
        """Stop its processes; may be called twice."""


def environment(engine: str) -> Path:
    """The Python of the engine's own environment, built where it is missing or its requirements have changed.

    Raises RuntimeError with pip's last words where it cannot be built.
    """
    requirements = HERE / engine / "requirements.txt"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    folder = ENVIRONMENTS / f"{engine}-{digest}"
    python = folder / "bin" / "python"
    with (ENVIRONMENTS / f"{engine}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / ".complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            _run([sys.executable, "-m", "venv", str(folder)])
            _run(
                [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "install", "-r", str(requirements)]
            )
            (folder / ".complete").touch()
    return python


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:4])} failed: {(done.stderr or done.stdout)[-800:]}")


class Ports:
    """Ports on loopback that nobody else is given until they are closed. Nothing listens on them but who was told to.

    Linux lets a server that reuses addresses, as all do, listen on a port that is held so. Elsewhere a port is only
    free at the moment when it is taken.
    """

    def __init__(self) -> None:
        self._held: list[socket.socket] = []

    def take(self) -> int:
        """Another port."""
        holder = socket.socket()
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        port = int(holder.getsockname()[1])
        if sys.platform == "linux":
            self._held.append(holder)
        else:
            holder.close()
        return port

    def close(self) -> None:
        """Let them go; may be called twice."""
        while self._held:
            self._held.pop().close()


def listens(port: int) -> bool:
    """Whether something accepts connections on this port of loopback."""
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Process:
    """A server's process with its log; it is stopped with all its children, by its process group's id.

    Where this process ends without stopping it, it ends too; see ``keep.py``.
    """

    def __init__(self, command: Sequence[str], folder: Path, *, name: str, environ: Mapping[str, str] = {}) -> None:
        self.log = folder / f"{name}.log"
        self._out: IO[bytes] = self.log.open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-IS", str(HERE / "keep.py"), *command],
            cwd=folder,
            env={**os.environ, **environ},
            stdin=subprocess.PIPE,
            stdout=self._out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.name = name

    def wait_until(self, ready: Callable[[], bool], seconds: float = _READY_SECONDS) -> None:
        """Return when ``ready``; raises RuntimeError with the end of its log where it ends or takes too long."""
        until = time.monotonic() + seconds
        while not ready():
            if self._process.poll() is not None or time.monotonic() > until:
                self.stop()
                raise RuntimeError(f"{self.name} did not start: {self.log.read_text(errors='replace')[-1500:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it: asked first, then forced."""
        if self._process.poll() is None:
            for signal, seconds in ((15, _STOP_SECONDS), (9, _STOP_SECONDS)):
                try:
                    os.killpg(self._process.pid, signal)
                    self._process.wait(seconds)
                    break
                except subprocess.TimeoutExpired:
                    continue
                except ProcessLookupError:
                    break
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._out.close()


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """Stop the server at the end, whatever happens."""
    try:
        yield server
    finally:
        server.stop()

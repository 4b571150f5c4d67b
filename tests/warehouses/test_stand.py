"""What the test servers stand on: their processes end with whoever started them, and their ports are theirs alone."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from servers.stand import Ports, Process, listens
from tests.cli.command import environment
from tests.until import until

LISTENING = """
import signal, socket, subprocess, sys, time
if len(sys.argv) > 2:
    subprocess.Popen([sys.executable, __file__, sys.argv[2]])
signal.signal(signal.SIGTERM, signal.SIG_IGN)
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
time.sleep(3600)
"""
"""A server that does not end when it is asked to, with a child that does not either."""
STARTING = """
import sys, time
from pathlib import Path
from servers.stand import Process, listens
folder, *ports = sys.argv[1:]
server = Process([sys.executable, f"{folder}/server.py", *ports], Path(folder), name="server")
server.wait_until(lambda: all(listens(int(port)) for port in ports))
print("ready", flush=True)
time.sleep(3600)
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_server_ends_with_the_process_that_started_it(tmp_path: Path, end: signal.Signals) -> None:
    (tmp_path / "server.py").write_text(LISTENING)
    with closing(Ports()) as held:
        ports = [held.take(), held.take()]
        command = [sys.executable, "-c", STARTING, str(tmp_path), *map(str, ports)]
        with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as starter:
            assert starter.stdout is not None
            assert starter.stdout.readline() == "ready\n"
            starter.send_signal(end)
        until(lambda: not any(map(listens, ports)), "the server's end")


def test_a_server_that_is_stopped_has_ended(tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(LISTENING.replace("SIG_IGN", "SIG_DFL"))
    with closing(Ports()) as held:
        ports = [held.take(), held.take()]
        command = [sys.executable, str(tmp_path / "server.py"), *map(str, ports)]
        server = Process(command, tmp_path, name="server")
        server.wait_until(lambda: all(map(listens, ports)))
        server.stop()
        until(lambda: not any(map(listens, ports)), "the server's end")
        server.stop()


def test_a_server_that_does_not_start_shows_its_log(tmp_path: Path) -> None:
    server = Process([sys.executable, "-c", "import sys; sys.exit('no such luck')"], tmp_path, name="server")
    with pytest.raises(RuntimeError, match="server did not start: no such luck"):
        server.wait_until(lambda: False)


@pytest.mark.skipif(sys.platform != "linux", reason="a port is held on Linux alone")
def test_a_port_is_held_for_the_server_that_it_was_taken_for() -> None:
    with closing(Ports()) as ports:
        port = ports.take()
        with pytest.raises(OSError, match="in use"), socket.socket() as other:
            other.bind(("127.0.0.1", port))
        with socket.create_server(("127.0.0.1", port)):
            assert listens(port)
        assert not listens(port)

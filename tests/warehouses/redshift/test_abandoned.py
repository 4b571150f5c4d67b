"""PostgreSQL, whose processes lead groups of their own, ends with the tests all the same."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from servers.stand import listens
from tests.cli.command import environment
from tests.until import until

STARTING = """
import json, sys, time
from pathlib import Path
from servers.redshift import start
server = start(Path())
ports = [server.port, server.transpiling, server.tls, server._postgres]
print(json.dumps([str(server.folder), ports]), flush=True)
time.sleep(3600)
"""


def test_nothing_of_it_listens_once_the_tests_are_killed() -> None:
    command = [sys.executable, "-c", STARTING]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        folder, ports = json.loads(starter.stdout.readline())
        assert all(map(listens, ports))
        starter.kill()
    until(lambda: not any(map(listens, ports)), "the server's end")
    shutil.rmtree(Path(folder))

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import environment
from tests.report.screen import terminal
from tests.rules.cases import Case, write
from tests.until import PATIENCE_SECONDS

MANY = """
SELECT a.customer_id, a.updated_at
FROM crm.public.t AS a JOIN crm.public.t AS b ON 1 = 1 JOIN crm.public.t AS c ON 1 = 1
"""
DDL = """
CREATE SCHEMA public;
CREATE TABLE public.t AS SELECT 'c' || i AS customer_id, TIMESTAMP '2026-11-01' AS updated_at FROM range(20000) AS r(i)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for another process")
def test_an_interrupt_stops_a_statement_that_would_run_for_hours(tmp_path: Path) -> None:
    write(Case("", "", {"sql": MANY, "warehouse": DDL}, ""), tmp_path)
    command = [sys.executable, "-m", "preflight", "check", "--offline", str(tmp_path)]
    with (
        terminal() as (screen, stream),
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stream, env=environment(TERM="xterm")) as running,
    ):
        try:
            screen.shows("counting its windows")
            running.send_signal(signal.SIGINT)
            running.communicate(timeout=PATIENCE_SECONDS)
        finally:
            running.kill()
        *_, last = screen.states()
    assert (running.returncode, last.strip()) == (130, "interrupted")

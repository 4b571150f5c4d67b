from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.rules.cases import Case, write

ROOT = Path(__file__).parents[2]
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
    path = os.pathsep.join(str(ROOT / folder) for folder in ("", "adapters", "rules"))
    command = [sys.executable, "-m", "preflight", "check", "--offline", str(tmp_path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}
    ) as running:
        time.sleep(4)
        assert running.poll() is None, running.communicate()
        running.send_signal(signal.SIGINT)
        try:
            _, said = running.communicate(timeout=30)
        finally:
            running.kill()
    assert (running.returncode, said.strip()) == (130, "interrupted")

"""The demo: a check that fails, the corrected project, a plan, an apply, and a second apply that changes nothing.

The warehouse is a DuckDB file and the workspace is preflight's sandbox, so it needs no account anywhere. Each step's
exit code and effect are compared with what they should be, and the sandbox is stopped on every way out.

Run: ``python examples/cdnow/demo.py``.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
PREFLIGHT = [sys.executable, "-m", "preflight"]
SECRETS = {
    "SNOWFLAKE_PASSWORD": "demo-password",
    "MP_CUSTOMERS_FEED_KEY": "demo-feed-key-1",
    "MP_PURCHASES_FEED_KEY": "demo-feed-key-2",
    "MP_CLIENT_ID": "demo-client",
    "MP_CLIENT_SECRET": "demo-secret",
}
LEAST_FINDINGS = 6


def say(text: str) -> None:
    """Print at once, so that our lines stand in order with those of the commands."""
    sys.stdout.write(text)
    sys.stdout.flush()


def step(title: str, arguments: str, *, expect: int, environ: Mapping[str, str], extra: tuple[str, ...] = ()) -> None:
    """Run one command as a user would type it; end the demo if its exit code is not the expected one.

    ``extra`` arguments are for the demo's own eyes and are not shown.
    """
    say(f"\n=== {title}\n$ preflight {arguments}\n\n")
    code = subprocess.run([*PREFLIGHT, *arguments.split(), *extra], cwd=HERE, env=environ, check=False).returncode
    say(f"(exit code {code})\n")
    if code != expect:
        sys.exit(f"demo failed: expected exit code {expect}, got {code}")


@contextmanager
def sandbox(folder: Path) -> Iterator[str]:
    """A sandbox on a free port, for as long as the block runs; gives its address."""
    file = folder / "address"
    process = subprocess.Popen([*PREFLIGHT, "sandbox", "--url-file", str(file)], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not (file.exists() and file.read_text("utf-8")):
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit("demo failed: the sandbox did not start")
            time.sleep(0.05)
        yield file.read_text("utf-8").strip()
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def run(folder: Path) -> None:
    """All steps; the sandbox runs meanwhile, so that the checks can read a workspace too."""
    report = folder / "report.json"
    with sandbox(folder) as url:
        addresses = {"MP_API_URL": f"{url}/platform/v2", "MP_TOKEN_URL": f"{url}/oauth/token"}
        environ = os.environ | SECRETS | addresses
        written = ("-o", "text", "-o", f"json:{report}")
        step("A project set up in a hurry", "check broken.yml", expect=1, environ=environ, extra=written)
        names = {finding["name"] for finding in json.loads(report.read_text("utf-8"))["findings"]}
        if len(names) < LEAST_FINDINGS:
            sys.exit(f"demo failed: expected at least {LEAST_FINDINGS} different findings, got {sorted(names)}")
        step("The same shop, corrected", "check --require all", expect=0, environ=environ)
        step("What apply would do", "plan --exit-code", expect=7, environ=environ)
        step("Apply, to the sandbox", "apply --yes", expect=0, environ=environ)
        step("A second apply changes nothing", "apply --yes", expect=0, environ=environ)
        again = subprocess.run(
            [*PREFLIGHT, "plan", "--exit-code"], cwd=HERE, env=environ, capture_output=True, check=False
        )
        if again.returncode:
            sys.exit("demo failed: after two applies, a plan still holds changes")
    say(f"\nThe demo went as it should: {len(names)} different findings, a proof, and one apply that was enough.\n")


def main() -> None:
    """Build the warehouse, run the steps."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    loaded = subprocess.run([sys.executable, str(HERE / "load.py")], check=False)
    if loaded.returncode:
        sys.exit(loaded.returncode)
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder))


if __name__ == "__main__":
    main()

"""The demo: a check that fails, the corrected project, plan, apply against the sandbox, and a second apply.

Every step's exit code is compared with what it should be; the sandbox is stopped on every way out.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
SECRETS = {
    "SNOWFLAKE_PASSWORD": "demo-password",
    "MP_CUSTOMERS_FEED_KEY": "demo-feed-key-1",
    "MP_PURCHASES_FEED_KEY": "demo-feed-key-2",
}


def step(title: str, *arguments: str, expect: int, environ: dict[str, str]) -> None:
    """Run one command, show it as a user would type it, and stop the demo if its exit code is not the expected one."""
    sys.stdout.write(f"\n=== {title}\n$ preflight {' '.join(arguments)}\n\n")
    sys.stdout.flush()
    command = [sys.executable, "-m", "preflight", *arguments]
    code = subprocess.run(command, cwd=HERE, env=environ, check=False).returncode
    sys.stdout.write(f"(exit code {code})\n")
    sys.stdout.flush()
    if code != expect:
        sys.exit(f"the demo expected exit code {expect}")


def address(file: Path, sandbox: subprocess.Popen[bytes]) -> str:
    """The sandbox's address, once it has written it."""
    for _ in range(200):
        if file.exists() and (url := file.read_text("utf-8").strip()):
            return url
        if sandbox.poll() is not None:
            break
        time.sleep(0.05)
    sys.exit("the sandbox did not start")


def main() -> None:
    """Run the demo."""
    subprocess.run([sys.executable, str(HERE / "load.py")], check=True)
    environ = {key: value for key, value in os.environ.items() if not key.startswith("MP_")} | SECRETS
    step("A check that fails", "check", "broken.yml", expect=1, environ=environ)
    step("The corrected project", "check", expect=0, environ=environ)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "url"
        command = [sys.executable, "-m", "preflight", "sandbox", "--url-file", str(file)]
        sandbox = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            url = address(file, sandbox)
            environ |= {
                "MP_API_URL": f"{url}/platform/v2",
                "MP_TOKEN_URL": f"{url}/oauth/token",
                "MP_CLIENT_ID": "demo-client",
                "MP_CLIENT_SECRET": "demo-secret",
            }
            step("What apply would do", "plan", expect=0, environ=environ)
            step("Apply, against the local sandbox", "apply", "--yes", expect=0, environ=environ)
            step("A second apply changes nothing", "apply", "--yes", expect=0, environ=environ)
        finally:
            sandbox.terminate()
            sandbox.wait(timeout=10)


if __name__ == "__main__":
    main()

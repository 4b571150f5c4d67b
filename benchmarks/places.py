"""The environments and files that the benchmarks use: made on the first run, in a folder that git ignores."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
WORK = ROOT / ".cache" / "benchmarks"
PEERS = {"sqlfluff": "sqlfluff", "sqlmesh": "sqlmesh", "sqruff": "sqruff"}
_OURS = {"pure": "local", "speed": "local,speed"}


def python(name: str) -> Path:
    """The interpreter of an environment that holds preflight: ``pure``, or ``speed`` with the compiled sqlglot."""
    return _environment(name, "-e", f"{ROOT}[{_OURS[name]}]", "pandas") / "python"


def peer(name: str) -> Path:
    """A peer's command, each in an environment of its own."""
    return _environment(name, PEERS[name]) / name


def _environment(name: str, *requirements: str) -> Path:
    """An environment's commands; it is made anew where it was made in another way.

    With a current pip: the launcher that an old one writes imports ``re``, which takes longer than ``--version``.
    """
    folder = WORK / "environments" / name
    make = ["venv", "--clear", "--upgrade-deps"]
    ready, made = folder / "ready", " ".join((*make, *requirements))
    if not ready.exists() or ready.read_text("utf-8") != made:
        subprocess.run([sys.executable, "-m", *make, folder], check=True)
        pip = [folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        subprocess.run([*pip, *requirements], check=True)
        ready.write_text(made, "utf-8")
    return folder / "bin"


def versions(name: str, *packages: str) -> str:
    """The packages' versions in an environment."""
    code = "import sys\nfrom importlib.metadata import version as v\nfor p in sys.argv[1:]: print(p, v(p))"
    command = [WORK / "environments" / name / "bin" / "python", "-c", code, *packages]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return ", ".join(said.splitlines())

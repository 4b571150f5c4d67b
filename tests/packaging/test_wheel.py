"""The wheel, as somebody installs it who has nothing of this repository."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from preflight import __version__

ROOT = Path(__file__).parents[2]
PACKAGES = ("preflight", "preflight_adapters", "preflight_rules")

pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path, expect: int = 0) -> str:
    """Run without what leads to this checkout; the output, both streams together."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MP_"))}
    arguments = [str(part) for part in command]
    done = subprocess.run(arguments, cwd=cwd, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == expect, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an environment that holds the wheel and what it needs, no extras."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    run(folder / "bin" / "python", "-m", "pip", "install", "--quiet", wheel, cwd=folder)
    return folder / "bin"


def test_the_wheel_holds_the_packages_and_their_data_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    info = f"mparticle_preflight-{__version__}.dist-info"
    assert {name.partition("/")[0] for name in names} == {*PACKAGES, info}
    assert {f"{package}/py.typed" for package in PACKAGES} <= set(names)
    assert {"preflight/limits.json", "preflight/config/schema.json", f"{info}/licenses/LICENSE"} <= set(names)
    data = (".py", ".toml", ".json", ".css", "/py.typed")
    strays = [name for name in names if not name.endswith(data) and info not in name]
    assert strays == []
    assert not [name for name in names if {"tests", "cases", "servers"} & set(name.split("/"))]


def test_every_package_file_of_the_checkout_is_in_the_wheel(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    homes = (ROOT / "preflight", ROOT / "adapters" / "preflight_adapters", ROOT / "rules" / "preflight_rules")
    kept = {".py", ".toml", ".json", ".typed"}
    files = {f.relative_to(home.parent).as_posix() for home in homes for f in home.rglob("*") if f.suffix in kept}
    assert files - names == set()


def test_the_command_and_the_packages_work_without_extras(installed: Path, tmp_path: Path) -> None:
    assert run(installed / "preflight", "--version", cwd=tmp_path) == f"preflight {__version__}\n"
    run(installed / "python", "-W", "error", "-c", f"import {', '.join(PACKAGES)}", cwd=tmp_path)
    run(installed / "preflight", "init", cwd=tmp_path)
    assert "0 errors" in run(installed / "preflight", "check", cwd=tmp_path)


def test_the_pytest_plugin_is_announced(installed: Path, tmp_path: Path) -> None:
    code = "from importlib.metadata import entry_points as e; print([p.value for p in e(group='pytest11')])"
    assert "'preflight.pytest_plugin'" in run(installed / "python", "-c", code, cwd=tmp_path)


def test_a_missing_extra_is_named(installed: Path, tmp_path: Path) -> None:
    assert "mparticle-preflight[sandbox]" in run(installed / "preflight", "sandbox", cwd=tmp_path, expect=2)
    run(installed / "preflight", "init", cwd=tmp_path)
    project = tmp_path / "preflight.yml"
    project.write_text(project.read_text("utf-8").replace("# introspect:", "introspect:"), "utf-8")
    (tmp_path / "warehouse.duckdb").touch()
    assert "mparticle-preflight[local]" in run(installed / "preflight", "check", cwd=tmp_path, expect=3)

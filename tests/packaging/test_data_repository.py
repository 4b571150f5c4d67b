"""A data repository's own tests, in an environment of its own that holds the wheel and pytest."""

from __future__ import annotations

import shutil
import venv
from pathlib import Path

import pytest

from tests.packaging.test_wheel import ROOT, run, wheel

__all__ = ["wheel"]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def repository(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folder of programs and a copy of the example's folder."""
    environment = tmp_path_factory.mktemp("environment")
    venv.create(environment, with_pip=True)
    pip = environment / "bin" / "python", "-m", "pip", "install", "--quiet"
    run(*pip, f"{wheel}[local,sandbox]", "pytest", "pytest-xdist", cwd=environment)
    folder = tmp_path_factory.mktemp("repository") / "data"
    shutil.copytree(ROOT / "examples" / "data-repository", folder)
    return environment / "bin", folder


def test_its_tests_pass(repository: tuple[Path, Path]) -> None:
    programs, folder = repository
    said = run(programs / "pytest", "-q", "-W", "error", cwd=folder)
    assert "4 passed" in said


def test_each_pipeline_and_rule_is_an_item_where_that_is_asked_for(repository: tuple[Path, Path]) -> None:
    programs, folder = repository
    offline = ("--preflight", "--preflight-offline", "--preflight-allow-unproven")
    said = run(programs / "pytest", "-q", *offline, "sync", cwd=folder)
    assert " failed" not in said
    assert " xfailed" in said
    listed = run(programs / "pytest", "--preflight", "--collect-only", "-q", "-m", "preflight_offline", cwd=folder)
    assert "contacts-pipeline::PF" in listed


def test_it_passes_on_two_workers(repository: tuple[Path, Path]) -> None:
    programs, folder = repository
    assert "4 passed" in run(programs / "pytest", "-q", "-n", "2", "--dist", "loadfile", cwd=folder)


def test_a_broken_model_fails_its_item_with_the_line(repository: tuple[Path, Path], tmp_path: Path) -> None:
    programs, folder = repository
    broken = tmp_path / "data"
    shutil.copytree(folder, broken)
    model = broken / "sync" / "models" / "contacts.sql"
    model.write_text(model.read_text("utf-8").replace("c.city AS city", "c.city AS email"), "utf-8")
    said = run(
        programs / "pytest", "-q", "--preflight", "--preflight-allow-unproven", "-k", "duplicate", cwd=broken, expect=1
    )
    assert "models/contacts.sql:4" in said
    assert "duplicate-output-column" in said

from __future__ import annotations

from pathlib import Path

import pytest

from preflight.config import Project, load
from tests.config.projects import GOOD, Write


@pytest.fixture
def project(tmp_path: Path) -> Write:
    def write(text: str = GOOD, **files: str | bytes) -> Project:
        (tmp_path / "models").mkdir(exist_ok=True)
        (tmp_path / "models" / "contacts.sql").write_text("SELECT 1 AS a")
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        (tmp_path / "preflight.yml").write_bytes(text.encode())
        return load(tmp_path)

    return write

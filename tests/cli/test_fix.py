from __future__ import annotations

import subprocess
from pathlib import Path

from tests.until import PATIENCE_SECONDS

from .command import PROJECT, project, run

SQL = "SELECT c.CUSTOMER_ID,\tc.UPDATED_AT, -- é\r\n  UPPER(c.CITY)\r\nFROM PUBLIC.CONTACTS AS c;\r\n"
FIXED = (
    "SELECT c.CUSTOMER_ID,\tc.UPDATED_AT, -- é\r\n  UPPER(c.CITY) AS upper_city\r\nFROM CRM.PUBLIC.CONTACTS AS c\r\n"
)


def written(folder: Path, data: bytes) -> Path:
    project(folder)
    (folder / "models" / "model.sql").write_bytes(data)
    return folder


def test_fix_keeps_marks_line_ends_and_rights(tmp_path: Path) -> None:
    file = written(tmp_path, b"\xef\xbb\xbf" + SQL.encode()) / "models" / "model.sql"
    file.chmod(0o640)
    done = run("check", "--offline", "--fix", cwd=tmp_path)
    assert file.read_bytes() == b"\xef\xbb\xbf" + FIXED.encode()
    assert file.stat().st_mode & 0o777 == 0o640
    assert done.returncode == 0
    assert "note: fixed 3 findings" in done.stderr
    assert "trailing-semicolon" not in done.stdout
    assert sorted(path.name for path in file.parent.iterdir()) == ["model.sql"]


def test_a_second_fix_changes_nothing(tmp_path: Path) -> None:
    file = written(tmp_path, SQL.encode()) / "models" / "model.sql"
    run("check", "--offline", "--fix", cwd=tmp_path)
    before = file.read_bytes(), file.stat().st_mtime_ns
    done = run("check", "--offline", "--fix", cwd=tmp_path)
    assert "note: fixed 0 findings" in done.stderr
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before


def test_diff_writes_nothing_and_can_be_applied(tmp_path: Path) -> None:
    sql = SQL.replace("\r\n", "\n")
    file = written(tmp_path, sql.encode()) / "models" / "model.sql"
    done = run("check", "--offline", "--diff", "-o", "json:report.json", cwd=tmp_path)
    assert file.read_bytes() == sql.encode()
    assert done.returncode == 1
    assert done.stdout.startswith("--- a/models/model.sql\n+++ b/models/model.sql\n")
    assert (tmp_path / "report.json").exists()
    patch = ["patch", "-p1", "--silent"]
    subprocess.run(patch, input=done.stdout.encode(), cwd=tmp_path, check=True, timeout=PATIENCE_SECONDS)
    assert file.read_bytes() == FIXED.replace("\r\n", "\n").encode()


def test_what_could_not_be_fixed_is_said_with_its_reason(tmp_path: Path) -> None:
    written(tmp_path, b"SELECT c.CUSTOMER_ID, c.UPDATED_AT\nFROM CONTACTS AS c")
    done = run("check", "--offline", "--fix", cwd=tmp_path)
    assert done.returncode == 1
    assert "note: models/model.sql:2: unqualified-table is not fixed: its connection names no database" in done.stderr


def test_a_secret_beside_the_query_reaches_no_diff(tmp_path: Path) -> None:
    other = "  - {id: other, name: Other, service_provider: redshift, config: {host: h, password: hunter2-canary}}\n"
    model = "sql_query: |\n      SELECT c.CUSTOMER_ID, c.UPDATED_AT FROM CRM.PUBLIC.CONTACTS AS c;\n"
    model += "    id: model\n    name: Model\n    type: sql"
    text = PROJECT.replace("{id: model, name: Model, type: sql, sql_file: models/model.sql}", model)
    text = text.replace("data_models:\n", f"{other}data_models:\n")
    folder = project(tmp_path, "", text)
    done = run("check", "--offline", "--diff", cwd=folder)
    assert "CONTACTS AS c;" in done.stdout
    assert "*****" in done.stdout
    assert "hunter2-canary" not in done.stdout + done.stderr
    run("check", "--offline", "--fix", cwd=folder)
    assert "hunter2-canary" in (folder / "preflight.yml").read_text("utf-8")


def test_fix_and_diff_are_two_things(tmp_path: Path) -> None:
    assert run("check", "--fix", "--diff", cwd=project(tmp_path)).returncode == 2


def test_a_link_is_followed(tmp_path: Path) -> None:
    written(tmp_path, SQL.encode())
    real = tmp_path / "real.sql"
    (tmp_path / "models" / "model.sql").replace(real)
    (tmp_path / "models" / "model.sql").symlink_to("../real.sql")
    run("check", "--offline", "--fix", cwd=tmp_path)
    assert real.read_bytes() == FIXED.encode()
    assert (tmp_path / "models" / "model.sql").is_symlink()

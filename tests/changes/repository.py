"""A git repository on disk, made by git itself."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.cli.command import project

TWO = """\
version: 1
include: [pipelines/*.yml]
connections:
  - id: warehouse
    name: Warehouse connection
    service_provider: snowflake
    config: {account_identifier: xy98765, region: eu-central-1, warehouse: W, database: CRM, role: R, user: U,
             password: {env: SNOWFLAKE_PASSWORD}, aws_iam_user_arn: "arn:aws:iam::111122223333:user/ext/stage-abc",
             aws_external_id: "XY98765_SFCRole=2_exampleId="}
data_models:
  - {id: model, name: A model, type: sql, sql_file: models/model.sql}
  - {id: other, name: Other model, type: sql, sql_file: models/other.sql}
  - {id: unused, name: Unused model, type: sql, sql_file: models/unused.sql}
"""
PIPELINE = """\
pipelines:
  - id: {id}
    name: The pipeline
    connection_id: warehouse
    data_model_id: {model}
    partner_feed_id: 7
    environment: development
    sync_mode: {{type: incremental, iterator_field: UPDATED_AT, iterator_data_type: timestamp_ntz, time_zone: UTC}}
    schedule: {{type: interval, frequency: daily, start_time: 2026-12-01T03:05:00Z}}
"""


def git(folder: Path, *arguments: str) -> str:
    """Run git as somebody, whatever this machine's own settings are."""
    who = {
        f"GIT_{role}_{what}": "someone@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    environ = {**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(["git", *arguments], cwd=folder, env=environ, check=True, capture_output=True, text=True)
    return done.stdout


def commit(folder: Path, message: str = "A change") -> None:
    """Commit everything."""
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", message)


def repository(top: Path, folder: str = "sync") -> Path:
    """A repository with a project of two pipelines in a folder of it, on the branch ``main``."""
    git(top, "init", "-q", "-b", "main")
    root = project(top / folder, text=TWO)
    for name in ("other", "unused"):
        (root / "models" / f"{name}.sql").write_text(
            f"SELECT t.CUSTOMER_ID, t.UPDATED_AT FROM CRM.PUBLIC.{name} AS t\n", "utf-8"
        )
    (root / "pipelines").mkdir()
    for id_, model in (("contacts", "model"), ("others", "other")):
        (root / "pipelines" / f"{id_}.yml").write_text(PIPELINE.format(id=id_, model=model), "utf-8")
    commit(top, "A project")
    return root


def edit(file: Path, old: str, new: str) -> None:
    """Replace a text in a file, which must be there."""
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")

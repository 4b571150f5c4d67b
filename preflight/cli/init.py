"""``preflight init``."""

from __future__ import annotations

from pathlib import Path

import click

from preflight.cli.output import write
from preflight.errors import UsageError

_PROJECT = """\
# yaml-language-server: $schema=.preflight/schema.json
version: 1
workspace: 5328 # your workspace's id (the sandbox's is 5328); credentials: MP_CLIENT_ID and MP_CLIENT_SECRET

connections:
  - id: warehouse-connection
    name: Warehouse connection
    service_provider: snowflake # or bigquery, redshift, databricks
    config: # the provider's settings, by the API's names; a secret is always {env: NAME}
      account_identifier: xy12345
      region: us-east-1
      warehouse: SYNC_WH
      database: CRM
      role: MPARTICLE_READER
      user: MPARTICLE_SVC
      password: {env: SNOWFLAKE_PASSWORD}
      aws_iam_user_arn: "arn:aws:iam::111122223333:user/ext/stage-abc"
      aws_external_id: "XY12345_SFCRole=2_exampleId="
    # introspect: {local: warehouse.duckdb} # read a DuckDB file in place of the warehouse

data_models:
  - {id: customers-model, name: Customers model, type: sql, sql_file: models/customers.sql}

pipelines:
  - id: customers-pipeline
    name: Customers pipeline
    connection_id: warehouse-connection
    data_model_id: customers-model
    partner_feed_key: {env: MP_FEED_KEY}
    environment: development
    sync_mode:
      type: incremental
      iterator_field: UPDATED_AT
      iterator_data_type: timestamp_ntz
      time_zone: UTC
    schedule: {type: interval, frequency: daily, start_time: 2027-01-01T03:05:00Z}
"""
_MODEL = """\
SELECT
  c.CUSTOMER_ID AS "customer_id",
  c.TIER AS "tier",
  c.UPDATED_AT
FROM CRM.PUBLIC.CUSTOMERS AS c
"""


@click.command("init")
@click.argument("path", type=click.Path(path_type=Path, file_okay=False), default=".")
def command(path: Path) -> int:
    """Write a small project into PATH (this folder, unless given); nothing is overwritten.

    \b
    Example:
      preflight init
      preflight init sync && preflight check sync
    """
    import json
    import os

    from preflight.config.schema import json_schema

    files = {
        path / "preflight.yml": _PROJECT,
        path / "models" / "customers.sql": _MODEL,
        path / ".preflight" / "schema.json": json.dumps(json_schema(), indent=2) + "\n",
    }
    for file in (*files, path / "preflight.yaml"):
        if os.path.lexists(file):
            raise UsageError(
                f"{file} exists already", remedy="choose another folder, or edit the project that is there"
            )
    for file, text in files.items():
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("x", encoding="utf-8") as stream:
                stream.write(text)
        except OSError as error:
            raise UsageError(f"{file} cannot be written: {error.strerror}", remedy="choose another folder") from None
        write(f"wrote {file}\n")
    write("next: put your own tables in, then run `preflight check`\n")
    return 0

"""A project on disk with a DuckDB stand-in, and the command line run on it, here or in a process of its own."""

import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import duckdb
import yaml

from preflight.cli import run

ROOT = Path(__file__).parents[2]
SECRETS = {"SNOWFLAKE_PASSWORD": "canary-password", "FEED_KEY": "canary-feed-key"}
WAREHOUSE = """
CREATE SCHEMA public;
CREATE TABLE public.contacts AS
SELECT i::VARCHAR AS customer_id, TIMESTAMP '2026-11-20 00:30:00' + INTERVAL (i) HOUR AS updated_at
FROM range(48) AS r(i);
"""
SQL = "SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c\n"


def document():
    """The project as YAML's values."""
    return {
        "version": 1,
        "workspace": 5328,
        "connections": [
            {
                "id": "crm",
                "name": "CRM",
                "service_provider": "snowflake",
                "config": {
                    "account_identifier": "xy98765",
                    "region": "eu-central-1",
                    "warehouse": "SYNC_WH",
                    "database": "CRM",
                    "role": "MPARTICLE_READER",
                    "user": "MPARTICLE_SVC",
                    "password": {"env": "SNOWFLAKE_PASSWORD"},
                    "aws_iam_user_arn": "arn:aws:iam::111122223333:user/ext/stage-abc",
                    "aws_external_id": "XY98765_SFCRole=2_exampleId=",
                },
                "introspect": {"local": "stand-in.duckdb"},
            }
        ],
        "data_models": [{"id": "contacts-model", "name": "Contacts", "type": "sql", "sql_file": "models/contacts.sql"}],
        "field_transformations": [],
        "pipelines": [
            {
                "id": "contacts",
                "name": "Contacts",
                "connection_id": "crm",
                "data_model_id": "contacts-model",
                "partner_feed_key": {"env": "FEED_KEY"},
                "environment": "development",
                "sync_mode": {
                    "type": "incremental",
                    "iterator_field": "UPDATED_AT",
                    "iterator_data_type": "timestamp_ntz",
                    "time_zone": "UTC",
                },
                "schedule": {"type": "interval", "frequency": "daily", "start_time": "2027-12-01T00:30:00Z"},
            }
        ],
    }


class Plain(yaml.SafeDumper):
    """YAML without aliases, as a project file has to be."""

    def ignore_aliases(self, data):
        return True


class Disk:
    """One project in a folder, and the environment of its runs."""

    def __init__(self, folder, sandbox):
        self.folder = folder
        self.sandbox = sandbox
        self.document = document()
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("MP_")},
            **SECRETS,
            **sandbox.environment(),
            "MP_API_URL": sandbox.api_url,
            "MP_TOKEN_URL": sandbox.token_url,
            "XDG_STATE_HOME": str(folder / "state"),
            "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in ("", "adapters", "rules")),
        }
        (folder / "models").mkdir()
        (folder / "models" / "contacts.sql").write_text(SQL)
        self.fill(WAREHOUSE)
        self.write()

    @property
    def pipeline(self):
        return self.document["pipelines"][0]

    def write(self):
        dumped = yaml.dump(self.document, Dumper=Plain, sort_keys=False).replace(
            "'2027-12-01T00:30:00Z'", "2027-12-01T00:30:00Z"
        )
        (self.folder / "preflight.yml").write_text(dumped)

    def fill(self, statements):
        with duckdb.connect(str(self.folder / "stand-in.duckdb")) as connection:
            connection.execute(statements)

    def start(self, *arguments):
        return subprocess.Popen(
            [sys.executable, "-m", "preflight", *map(str, arguments)],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments, expect=0):
        """What the command wrote to stdout and to stderr, if its exit code is the expected one."""
        out, err, home, environ = StringIO(), StringIO(), Path.cwd(), dict(os.environ)
        try:
            os.chdir(self.folder)
            os.environ.clear()
            os.environ.update(self.environ)
            with redirect_stdout(out), redirect_stderr(err):
                code = run([str(argument) for argument in arguments])
        finally:
            os.chdir(home)
            os.environ.clear()
            os.environ.update(environ)
        written = out.getvalue(), err.getvalue()
        assert code == expect, "\n".join((f"exit {code}", *written))
        for secret in ("canary", *SECRETS.values()):
            assert secret not in "".join(written)
        return written

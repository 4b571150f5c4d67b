"""What the workspace holds is taken into files that people have written, and nothing else in them changes."""

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.deploy.merge import replayed

COMMENTED = """\
# What the shop syncs.
version: 1
workspace:   {id: 5328}   # the EU one

connections:
  # asked for in C-118
  - id: crm
    name: CRM connection          # keep this name
    service_provider: Snowflake
    config: {account_identifier: xy98765, region: eu-central-1, warehouse: W, database: CRM, role: R, user: U,
             password: {env: SNOWFLAKE_PASSWORD}, aws_iam_user_arn: "arn:aws:iam::111122223333:user/ext/stage-abc",
             aws_external_id: 'XY98765_SFCRole=2_exampleId='}
    introspect: {local: stand-in.duckdb}

data_models:
  - {id: contacts-model, name: Contacts model, type: sql, sql_file: models/contacts.sql}

pipelines:
-   id: contacts
    name: Contacts
    connection_id: crm
    data_model_id: contacts-model
    partner_feed_key: {env: FEED_KEY}
    environment: development
    # twice a week was too often
    sync_mode: {type: incremental, iterator_field: UPDATED_AT, iterator_data_type: timestamp_ntz, time_zone: UTC}
    schedule:
        type: interval
        frequency: daily   # not hourly
        start_time: 2026-12-01T03:05:00Z
"""


@pytest.fixture
def applied(disk):
    (disk.folder / "preflight.yml").write_text(COMMENTED)
    disk.run("apply", "--yes")
    return disk


def text(disk):
    return (disk.folder / "preflight.yml").read_text()


def changed(before, after):
    """The lines that were taken out and put in."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]


def replace(disk, kind, identity, **fields):
    disk.sandbox.state.replace(kind, identity, {**disk.sandbox.state.stored(kind, identity), **fields})


def test_nothing_is_written_where_nothing_differs(applied):
    before = text(applied)
    said, _ = applied.run("import", "--merge")
    assert "says all that the workspace holds" in said
    assert text(applied) == before


def test_a_changed_field_changes_its_line_alone(applied):
    before = text(applied)
    schedule = {"type": "interval", "frequency": "weekly", "start_time": "2026-12-01T03:05:00Z"}
    replace(applied, "pipelines", "contacts", schedule=schedule)
    applied.run("import", "--merge")
    assert [line.split() for line in changed(before, text(applied))] == [
        ["-", "frequency:", "daily", "#", "not", "hourly"],
        ["+", "frequency:", "weekly", "#", "not", "hourly"],
    ]
    applied.run("plan", "--exit-code")


def test_a_changed_query_goes_into_its_own_file(applied):
    before = text(applied)
    sql = "SELECT c.CUSTOMER_ID, c.UPDATED_AT FROM CRM.PUBLIC.CONTACTS AS c WHERE c.CUSTOMER_ID > 0\n"
    replace(applied, "data_models", "contacts-model", sql_query=sql)
    applied.run("import", "--merge")
    assert text(applied) == before
    assert (applied.folder / "models" / "contacts.sql").read_text() == sql
    applied.run("plan", "--exit-code")


def test_what_the_project_lacks_is_put_behind_what_it_has(applied):
    before = text(applied)
    body = {"id": "orders-model", "name": "Orders", "type": "sql", "sql_query": "SELECT 1 AS a\n"}
    applied.sandbox.state.create("data_models", body)
    applied.run("import", "--merge")
    after = changed(before, text(applied))
    assert after
    assert all(line.startswith("+") for line in after)
    assert (applied.folder / "models" / "orders-model.sql").read_text() == "SELECT 1 AS a\n"
    applied.run("plan", "--exit-code")


def test_what_the_workspace_lacks_stays(applied):
    before = text(applied)
    applied.sandbox.state.delete("pipelines", "contacts")
    applied.run("import", "--merge")
    assert text(applied) == before


def test_a_second_merge_changes_nothing(applied):
    replace(applied, "connections", "crm", name="CRM: new")
    applied.run("import", "--merge")
    after = text(applied)
    assert "CRM: new" in after
    assert "# keep this name" in after
    assert "canary" not in after
    applied.run("import", "--merge")
    assert text(applied) == after


LINES = st.lists(st.sampled_from(["a\n", "b\n", "c: 1\n", "d\n"]), max_size=8)


@given(LINES, LINES)
def test_without_other_formatting_the_changes_are_simply_made(before, after):
    old, new = "".join(before), "".join(after)
    assert replayed(old, old, new) == new


@given(LINES)
def test_without_changes_the_text_stays(lines):
    text = "".join(line.replace(": ", ":    ") for line in lines)
    plain = "".join(lines)
    assert replayed(text, plain, plain) == text

"""What the contacts' sync would do with the rows that matter, on a DuckDB file that stands in for BigQuery."""

import pytest

from preflight.sandbox.faults import Fault

TABLE = """
CREATE SCHEMA sales;
CREATE TABLE sales.contacts (customer_id VARCHAR, email VARCHAR, city VARCHAR, updated_at TIMESTAMPTZ);
"""


@pytest.fixture
def contacts(preflight_warehouse):
    preflight_warehouse.execute(TABLE)
    preflight_warehouse.execute(
        "INSERT INTO sales.contacts VALUES ('c1', 'ann@example.com', 'Bonn', '2026-11-01 12:00:00+00')"
    )
    return preflight_warehouse


def test_the_sync_is_proven(contacts, preflight_report):
    preflight_report.assert_proven("PF1", "PF2", "PF3", "PF4")
    assert not preflight_report.findings("duplicate-output-column")


def test_a_backfill_on_one_instant_is_too_much_for_any_hour(contacts, preflight_report):
    contacts.execute(
        "INSERT INTO sales.contacts SELECT 'b' || i, 'b' || i || '@example.com', 'Bonn', '2026-11-02 03:00:00+00'"
        " FROM range(1_000_001) AS r(i)"
    )
    [finding] = preflight_report.findings("window-over-record-limit")
    assert "1,000,001" in finding.message
    assert not preflight_report.passed


def test_a_misspelt_identity_is_named(contacts, preflight_project, preflight_report):
    assert preflight_project.pipeline("contacts-pipeline")
    contacts.execute("ALTER TABLE sales.contacts RENAME email TO e_mail")
    [finding] = preflight_report.findings("query-refused-by-warehouse")
    assert "email" in finding.message


def test_a_refused_token_fails_the_run(contacts, preflight_sandbox, preflight_report):
    preflight_sandbox.fail("POST", "/oauth/token", Fault(status=401))
    assert preflight_report.report.failures
    assert not preflight_report.passed

"""The driver's errors as ours: by SQLSTATE, never by class, and without secrets or values of rows."""

from __future__ import annotations

import socket

import pytest

from preflight.errors import Cause
from preflight.scrub import Scrubber
from preflight_adapters.redshift.errors import from_driver, from_server
from preflight_adapters.redshift.queries import Statement

CANARY = "canary-7Jq2"
SCRUB = Scrubber([CANARY])


@pytest.mark.parametrize(
    ("state", "message", "cause", "name"),
    [
        ("42P01", 'relation "crm.ordres" does not exist', Cause.NOT_FOUND, "crm.ordres"),
        ("3F000", 'schema "cmr" does not exist', Cause.NOT_FOUND, "cmr"),
        ("42703", 'column "totl" does not exist in o', Cause.BAD_COLUMN, "totl"),
        ("42703", "column o.totl does not exist", Cause.BAD_COLUMN, "totl"),
        ("42601", 'syntax error at or near "FORM"', Cause.SYNTAX, ""),
        ("42501", "permission denied for relation orders", Cause.PERMISSION, "orders"),
        ("42501", 'permission denied for schema "crm"', Cause.PERMISSION, "crm"),
        ("42702", 'column reference "id" is ambiguous', Cause.INVALID, ""),
        ("42883", "function nosuch(integer) does not exist", Cause.INVALID, ""),
        ("0A000", "Specified types or functions not supported", Cause.INVALID, ""),
        ("57014", "Query (42) cancelled on user's request", Cause.TIMEOUT, ""),
        ("57014", "Query (42) cancelled by WLM abort action of Query Monitoring Rule", Cause.COST_CAP, ""),
        ("25006", "transaction is read-only", Cause.UNSUPPORTED, ""),
        ("28000", "password authentication failed", Cause.AUTH, ""),
        ("53300", "too many connections", Cause.RATE_LIMIT, ""),
        ("57P03", "the database system is starting up", Cause.NO_COMPUTE, ""),
        ("08006", "connection failure", Cause.NETWORK, ""),
        ("XX000", "Assert", Cause.OTHER, ""),
        ("", "", Cause.OTHER, ""),
    ],
)
def test_a_servers_error_by_its_state(state: str, message: str, cause: Cause, name: str) -> None:
    error = from_server({"S": "ERROR", "C": state, "M": message}, None, SCRUB)
    assert (error.cause, error.name, error.code) == (cause, name, state)
    assert error.message.startswith("Redshift says: ") is not cause.blames_query
    assert "\n" not in error.message


def test_a_position_is_moved_into_the_models_text() -> None:
    statement = Statement("SELECT * FROM (\nSELECT a FROM t\n) AS model", 16, 15)
    fields = {"C": "42703", "M": 'column "a" does not exist', "P": str(16 + 8)}
    assert from_server(fields, statement, SCRUB).offset == 7
    assert from_server(fields | {"P": "3"}, statement, SCRUB).offset is None
    assert from_server(fields | {"P": "-1"}, statement, SCRUB).offset is None


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("22P02", 'invalid input syntax for integer: "Jane Doe"'),
        ("22007", "invalid value 'Jane Doe' for timestamp"),
        ("XX000", "Invalid digit, Value 'Jane Doe', Pos 0, Type: Integer"),
        ("XX000", "Invalid digit, Value Jane Doe, Pos 0"),
    ],
)
def test_values_of_rows_are_left_out(state: str, message: str) -> None:
    error = from_server({"C": state, "M": message, "D": "Jane Doe", "H": "Jane Doe"}, None, SCRUB)
    assert "Jane" not in error.message


class AwsError(Exception):
    """As botocore's ClientError: its code lies in its answer."""

    def __init__(self, code: str) -> None:
        super().__init__(f"An error occurred ({code}) when calling GetClusterCredentials: {CANARY}")
        self.response = {"Error": {"Code": code}}


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (AwsError("AccessDenied"), Cause.AUTH),
        (AwsError("ExpiredToken"), Cause.AUTH),
        (AwsError("ThrottlingException"), Cause.RATE_LIMIT),
        (Exception(f"The config profile ({CANARY}) could not be found"), Cause.AUTH),
        (Exception("Unable to locate credentials"), Cause.AUTH),
        (Exception("BrokenPipe: server socket closed."), Cause.NETWORK),
        (Exception("communication error", ConnectionRefusedError(111, "Connection refused")), Cause.NETWORK),
        (Exception("connection time out", TimeoutError()), Cause.NETWORK),
        (Exception("Server refuses SSL"), Cause.NETWORK),
        (socket.gaierror(-2, "Name or service not known"), Cause.NETWORK),
        (KeyError(4711), Cause.DRIVER),
        (Exception(), Cause.DRIVER),
    ],
)
def test_what_carries_no_state_is_judged_by_its_code_or_text(error: Exception, cause: Cause) -> None:
    found = from_driver(error, None, SCRUB, connecting=True)
    assert found.cause is cause
    assert found.message
    assert CANARY not in found.message


@pytest.mark.parametrize("connecting", [True, False])
@pytest.mark.parametrize("before", range(470, 510, 3))
def test_no_part_of_a_secret_is_left_where_a_message_is_cut(before: int, connecting: bool) -> None:
    for first in (f"{'x' * before} {CANARY}", {"C": "28000", "M": f"{'x' * before} {CANARY}"}):
        found = from_driver(Exception(first), None, SCRUB, connecting=connecting)
        assert CANARY[:4] not in found.message


def test_an_error_of_the_login_blames_no_query() -> None:
    error = Exception({"C": "3D000", "M": 'database "nope" does not exist'})
    found = from_driver(error, None, SCRUB, connecting=True)
    assert not found.cause.blames_query
    assert from_driver(error, None, SCRUB, connecting=False).cause is Cause.NOT_FOUND

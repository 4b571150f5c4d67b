"""Snowflake's errors become ours by their codes; a place is one in the model's own text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.errors import Cause
from preflight.model import HistogramAsk, IteratorKind, Kind, Type
from preflight.scrub import Scrubber
from preflight_adapters.snowflake import queries
from preflight_adapters.snowflake.errors import cause, refused, refused_login

SCRUB = Scrubber(["canary-pw"])


@pytest.mark.parametrize(
    ("errno", "sqlstate", "wanted"),
    [
        (2003, "02000", Cause.NOT_FOUND),
        (2003, None, Cause.NOT_FOUND),
        (2043, "02000", Cause.NOT_FOUND),
        (904, "42000", Cause.BAD_COLUMN),
        (1003, "42000", Cause.SYNTAX),
        (3001, "42501", Cause.PERMISSION),
        (3540, "42501", Cause.PERMISSION),
        (979, "42601", Cause.INVALID),
        (2028, "42601", Cause.INVALID),
        (100038, "22018", Cause.INVALID),
        (630, "57014", Cause.TIMEOUT),
        (604, None, Cause.TIMEOUT),
        (606, "57P03", Cause.NO_COMPUTE),
        (90073, "22000", Cause.COST_CAP),
        (390114, "08001", Cause.AUTH),
        (250001, "08001", Cause.NETWORK),
        (2, "0A000", Cause.UNSUPPORTED),
        (4, None, Cause.NETWORK),
        (14, None, Cause.TIMEOUT),
        (13, None, Cause.OTHER),
        (-1, None, Cause.OTHER),
        (300005, "XX000", Cause.OTHER),
    ],
)
def test_causes(errno: int, sqlstate: str | None, wanted: Cause) -> None:
    assert cause(errno, sqlstate) is wanted


MODEL = 'SELECT\n  c.id,\n  c.custmer_id,\n  c."odd Name"\nFROM crm.public.contacts AS c'


def wrapped() -> str:
    ask = HistogramAsk(MODEL, "V", IteratorKind.ZONELESS, 0, 0)
    return queries.histogram(ask, Type(Kind.TIMESTAMP))


def told(statement: str, word: str, name: str, errno: int = 904) -> str:
    """The text in which Snowflake blames ``word``: lines from 1, positions from 0."""
    at = statement.index(word)
    line, position = statement.count("\n", 0, at) + 1, at - (statement.rfind("\n", 0, at) + 1)
    return f"SQL compilation error: error line {line} at position {position}\ninvalid identifier '{name}'"


@pytest.mark.parametrize("statement", [MODEL, wrapped()], ids=["alone", "wrapped"])
@pytest.mark.parametrize(("word", "name"), [("c.custmer_id", "C.CUSTMER_ID"), ('c."odd', 'C."odd Name"')])
def test_a_place_is_one_in_the_model(statement: str, word: str, name: str) -> None:
    error = refused(904, "42000", told(statement, word, name), scrub=SCRUB, statement=statement, model=MODEL)
    assert error.offset == MODEL.index(word)
    assert error.name == name.replace('"', "")
    assert error.code == "000904"


def test_a_place_where_the_blamed_word_does_not_stand_is_none() -> None:
    text = "SQL compilation error: error line 1 at position 3\ninvalid identifier 'NOPE'"
    assert refused(904, "42000", text, scrub=SCRUB, statement=MODEL, model=MODEL).offset is None


def test_a_place_in_the_wrapper_is_none() -> None:
    text = told(wrapped(), "at_second", "AT_SECOND")
    assert refused(904, "42000", text, scrub=SCRUB, statement=wrapped(), model=MODEL).offset is None


def test_a_missing_table_is_named() -> None:
    text = "SQL compilation error:\nObject 'CRM.PUBLIC.\"odd\"' does not exist or not authorized."
    error = refused(2003, "02000", text, scrub=SCRUB, statement=MODEL, model=MODEL)
    assert (error.name, error.offset) == ("CRM.PUBLIC.odd", None)
    assert "\n" not in error.message


def test_values_of_rows_are_not_told() -> None:
    text = "Numeric value 'ann@example.com' is not recognized"
    error = refused(100038, "22018", text, scrub=SCRUB)
    assert error.message == "Numeric value '…' is not recognized"
    assert error.name == ""


def test_a_login_that_fails_tells_no_secret() -> None:
    text = "Failed to login: Incorrect username or password was specified: canary-pw"
    error = refused_login(390100, "28000", text, scrub=SCRUB)
    assert error.cause is Cause.AUTH
    assert "canary-pw" not in error.message
    assert error.remedy


def test_an_option_that_is_wrong_is_a_login_that_is_wrong() -> None:
    assert refused_login(251007, None, "Configuration error", scrub=SCRUB).cause is Cause.AUTH
    assert refused_login(7, None, "Connection 'x' not found in config files", scrub=SCRUB).cause is Cause.AUTH
    assert refused_login(250001, "08001", "failed to lookup address", scrub=SCRUB).cause is Cause.NETWORK


@given(st.integers(-1, 10**6), st.one_of(st.none(), st.text(max_size=5)), st.text())
def test_any_error_is_told(errno: int, sqlstate: str | None, text: str) -> None:
    error = refused(errno, sqlstate, text, scrub=SCRUB, statement=MODEL, model=MODEL)
    assert "\n" not in error.message
    assert len(error.message) <= 400

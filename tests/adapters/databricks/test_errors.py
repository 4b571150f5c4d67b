"""What Databricks says against a statement, as preflight's errors. The texts are constructed after its own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.errors import Cause
from preflight_adapters.databricks import errors

MODEL = "SELECT 'é😀' AS x,\n  /* 😀 */ nope FROM main.crm.contacts"
STATEMENT = f"DESCRIBE QUERY\n{MODEL}"
TRACE = "\n\tat org.apache.spark.sql.Dataset$.ofRows(Dataset.scala:99)\n\tat java.base/java.lang.Thread.run(Unknown)"
PLAN = "\n'Project ['nope]\n+- 'UnresolvedRelation [main, crm, contacts], [], false\n"


@pytest.mark.parametrize(
    ("text", "cause", "name"),
    [
        (
            f"[TABLE_OR_VIEW_NOT_FOUND] `main`.`crm`.`contcts` cannot be found. SQLSTATE: 42P01; line 1 pos 14;{PLAN}",
            Cause.NOT_FOUND,
            "main.crm.contcts",
        ),
        ("[SCHEMA_NOT_FOUND] The schema `main`.`cmr` cannot be found. SQLSTATE: 42704", Cause.NOT_FOUND, "main.cmr"),
        (
            "[UNRESOLVED_COLUMN.WITH_SUGGESTION] The column `c`.`nope` is unknown. SQLSTATE: 42703; line 1 pos 7",
            Cause.BAD_COLUMN,
            "nope",
        ),
        ("[PARSE_SYNTAX_ERROR] Syntax error at or near ','. SQLSTATE: 42601 (line 1, pos 9)", Cause.SYNTAX, ""),
        (
            "[INSUFFICIENT_PERMISSIONS] No:\nUser does not have USE SCHEMA on Schema 'main.crm'. SQLSTATE: 42501",
            Cause.PERMISSION,
            "main.crm",
        ),
        (
            "PERMISSION_DENIED: User does not have SELECT on Table 'main.crm.contacts'.",
            Cause.PERMISSION,
            "main.crm.contacts",
        ),
        ("[MISSING_GROUP_BY] The query does not include a GROUP BY clause. SQLSTATE: 42803", Cause.INVALID, ""),
        ("[UNSUPPORTED_FEATURE.TIME_TRAVEL] The feature is not supported. SQLSTATE: 0A000", Cause.INVALID, ""),
        ("[DIVIDE_BY_ZERO] Division by zero. SQLSTATE: 22012", Cause.INVALID, ""),
        ("[QUERY_EXECUTION_TIMEOUT_EXCEEDED] Too long. SQLSTATE: 57KD0", Cause.TIMEOUT, ""),
        ("Session handle 01f0 has not been initialized", Cause.NO_COMPUTE, ""),
        ("[INTERNAL_ERROR] Something broke. SQLSTATE: XX000", Cause.OTHER, ""),
        ("java.lang.NullPointerException", Cause.OTHER, ""),
        ("", Cause.OTHER, ""),
    ],
)
def test_a_refusal_has_its_cause_and_the_name_that_it_blames(text: str, cause: Cause, name: str) -> None:
    error = errors.refusal(text)
    assert (error.cause, error.name) == (cause, name)
    assert error.message
    assert "\n" not in error.message


def test_a_refusals_place_is_one_in_the_models_text() -> None:
    text = f"[UNRESOLVED_COLUMN] `nope` cannot be resolved. SQLSTATE: 42703; line 3 pos 10;{PLAN}{TRACE}"
    error = errors.refusal(text, statement=STATEMENT, model=MODEL)
    assert error.offset == MODEL.index("nope")
    assert error.message == "`nope` cannot be resolved."


@pytest.mark.parametrize("place", ["line 1 pos 3", "line 9 pos 0", "line 3 pos 900", "line 0 pos 0", "no place"])
def test_a_place_outside_the_models_text_is_none(place: str) -> None:
    text = f"[UNRESOLVED_COLUMN] `nope` cannot be resolved. SQLSTATE: 42703; {place}"
    assert errors.refusal(text, statement=STATEMENT, model=MODEL).offset is None


def test_a_place_in_a_message_about_a_row_counts_from_one() -> None:
    text = "[DIVIDE_BY_ZERO] Division by zero. SQLSTATE: 22012\n== SQL (line 2, position 8) ==\nSELECT 'é😀'"
    assert errors.refusal(text, statement=STATEMENT, model=MODEL).offset == 7


@pytest.mark.parametrize(
    "text",
    [
        """[CAST_INVALID_INPUT] The value 'hush 4711' of the type "STRING" cannot be cast to "INT". SQLSTATE: 22018""",
        "[CAST_INVALID_INPUT] The value 'o'hush 4711' is wrong. SQLSTATE: 22018",
        "[CANNOT_PARSE_TIMESTAMP] Text 'hush\n4711' could not be parsed. SQLSTATE: 22007",
        "[MALFORMED_RECORD_IN_PARSING] Malformed records are detected: [hush,4711]. SQLSTATE: 22023",
        "[CAST_OVERFLOW] The value 4711L of the type BIGINT overflows. SQLSTATE: 22003",
        """[INVALID_JSON] The value "a"hush"4711" is wrong. SQLSTATE: 22032""",
        """java.lang.NumberFormatException: For input string: "hush 4711\"""",
        "[USER_RAISED_EXCEPTION] 'hush' 4711 SQLSTATE: P0001",
    ],
)
def test_a_rows_value_is_not_passed_on(text: str) -> None:
    message = errors.refusal(text).message
    assert "hush" not in message
    assert "4711" not in message


def test_a_refusal_of_the_query_keeps_its_names() -> None:
    text = """[DATATYPE_MISMATCH] Cannot resolve "(email + 1)" due to "STRING" and "ARRAY<INT>". SQLSTATE: 42K09"""
    assert '"(email + 1)"' in errors.refusal(text).message


def test_types_stay_in_a_message_about_a_row() -> None:
    text = """[CAST_INVALID_INPUT] The value 'x' of the type "STRING" cannot be cast to "INT". SQLSTATE: 22018"""
    assert errors.refusal(text).message == """The value '…' of the type "STRING" cannot be cast to "INT"."""


@given(st.text(max_size=300), st.text(max_size=40), st.integers(-9, 99), st.integers(-9, 99))
def test_no_text_breaks_the_reading(text: str, model: str, line: int, column: int) -> None:
    error = errors.refusal(f"{text} line {line} pos {column}", statement=f"DESCRIBE QUERY\n{model}", model=model)
    assert error.offset is None or 0 <= error.offset < len(model)
    assert len(error.message) <= 400
    assert "\n" not in error.message


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (401, Cause.AUTH),
        (403, Cause.AUTH),
        (404, Cause.NO_COMPUTE),
        (429, Cause.RATE_LIMIT),
        (503, Cause.NO_COMPUTE),
        (418, Cause.NETWORK),
        (None, Cause.NETWORK),
    ],
)
def test_an_http_answer_has_its_cause_and_a_remedy(status: int | None, cause: Cause) -> None:
    error = errors.unreached("no", status)
    assert error.cause is cause
    assert error.remedy


def test_what_is_lacking_is_read() -> None:
    found = errors.lacking("User does not have USE CATALOG on Catalog 'main'. SQLSTATE: 42501")
    assert found == errors.Lacking("USE CATALOG", "catalog", "main")
    legacy = errors.lacking("User does not have permission SELECT on table `crm`.`contacts`.")
    assert legacy == errors.Lacking("SELECT", "table", "crm.contacts")
    assert errors.lacking("all is well") is None

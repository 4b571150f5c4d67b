import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.scrub import Scrubber
from preflight.workspace import answers
from preflight.workspace.answers import Answer

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def answer(body, status=400, **headers):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, content)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"statusCode": 400, "errors": [{"message": "Already in progress."}]}, "Already in progress."),
        ({"data": [], "dataType": "app", "errors": [{"code": "VALIDATION_ERROR", "message": "No name."}]}, "No name."),
        ({"errors": [{"message": "One.", "match_key": {}}, {"message": "Two."}, {"message": "One."}]}, "One. Two."),
        ({"errors": ["Bare text."]}, "Bare text."),
        ({"message": "Flat."}, "Flat."),
        ({"error": "access_denied", "error_description": "Unauthorized"}, "Unauthorized access_denied"),
        ({"error": {"message": "Nested."}}, "Nested."),
        ({"errors": None}, "no message"),
        ([1, 2], "no message"),
        (b"<html>502 Bad Gateway</html>", "28 bytes that are not JSON"),
        (b'{"errors": [{"mess', "18 bytes that are not JSON"),
        (b"[" * 100_000, "100000 bytes that are not JSON"),
        (b"\xff\xfe", "2 bytes that are not JSON"),
        (b"", "an empty body"),
    ],
)
def test_every_shape_of_an_error_body(body, said):
    assert answers.message(answer(body)) == said


def test_nesting_without_end_has_no_message():
    body: object = "deep"
    for _ in range(60):
        body = {"error": body}
    assert answers.message(answer(body)) == "no message"
    assert "levels" in answers.message(answer([[[[body, 1]]], {"a": [{"error": {"error": body}}]}]))


@pytest.mark.parametrize(
    ("status", "word"),
    [
        *((400, "Mend"), (401, "credential"), (403, "Admin"), (404, "workspace id"), (409, "plan"), (422, "Mend")),
        *((500, "request id"), (504, "request id"), (505, "warehouse"), (302, "redirects")),
    ],
)
def test_every_status_has_a_remedy(status, word):
    assert word in answers.remedy(answer({}, status))


def test_the_rate_limit_says_how_long_and_which():
    found = answers.remedy(answer({}, 429, retry_after="120", x_mp_rate_limit_exceeded="workspace"))
    assert "120 s" in found
    assert "workspace" in found


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7.0), ("Tue, 24 Nov 2026 00:00:30 GMT", 30.0), ("Mon, 23 Nov 2026 00:00:00 GMT", 0.0)]
    + [
        (text, None)
        for text in ("", "soon", "-5", "1.5", "²", "Tue, 99 Nov 2026 00:00:30 GMT", f"Tue, 24 Nov {9**30} 00:00:00 GMT")
    ],
)
def test_both_forms_of_retry_after(value, seconds):
    assert answers.retry_after(answer({}, 429, retry_after=value), NOW) == seconds


WHOLE = [{"id": "a"}]


@pytest.mark.parametrize(
    "body",
    [
        WHOLE,
        {"items": WHOLE},
        {"data": WHOLE, "total_pages": 1},
        {"items": WHOLE, "pagination": {"total_pages": "1", "total_items": 1, "next": None}},
        {"items": WHOLE, "pagination": {"total_pages": None}},
    ],
)
def test_a_list_bare_or_wrapped(body):
    assert answers.items(answer(body)) == [{"id": "a"}]


@pytest.mark.parametrize(
    "body",
    [
        {"items": [], "totalPages": 2},
        {"data": [], "pagination": {"total_pages": "3"}},
        {"items": WHOLE, "pagination": {"total_items": 120, "page_size": 1}},
        {"items": WHOLE, "totalCount": 2},
        {"items": WHOLE, "has_more": True},
        {"items": WHOLE, "nextPageToken": "x"},
        {"items": WHOLE, "links": {"next": "/connections?page=2"}},
        {"items": {}},
        "text",
        None,
        7,
    ],
)
def test_a_part_never_passes_for_the_whole_list(body):
    with pytest.raises(ValueError, match=r"pages|list|of \d+ resources"):
        answers.items(answer(body))


def test_a_link_to_the_next_page_makes_a_part():
    with pytest.raises(ValueError, match="pages"):
        answers.items(answer(WHOLE, link='<https://h/connections?page=2>; rel="next"'))


def test_what_could_steer_a_terminal_is_escaped():
    assert "\x1b" not in answers.shorten("\x1b[2J\u202e hello")
    assert len(answers.shorten("x" * 10_000)) == 500


@given(st.text(st.characters(exclude_characters="*"), min_size=1), st.text(st.characters(exclude_characters="*")))
def test_no_spelling_of_a_secret_survives(secret, around):
    scrub = Scrubber([secret])
    assert secret not in scrub(around + secret + around)
    echoed = json.loads(json.dumps({"message": f"bad {secret}"}))["message"]
    assert secret not in scrub(echoed)
    assert repr(secret)[1:-1] not in scrub(f"KeyError({secret!r})")


def test_a_secret_whose_spaces_were_folded_is_one_too():
    assert Scrubber(["canary  one\tlong"])("bad canary one long") == "bad ***"


def test_the_lines_of_a_key_file_are_secrets_too():
    scrub = Scrubber(['{\n "private_key": "-----BEGIN abcdefgh-----"\n}'])
    assert "abcdefgh" not in scrub('bad line: "private_key": "-----BEGIN abcdefgh-----"')
    assert scrub("a { b }") == "a { b }"

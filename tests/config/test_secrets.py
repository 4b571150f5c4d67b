from __future__ import annotations

import msgspec
import pytest

from preflight.config import Project
from preflight.config.secrets import is_secret_name, looks_secret
from tests.config.projects import GOOD, Write, kinds

CANARY = "hunter2-canary"
PASSWORD = "password: {env: SNOWFLAKE_PASSWORD}"
FEED = "partner_feed_key: {env: MP_FEED_KEY}"


def shown(project: Project) -> str:
    """Everything of a project that a report, a plan or a traceback could show."""
    parts = [repr(project), repr(project.connections), repr(project.pipelines), repr(project.workspace)]
    parts += [repr(problem) for problem in project.problems]
    parts += [source.text for source in project.sources.values()]
    return "\n".join(parts)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (PASSWORD, f"password: {CANARY}"),
        (PASSWORD, f"password: [{CANARY}]"),
        (PASSWORD, f"password: {{value: {CANARY}}}"),
        (PASSWORD, f"password: {{env: '{CANARY} x'}}"),
        (PASSWORD, f"Snowflake_PASSWORD: {CANARY}"),
        (PASSWORD, f"{PASSWORD}, password: {CANARY}"),
        (PASSWORD, f"service_account_key: {{client_email: a, private_key: {CANARY}}}"),
        (PASSWORD, f"deep: [{{deeper: {{client_secret: {CANARY}}}}}]"),
        (PASSWORD, f"url: 'https://me:{CANARY}@host/'"),
        (PASSWORD, f'pem: "-----BEGIN RSA PRIVATE KEY-----\\n{CANARY}"'),
        (PASSWORD, f"password: &{CANARY} x"),
        (PASSWORD, f"password: *{CANARY}"),
        (PASSWORD, f"password: !{CANARY} x"),
        ("    config: {", f"    password: {CANARY}\n    config: {{"),
        ("    config: {", f"    partner_feed_key: {CANARY}\n    config: {{"),
        ("connection_name: dev", f"token: {CANARY}"),
        (FEED, f"partner_feed_key: {CANARY}"),
        (FEED, f"partner_feed_key: |\n      {CANARY}\n      {CANARY}"),
        ("workspace: 5328", f"workspace: {{id: 5328, client_secret: {CANARY}}}"),
        ("workspace: 5328", f"workspace: {{id: 5328, api_url: 'https://a:{CANARY}@x'}}"),
        ("workspace: 5328", f"workspace: 5328\npassword: {CANARY}"),
    ],
)
def test_a_secret_that_is_written_out_is_named_and_shown_nowhere(project: Write, old: str, new: str) -> None:
    assert old in GOOD
    read = project(GOOD.replace(old, new, 1))
    assert "literal-secret" in kinds(read), read.problems
    assert CANARY not in shown(read)


@pytest.mark.parametrize("value", ["partner_feed_id: X", "sync_mode: X", "config: X", "include: X", "version: X"])
def test_a_secret_in_a_place_of_another_kind_is_not_repeated(project: Write, value: str) -> None:
    read = project(f"version: 1\npipelines: [{{{value.replace('X', CANARY)}}}]\n{value.replace('X', CANARY)}\n")
    assert read.problems
    assert CANARY not in "".join(problem.message + problem.remedy for problem in read.problems)


@pytest.mark.parametrize(
    "line",
    [
        f"password: {CANARY}",
        f"config: {{a: b, password: {CANARY}, token: {CANARY}}}",
        f"'client_secret' : '{CANARY}'",
        f"url: https://me:{CANARY}@host/",
        f"pem: |\n  -----BEGIN PRIVATE KEY-----\n  {CANARY}\n  -----END PRIVATE KEY-----",
    ],
)
def test_a_file_that_is_no_yaml_is_shown_without_its_secrets(project: Write, line: str) -> None:
    read = project(f"version: 1\n{line}\nplugins: [\n")
    assert kinds(read) == ["broken-yaml"]
    assert CANARY not in shown(read)


def test_masking_keeps_every_place(project: Write) -> None:
    text = GOOD.replace("{env: SNOWFLAKE_PASSWORD}", CANARY)
    masked = project(text).sources["preflight.yml"].text
    assert masked == text.replace(CANARY, "*" * len(CANARY))


def test_a_connection_with_a_secret_is_left_out_and_the_rest_goes_on(project: Write) -> None:
    read = project(GOOD.replace("{env: SNOWFLAKE_PASSWORD}", CANARY))
    assert kinds(read) == ["literal-secret"]
    assert read.broken == {("connections", "crm")}
    assert read.pipelines


def test_a_reference_holds_a_name(project: Write) -> None:
    read = project()
    assert read.pipelines[0].partner_feed_key is not None
    assert read.pipelines[0].partner_feed_key.read({"MP_FEED_KEY": "x"}) == "x"
    assert read.pipelines[0].partner_feed_key.read({"MP_FEED_KEY": ""}) is None
    assert b"MP_FEED_KEY" in msgspec.json.encode(read.pipelines[0].partner_feed_key)


@pytest.mark.parametrize("name", ["password", "PASSWORD", "client_secret", "azure_client_secret", "token", "api_key"])
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["private_key_file", "token_url", "passcode_in_password_", "literal-secret", "key", ""]
)
def test_names_of_what_is_no_secret(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize("text", ["https://host/a:b@c", "me@host", "SELECT 'a://b'", "-----BEGIN CERTIFICATE-----"])
def test_texts_that_are_no_secrets(text: str) -> None:
    assert not looks_secret(text)

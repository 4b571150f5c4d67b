import pytest

from preflight.config import EnvRef, WorkspaceConfig
from preflight.errors import UsageError, WorkspaceError
from preflight.workspace import Target, credentials, target
from preflight.workspace.target import is_loopback


def test_the_documented_addresses_are_the_default():
    found = target(WorkspaceConfig("5328"))
    assert found.name == "https://api.mparticle.com/platform/v2/workspaces/5328"
    assert found.token_url == "https://sso.auth.mparticle.com/oauth/token"
    assert not found.loopback


def test_a_trailing_slash_names_the_same_target():
    first, second = (target(WorkspaceConfig("1", api_url=f"http://localhost:80/v2{end}")) for end in ("", "/"))
    assert first == second


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.8.7", "[::1]", "localhost", "LOCALHOST"])
def test_loopback_by_its_spelling(host):
    assert is_loopback(f"http://{host}:8080/x")
    assert target(WorkspaceConfig("1", api_url=f"http://{host}:8080/x")).loopback


@pytest.mark.parametrize(
    "host",
    [
        *("localhost.example.com", "127.0.0.1.example.com", "127.0.0.1@example.com", "example.com#127.0.0.1"),
        *("128.0.0.1", "0.0.0.0", "[::ffff:127.0.0.1]", "127.1", "2130706433", ""),
        *("example.com\\@127.0.0.1", "localhost%00.example.com", "[::2]", "127.0.0.1\n"),
    ],
)
def test_what_only_looks_like_loopback_gets_no_plain_http(host):
    with pytest.raises(UsageError):
        target(WorkspaceConfig("1", api_url=f"http://{host}/x"))


@pytest.mark.parametrize(
    "url",
    [
        "ftp://api.example.com",
        "api.example.com",
        "https://user:pass@api.example.com",
        "https://a.example/x?y=1",
        "https://",
    ],
)
def test_an_address_is_scheme_host_and_path_alone(url):
    with pytest.raises(UsageError) as caught:
        target(WorkspaceConfig("1", token_url=url))
    assert "pass" not in caught.value.message
    assert "token_url" in caught.value.message


def test_a_path_may_not_climb():
    with pytest.raises(UsageError):
        target(WorkspaceConfig("1", api_url="https://a.example/x/../y"))


@pytest.mark.parametrize("name", ["", "..", "5/6", "5328?x", "5328\n"])
def test_a_workspace_id_is_a_slug(name):
    with pytest.raises(UsageError):
        target(WorkspaceConfig(name))


def test_a_project_without_a_workspace_has_no_target():
    with pytest.raises(UsageError) as caught:
        target(None)
    assert "preflight.yml" in caught.value.remedy


@pytest.mark.parametrize("secret", [None, ""])
def test_the_variable_that_is_not_set_is_named(secret):
    environ = {"MP_CLIENT_ID": "x"} | ({} if secret is None else {"MP_CLIENT_SECRET": secret})
    with pytest.raises(WorkspaceError) as caught:
        credentials(None, environ)
    assert "MP_CLIENT_SECRET" in caught.value.message
    assert "MP_CLIENT_ID" not in caught.value.message
    assert caught.value.exit_code == 3


def test_the_project_may_name_its_own_variables():
    config = WorkspaceConfig("1", client_id="literal", client_secret=EnvRef("OTHER"))
    found = credentials(config, {"OTHER": "canary", "MP_CLIENT_SECRET": "no"})
    assert (found.client_id, found.client_secret) == ("literal", "canary")
    assert "canary" not in repr(found)


def test_a_target_is_loopback_by_its_api_alone():
    assert not Target("1", "https://api.example.com", "http://127.0.0.1/token").loopback

"""The ways to log in to Google Cloud. With ``connect.py`` the only file that imports the driver's packages."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from preflight.errors import Cause, WarehouseError
from preflight_adapters._options import Options
from preflight_adapters._route import loopback

SCOPES = ("https://www.googleapis.com/auth/bigquery", "https://www.googleapis.com/auth/cloud-platform")
WAYS = ("credentials_file", "impersonate", "token", "credentials")
"""The options of ``introspect`` that say how to log in; without one of them the project's own key does it."""
DEFAULT = "application_default"
_SECRET_MEMBERS = ("private_key", "private_key_id", "refresh_token", "client_secret", "access_token", "token")


class Login(msgspec.Struct, frozen=True):
    """Credentials, and who they are."""

    credentials: Any
    principal: str
    """The service account's e-mail address; empty where the credentials do not say."""
    way: str
    """How they were found, for a reader."""


def log_in(options: Options, root: Path) -> Login:
    """The credentials that the options name, unused as yet; raises WarehouseError (AUTH, DRIVER)."""
    try:
        login = _source(options, root)
        if not (targets := _chain(options.given.get("impersonate"))):
            return login
        from google.auth import impersonated_credentials

        credentials = impersonated_credentials.Credentials(  # type: ignore[no-untyped-call]
            source_credentials=login.credentials,
            target_principal=targets[-1],
            delegates=targets[:-1],
            target_scopes=list(SCOPES),
        )
        return Login(credentials, targets[-1], f"{login.way}, impersonating {targets[-1]}")
    except WarehouseError:
        raise
    except ImportError:
        raise missing() from None
    except Exception as error:  # google-auth's and its parsers' errors have no base class in common
        raise _unusable(options.scrub(_first_line(error))) from None


def missing() -> WarehouseError:
    """That the driver is not installed."""
    return WarehouseError(
        Cause.DRIVER,
        "BigQuery is read with the google-cloud-bigquery package, which is not installed",
        remedy="pip install 'mparticle-preflight[bigquery]'",
    )


def endpoint(options: Options) -> str:
    """The API's base URL where the project gives one; raises WarehouseError (DRIVER) where it sends in the clear."""
    url = options.text("api_endpoint").rstrip("/")
    if not url:
        return ""
    url = url if "://" in url else f"https://{url}"
    if not _addressable(url):
        raise WarehouseError(Cause.DRIVER, "api_endpoint is no address", remedy="mend `introspect.api_endpoint`")
    if urlsplit(url).scheme != "https" and not on_this_machine(url):
        raise WarehouseError(
            Cause.DRIVER,
            "api_endpoint is not an https URL, so credentials would be sent in the clear",
            remedy="write https:// in `introspect.api_endpoint`",
        )
    return url


def _addressable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def on_this_machine(url: str) -> bool:
    """Whether a URL leads to this machine."""
    try:
        return loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False


def _source(options: Options, root: Path) -> Login:
    given = options.given
    if token := options.text("token"):
        options.scrub.add(token)
        from google.oauth2.credentials import Credentials

        return Login(Credentials(token=token), "", "an access token")  # type: ignore[no-untyped-call]
    if file := options.text("credentials_file"):
        return _from_info(_read(root / Path(file).expanduser(), file), options, f"the file {file}")
    word = options.text("credentials")
    if word == "anonymous" or (not word and on_this_machine(endpoint(options)) and not _named(given)):
        from google.auth.credentials import AnonymousCredentials

        return Login(AnonymousCredentials(), "", "no credentials, as a test server wants none")  # type: ignore[no-untyped-call]
    if word and word != DEFAULT:
        raise _unusable(f"`introspect.credentials` is neither {DEFAULT} nor anonymous")
    if (key := given.get("service_account_key")) and not word and "impersonate" not in given:
        return _from_info(_parsed(key, "service_account_key"), options, "service_account_key of the connection")
    return _application_default(options)


def _named(given: Mapping[str, Any]) -> bool:
    return any(given.get(name) for name in (*WAYS, "service_account_key"))


def _chain(given: Any) -> list[str]:
    """The accounts to impersonate, the last one the target and those before it the delegates, as gcloud has it."""
    if not given:
        return []
    parts = given if isinstance(given, list) else str(given).split(",")
    return [str(part).strip() for part in parts if str(part).strip()]


def _application_default(options: Options) -> Login:
    import google.auth

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        credentials, _ = google.auth.default(scopes=SCOPES, quota_project_id=options.text("quota_project_id") or None)
    email = str(getattr(credentials, "service_account_email", "") or "")
    return Login(credentials, "" if email == "default" else email, "application default credentials")


def _read(path: Path, label: str) -> Mapping[str, Any]:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise WarehouseError(
            Cause.AUTH, f"the credentials file {label} cannot be read", remedy="mend `introspect.credentials_file`"
        ) from None
    return _parsed(text, f"the file {label}")


def _parsed(given: Any, what: str) -> Mapping[str, Any]:
    try:
        info = json.loads(given) if isinstance(given, str) else given
    except ValueError:
        info = None
    if not isinstance(info, Mapping) or not info:
        raise _unusable(f"{what} is not a JSON object")
    return info


def _from_info(info: Mapping[str, Any], options: Options, way: str) -> Login:
    """Credentials of a key, an authorised user, or a workload or workforce identity federation."""
    from google.auth import load_credentials_from_dict

    for name in _SECRET_MEMBERS:
        if isinstance(secret := info.get(name), str):
            options.scrub.add(secret)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        credentials, _ = load_credentials_from_dict(  # type: ignore[no-untyped-call]
            dict(info), scopes=SCOPES, quota_project_id=options.text("quota_project_id") or None
        )
    return Login(credentials, str(info.get("client_email") or ""), way)


def _unusable(why: str) -> WarehouseError:
    return WarehouseError(
        Cause.AUTH,
        f"the credentials cannot be used: {why}",
        remedy="check the credentials that `introspect` or service_account_key names, or run"
        " `gcloud auth application-default login`",
    )


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].strip() or type(error).__name__

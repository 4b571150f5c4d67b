"""A connection's config: whether it is whole, and whether its values have the form that they must have."""

from __future__ import annotations

import re
from collections.abc import Iterator

from preflight.config import EnvRef
from preflight.finding import Fault, Inapplicable, Outcome, Severity, Unproven
from preflight.model import Provider
from preflight.patterns import lazy
from preflight.rule import Context, Scope, rule

_LOGINS = ("private_key", "private_key_file", "token", "authenticator")
"""Snowflake's other ways to log in, by its drivers' names; none of them is documented for mParticle."""
_PODS = ("us1", "us2", "eu1", "au1")
_ACCOUNT = r"arn:aws(?:-[a-z]+)*:iam::[0-9]{12}:"
_ARNS = {"aws_iam_user_arn": "user", "aws_iam_role_arn": "role"}
_INTEGRATION = lazy(rf"mp_(?:{'|'.join(_PODS)})_[0-9]+_[0-9]+_s3", re.IGNORECASE)
_DOMAIN_SCOPED = lazy(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+:[a-z][a-z0-9-]*")
"""A project of an organisation's domain, ``example.com:shop``, whose id holds a dot and a colon by right."""


def _is_for(ctx: Context, provider: Provider) -> bool:
    return ctx.connection is not None and ctx.connection.service_provider is provider


def _other(ctx: Context) -> Iterator[Outcome]:
    label = ctx.connection.service_provider.label if ctx.connection else "no warehouse"
    yield Inapplicable(f"the connection is one of {label}")


def _texts(ctx: Context, *keys: str) -> Iterator[tuple[str, str] | Unproven]:
    """Each of these keys that is there, with its text; Unproven where only the environment knows it."""
    config = ctx.connection.config if ctx.connection else {}
    for key in keys:
        value = config.get(key)
        if isinstance(value, EnvRef):
            yield Unproven(f"{key} stands in the variable {value.env}, which is read when it is sent")
        elif value is not None:
            yield key, str(value)


def _incomplete(ctx: Context, provider: Provider, *required: str) -> Iterator[Outcome]:
    if ctx.connection is None or not _is_for(ctx, provider):
        yield from _other(ctx)
        return
    for key in required:
        value = ctx.connection.config.get(key)
        if value is None or (isinstance(value, str) and not value.strip()):
            yield Fault(
                f"The config of a {provider.label} connection needs {key}, which is {'blank' if value else 'missing'}.",
                ctx.at("config", key) if key in ctx.connection.config else ctx.at("config"),
                f"Add {key}.",
            )


@rule("PF020", Severity.ERROR, scope=Scope.CONNECTION)
def incomplete_snowflake_config(ctx: Context) -> Iterator[Outcome]:
    """A Snowflake connection lacks one of its settings.

    Why: without each of them mParticle cannot reach the account, or cannot unload to its own bucket.
    Fails:
        connection: {config: {role: null}}
    Passes:
        connection: {config: {role: MPARTICLE_READER}}
    Remedy: add what is missing; the two AWS values come from DESCRIBE INTEGRATION.
    Source: V2 https://docs.mparticle.com/developers/warehouse-sync-api/migration/
    """
    keys = ["account_identifier", "region", "warehouse", "database", "role", "user"]
    if ctx.connection is not None and not any(key in ctx.connection.config for key in _LOGINS):
        keys.append("password")
    yield from _incomplete(ctx, Provider.SNOWFLAKE, *keys, "aws_iam_user_arn", "aws_external_id")


@rule("PF021", Severity.ERROR, scope=Scope.CONNECTION)
def incomplete_bigquery_config(ctx: Context) -> Iterator[Outcome]:
    """A BigQuery connection lacks one of its settings.

    Why: without each of them mParticle cannot log in, or does not know the dataset.
    Fails:
        dialect: bigquery
        connection: {config: {region: null}}
    Passes:
        dialect: bigquery
    Remedy: add what is missing; project and dataset are the two parts of the dataset's id.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/reference/ (2023 docs source)
    """
    keys = ("region", "project_id", "dataset_id", "service_account_id", "service_account_key")
    yield from _incomplete(ctx, Provider.BIGQUERY, *keys)


@rule("PF022", Severity.ERROR, scope=Scope.CONNECTION)
def incomplete_redshift_config(ctx: Context) -> Iterator[Outcome]:
    """A Redshift connection lacks one of its settings.

    Why: without each of them mParticle cannot reach the cluster, or the cluster cannot unload to mParticle's bucket.
    Fails:
        dialect: redshift
        connection: {config: {host: null}}
    Passes:
        dialect: redshift
        connection: {config: {password: null}}
    Remedy: add what is missing.
    Source: V2 https://docs.mparticle.com/developers/warehouse-sync-api/reference/ (the connection's example)
    """
    yield from _incomplete(ctx, Provider.REDSHIFT, "host", "database", "user", "aws_iam_role_arn")


@rule("PF023", Severity.WARNING, scope=Scope.CONNECTION)
def unverified_databricks_config(ctx: Context) -> Iterator[Outcome]:
    """A Databricks connection's config cannot be verified.

    Why: Databricks is supported, through Delta Sharing, but no list of the config's keys could be read; preflight sends
        what stands there as it is.
    Fails:
        dialect: databricks
    Passes:
        dialect: snowflake
    Remedy: compare the config with what mParticle's setup guide asks for.
    Source: V2 https://docs.mparticle.com/developers/apis/warehouse-sync-api/overview/ (that Databricks is supported)
    """
    if _is_for(ctx, Provider.DATABRICKS):
        yield Fault(
            "The config's keys for Databricks are not known to preflight, so they are sent unverified.",
            ctx.at("config"),
            "Compare them with mParticle's setup guide for Databricks.",
        )


@rule("PF024", Severity.ERROR, scope=Scope.CONNECTION)
def malformed_arn(ctx: Context) -> Iterator[Outcome]:
    """An ARN is none, or not of the kind that its key takes.

    Why: Snowflake's storage integration gives the ARN of a user, Redshift's cluster takes on a role; each has an
        account of twelve digits.
    Fails:
        connection: {config: {aws_iam_user_arn: "arn:aws:iam::1111:user/stage"}}
    Passes:
        connection: {config: {aws_iam_user_arn: "arn:aws:iam::111122223333:user/stage"}}
    Remedy: copy the ARN again, from DESCRIBE INTEGRATION or from the cluster's page.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/quickstart/ (2023 docs source)
    """
    for found in _texts(ctx, *_ARNS):
        if isinstance(found, Unproven):
            yield found
            continue
        key, value = found
        if value.strip() and not re.fullmatch(rf"{_ACCOUNT}{_ARNS[key]}/[\w+=,.@/-]+", value, re.ASCII):
            yield Fault(
                f"{key} is not the ARN of an IAM {_ARNS[key]}.",
                ctx.at("config", key),
                f"Write arn:aws:iam::<twelve digits>:{_ARNS[key]}/<name>.",
            )


@rule("PF025", Severity.WARNING, scope=Scope.CONNECTION)
def implausible_external_id(ctx: Context) -> Iterator[Outcome]:
    """The AWS external id is empty or holds a space.

    Why: Snowflake makes it up and AWS compares it exactly; a space was copied along.
    Fails:
        connection: {config: {aws_external_id: "XY98765 SFCRole=2"}}
    Passes:
        connection: {config: {aws_external_id: "XY98765_SFCRole=2_exampleId="}}
    Remedy: copy `STORAGE_AWS_EXTERNAL_ID` from DESCRIBE INTEGRATION again.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/quickstart/ (2023 docs source)
    """
    for found in _texts(ctx, "aws_external_id"):
        if isinstance(found, Unproven):
            yield found
        elif not found[1] or re.search(r"\s", found[1]):
            yield Fault(
                f"aws_external_id {'holds a space' if found[1] else 'is empty'}, so it was not copied whole.",
                ctx.at("config", "aws_external_id"),
                "Copy STORAGE_AWS_EXTERNAL_ID from DESCRIBE INTEGRATION.",
            )


@rule("PF026", Severity.WARNING, scope=Scope.CONNECTION)
def misnamed_storage_integration(ctx: Context) -> Iterator[Outcome]:
    """The storage integration has another name than mParticle looks for.

    Why: it must be called `mp_{pod}_{org id}_{account id}_s3`, where the pod is us1, us2, eu1 or au1.
    Fails:
        connection: {config: {storage_integration: mparticle_s3}}
    Passes:
        connection: {config: {storage_integration: mp_eu1_12_345_s3}}
    Remedy: create the integration under the name that the setup guide gives.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/quickstart/ (2023 docs source)
    """
    for found in _texts(ctx, "storage_integration"):
        if isinstance(found, Unproven):
            yield found
        elif not _INTEGRATION.fullmatch(found[1]):
            yield Fault(
                f"The storage integration {found[1]} is not named mp_<pod>_<org id>_<account id>_s3.",
                ctx.at("config", "storage_integration"),
                f"Name it so, with one of the pods {', '.join(_PODS)}.",
            )


@rule("PF027", Severity.WARNING, scope=Scope.CONNECTION)
def implausible_snowflake_account(ctx: Context) -> Iterator[Outcome]:
    """The Snowflake account identifier is a URL, or repeats the region.

    Why: mParticle takes the account's locator alone and the region beside it, and builds the host's name from both.
    Fails:
        connection: {config: {account_identifier: xy98765.eu-central-1}}
    Passes:
        connection: {config: {account_identifier: xy98765}}
    Remedy: write the locator alone.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/reference/ (2023 docs source)
    """
    if ctx.connection is None or not _is_for(ctx, Provider.SNOWFLAKE):
        yield from _other(ctx)
        return
    region = ctx.connection.config.get("region")
    for found in _texts(ctx, "account_identifier"):
        if isinstance(found, Unproven):
            yield found
            continue
        account = found[1].casefold()
        what = ""
        if "/" in account or ":" in account or account.endswith(".snowflakecomputing.com"):
            what = "is a host or a URL"
        elif isinstance(region, str) and region and f".{region.casefold()}" in account:
            what = f"repeats the region {region}"
        if what:
            yield Fault(
                f"The account identifier {found[1]} {what}.",
                ctx.at("config", "account_identifier"),
                "Write the account's locator alone, such as xy98765.",
            )


@rule("PF028", Severity.ERROR, scope=Scope.CONNECTION)
def unsplit_bigquery_dataset(ctx: Context) -> Iterator[Outcome]:
    """The BigQuery project or dataset holds both in one.

    Why: the dataset's id has two parts, and each has a key of its own; neither holds a dot, a colon or a backtick. A
        project of a domain (`example.com:shop`) is left alone.
    Fails:
        dialect: bigquery
        connection: {config: {dataset_id: crm.public}}
    Passes:
        dialect: bigquery
        connection: {config: {dataset_id: public}}
    Remedy: write the part before the dot as `project_id` and the part after it as `dataset_id`.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/quickstart/ (2023 docs source)
    """
    if not _is_for(ctx, Provider.BIGQUERY):
        yield from _other(ctx)
        return
    for found in _texts(ctx, "project_id", "dataset_id"):
        if isinstance(found, Unproven):
            yield found
            continue
        key, value = found
        if re.search(r"[.:`]", value) and not (key == "project_id" and _DOMAIN_SCOPED.fullmatch(value)):
            yield Fault(
                f"{key} is {value}, which is more than one part of a name.",
                ctx.at("config", key),
                "Write the project as project_id and the dataset as dataset_id.",
            )


@rule("PF034", Severity.INFO, scope=Scope.CONNECTION)
def password_only_snowflake_login(ctx: Context) -> Iterator[Outcome]:
    """The Snowflake user logs in with a password alone.

    Why: Snowflake is phasing out logins of programs by password alone from August 2026. mParticle's config, as far as
        it could be read, has no other way, so this is for your information: there is nothing else to write.
    Fails:
        connection: {config: {password: {env: SNOWFLAKE_PASSWORD}}}
    Passes:
        connection: {config: {private_key: {env: SNOWFLAKE_KEY}}}
    Remedy: ask mParticle how the user should log in, and waive this until then.
    Source: 3P https://support.twilio.com/hc/en-us/articles/50934572007963
    """
    if ctx.connection is None or not _is_for(ctx, Provider.SNOWFLAKE):
        yield from _other(ctx)
        return
    config = ctx.connection.config
    if "password" in config and not any(key in config for key in _LOGINS):
        yield Fault(
            "The Snowflake user logs in with a password alone, which Snowflake is phasing out for programs.",
            ctx.at("config", "password"),
            "Ask mParticle for another login, or for how long the password will do.",
        )

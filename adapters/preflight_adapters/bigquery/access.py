"""What the sync's service account must hold on BigQuery, and how each right is given: pure.

Source: the roles BigQuery Job User, Data Viewer and User, V1
https://docs.mparticle.com/developers/warehouse-sync-api/quickstart/ (2023 docs source).
"""

from __future__ import annotations

from collections.abc import Mapping
from shlex import quote

import msgspec

from preflight.model import Right, TableRef
from preflight_adapters.bigquery.queries import identifier

PROJECT_RIGHTS = ("bigquery.jobs.create", "bigquery.readsessions.create")
TABLE_RIGHTS = ("bigquery.tables.getData",)
DATASET_RIGHT = "bigquery.datasets.get"
_ROLES = {"bigquery.jobs.create": "roles/bigquery.jobUser", "bigquery.readsessions.create": "roles/bigquery.user"}
_EXPORT = "only an export through the Storage API needs it; how mParticle reads rows is not documented"


class Granted(msgspec.Struct, frozen=True):
    """What one object says of who asks."""

    permissions: frozenset[str] = frozenset()
    unasked: str = ""
    """Why it could not be asked; empty where it was."""


def account(service_account_id: str, project: str) -> str:
    """The e-mail address of a service account that a project names in full or by its first part."""
    if not service_account_id or "@" in service_account_id or service_account_id.isdigit():
        return service_account_id
    return f"{service_account_id}@{project}.iam.gserviceaccount.com"


def rights(
    member: str,
    project: str,
    dataset: str,
    tables: tuple[TableRef, ...],
    granted: Mapping[str, Granted],
) -> tuple[Right, ...]:
    """Every right, outermost object first; ``granted`` is by object: ``p``, ``p.d``, ``p.d.t``."""
    who = f"serviceAccount:{member}" if member.endswith("gserviceaccount.com") else f"user:{member}"
    found = [_right(name, "project", project, granted, _project_grant(name, project, who)) for name in PROJECT_RIGHTS]
    found[1] = msgspec.structs.replace(found[1], note=found[1].note or _EXPORT)
    if dataset:
        full = f"{project}.{dataset}"
        found.append(_right(DATASET_RIGHT, "dataset", full, granted, _dataset_grant(project, dataset, who)))
    for ref in tables:
        for name in TABLE_RIGHTS:
            right = _right(name, "table", str(ref), granted, _table_grant(ref, who))
            found.append(msgspec.structs.replace(right, table=ref))
    return tuple(found)


def _right(name: str, kind: str, held_on: str, granted: Mapping[str, Granted], grant: str) -> Right:
    answer = granted[held_on]
    return Right(name, kind, held_on, None if answer.unasked else name in answer.permissions, grant, answer.unasked)


def _project_grant(name: str, project: str, who: str) -> str:
    return f"gcloud projects add-iam-policy-binding {quote(project)} --member={quote(who)} --role={_ROLES[name]}"


def _dataset_grant(project: str, dataset: str, who: str) -> str:
    schema = f"{identifier(project)}.{identifier(dataset)}"
    return f"GRANT `roles/bigquery.dataViewer` ON SCHEMA {schema} TO {msgspec.json.encode(who).decode()}"


def _table_grant(ref: TableRef, who: str) -> str:
    table = quote(f"{ref.catalog}:{ref.schema}.{ref.name}")
    return f"bq add-iam-policy-binding --member={quote(who)} --role=roles/bigquery.dataViewer {table}"

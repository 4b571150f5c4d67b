"""Whether what dbt compiled is what its project says now."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.finding import Fault, Outcome, Severity
from preflight.rule import Context, Scope, rule


@rule("PF015", Severity.ERROR, scope=Scope.PROJECT, fixed=True)
def stale_dbt_manifest(ctx: Context) -> Iterator[Outcome]:
    """A dbt model's file has been edited since dbt compiled it.

    Why: preflight judges, and apply sends, the SQL in target/manifest.json; what was edited since is not in it.
    Fails:
        data_model: {sql_file: null, dbt_model: contacts}
        files: {dbt_project.yml: "name: shop", models/contacts.sql: "select 2 as b",
            target/manifest.json: '{"metadata": {"project_name": "shop"}, "nodes": {"model.shop.contacts":
            {"unique_id": "model.shop.contacts", "name": "contacts", "resource_type": "model", "package_name": "shop",
            "original_file_path": "models/contacts.sql", "compiled_code": "select 1 as a", "checksum": {"name":
            "sha256", "checksum": "1ffb038d4d1f5277cc2217a170ad007182a1578afa05eee7486a31491b1c3e7a"}}}}'}
    Passes:
        data_model: {sql_file: null, dbt_model: contacts}
        files: {dbt_project.yml: "name: shop", models/contacts.sql: "select 1 as a",
            target/manifest.json: '{"metadata": {"project_name": "shop"}, "nodes": {"model.shop.contacts":
            {"unique_id": "model.shop.contacts", "name": "contacts", "resource_type": "model", "package_name": "shop",
            "original_file_path": "models/contacts.sql", "compiled_code": "select 1 as a", "checksum": {"name":
            "sha256", "checksum": "1ffb038d4d1f5277cc2217a170ad007182a1578afa05eee7486a31491b1c3e7a"}}}}'}
    Remedy: run `dbt compile`.
    Source: preflight's own rule, over https://docs.getdbt.com/reference/artifacts/manifest-json
    """
    for problem in ctx.problems("stale-dbt-manifest"):
        yield Fault(problem.message, problem.span or ctx.at("data_models"), problem.remedy)

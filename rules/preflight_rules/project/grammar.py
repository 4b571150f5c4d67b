"""What breaks the project file's grammar. The loader finds it; these rules give it a code, a page and its severity."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.finding import Fault, Outcome, Severity, Unproven
from preflight.rule import Context, Scope, rule


def _report(ctx: Context, kind: str) -> Iterator[Outcome]:
    found = [Fault(problem.message, problem.span or ctx.at(), problem.remedy) for problem in ctx.problems(kind)]
    yield from found
    if not found and kind not in _READING and any(next(ctx.problems(reading), None) for reading in _READING):
        yield Unproven("not all of the project could be read")


_READING = ("broken-yaml", "unreadable-file")
"""The problems that hide others."""


@rule("PF001", Severity.ERROR, scope=Scope.PROJECT, fixed=True)
def broken_yaml(ctx: Context) -> Iterator[Outcome]:
    """A project file is no YAML that preflight reads.

    Why: nothing in it can be judged. Anchors, aliases, tags, merge keys and second documents are refused as well: a
        reader of the file should see every value where it holds.
    Fails:
        project: |
            version: 1
            pipelines: [
    Passes:
        top: {version: 1}
    Remedy: mend the syntax at the place that is marked.
    Source: preflight's own grammar, over YAML 1.2
    """
    yield from _report(ctx, "broken-yaml")


@rule("PF002", Severity.ERROR, scope=Scope.PROJECT, fixed=True)
def duplicate_key(ctx: Context) -> Iterator[Outcome]:
    """A key stands twice in one mapping.

    Why: YAML forbids it, and readers that allow it keep one of the two values without a word.
    Fails:
        project: |
            version: 1
            version: 1
    Passes:
        top: {version: 1}
    Remedy: keep one of the two.
    Source: preflight's own grammar, over YAML 1.2
    """
    yield from _report(ctx, "duplicate-key")


@rule("PF003", Severity.ERROR, scope=Scope.PROJECT, fixed=True)
def unknown_key(ctx: Context) -> Iterator[Outcome]:
    """A key is none that the grammar knows at its place.

    Why: what it was meant to say would be left unsaid.
    Fails:
        pipeline: {enviroment: production}
    Passes:
        pipeline: {environment: production}
    Remedy: write the nearest right name, or take it out.
    Source: preflight's own grammar, which names fields as the API does
    """
    yield from _report(ctx, "unknown-key")


@rule("PF004", Severity.ERROR, scope=Scope.PROJECT, fixed=True)
def missing_key(ctx: Context) -> Iterator[Outcome]:
    """A key that must be there is not.

    Why: the resource cannot be judged or created without it.
    Fails:
        pipeline: {environment: null}
    Passes:
        pipeline: {environment: development}
    Remedy: add it.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/reference/ (2023 docs source)
    """
    yield from _report(ctx, "missing-key")


@rule("PF005", Severity.ERROR, scope=Scope.PROJECT, fixed=True)
def wrong_value(ctx: Context) -> Iterator[Outcome]:
    """A value is not of the kind that its key takes.

    Why: it is never converted silently: `012`, `no` and `12:30:00` are text, and a number in a text field is refused.
    Fails:
        pipeline: {schedule: {frequency: fortnightly}}
    Passes:
        pipeline: {schedule: {frequency: weekly}}
    Remedy: write a value of the kind that the message names.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/reference/ (2023 docs source)
    """
    yield from _report(ctx, "wrong-value")


@rule("PF006", Severity.ERROR, scope=Scope.PROJECT, fixed=True)
def duplicate_id(ctx: Context) -> Iterator[Outcome]:
    """Two resources of one kind have the same id.

    Why: the platform knows a resource by its id, so one would overwrite the other.
    Fails:
        project: |
            version: 1
            data_models:
              - {id: model, name: A model, type: sql, sql_query: SELECT 1 AS a}
              - {id: model, name: A model, type: sql, sql_query: SELECT 2 AS a}
    Passes:
        project: |
            version: 1
            data_models:
              - {id: model, name: A model, type: sql, sql_query: SELECT 1 AS a}
              - {id: other, name: A model, type: sql, sql_query: SELECT 2 AS a}
    Remedy: give one of the two another id.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/reference/ (2023 docs source)
    """
    yield from _report(ctx, "duplicate-id")


@rule("PF007", Severity.ERROR, scope=Scope.PROJECT, fixed=True)
def unresolved_reference(ctx: Context) -> Iterator[Outcome]:
    """A pipeline or a waiver names a resource that the project does not have.

    Why: the pipeline could not be created.
    Fails:
        pipeline: {data_model_id: modle}
    Passes:
        pipeline: {data_model_id: model}
    Remedy: write the nearest right id, or add the resource.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/reference/ (2023 docs source)
    """
    yield from _report(ctx, "unresolved-reference")


@rule("PF008", Severity.ERROR, scope=Scope.PROJECT, fixed=True)
def unreadable_file(ctx: Context) -> Iterator[Outcome]:
    """A file that the project names cannot be read.

    Why: it is not there, is no UTF-8, is too large, or lies outside the project's folder.
    Fails:
        project: |
            version: 1
            data_models: [{id: model, name: A model, type: sql, sql_file: models/absent.sql}]
    Passes:
        files: {models/there.sql: SELECT 1 AS a}
        project: |
            version: 1
            data_models: [{id: model, name: A model, type: sql, sql_file: models/there.sql}]
    Remedy: correct the path, or the file.
    Source: preflight's own grammar
    """
    yield from _report(ctx, "unreadable-file")


@rule("PF009", Severity.ERROR, scope=Scope.PROJECT, fixed=True)
def literal_secret(ctx: Context) -> Iterator[Outcome]:
    """A secret is written out in the project.

    Why: it would live in the repository's history. A secret is only ever a reference, `{env: NAME}`.
    Fails:
        connection: {config: {password: hunter2}}
    Passes:
        connection: {config: {password: {env: SNOWFLAKE_PASSWORD}}}
    Remedy: put it into an environment variable, refer to it, and change the secret.
    Source: preflight's own grammar
    """
    yield from _report(ctx, "literal-secret")


@rule("PF010", Severity.ERROR, scope=Scope.PROJECT, fixed=True)
def v1_field(ctx: Context) -> Iterator[Outcome]:
    """A field belongs to the API's first version.

    Why: version 2 renamed or removed it, so sending it is a migration mistake.
    Fails:
        pipeline: {is_active: true}
    Passes:
        pipeline: {state: active}
    Remedy: write today's name.
    Source: V2 https://docs.mparticle.com/developers/warehouse-sync-api/migration/
    """
    yield from _report(ctx, "v1-field")


@rule("PF011", Severity.ERROR, scope=Scope.PROJECT, fixed=True)
def invalid_id(ctx: Context) -> Iterator[Outcome]:
    """An id holds other characters than letters, digits, `_` and `-`.

    Why: the platform takes ids as slugs.
    Fails:
        pipeline: {id: my pipeline}
    Passes:
        pipeline: {id: my-pipeline}
    Remedy: replace the other characters.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/reference/ (2023 docs source)
    """
    yield from _report(ctx, "invalid-id")

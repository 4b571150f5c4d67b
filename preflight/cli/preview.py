"""``preflight preview``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from preflight.cli.output import OUTPUT, remark, write_forms

if TYPE_CHECKING:
    from preflight.config import Connection, DataModel, FieldTransformation, Pipeline, Project


@click.command("preview")
@click.argument("pipeline", metavar="PIPELINE")
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.option(
    "--rows",
    "count",
    type=click.IntRange(1, 100),
    metavar="N",
    default=1,
    show_default=True,
    help="How many rows to show.",
)
@click.option(
    "--show-values", is_flag=True, help="Show identities and what looks like one, which are masked otherwise."
)
@click.option("--offline", is_flag=True, help="Ask no warehouse; stand-in files are read all the same.")
@click.option("-o", "--output", "outputs", multiple=True, metavar=OUTPUT, help="Format (text, json) and file.")
def command(pipeline: str, path: Path, count: int, show_values: bool, offline: bool, outputs: tuple[str, ...]) -> int:
    """Show what rows of PIPELINE become, as event batches or user profiles, and what the batch schema has against them.

    It reads rows of the warehouse or its stand-in. Where it cannot, the columns' types stand in place of values.

    Exit codes: 0 nothing is against it, 1 the batch schema is, 2 usage or config error, 3 environment.

    \b
    Example:
      preflight preview contacts-pipeline --rows 3
      preflight preview orders-pipeline -o json
    """
    import os

    from preflight.preview import Maker, read_rows

    project, chosen, transformation, model, connection = _chosen(path, pipeline)
    found = read_rows(project, model, connection, count=count, offline=offline, environ=os.environ)
    maker = Maker(chosen, transformation, found.columns, show_values=show_values)
    batches = [maker.batch(row) for row in found.rows or (maker.placeholders(),)]
    problems: dict[tuple[str, str], int] = {}
    for batch in batches:
        for problem in dict.fromkeys(batch.problems):
            key = problem.path, problem.message
            problems[key] = problems.get(key, 0) + 1
    document = {
        "schema_version": 1,
        "pipeline": chosen.id,
        "kind": "event batch" if chosen.is_event else "user profile",
        "rows_from": found.source if found.rows else "",
        "reason": found.reason,
        "masked": not show_values,
        "batches": [batch.document for batch in batches],
        "problems": [{"path": p, "message": m, "rows": n} for (p, m), n in problems.items()],
    }
    write_forms(outputs, _text(document), document)
    if found.reason:
        remark(found.reason)
    if found.failed:
        return 3
    return 1 if problems else 0


def _text(document: dict[str, Any]) -> str:
    """The document for a person: the batches, then what is wrong with them."""
    import json

    from preflight.report.style import Style

    clean = Style().clean
    count = len(document["batches"])
    origin = f"{count} row{'' if count == 1 else 's'} of the {document['rows_from']}"
    lines = [
        f"pipeline {document['pipeline']}: {document['kind']}, {origin if document['rows_from'] else 'types alone'}"
    ]
    lines += ["identities are masked; --show-values shows them"] if document["masked"] and document["rows_from"] else []
    for batch in document["batches"]:
        lines += ["", json.dumps(batch, indent=2)]
    for problem in document["problems"]:
        where = f" ({problem['rows']} of {count} rows)" if count > 1 else ""
        lines += ["", f"against the batch schema: {clean(problem['message'])}{where}"]
    if not document["problems"] and document["kind"] == "event batch":
        checked = "nothing" if document["rows_from"] else "nothing, as far as types tell,"
        lines += ["", f"against the batch schema: {checked} speaks"]
    return "\n".join(lines) + "\n"


def _chosen(path: Path, id_: str) -> tuple[Project, Pipeline, FieldTransformation | None, DataModel, Connection]:
    """The pipeline and its parts; raises UsageError where one of them is not there or cannot be read."""
    from preflight.config import load
    from preflight.engine.selection import Options, require_names
    from preflight.errors import UsageError

    project = load(path)
    require_names(Options(pipelines=(id_,)), (), project)
    pipeline = project.pipeline(id_)
    model = project.data_model(pipeline.data_model_id) if pipeline else None
    connection = project.connection(pipeline.connection_id) if pipeline else None
    wanted = pipeline.field_transformation_id if pipeline else None
    transformation = project.field_transformation(wanted) if wanted else None
    if pipeline is None or model is None or connection is None or (wanted and transformation is None):
        raise UsageError(f"{id_} or what it names could not be read", remedy="run `preflight check`: it says why")
    return project, pipeline, transformation, model, connection

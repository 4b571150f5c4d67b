"""``preflight dbt``."""

from __future__ import annotations

from pathlib import Path

import click

from preflight.cli.output import write


@click.group("dbt")
def command() -> None:
    """What preflight gives back to a dbt project.

    \b
    Example:
      preflight dbt exposures --file models/exposures.yml
    """


@command.command("exposures", short_help="Write the pipelines as dbt exposures.")
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.option("--file", type=click.Path(path_type=Path, dir_okay=False), help="Write into this file; else to stdout.")
@click.option("--owner", default="mParticle Warehouse Sync", show_default=True, help="The exposures' owner.")
def exposures(path: Path, file: Path | None, owner: str) -> int:
    """Write the pipelines as dbt exposures with the columns that they read.

    With `meta.referenced_columns` a dbt change that drops or retypes such a column fails in dbt's own pull request.

    \b
    Example:
      preflight dbt exposures > models/exposures.yml
      preflight dbt exposures sync --file models/exposures.yml --owner "Data platform"
    """
    from preflight.config import load
    from preflight.config.dbt import DbtProblem, find
    from preflight.config.files import Files
    from preflight.errors import UsageError
    from preflight.exposures import exposures as found
    from preflight.exposures import render

    project = load(path)
    try:
        text = render(found(project, project.dbt or find(Files(project.root), None)), owner)
    except DbtProblem as problem:
        raise UsageError(problem.message.rstrip("."), remedy=problem.remedy) from None
    if file is None:
        write(text)
        return 0
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}", remedy="name another file") from None
    write(f"wrote {file}\n")
    return 0

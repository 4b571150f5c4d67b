"""``preflight ci``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from preflight.cli.output import remark

if TYPE_CHECKING:
    from preflight.config import Project


class Service(NamedTuple):
    """A CI service: how it is recognised, what it shows, and where it names the branch that a change goes to."""

    name: str
    variable: str
    outputs: tuple[str, ...]
    base: tuple[tuple[str, str], ...]
    """Variables with what stands before their value in git's name of the commit."""


SERVICES = (
    Service("GitHub", "GITHUB_ACTIONS", ("github",), (("GITHUB_BASE_REF", "origin/"),)),
    Service(
        "GitLab",
        "GITLAB_CI",
        ("text", "gitlab:gl-code-quality-report.json", "junit:preflight-junit.xml"),
        (("CI_MERGE_REQUEST_DIFF_BASE_SHA", ""), ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "origin/")),
    ),
    Service("Azure Pipelines", "TF_BUILD", ("azure",), (("SYSTEM_PULLREQUEST_TARGETBRANCHNAME", "origin/"),)),
)
OTHER = Service("an unknown CI service", "", ("text",), ())


def service(environ: Mapping[str, str]) -> Service:
    """The service whose variable is set."""
    return next((one for one in SERVICES if environ.get(one.variable)), OTHER)


def base_ref(found: Service, environ: Mapping[str, str]) -> str | None:
    """The commit that a pull request is compared with; None where this is none."""
    return next((before + environ[name] for name, before in found.base if environ.get(name)), None)


@click.command("ci")
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.option("--offline", is_flag=True, help="Ask no warehouse, even where there are credentials.")
@click.option("--changed-since", metavar="REF", help="Judge only what has changed since the branch left this commit.")
@click.option("--comment", type=click.Path(path_type=Path, dir_okay=False), help="Write a pull request's comment here.")
@click.option(
    "--base", metavar="REF", help="The commit for the payload's differences; the service's own, unless given."
)
@click.option("-o", "--output", "outputs", multiple=True, metavar="FORMAT[:PATH]", help="In place of the service's.")
@click.option("--fail-on", type=click.Choice(["error", "warning", "info"]), default="error", help="As for check.")
@click.option("--require", multiple=True, metavar="NAME", help="As for check; repeatable.")
@click.pass_context
def command(
    ctx: click.Context,
    path: Path,
    offline: bool,
    changed_since: str | None,
    comment: Path | None,
    base: str | None,
    outputs: tuple[str, ...],
    fail_on: str,
    require: tuple[str, ...],
) -> int:
    """Check in CI: in the formats that the service shows, and as deep as the job's credentials allow.

    Recognises GitHub, GitLab and Azure Pipelines by their variables. Without any credential that the project names,
    as in a fork's pull request, the run is offline and rests on preflight.lock. In a pull request the comment tells
    what the change does to the payload. The exit code is that of `check`.

    \b
    Example:
      preflight ci
      preflight ci --comment comment.md --require PF4
      preflight ci --changed-since origin/main
    """
    from preflight.cli.check import command as check
    from preflight.config import load
    from preflight.report import FORMATS

    found = service(os.environ)
    project = load(path)
    if not offline and not has_credentials(project, os.environ):
        remark("no credential that the project names is set, so no warehouse and no workspace is asked")
        offline = True
    wanted = [o for o in outputs or found.outputs if outputs or o.partition(":")[0] in FORMATS] or ["text"]
    if comment is not None and "markdown" in FORMATS:
        wanted.append(f"markdown:{comment}")
    code: int = ctx.invoke(
        check,
        path=path,
        offline=offline,
        outputs=tuple(wanted),
        fail_on=fail_on,
        require=require,
        changed_since=changed_since,
    )
    ref = base or base_ref(found, os.environ)
    if ref is not None and not project.problems:
        _tell_payload(project, ref, [comment, *_summaries(os.environ)])
    return code


def has_credentials(project: Project, environ: Mapping[str, str]) -> bool:
    """Whether a secret that the project names is set, or a connection is read in a way that needs none here."""
    from preflight.config import EnvRef

    for connection in project.connections:
        if connection.introspect.local is not None or connection.introspect.options:
            return True
        if any(isinstance(v, EnvRef) and v.read(environ) for v in _values(connection.config)):
            return True
    return bool(environ.get("MP_CLIENT_ID") and environ.get("MP_CLIENT_SECRET"))


def _values(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for one in value.values():
            yield from _values(one)
    elif isinstance(value, tuple):
        for one in value:
            yield from _values(one)
    else:
        yield value


def _summaries(environ: Mapping[str, str]) -> list[Path]:
    named = environ.get("GITHUB_STEP_SUMMARY")
    return [Path(named)] if named else []


def _tell_payload(project: Project, ref: str, files: list[Path | None]) -> None:
    """Add the payload's differences to the comment and the summary, and print them where there is neither."""
    from datetime import UTC, datetime

    from preflight.changes import show
    from preflight.changes.against import against_commit
    from preflight.cli.output import append, write
    from preflight.errors import PreflightError

    try:
        found = against_commit(project, ref, datetime.now(UTC), {})
    except PreflightError as error:
        remark(f"the payload is not compared: {error.message}; {error.remedy}")
        return
    for file in files:
        if file is not None:
            append(file, "\n" + show.markdown(found))
    if not any(files):
        write("\n" + show.text(found))

"""``preflight slots``."""

from __future__ import annotations

from pathlib import Path

import click

from preflight.cli.output import OUTPUT, parse_outputs, write_forms


@click.command("slots")
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.option("-o", "--output", "outputs", multiple=True, metavar=OUTPUT, help="text or json, and file; repeatable.")
def command(path: Path, outputs: tuple[str, ...]) -> int:
    """Show which pipelines take the workspace's slots, now and once the project is applied.

    Exit codes: 0 they suffice, 1 they do not, 2 usage or config error, 3 environment.

    \b
    Example:
      preflight slots
      preflight slots -o json
    """
    parse_outputs(outputs)
    from preflight.cli.session import open_workspace
    from preflight.deploy import slots
    from preflight.errors import WorkspaceError

    with open_workspace(path) as found:
        if "pipelines" in found.state.unread:
            raise WorkspaceError(
                "The workspace's pipelines could not be read.", remedy="Write workspace.routes.pipelines."
            )
        taken = slots.slots(found.project, found.state, found.limits.active_pipelines)
    write_forms(outputs, slots.text(taken), slots.document(taken))
    return 1 if taken.free < 0 else 0

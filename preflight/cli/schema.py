"""``preflight schema``."""

from __future__ import annotations

import click

from preflight.cli.output import write


@click.command("schema")
def command() -> int:
    """Print the JSON Schema of preflight.yml.

    \b
    Example:
      mkdir -p .preflight && preflight schema > .preflight/schema.json
    """
    import json

    from preflight.config.schema import json_schema

    write(json.dumps(json_schema(), indent=2) + "\n")
    return 0

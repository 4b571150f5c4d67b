"""``preflight schema``."""

from __future__ import annotations

import click

from preflight.cli.output import write


@click.command("schema")
@click.option("--lock", is_flag=True, help="Print that of preflight.lock.")
def command(lock: bool) -> int:
    """Print the JSON Schema of preflight.yml, or of preflight.lock.

    \b
    Example:
      mkdir -p .preflight && preflight schema > .preflight/schema.json
      preflight schema --lock
    """
    import json

    if lock:
        from preflight.lock.file import json_schema as schema
    else:
        from preflight.config.schema import json_schema as schema
    write(json.dumps(schema(), indent=2) + "\n")
    return 0

"""The least that judges SQL by its names and types: sqlglot's parse, qualify and annotate of the files named."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from pathlib import Path


def main() -> None:
    """``bare.py DIALECT FOLDER``: every .sql file in the folder, with the collector off and no tear-down."""
    gc.disable()
    from sqlglot import parse_one
    from sqlglot.errors import SqlglotError
    from sqlglot.optimizer.annotate_types import annotate_types
    from sqlglot.optimizer.qualify import qualify
    from sqlglot.schema import MappingSchema

    dialect, folder = sys.argv[1:]
    schema = MappingSchema(dialect=dialect)
    for file in sorted(Path(folder).glob("*.sql")):
        tree = parse_one(file.read_text("utf-8"), read=dialect)
        with suppress(SqlglotError):
            tree = qualify(tree, dialect=dialect, schema=schema)
        annotate_types(tree, schema=schema, dialect=dialect)
    os._exit(0)


main()

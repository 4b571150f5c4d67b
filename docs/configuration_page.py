"""The page of the project file's keys, made from the grammar that the check and the editors' schema use."""

from __future__ import annotations

import re
from collections.abc import Iterator

from preflight.config import grammar
from preflight.config.grammar import Either, Free, Integer, Kind, ListOf, Secret, Shape, Table, Text, Time

HEAD = """\
# The project file

Made from the grammar in [grammar.py](../preflight/config/grammar.py); do not edit. A project is `preflight.yml` and the
files that it includes. The names of keys are those of mParticle's API; what is left out and what is null are the same.
`preflight schema` prints the same grammar as JSON Schema, and `preflight init` writes it to `.preflight/schema.json`,
where the first line of `preflight.yml` tells editors to look.

- Ids are unique in their kind, over all files.
- Paths start from the file that names them, and may not leave the project's folder, links included.
- A secret is always `{env: NAME}`, the name of an environment variable; it is read when it
  is used, and printed nowhere.
- Every problem of the file is reported in one run, each with its line and column. One bad item does not stop
  the others.
- Comments suppress findings: see [living with rules](living-with-rules.md).

```yaml
# yaml-language-server: $schema=.preflight/schema.json
version: 1
workspace: 5328
connections:
  - id: crm-connection
    name: CRM connection
    service_provider: snowflake
    config:
      account_identifier: xy98765
      region: eu-central-1
      warehouse: SYNC_WH
      database: CRM
      role: MPARTICLE_READER
      user: MPARTICLE_SVC
      password: {env: SNOWFLAKE_PASSWORD}
      aws_iam_user_arn: "arn:aws:iam::111122223333:user/ext/stage-abc"
      aws_external_id: "XY98765_SFCRole=2_exampleId="
data_models:
  - id: contacts-model
    name: Contacts model
    type: sql
    sql_query: SELECT c.CUSTOMER_ID, c.UPDATED_AT FROM CRM.PUBLIC.CONTACTS AS c
pipelines:
  - id: contacts-pipeline
    name: Contacts pipeline
    connection_id: crm-connection
    data_model_id: contacts-model
    partner_feed_key: {env: MP_FEED_KEY}
    environment: development
    sync_mode: {type: incremental, iterator_field: UPDATED_AT, iterator_data_type: timestamp_ntz, time_zone: UTC}
    schedule: {type: interval, frequency: daily, start_time: 2026-12-01T03:05:00Z}
```
"""
FREE = "\nFurther keys go to the warehouse's driver by the driver's own names.\n"


def page() -> str:
    """The page's text."""
    sections = [_section(shape, path) for shape, path in _shapes(grammar.PROJECT, "")]
    included = f"\n## An included file\n\nIt holds only these lists: {_listed(grammar.LISTS)}.\n"
    return HEAD + "".join(sections) + included


def _shapes(shape: Shape, path: str) -> Iterator[tuple[Shape, str]]:
    """The shape and those inside of it, each with the path to it."""
    yield shape, path
    for name, field in shape.fields.items():
        inner, item = _inner(field.kind)
        if inner is not None:
            yield from _shapes(inner, f"{path}{'.' if path else ''}{name}{item}")


def _inner(kind: Kind) -> tuple[Shape | None, str]:
    match kind:
        case Shape():
            return kind, ""
        case ListOf(item):
            return _inner(item)[0], "[]"
        case Table(value):
            return _inner(value)[0], ".NAME"
        case Either(_, mapping):
            return _inner(mapping)
        case _:
            return None, ""


def _section(shape: Shape, path: str) -> str:
    head = f"\n## `{path}`\n" if path else "\n## The top level\n"
    rows = "".join(
        f"| `{name}` | {'yes' if field.required else ''} | {_value(field.kind, path, name)} | {field.doc} |\n"
        for name, field in shape.fields.items()
    )
    rest = FREE if shape.rest is not None else ""
    return f"{head}\n| key | required | value | meaning |\n|---|---|---|---|\n{rows}{_conditions(shape)}{rest}"


def _conditions(shape: Shape) -> str:
    exclusive = [f"Exactly one of {_listed(names)} is given." for names in shape.one_of]
    implied = [f"Where `{key}` is `{value}`, `{further}` is required." for key, value, further in shape.when]
    renamed = sorted(name for name in shape.renamed if name not in shape.fields)
    former = [f"Keys of the API's first version are named with what is written today: {_listed(renamed)}."]
    lines = exclusive + implied + (former if renamed else [])
    return f"\n{' '.join(lines)}\n" if lines else ""


def _listed(names: Iterator[str] | tuple[str, ...] | list[str] | dict[str, Shape]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _value(kind: Kind, path: str, name: str) -> str:
    """What a key's value is, with a link to the section of the mapping that it holds."""
    inner, item = _inner(kind)
    if inner is None:
        return _words(kind)
    there = f"{path}{'.' if path else ''}{name}{item}"
    link = f"[`{there}`](#{re.sub(r'[^a-z_]', '', there.lower())})"
    scalar = f"{_words(kind.scalar)}, or " if isinstance(kind, Either) else ""
    return f"{scalar}a list of {link}" if item == "[]" else f"{scalar}{link}"


def _words(kind: Kind) -> str:
    match kind:
        case Text():
            return _text(kind)
        case Integer(minimum):
            return f"a whole number, {minimum} or more"
        case Time():
            return "a time with its zone, RFC 3339"
        case grammar.Day():
            return "a day, `YYYY-MM-DD`"
        case Secret(or_text):
            return "`{env: NAME}`" + (", or text" if or_text else "")
        case Free():
            return "a mapping"
        case Table(value):
            return f"a mapping of names to {_words(value)}"
        case ListOf(item):
            return f"a list of {_words(item)}"
        case Either(scalar, mapping):
            return f"{_words(scalar)}, or {_words(mapping)}"
        case Shape():
            return "a mapping"


def _text(kind: Text) -> str:
    if kind.choices:
        return " or ".join(f"`{choice}`" for choice in kind.choices) + (", in any case" if kind.any_case else "")
    further = " or a number" if kind.or_integer or kind.or_number else ""
    return ("letters, digits, `_` and `-`" if kind is grammar.PIPELINE.fields["id"].kind else "text") + further

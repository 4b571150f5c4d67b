"""``preflight config``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from preflight.cli.output import write_forms

if TYPE_CHECKING:
    from preflight.config import Project


@click.group("config")
def command() -> None:
    """What preflight reads, and from where.

    \b
    Example:
      preflight config show --origin
    """


@command.command("show", short_help="Show every value that holds.")
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.option("--origin", is_flag=True, help="Say where each value comes from.")
@click.option("-o", "--output", "outputs", multiple=True, metavar="FORMAT[:PATH]", help="text or json, and file.")
def show(path: Path, origin: bool, outputs: tuple[str, ...]) -> int:
    """Show every value of the project that holds, defaults and PREFLIGHT_ variables included; secrets are masked.

    \b
    Example:
      preflight config show
      preflight config show --origin
      preflight config show sync -o json
    """
    from preflight.config import load

    project = load(path)
    values = [*_values(project, os.environ)]
    width = max((len(f"{value.name} = {value.text}") for value in values), default=0)
    lines = [f"# {project.root / project.file}"]
    for value in values:
        line = f"{value.name} = {value.text}"
        lines.append(f"{line:{min(width, 80)}}  # {value.origin}" if origin else line)
    document = {
        "schema_version": 1,
        "project": str(project.root / project.file),
        "values": [{"name": v.name, "value": v.text, "origin": v.origin} for v in values],
    }
    write_forms(outputs, "\n".join(lines) + "\n", document)
    return 2 if project.problems else 0


class _Value(NamedTuple):
    name: str
    text: str
    origin: str


def _values(project: Project, environ: Mapping[str, str]) -> Iterator[_Value]:
    """The top level, then the resources in the file's order, then the variables that stand for options."""
    from preflight.config import WorkspaceConfig
    from preflight.config.secrets import is_secret_name

    workspace = project.workspace or WorkspaceConfig("")
    tops = {"workspace": workspace, "limits": project.limits, "lock": project.lock}
    for name, struct in tops.items():
        if name != "workspace" or project.workspace is not None:
            yield from _flat(project, environ, "", "", (name,), struct)
    for name, setting in project.rules.items():
        yield from _flat(project, environ, "", "", ("rules", name), setting)
    for kind in ("connections", "data_models", "field_transformations", "pipelines"):
        for resource in getattr(project, kind):
            yield from _flat(project, environ, kind, resource.id, (), resource)
    for name in sorted(environ):
        if name.startswith("PREFLIGHT_") and environ[name]:
            text = "****" if is_secret_name(name) else _shown(environ[name])
            yield _Value(name, text, "the environment")


def _flat(
    project: Project,
    environ: Mapping[str, str],
    kind: str,
    id_: str,
    keys: tuple[str | int, ...],
    value: Any,
) -> Iterator[_Value]:
    """Each scalar below ``value`` with its name and where it was written."""
    import msgspec

    from preflight.config import EnvRef
    from preflight.location import Excerpt

    if isinstance(value, EnvRef):
        known = "set" if value.read(environ) else "not set"
        yield _Value(_name(kind, id_, keys), f"{{env: {value.env}}}", f"{_origin(project, kind, id_, keys)}; {known}")
    elif isinstance(value, Excerpt):
        text = f"{len(value.text.splitlines())} lines of {value.file.path}"
        yield _Value(_name(kind, id_, (*keys[:-1], "sql")), text, value.file.path)
    elif isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            inner = getattr(value, field)
            if inner is not None and inner != {} and field != "folder":
                own = () if field == "options" else (field.rstrip("_"),)
                yield from _flat(project, environ, kind, id_, (*keys, *own), inner)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(project, environ, kind, id_, (*keys, key), inner)
    elif isinstance(value, tuple):
        for index, inner in enumerate(value):
            yield from _flat(project, environ, kind, id_, (*keys, index), inner)
    elif value is not None:
        text = _shown(getattr(value, "value", value))
        yield _Value(_name(kind, id_, keys), text, _origin(project, kind, id_, keys))


def _shown(value: Any) -> str:
    from preflight.config.secrets import looks_secret

    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return "****" if looks_secret(text) else text


def _name(kind: str, id_: str, keys: tuple[str | int, ...]) -> str:
    parts = [f"{kind}.{id_}"] if kind else []
    return ".".join([*parts, *map(str, keys)])


def _origin(project: Project, kind: str, id_: str, keys: tuple[str | int, ...]) -> str:
    """The file and line, or that it is a default: a route that leads no deeper than its parent was not written."""
    from preflight.location import Route

    span = project.locate(Route(kind, id_, keys))
    above = project.locate(Route(kind, id_, keys[:-1]))
    if span is None or (span == above and keys[-1] not in ("id", 0)):
        scalar_workspace = keys == ("workspace", "id") and span is not None
        return f"{span.path}:{span.line}" if scalar_workspace and span else "a default"
    return f"{span.path}:{span.line}"

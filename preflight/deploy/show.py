"""How resources, fields and changes read on a screen. Control characters are shown as escapes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import unified_diff
from typing import Any

from preflight.config import EnvRef
from preflight.config.secrets import looks_secret
from preflight.deploy.difference import Change, destruction
from preflight.workspace import wire

_NOUNS = {
    "connections": "connection",
    "data_models": "data model",
    "field_transformations": "field transformation",
    "pipelines": "pipeline",
}
_LONGEST = 120


def label(kind: str, id: str) -> str:  # noqa: A002 - the API's word
    """A resource by its kind and id."""
    return f"{_NOUNS[kind]} {printable(id)}"


def fields(body: Mapping[str, Any], indent: str = "    ") -> Iterator[str]:
    """A body as a tree, a line for each field."""
    for name, value in body.items():
        if isinstance(value, Mapping):
            yield f"{indent}{printable(name)}:"
            yield from fields(value, indent + "  ")
        elif isinstance(value, tuple | list) and value and all(isinstance(item, Mapping) for item in value):
            yield f"{indent}{printable(name)}:"
            yield from (f"{indent}  - {_inline(item)}" for item in value)
        else:
            yield f"{indent}{printable(name)}: {scalar(name, value)}"


def changes(kind: str, found: Iterable[Change]) -> Iterator[str]:
    """Changes as a tree: fields of one map stand below its name, a query's lines as a diff."""
    parents: tuple[str, ...] = ()
    for change in found:
        *above, name = change.path
        shared = 0
        while shared < min(len(above), len(parents)) and above[shared] == parents[shared]:
            shared += 1
        for depth in range(shared, len(above)):
            yield f"    {'  ' * depth}{printable(above[depth])}:"
        parents = tuple(above)
        indent = "    " + "  " * len(above)
        if name == "sql_query" and isinstance(change.old, str) and isinstance(change.new, str):
            yield f"{indent}{name}:"
            yield from (f"{indent}  {line}" for line in _diff(change.old, change.new))
        else:
            moved = f"{scalar(name, change.old)} → {scalar(name, change.new)}"
            yield f"{indent}{printable(name)}: {moved}{_effect(kind, change)}"


def resources(title: str, named: tuple[tuple[str, str], ...]) -> list[str]:
    """A list of resources under a title, or nothing where there is none."""
    return [f"{title}:", *(f"    {label(kind, name)}" for kind, name in named)] if named else []


def scalar(name: str, value: Any) -> str:
    """One value; a secret is only ever named."""
    if isinstance(value, EnvRef):
        return f"(secret: ${value.env})"
    if wire.secret(name) or (isinstance(value, str) and looks_secret(value)):
        return "(secret)"
    if value is None:
        return "(absent)"
    if isinstance(value, Mapping):
        return f"{{{_inline(value)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(scalar(name, item) for item in value)}]"
    if isinstance(value, str) and "\n" in value.strip():
        return f"({len(value.strip().splitlines())} lines)"
    text = printable(str(value).strip())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def shown(name: str, value: Any) -> Any:
    """A value as JSON may show it: a secret is ``{"env": NAME}``, a literal under a secret's name is left out."""
    if isinstance(value, EnvRef):
        return {"env": value.env}
    if value is not None and (wire.secret(name) or (isinstance(value, str) and looks_secret(value))):
        return "(secret)"
    if isinstance(value, Mapping):
        return {key: shown(key, item) for key, item in value.items()}
    return [shown(name, item) for item in value] if isinstance(value, list | tuple) else value


def printable(text: str) -> str:
    """``text`` on one line, with what could steer a terminal shown as an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in text)


def _inline(item: Mapping[str, Any]) -> str:
    return ", ".join(f"{printable(name)}: {scalar(name, value)}" for name, value in item.items())


def _diff(old: str, new: str) -> list[str]:
    lines = list(unified_diff(old.strip().splitlines(), new.strip().splitlines(), lineterm="", n=1))
    return [printable(line) for line in lines[2:]]


def _effect(kind: str, change: Change) -> str:
    """What a change does to what runs, where its field alone does not say it."""
    if said := destruction(kind, change):
        return f"  ({said})"
    return "  (activates)" if change.path == ("state",) and change.new is not None else ""

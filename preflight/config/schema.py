"""The JSON Schema of a project file, for editors: made from the grammar."""

from __future__ import annotations

from typing import Any, assert_never

from preflight.config import grammar as g

_SECRET = {
    "type": "object",
    "properties": {"env": {"type": "string", "minLength": 1, "description": "The environment variable that holds it."}},
    "required": ["env"],
    "additionalProperties": False,
}
_FREE = {"type": "object"}


def json_schema() -> dict[str, Any]:
    """The schema (draft 2020-12)."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "preflight project",
        **_of(g.PROJECT),
    }


def _of(kind: g.Kind) -> dict[str, Any]:
    match kind:
        case g.Text():
            return _text(kind)
        case g.Integer():
            return {"type": "integer", "minimum": kind.minimum}
        case g.Time():
            return {"type": "string", "format": "date-time"}
        case g.Day():
            return {"type": "string", "format": "date"}
        case g.Secret():
            return {"anyOf": [_SECRET, {"type": "string"}]} if kind.or_text else _SECRET
        case g.Free():
            return _FREE
        case g.Table():
            names = {"propertyNames": {"enum": list(kind.keys)}} if kind.keys else {}
            return {"type": "object", "additionalProperties": _or_null(_of(kind.value)), **names}
        case g.ListOf():
            return {"type": "array", "items": _of(kind.item)}
        case g.Either():
            return {"anyOf": [_of(kind.scalar), _of(kind.mapping)]}
        case g.Shape():
            return _shape(kind)
        case _:
            assert_never(kind)


def _text(kind: g.Text) -> dict[str, Any]:
    if kind.choices and kind.any_case:
        cased = ["".join(f"[{c.lower()}{c.upper()}]" if c.isalpha() else c for c in choice) for choice in kind.choices]
        return {"type": "string", "pattern": f"^({'|'.join(cased)})$", "examples": list(kind.choices)}
    schema: dict[str, Any] = {"type": ["string", "integer"] if kind.or_integer else "string", "minLength": 1}
    if kind.choices:
        schema = {"enum": list(kind.choices)}
    if kind.pattern:
        schema["pattern"] = f"^{kind.pattern}$"
    return schema


def _shape(shape: g.Shape) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            name: {
                **(_of(field.kind) if field.required else _or_null(_of(field.kind))),
                "description": field.doc,
            }
            for name, field in shape.fields.items()
        },
        "additionalProperties": shape.rest is not None,
    }
    if required := [name for name, field in shape.fields.items() if field.required]:
        schema["required"] = required
    if shape.one_of:
        schema["allOf"] = [
            {"oneOf": [{"required": [name], "properties": {name: {"not": {"type": "null"}}}} for name in names]}
            for names in shape.one_of
        ]
    return schema


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}

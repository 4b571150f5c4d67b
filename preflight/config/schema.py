"""The JSON Schema of a project file, for editors: made from the grammar.

It cannot say what only the whole project tells (ids, references, files), nor that a day is one of the calendar.
"""

from __future__ import annotations

from typing import Any, assert_never

from preflight.config import grammar as g
from preflight.config.scalars import DAY_PATTERN, TIME_PATTERN
from preflight.config.secrets import WORDS

_REFERENCE = {"$ref": "#/$defs/reference"}
_FREE = {"$ref": "#/$defs/free"}
_NOT_BLANK = r"\S"
_SECRET_NAME = f"^(.*_)?({'|'.join(WORDS)})$"


def json_schema() -> dict[str, Any]:
    """The schema (draft 2020-12)."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "preflight project",
        **_of(g.PROJECT),
        "$defs": {
            "reference": {
                "description": "A reference to a secret: the environment variable that holds it.",
                "type": "object",
                "properties": {"env": {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}},
                "required": ["env"],
                "additionalProperties": False,
            },
            "free": {
                "type": "object",
                "patternProperties": {_SECRET_NAME: {"anyOf": [_REFERENCE, {"type": ["boolean", "null"]}]}},
                "additionalProperties": {"$ref": "#/$defs/value"},
            },
            "value": {
                "anyOf": [
                    {"type": ["string", "number", "boolean", "null"]},
                    {"type": "array", "items": {"$ref": "#/$defs/value"}},
                    _FREE,
                ]
            },
        },
    }


def _of(kind: g.Kind) -> dict[str, Any]:
    match kind:
        case g.Text():
            return _text(kind)
        case g.Integer():
            return {"type": "integer", "minimum": kind.minimum, "maximum": g.LARGEST}
        case g.Time():
            return {"type": "string", "format": "date-time", "pattern": f"^{TIME_PATTERN}$"}
        case g.Day():
            return {"type": "string", "format": "date", "pattern": f"^{DAY_PATTERN}$"}
        case g.Secret():
            return {"anyOf": [_REFERENCE, {"type": "string", "pattern": _NOT_BLANK}]} if kind.or_text else _REFERENCE
        case g.Free():
            return {**_FREE, "not": _any_of(kind.renamed)} if kind.renamed else _FREE
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
    if kind.choices:
        return {"enum": list(kind.choices)}
    types = ["string", *(["integer"] if kind.or_integer else []), *(["number"] if kind.or_number else [])]
    schema: dict[str, Any] = {"type": types if len(types) > 1 else "string"}
    if not kind.or_blank:
        schema["pattern"] = f"^{kind.pattern}$" if kind.pattern else _NOT_BLANK
    return schema


def _shape(shape: g.Shape) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            name: {**(_of(field.kind) if field.required else _or_null(_of(field.kind))), "description": field.doc}
            for name, field in shape.fields.items()
        },
    }
    if shape.rest is None:
        schema["additionalProperties"] = False
    else:
        rest = {"anyOf": [_REFERENCE, {"type": ["boolean", "null"]}]}
        schema |= {"patternProperties": {_SECRET_NAME: rest}, "additionalProperties": {"$ref": "#/$defs/value"}}
    if required := [name for name, field in shape.fields.items() if field.required]:
        schema["required"] = required
    conditions: list[dict[str, Any]] = [{"oneOf": [_given(name) for name in names]} for names in shape.one_of]
    for key, value, wanted in shape.when:
        is_so = {"properties": {key: {"const": value}}, "required": [key]}
        conditions.append({"if": is_so, "then": _given(wanted)})
    if conditions:
        schema["allOf"] = conditions
    return schema


def _given(name: str) -> dict[str, Any]:
    return {"required": [name], "properties": {name: {"not": {"type": "null"}}}}


def _any_of(names: Any) -> dict[str, Any]:
    return {"anyOf": [{"required": [name]} for name in names]}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}

"""What a body means, whoever wrote it: the project or the platform. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from preflight.workspace.wire import READ_ONLY, secret

_MASK = re.compile(r"\*+")
_ENUMS = frozenset(
    {
        "service_provider",
        "state",
        "environment",
        "type",
        "frequency",
        "iterator_data_type",
        "destination_type",
        "mapping_type",
    }
)
_TIMES = frozenset({"from", "until", "start_time", "end_time"})
_NUMBERS = frozenset({"partner_feed_id", "plan_version", "port"})
"""Numbers that the docs show both bare and quoted."""


def comparable(kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """What a body means, ours or the platform's: two bodies that compare equal say the same.

    Secrets, masks, read-only fields, nulls and the id are left out; enumerations are folded to lower case, times are
    seconds since 1970-01-01T00:00:00Z, a nested ``config.sql_query`` counts as a flat one, and mappings are keyed by
    destination. References to secrets under other names stay, so that the caller can leave them out of a comparison.
    """
    fields = {name: value for name, value in body.items() if name not in READ_ONLY and name != "id"}
    nested = fields.get("config")
    if kind == "data_models" and isinstance(nested, Mapping) and "sql_query" in nested:
        fields = {"sql_query": nested["sql_query"], **{n: v for n, v in fields.items() if n != "config"}}
    return _comparable_map(fields)


def _comparable_map(fields: Mapping[str, Any]) -> dict[str, Any]:
    result = {}
    for name, value in fields.items():
        if secret(name) or value is None or (isinstance(value, str) and _MASK.fullmatch(value)):
            continue
        if name == "mappings" and isinstance(value, list | tuple):
            result[name] = _comparable_mappings(value)
        else:
            result[name] = _comparable_value(name, value)
    return result


def _comparable_value(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return _comparable_map(value)
    if isinstance(value, list | tuple):
        return tuple(_comparable_value(name, item) for item in value)
    if isinstance(value, bool):
        return value
    if name in _NUMBERS and isinstance(value, int | float | str):
        return str(value)
    if not isinstance(value, str):
        return value
    if name in _ENUMS:
        return value.casefold()
    if name in _TIMES:
        return _instant(value)
    return value.replace("\r\n", "\n").strip() if name == "sql_query" else value


def _comparable_mappings(mappings: list[Any] | tuple[Any, ...]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for mapping in mappings:
        fields = _comparable_map(mapping) if isinstance(mapping, Mapping) else {"source": str(mapping)}
        key = base = str(fields.get("destination") or fields.get("source") or "")
        number = 1
        while key in result:
            number += 1
            key = f"{base} ({number})"
        result[key] = fields
    return result


def _instant(text: str) -> float | str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return moment.timestamp() if moment.tzinfo else text

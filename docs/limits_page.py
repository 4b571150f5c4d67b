"""The page of documented limits, made from ``preflight/limits.json``."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path

from preflight import limits
from preflight.limits import Limit

_HEAD = """\
# The documented limits

Made from [limits.json](../preflight/limits.json); do not edit. A value is the largest that is accepted. A project
chooses a profile under `limits.profile` and may set single values under `limits.overrides`, each with a reason.

What the platform does past a limit of records or columns (fail, cut or split) is documented nowhere that we could read,
so preflight takes it as a failure.
"""
_MARKS = {
    "V2": "on the page of the API's second version",
    "V1": "in the documentation source of 2023",
    "3P": "in a third party's dated transcript of the page",
    "INF": "nowhere: it is inferred",
}


def page() -> str:
    """The page's text."""
    profiles = json.loads(Path(limits.__file__).with_name("limits.json").read_text("utf-8"))
    return _HEAD + "".join(_section(name, profiles[name]["title"]) for name in limits.profiles())


def _section(profile: str, title: str) -> str:
    loaded = limits.load(profile)
    default = " (the default)" if profile == limits.DEFAULT_PROFILE else ""
    own = sorted((limit for limit in loaded if limit.profile == profile), key=_reading)
    tables = "".join(_table(reading, list(group)) for reading, group in groupby(own, key=_reading))
    inherited = sorted({limit.profile for limit in loaded if limit.profile != profile})
    rest = f"\nEvery other limit is that of {', '.join(f'`{name}`' for name in inherited)}.\n" if inherited else ""
    return f"\n## {profile}{default}\n\n{title}.\n{tables}{rest}"


def _reading(limit: Limit) -> tuple[str, str, str]:
    return limit.source, limit.read.isoformat(), limit.mark


def _table(reading: tuple[str, str, str], own: list[Limit]) -> str:
    source, day, mark = reading
    rows = "".join(f"| `{limit.name}` | {limit.value:,} {limit.unit} | {limit.scope} |\n" for limit in own)
    head = "| limit | value | for each |\n|---|---|---|\n"
    return f"\nFrom <{source}>, read on {day} {_MARKS[mark]} ({mark}):\n\n{head}{rows}"

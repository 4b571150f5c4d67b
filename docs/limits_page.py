"""The page of documented limits, made from ``preflight/limits.toml``."""

from __future__ import annotations

import tomllib
from pathlib import Path

from preflight import limits

_HEAD = """\
# The documented limits

Made from [limits.toml](../preflight/limits.toml); do not edit. A value is the largest that is accepted. A project
chooses a profile under `limits.profile` and may set single values under `limits.overrides`, each with a reason.

What the platform does past a limit (fail, cut or split) is documented nowhere that we could read, so preflight takes
it as a failure.
"""
_MARKS = {
    "V2": "read on the page of the API's second version",
    "V1": "read in the documentation source of 2023",
    "3P": "a third party's dated reading of the page",
    "INF": "inferred",
}


def page() -> str:
    """The page's text."""
    document = tomllib.loads(Path(limits.__file__).with_name("limits.toml").read_text("utf-8"))
    return _HEAD + "".join(_section(name, document["profiles"][name]["title"]) for name in limits.profiles())


def _section(profile: str, title: str) -> str:
    loaded = limits.load(profile)
    own = [limit for limit in loaded if limit.profile == profile]
    inherited = [f"`{limit.name}` from `{limit.profile}`" for limit in loaded if limit.profile != profile]
    default = " (the default)" if profile == limits.DEFAULT_PROFILE else ""
    rows = "".join(f"| `{limit.name}` | {limit.value:,} {limit.unit} | {limit.scope} |\n" for limit in own)
    source = f"{title}: <{own[0].source}>. Read on {own[0].read}; {own[0].mark}, {_MARKS[own[0].mark]}."
    rest = f"\nTaken over: {', '.join(inherited)}.\n" if inherited else ""
    return f"\n## {profile}{default}\n\n{source}\n\n| limit | value | for each |\n|---|---|---|\n{rows}{rest}"

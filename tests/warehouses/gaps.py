"""The known gaps of the engines' test servers, as ``adapters/servers/gaps.toml`` lists them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec

FILE = Path(__file__).resolve().parents[2] / "adapters" / "servers" / "gaps.toml"


class Gap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A check that an engine's test server cannot pass, whose fault that is, and why."""

    engine: str
    check: str
    owner: str
    reason: str


def gaps() -> tuple[Gap, ...]:
    """Every gap; raises ValueError for an owner that there is not."""
    found = tuple(msgspec.convert(entry, Gap) for entry in tomllib.loads(FILE.read_text("utf-8"))["gap"])
    for gap in found:
        if gap.owner not in ("ours", "server", "never"):
            raise ValueError(f"{gap.check} on {gap.engine}: {gap.owner!r} owns no gap")
    return found


def gap_for(engine: str, name: str, case: str) -> Gap | None:
    """The gap of one check, by its test's name and the case that it runs."""
    wanted = (name, f"{name}:{case}")
    return next((gap for gap in gaps() if gap.engine == engine and gap.check in wanted), None)

"""How the comparison of runs with counts reads, for people and for programs. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from preflight.deploy.show import printable
from preflight.deploy.verify import FIELDS, Comparison
from preflight.schedule import iso


def text(target: str, found: Iterable[Comparison]) -> str:
    """The comparisons as lines."""
    lines = [f"Latest runs in {target}"]
    for one in found:
        lines.append(f"pipeline {printable(one.pipeline)}: {one.outcome.value}{_said(one)}")
        lines += [f"    {sentence}" for sentence in one.differences]
        lines += [f"    unproven: {sentence}" for sentence in one.missing]
    return "\n".join(lines) + "\n"


def _said(one: Comparison) -> str:
    if one.run is None:
        return ""
    window = f", {iso(one.run.window.start)} to {iso(one.run.window.end)}" if one.run.window else ""
    counted = f", {one.counted:,} rows" if one.counted is not None else ""
    return f" (run {one.run.id}, {one.run.state}{window}{counted})"


def document(target: str, found: Iterable[Comparison]) -> dict[str, Any]:
    """The comparisons as JSON's values."""
    return {"schema_version": 1, "target": target, "pipelines": [_entry(one) for one in found]}


def _entry(one: Comparison) -> dict[str, Any]:
    run = one.run
    return {
        "id": one.pipeline,
        "outcome": one.outcome.name.lower(),
        "run": run
        and {
            "id": run.id,
            "state": run.state,
            "interval": run.window and {"start": iso(run.window.start), "end": iso(run.window.end)},
            **{name: getattr(run, field) for name, field in FIELDS.items()},
        },
        "rows_counted": one.counted,
        "differences": list(one.differences),
        "unproven": list(one.missing),
    }

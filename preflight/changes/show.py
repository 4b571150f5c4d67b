"""A payload's differences as text, as Markdown for a pull request, and as a document for programs."""

from __future__ import annotations

from typing import Any

from preflight.changes.payload import Change, Difference, How, by_pipeline
from preflight.report.style import Style

MAX_ROWS = 200
"""Rows of a pull request's table."""
_ROOM = 15_000
"""Characters of these rows: a comment takes 65,536, and most of them are for the report."""


def text(found: Difference) -> str:
    """The differences, a line each."""
    clean = Style().clean
    lines = [f"payload against {clean(found.base)}: {_count(found)}"]
    for pipeline, changes in by_pipeline(found.changes).items():
        lines += ["", f"pipeline {clean(pipeline)}"]
        lines += [f"  {change.how.value} {clean(_sentence(change))}" for change in changes]
    lines += ["", _slots(found)] if found.changes else []
    lines += [f"note: not all columns of {clean(name)} are known: a star stands for some" for name in found.hidden]
    return "\n".join(lines) + "\n"


def _count(found: Difference) -> str:
    pipelines = len(by_pipeline(found.changes))
    if not pipelines:
        return "nothing changes"
    return f"{len(found.changes)} change{'s' * (len(found.changes) > 1)} in {pipelines} pipeline{'s' * (pipelines > 1)}"


def _sentence(change: Change) -> str:
    what = change.what if change.name == change.what or change.what == "pipeline" else f"{change.what} {change.name}"
    if change.how is How.ADDED:
        return f"{what}: {change.after}"
    if change.how is How.REMOVED:
        return f"{what}, was {change.before}"
    return f"{what}: {change.before} → {change.after}"


def _slots(found: Difference) -> str:
    moved = f"{found.slots_before} → {found.slots_after}" if found.slots_before != found.slots_after else None
    return f"slots: {moved or found.slots_after} of {found.slots_limit}, by this project alone"


def markdown(found: Difference) -> str:
    """The differences as a table, which a pull request's comment shows."""
    lines = [f"### Payload against `{_code(found.base)}`: {_count(found)}", ""]
    if found.changes:
        lines += ["| pipeline | | what | before | after |", "|---|---|---|---|---|"]
        room, shown = _ROOM, 0
        for change in found.changes[:MAX_ROWS]:
            name = "" if change.name in (change.what, change.pipeline) else f" `{_code(change.name)}`"
            mark = {How.ADDED: "added", How.REMOVED: "**removed**", How.CHANGED: "**changed**"}[change.how]
            sides = f"{_cell(change.before)} | {_cell(change.after)}"
            row = f"| `{_code(change.pipeline)}` | {mark} | {change.what}{name} | {sides} |"
            room -= len(row) + 1
            if room < 0:
                break
            lines.append(row)
            shown += 1
        if len(found.changes) > shown:
            lines += ["", f"… and {len(found.changes) - shown:,} more"]
        lines += ["", _slots(found)]
    lines += [f"\nNot all columns of `{_code(name)}` are known: a star stands for some." for name in found.hidden[:5]]
    if len(found.hidden) > 5:
        lines.append(f"\nNor are those of {len(found.hidden) - 5:,} more pipelines.")
    return "\n".join(lines) + "\n"


def _code(words: str) -> str:
    return Style().clean(words).replace("`", "'").replace("|", "\\|").replace("\n", " ")[:200]


def _cell(words: str) -> str:
    return f"`{_code(words)}`" if words else ""


def document(found: Difference) -> dict[str, Any]:
    """The differences as JSON's values."""
    return {
        "schema_version": 1,
        "base": found.base,
        "changes": [
            {
                "pipeline": change.pipeline,
                "how": change.how.name.lower(),
                "what": change.what,
                "name": change.name,
                "before": change.before,
                "after": change.after,
            }
            for change in found.changes
        ],
        "slots": {"before": found.slots_before, "after": found.slots_after, "limit": found.slots_limit},
        "hidden": list(found.hidden),
    }

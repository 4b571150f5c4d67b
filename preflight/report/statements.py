"""The statements that a run sent to warehouses, as text for a person."""

from __future__ import annotations

from collections.abc import Iterable

from preflight.finding import Asked

_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


def statements_text(statements: Iterable[Asked]) -> str:
    """One block a statement: a comment that says what it was for and what it took, and its text as it was sent."""
    blocks = [_block(statement) for statement in statements]
    return "\n".join(blocks) if blocks else "-- nothing was sent to a warehouse\n"


def _block(asked: Asked) -> str:
    read = f", {_size(asked.bytes)}" if asked.bytes is not None else ""
    error = f"\n-- refused: {' '.join(asked.error.split())}" if asked.error else ""
    head = f"-- {asked.connection}: {asked.purpose}, {asked.basis.name.lower()}, {asked.seconds:.2f} s{read}{error}"
    return f"{head}\n{asked.text.rstrip()}\n"


def _size(count: int) -> str:
    value, unit = float(count), 0
    while value >= 1024 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{value:.1f} {_UNITS[unit]}" if unit else f"{count} bytes"

"""The statements that a run sent to warehouses, as text for a person."""

from __future__ import annotations

from collections.abc import Iterable

from preflight.finding import Asked, size_text


def statements_text(statements: Iterable[Asked]) -> str:
    """One block a statement: a comment that says what it was for and what it took, and its text as it was sent."""
    blocks = [_block(statement) for statement in statements]
    return "\n".join(blocks) if blocks else "-- nothing was sent to a warehouse\n"


def _block(asked: Asked) -> str:
    read = f", {size_text(asked.bytes)}" if asked.bytes is not None else ""
    error = f"\n-- refused: {' '.join(asked.error.split())}" if asked.error else ""
    head = f"-- {asked.connection}: {asked.purpose}, {asked.basis.name.lower()}, {asked.seconds:.2f} s{read}{error}"
    return _printable(f"{head}\n{asked.text.rstrip()}\n")


def _printable(text: str) -> str:
    """``text`` with its lines and tabs, and an escape for whatever else would steer a terminal."""
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    lines = text.replace("\r\n", "\n")
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in lines)

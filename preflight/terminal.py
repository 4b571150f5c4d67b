"""Stdout: what it is and can show; and writing to it and to stderr. It imports nothing, so that it costs nothing."""

from __future__ import annotations

import os
import sys


def put(text: str) -> None:
    """Write to stdout what it can show as it is, as ``write``."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def aside(text: str) -> None:
    """Write to stderr; where it takes nothing the text is lost, and the exit code says what it can."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def shown(color: str) -> tuple[object, ...]:
    """What the look of a text on stdout hangs on."""
    return wants_color(color), encoding(), width()


def wants_color(choice: str) -> bool:
    """Whether to use colour on stdout: as chosen, else as NO_COLOR, FORCE_COLOR, TERM and the terminal say."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")


def encoding() -> str:
    """The encoding of stdout."""
    return sys.stdout.encoding or "ascii"


def width() -> int:
    """The columns of a terminal, as COLUMNS says or it itself; 0 for anything else: a file is cut by nobody."""
    if not sys.stdout.isatty():
        return 0
    try:
        return max(0, int(os.environ["COLUMNS"]))
    except (KeyError, ValueError):
        return os.get_terminal_size(sys.stdout.fileno()).columns

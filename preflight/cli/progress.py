"""What a run that takes longer than a second is waiting for, on one line of stderr that is gone at the end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TextIO

from preflight.facts import Watch, unwatched
from preflight.finding import Subject, SubjectKind

QUIET_SECONDS = 1.0
"""How long a run may take before the line appears."""
_REDRAW_SECONDS = 0.25
_STEPS = {
    "connect": "connecting",
    "describe": "describing the query",
    "tables": "reading what is known of its tables",
    "grants": "reading the connection's rights",
    "rehearsal": "rehearsing the platform's statements",
    "count": "counting its windows",
    "profile": "profiling its values",
    "workspace": "reading the workspace",
}
"""What is done at a step of the asking; a step that is not here is shown by its own name."""


@contextmanager
def watching(stream: TextIO) -> Iterator[Watch]:
    """What to tell about the asking, while the block runs; nothing is shown where ``stream`` is no terminal."""
    if not stream.isatty() or os.environ.get("TERM") == "dumb":
        yield unwatched
        return
    from threading import Event, Thread

    line, over = _Line(stream), Event()

    def draw() -> None:
        wait = QUIET_SECONDS
        while not over.wait(wait):
            line.draw()
            wait = _REDRAW_SECONDS

    thread = Thread(target=draw, name="progress", daemon=True)
    thread.start()
    try:
        yield line.tell
    finally:
        over.set()
        thread.join()
        line.erase()


class _Line:
    def __init__(self, stream: TextIO) -> None:
        from preflight.report.style import Style

        self._stream = stream
        self._clean: Callable[[str], str] = Style(encoding=stream.encoding or "ascii").clean
        self._now: tuple[Subject, str, float] | None = None
        self._columns = 0

    def tell(self, subject: Subject, step: str) -> None:
        """Note what is asked for from now on."""
        self._now = subject, step, monotonic()

    def draw(self) -> None:
        """Write the line anew."""
        if self._now is None:
            return
        subject, step, since = self._now
        who = "" if subject.kind is SubjectKind.PROJECT else f"{subject}: "
        text = self._clean(f"{who}{_STEPS.get(step, step)}, {monotonic() - since:.0f} s")[: self._width()]
        self._write(f"\r{text.ljust(self._columns)}")
        self._columns = len(text)

    def erase(self) -> None:
        """Leave the line empty, where anything was drawn."""
        if self._columns:
            self._write(f"\r{' ' * self._columns}\r")

    def _width(self) -> int:
        """One column less than the terminal has: a full line would go on in the next."""
        try:
            return max(1, os.get_terminal_size(self._stream.fileno()).columns - 1)
        except (OSError, ValueError):
            return 79

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:  # the terminal has gone away; the run goes on
            self._now, self._columns = None, 0

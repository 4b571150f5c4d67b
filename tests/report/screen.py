"""A pseudo-terminal for a program's output, and what somebody before it would have seen."""

from __future__ import annotations

import os
import pty
import re
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import ioctl
from struct import pack
from termios import TIOCSWINSZ
from typing import TextIO

from tests.until import until


class Terminal:
    """The screen's one line as a terminal would show it, and every state that it had."""

    def __init__(self, reader: int) -> None:
        self._reader, self._said = reader, b""
        os.set_blocking(reader, False)

    def shows(self, text: str) -> None:
        """Wait until the line has shown ``text``."""
        until(lambda: any(text in state for state in self.states()), text)

    def states(self) -> list[str]:
        try:
            while part := os.read(self._reader, 1 << 16):
                self._said += part
        except OSError:
            pass
        line, states = "", []
        for piece in re.split("(\r)", self._said.decode()):
            line = piece + line[len(piece) :] if piece != "\r" else line
            if piece not in ("", "\r"):
                states.append(line.rstrip())
        return states


@contextmanager
def terminal(columns: int = 80) -> Iterator[tuple[Terminal, TextIO]]:
    main, other = pty.openpty()
    ioctl(other, TIOCSWINSZ, pack("HHHH", 24, columns, 0, 0))
    with os.fdopen(other, "w", encoding="utf-8") as stream:
        yield Terminal(main), stream
    os.close(main)

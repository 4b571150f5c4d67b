"""Problems of one file as they are found, each at its node."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from preflight.config.nodes import Mistake, Node, Scalar
from preflight.config.project import Problem
from preflight.location import SourceFile, Span

BAD: Any = object()
"""What a value that breaks the grammar is read as."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name closest to ``name``; None where none is close."""
    from difflib import get_close_matches

    by_folded = {name.casefold(): name for name in known}
    close = get_close_matches(name[:200].casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[close[0]] if close else None


class Suggestions:
    """The nearest right names, for the first ``budget`` wrong ones: a search costs more than reading a resource."""

    def __init__(self, budget: int = 500) -> None:
        self._left = budget

    def nearest(self, name: str, known: Iterable[str]) -> str | None:
        """The known name closest to ``name``; None where none is close, or where the budget is spent."""
        self._left -= 1
        return nearest(name, known) if self._left >= 0 else None


class Problems:
    """The problems of one file."""

    def __init__(self, file: SourceFile) -> None:
        self.file = file
        self.found: list[Problem] = []
        self.suggest = Suggestions()

    def span(self, node: Node) -> Span:
        """Where a node stands: a scalar whole, a collection or a block by its first line."""
        end = node.end
        if not isinstance(node, Scalar) or node.style in ("|", ">"):
            stop = self.file.text.find("\n", node.start)
            end = min(end, stop) if stop >= 0 else end
        return self.file.span(node.start, max(end, node.start))

    def at(self, kind: str, message: str, span: Span, remedy: str) -> Any:
        """Keep a problem at a span; answers BAD."""
        self.found.append(Problem(kind, message, span, remedy))
        return BAD

    def add(self, kind: str, message: str, node: Node, remedy: str) -> Any:
        """Keep a problem at a node; answers BAD."""
        return self.at(kind, message, self.span(node), remedy)

    def mistake(self, mistake: Mistake) -> None:
        """Keep what the parser found."""
        self.at(mistake.kind, mistake.message, self.file.span(mistake.start, mistake.end), mistake.remedy)

"""The comments of a YAML file that may speak to preflight, and what each stands beside. It reads no directive."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from preflight.config.nodes import Mapping, Node, Scalar, Sequence
from preflight.config.project import Comment

MARK = "preflight:"


def comments(text: str, root: Node) -> tuple[Comment, ...]:
    """The comments that hold ``preflight:``, in the text's order."""
    if MARK not in text:
        return ()
    scalars = sorted(_scalars(root), key=lambda scalar: scalar.start)
    starts = [scalar.start for scalar in scalars]
    items: dict[int, int] = {}
    for start, end in _items(root):
        items[start] = max(end, items.get(start, 0))
    order = sorted(items)
    found = []
    for line in re.finditer(rf"[^\r\n]*{MARK}[^\r\n]*", text):
        at = _sign(text, line.start(), line.end(), scalars, starts)
        if at is None or MARK not in text[at : line.end()]:
            continue
        first, last = line.span()
        if not text[line.start() : at].strip():
            after = bisect_right(order, line.end())
            last = items[order[after]] if after < len(order) else line.end()
        found.append(Comment(text[at : line.end()], at, line.end(), first, last))
    return _joined(text, found)


def _joined(text: str, found: list[Comment]) -> tuple[Comment, ...]:
    """Comments on lines of their own, one below the other, begin where the first of them does."""
    joined: list[Comment] = []
    for comment in found:
        before = joined[-1] if joined else None
        together = before is not None and before.last == comment.last and not _between(text, before, comment)
        first = before.first if before is not None and together else comment.first
        joined.append(Comment(comment.text, comment.start, comment.end, first, comment.last))
    return tuple(joined)


def _between(text: str, before: Comment, after: Comment) -> bool:
    lines = text[before.end : after.start].splitlines()
    return any(line.strip() and not line.lstrip().startswith("#") for line in lines)


def _sign(text: str, start: int, end: int, scalars: list[Scalar], starts: list[int]) -> int | None:
    """Where a line's comment begins; None where it has none."""
    at = text.find("#", start, end)
    while at >= 0:
        if (at == start or text[at - 1] in " \t\ufeff") and not _within(text, at, scalars, starts):
            return at
        at = text.find("#", at + 1, end)
    return None


def _within(text: str, at: int, scalars: list[Scalar], starts: list[int]) -> bool:
    """Whether an offset lies in a scalar's text; the line that opens a block is none of it."""
    index = bisect_right(starts, at) - 1
    if index < 0 or at >= scalars[index].end:
        return False
    scalar = scalars[index]
    return scalar.style not in ("|", ">") or "\n" in text[scalar.start : at]


def _walk(root: Node) -> Iterator[Node]:
    todo = [root]
    while todo:
        node = todo.pop()
        yield node
        if isinstance(node, Sequence):
            todo += node.items
        elif isinstance(node, Mapping):
            todo += [part for pair in (*node.entries.values(), *node.repeated) for part in pair]


def _scalars(root: Node) -> Iterator[Scalar]:
    return (node for node in _walk(root) if isinstance(node, Scalar))


def _items(root: Node) -> Iterator[tuple[int, int]]:
    """Where each key and each item of a list begins, and where all below it ends."""
    for node in _walk(root):
        if isinstance(node, Sequence):
            yield from ((item.start, item.end) for item in node.items)
        elif isinstance(node, Mapping):
            yield from ((key.start, value.end) for key, value in (*node.entries.values(), *node.repeated))

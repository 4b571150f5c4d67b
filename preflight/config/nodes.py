"""YAML text to located nodes, by the parser's events. It knows no grammar of ours.

Nodes are built without recursion and under caps, so that no text can exhaust the stack or the memory. Scalars keep
their text; the meaning of a plain one follows YAML 1.2's core schema (``no``, ``012`` and ``12:30:00`` are text), save
that a number in another base than ten stays text too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

MAX_DEPTH = 64
MAX_NODES = 200_000
MAX_LENGTH = 1_000_000
"""Code points of one file."""

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip


class Scalar(msgspec.Struct):
    """A scalar as it is written; offsets are code points in the file, the end is exclusive."""

    text: str
    plain: bool
    style: str
    """Empty for plain, else the YAML indicator: a quote, ``|`` or ``>``."""
    start: int
    end: int

    @property
    def value(self) -> str | int | float | bool | None:
        """What it means: text, unless it is plain and looks like something else."""
        if not self.plain:
            return self.text
        if self.text in _WORDS:
            return _WORDS[self.text]
        if _INTEGER.fullmatch(self.text):
            return int(self.text) if len(self.text) <= 19 else self.text
        if _FLOAT.fullmatch(self.text) and len(self.text) <= 40:
            return float(self.text)
        return self.text


class Sequence(msgspec.Struct):
    """A sequence of nodes."""

    items: list[Node]
    start: int
    end: int


class Mapping(msgspec.Struct):
    """A mapping with text keys; of a key that stands twice the first is kept."""

    entries: dict[str, tuple[Scalar, Node]]
    start: int
    end: int


Node = Scalar | Sequence | Mapping


class Mistake(msgspec.Struct, frozen=True):
    """Something that keeps the text from being read; offsets are code points."""

    kind: str
    message: str
    start: int
    end: int
    remedy: str


def parse(text: str) -> tuple[Node | None, list[Mistake]]:
    """The root node (None for an empty document, or where the text cannot be read) and every mistake."""
    if len(text) > MAX_LENGTH:
        return None, [_broken(f"The file is longer than {MAX_LENGTH:,} characters.", 0, 1, "Split it with `include`.")]
    import yaml

    builder = _Builder()
    try:
        for event in _events(text):
            if not builder.take(event):
                break
    except yaml.reader.ReaderError as error:
        at = min(error.position, max(0, len(text) - 1))
        char = text[at : at + 1]
        builder.mistakes.append(
            _broken(f"The character U+{ord(char or ' '):04X} may not stand in YAML.", at, at + 1, "Remove it.")
        )
        return None, builder.mistakes
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = min(mark.index if mark else 0, len(text))
        said = " ".join(part for part in (error.context, error.problem) if part) or "it cannot be read"
        builder.mistakes.append(_broken(f"This is no YAML: {said}.", at, at + 1, "Mend the syntax at this place."))
        return None, builder.mistakes
    return builder.root, builder.mistakes


def _broken(message: str, start: int, end: int, remedy: str) -> Mistake:
    return Mistake("broken-yaml", message, start, end, remedy)


def _events(text: str) -> Iterator[object]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.parse(text, Loader=loader)


class _Builder:
    """Puts nodes together from events; ``take`` answers False when it has seen enough."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self.mistakes: list[Mistake] = []
        self._open: list[Sequence | Mapping] = []
        self._keys: list[Scalar | None] = []
        self._nodes = 0
        self._documents = 0

    def take(self, event: object) -> bool:
        name = type(event).__name__
        start, end = event.start_mark.index, event.end_mark.index  # type: ignore[attr-defined]
        if name == "DocumentStartEvent":
            return self._document(start, end)
        if name in ("SequenceStartEvent", "MappingStartEvent"):
            return self._start(name, event, start, end)
        if name in ("SequenceEndEvent", "MappingEndEvent"):
            closed = self._open.pop()
            self._keys.pop()
            closed.end = end
        elif name == "ScalarEvent":
            self._check(event, start, end)
            self._nodes += 1
            plain = event.implicit[0]  # type: ignore[attr-defined]
            style = event.style or ""  # type: ignore[attr-defined]
            self._add(Scalar(event.value, plain, "" if plain else style, start, end))  # type: ignore[attr-defined]
        elif name == "AliasEvent":
            self.mistakes.append(
                _broken("A project file holds no aliases.", start, end, "Write the value out at this place.")
            )
            self._add(Scalar("", True, "", start, end))
        if self._nodes > MAX_NODES:
            self.mistakes.append(_broken(f"The file holds more than {MAX_NODES:,} values.", start, end, "Split it."))
            return False
        return True

    def _document(self, start: int, end: int) -> bool:
        self._documents += 1
        if self._documents > 1:
            self.mistakes.append(
                _broken("The file holds a second document.", start, end, "Put it into a file of its own.")
            )
        return self._documents == 1

    def _start(self, name: str, event: object, start: int, end: int) -> bool:
        self._check(event, start, end)
        self._nodes += 1
        if len(self._open) >= MAX_DEPTH:
            self.mistakes.append(_broken(f"It is nested deeper than {MAX_DEPTH}.", start, start + 1, "Flatten it."))
            return False
        node: Sequence | Mapping = Mapping({}, start, end) if name.startswith("Mapping") else Sequence([], start, end)
        self._add(node)
        self._open.append(node)
        self._keys.append(None)
        return True

    def _check(self, event: object, start: int, end: int) -> None:
        if getattr(event, "anchor", None):
            self.mistakes.append(_broken("A project file holds no anchors.", start, end, "Remove the anchor."))
        tag = getattr(event, "tag", None)
        if tag not in (None, "!"):
            self.mistakes.append(_broken("A project file holds no tags.", start, end, "Remove the tag."))

    def _add(self, node: Node) -> None:
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        if isinstance(parent, Sequence):
            parent.items.append(node)
        elif (key := self._keys[-1]) is not None:
            self._keys[-1] = None
            self._enter(parent, key, node)
        elif isinstance(node, Scalar):
            self._keys[-1] = node
        else:
            self.mistakes.append(
                _broken("A key must be text.", node.start, node.start + 1, "Write the key as one word.")
            )
            self._keys[-1] = Scalar("?", False, "'", node.start, node.start + 1)

    def _enter(self, parent: Mapping, key: Scalar, node: Node) -> None:
        if key.plain and key.text == "<<":
            self.mistakes.append(_broken("A project file merges no keys.", key.start, key.end, "Write the keys out."))
        elif key.text in parent.entries:
            self.mistakes.append(
                Mistake(
                    "duplicate-key",
                    f"The key {key.text} stands twice in this mapping.",
                    key.start,
                    key.end,
                    "Keep one of the two.",
                )
            )
        else:
            parent.entries[key.text] = (key, node)

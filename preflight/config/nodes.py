"""YAML text to located nodes, by the parser's events. It knows no grammar of ours.

Nodes are built without recursion and under caps, so that no text can exhaust the stack or the memory. Scalars keep
their text; the meaning of a plain one follows YAML 1.2's core schema (``no`` and ``12:30:00`` are text), save that
what would not read back as it is written stays text too: ``012``, ``0x1F``, ``.inf`` and numbers beyond 64 bits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isfinite
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    import yaml

MAX_DEPTH = 64
MAX_NODES = 200_000
MAX_LENGTH = 1_000_000
"""Code points of one file."""

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
_MARKS = "\ufeff\ufffe\uffff"
"""A byte order mark anywhere but in front, which no editor shows, and what is no character at all."""
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
    """Empty for plain, else the YAML indicator: a quote, ``|`` or ``>``; ``*`` where the value was refused."""
    start: int
    end: int

    @property
    def refused(self) -> bool:
        """Whether a mistake stands in place of the value: an alias, an anchored or a tagged scalar."""
        return self.style == "*"

    @property
    def value(self) -> str | int | float | bool | None:
        """What it means: text, unless it is plain and looks like something else."""
        if not self.plain:
            return self.text
        if self.text in _WORDS:
            return _WORDS[self.text]
        if _INTEGER.fullmatch(self.text):
            return int(self.text) if len(self.text) <= 19 else self.text
        if _FLOAT.fullmatch(self.text) and len(self.text) <= 40 and isfinite(number := float(self.text)):
            return number
        return self.text


class Sequence(msgspec.Struct):
    """A sequence of nodes."""

    items: list[Node]
    start: int
    end: int
    sound: bool = True
    """Whether it holds all that was written in it; a mistake inside it leaves it False."""


class Mapping(msgspec.Struct):
    """A mapping with text keys; of a key that stands twice the first is an entry."""

    entries: dict[str, tuple[Scalar, Node]]
    start: int
    end: int
    sound: bool = True
    repeated: list[tuple[Scalar, Node]] = []
    """Keys that are no entries, because a mistake was made with them."""


Node = Scalar | Sequence | Mapping


class Mistake(msgspec.Struct, frozen=True):
    """Something that keeps the text from being read; offsets are code points."""

    kind: str
    message: str
    start: int
    end: int
    remedy: str


class _Refused(Exception):
    """The text cannot be read any further; the argument is the mistake."""


def parse(text: str) -> tuple[Node | None, list[Mistake]]:
    """The root node (None for an empty document, or where the text cannot be read) and every mistake."""
    if len(text) > MAX_LENGTH:
        return None, [_broken(f"The file is longer than {MAX_LENGTH:,} characters.", 0, 1, "Split it with `include`.")]
    if (at := _forbidden(text)) >= 0:
        return None, [_broken(f"The character U+{ord(text[at]):04X} may not stand in YAML.", at, at + 1, "Remove it.")]
    from preflight.config.pyyaml import yaml

    builder = _Builder(text)
    try:
        for event in _events(text):
            builder.take(event)
    except _Refused as refused:
        return None, [*builder.mistakes, refused.args[0]]
    except yaml.MarkedYAMLError as error:
        return None, [*builder.mistakes, _unparsed(text, error)]
    return builder.root, builder.mistakes


def _forbidden(text: str) -> int:
    """The offset of the first character that YAML does not let stand in a file; -1 where there is none."""
    found = [at for mark in _MARKS if (at := text.find(mark)) >= 0]
    if control := _CONTROL.search(text):
        found.append(control.start())
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:  # half a surrogate pair
        found.append(error.start)
    return min(found, default=-1)


def _unparsed(text: str, error: yaml.MarkedYAMLError) -> Mistake:
    mark = error.problem_mark or error.context_mark
    at = min(mark.index if mark else 0, len(text))
    said = " ".join(part for part in (error.context, error.problem) if part) or "it cannot be read"
    remedy = "Mend the syntax at this place."
    if text[at : at + 1] == "\t":
        remedy = "Indent with spaces; YAML takes no tabs there."
    elif text[at : at + 1] in ("@", "`", "%"):
        remedy = "Put the text in quotes."
    elif "mapping values are not allowed" in said:
        remedy = "Put text that holds `: ` in quotes, or give the key a line of its own."
    return _broken(f"This is no YAML: {said}.", at, at + 1, remedy)


def _broken(message: str, start: int, end: int, remedy: str) -> Mistake:
    return Mistake("broken-yaml", message, start, end, remedy)


def _events(text: str) -> Iterator[object]:
    from preflight.config.pyyaml import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.parse(text, Loader=loader)


class _Builder:
    """Puts nodes together from events; raises _Refused where a cap is reached or a second document begins."""

    def __init__(self, text: str) -> None:
        self.root: Node | None = None
        self.mistakes: list[Mistake] = []
        self._text = text
        self._open: list[Sequence | Mapping] = []
        self._keys: list[Scalar | None] = []
        self._nodes = 0
        self._documents = 0

    def take(self, event: object) -> None:
        name = type(event).__name__
        start, end = event.start_mark.index, event.end_mark.index  # type: ignore[attr-defined]
        if name == "ScalarEvent":
            self._count(start, end)
            plain = event.implicit[0]  # type: ignore[attr-defined]
            style = "" if plain else event.style or ""  # type: ignore[attr-defined]
            if self._decorated(event, start, end):
                plain, style = False, "*"
            self._add(Scalar(event.value, plain, style, start, end))  # type: ignore[attr-defined]
        elif name in ("SequenceStartEvent", "MappingStartEvent"):
            self._start(name, event, start, end)
        elif name in ("SequenceEndEvent", "MappingEndEvent"):
            self._keys.pop()
            self._open.pop().end = end
        elif name == "AliasEvent":
            self._count(start, end)
            self._mistake("A project file holds no aliases.", start, end, "Write the value out at this place.")
            self._add(Scalar("", False, "*", start, end))
        elif name == "DocumentStartEvent":
            self._documents += 1
            if self._documents > 1:
                raise _Refused(_broken("The file holds a second document.", start, end, "Keep one document a file."))

    def _mistake(self, message: str, start: int, end: int, remedy: str) -> None:
        self.mistakes.append(_broken(message, start, end, remedy))

    def _count(self, start: int, end: int) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise _Refused(_broken(f"The file holds more than {MAX_NODES:,} values.", start, end, "Split it."))

    def _start(self, name: str, event: object, start: int, end: int) -> None:
        self._count(start, end)
        if len(self._open) >= MAX_DEPTH:
            raise _Refused(_broken(f"It is nested deeper than {MAX_DEPTH}.", start, start + 1, "Flatten it."))
        node: Sequence | Mapping = Mapping({}, start, end) if name.startswith("Mapping") else Sequence([], start, end)
        node.sound = not self._decorated(event, start, end)
        self._add(node)
        self._open.append(node)
        self._keys.append(None)

    def _decorated(self, event: object, start: int, end: int) -> bool:
        """Whether a node has an anchor or a tag, which are refused."""
        anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
        if anchor:
            self._mistake("A project file holds no anchors.", start, end, "Remove the anchor.")
        if tag not in (None, "!"):
            self._mistake("A project file holds no tags.", start, end, "Remove the tag.")
        return bool(anchor) or tag not in (None, "!")

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
        elif isinstance(node, Scalar) and not node.refused:
            self._keys[-1] = node
        else:
            parent.sound = False
            if not isinstance(node, Scalar):
                self._mistake("A key must be text.", node.start, node.start + 1, "Write the key as one word.")
            self._keys[-1] = Scalar("", False, "*", node.start, node.start + 1)

    def _enter(self, parent: Mapping, key: Scalar, node: Node) -> None:
        if key.refused:
            parent.repeated.append((key, node))
        elif key.plain and key.text == "<<":
            parent.sound = False
            parent.repeated.append((key, node))
            self._mistake("A project file merges no keys.", key.start, key.end, "Write the keys out.")
        elif key.text in parent.entries:
            parent.sound = False
            parent.repeated.append((key, node))
            line = self._text.count("\n", 0, parent.entries[key.text][0].start) + 1
            message = f"The key {key.text[:80]} stands twice in this mapping; first in line {line}."
            self.mistakes.append(Mistake("duplicate-key", message, key.start, key.end, "Keep one of the two."))
        else:
            parent.entries[key.text] = (key, node)

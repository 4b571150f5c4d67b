"""Nodes to plain values, by the grammar: each problem with its place and the nearest right name; none stops another."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from typing import Any, assert_never

from preflight.config import grammar as g
from preflight.config.nodes import Mapping, Mistake, Node, Scalar, Sequence
from preflight.config.project import EnvRef, Problem
from preflight.location import SourceFile, Span

BAD: Any = object()
"""What a value that breaks the grammar is read as."""

_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)?")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name closest to ``name``; None where none is close."""
    from difflib import get_close_matches

    close = get_close_matches(name.casefold(), {k.casefold(): k for k in known}, n=1, cutoff=0.6)
    return next((k for k in known if close and k.casefold() == close[0]), None)


class Reader:
    """Reads the nodes of one file and keeps its problems."""

    def __init__(self, file: SourceFile) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.secrets: list[tuple[int, int]] = []
        """Where secrets are written out, as offsets: no report may show them."""

    def mistake(self, mistake: Mistake) -> None:
        """Keep what the parser found."""
        span = self.file.span(mistake.start, mistake.end)
        self.problems.append(Problem(mistake.kind, mistake.message, span, mistake.remedy))

    def span(self, node: Node) -> Span:
        """Where a node stands: a scalar whole, a collection by its first line."""
        end = node.end
        if not isinstance(node, Scalar) or node.style in ("|", ">"):
            stop = self.file.text.find("\n", node.start)
            end = min(end, stop) if stop >= 0 else end
        return self.file.span(node.start, max(end, node.start))

    def problem(self, kind: str, message: str, node: Node, remedy: str) -> Any:
        """Keep a problem at a node; answers BAD."""
        self.problems.append(Problem(kind, message, self.span(node), remedy))
        return BAD

    def read(self, node: Node, kind: g.Kind, what: str) -> Any:
        """The node's value; BAD where it, or anything in it, breaks the grammar. ``what`` names it in messages."""
        match kind:
            case g.Text():
                return self._text(node, kind, what)
            case g.Integer():
                return self._integer(node, kind, what)
            case g.Time():
                return self._time(node, what)
            case g.Day():
                return self._day(node, what)
            case g.Secret():
                return self._secret(node, kind, what)
            case g.Free():
                return self._free(node, what)
            case g.Table():
                return self._table(node, kind, what)
            case g.ListOf():
                return self._list(node, kind, what)
            case g.Either():
                return self.read(node, kind.mapping if isinstance(node, Mapping) else kind.scalar, what)
            case g.Shape():
                return self.shape(node, kind, what)
            case _:
                assert_never(kind)

    # -- scalars -----------------------------------------------------------------------------------------------------

    def _scalar(self, node: Node, what: str, wanted: str) -> Scalar | None:
        if isinstance(node, Scalar):
            return node
        found = "a list" if isinstance(node, Sequence) else "a mapping"
        self.problem("wrong-value", f"{what} is {found}; it must be {wanted}.", node, f"Write {wanted}.")
        return None

    def _text(self, node: Node, kind: g.Text, what: str) -> Any:
        wanted = "text" if not kind.choices else "one of " + ", ".join(kind.choices)
        scalar = self._scalar(node, what, wanted)
        if scalar is None:
            return BAD
        value = scalar.value
        if kind.or_integer and isinstance(value, int) and not isinstance(value, bool):
            value = scalar.text
        if not isinstance(value, str):
            if kind.choices:
                return self._not_one_of(scalar, kind, what)
            found = "a truth value" if isinstance(value, bool) else "a number"
            return self.problem(
                "wrong-value",
                f"{what} is {found}, {scalar.text}; it must be text.",
                node,
                f'Put it in quotes: "{scalar.text}".',
            )
        if not value.strip():
            return self.problem("wrong-value", f"{what} is blank.", node, "Give it a value, or leave the key out.")
        if kind.choices:
            return self._choice(scalar, value, kind, what)
        if kind.pattern and not re.fullmatch(kind.pattern, value):
            return self.problem(
                "invalid-id",
                f"{what} is {value!r}; an id holds only letters, digits, _ and -.",
                node,
                "Replace the other characters with - or _.",
            )
        return value

    def _choice(self, scalar: Scalar, value: str, kind: g.Text, what: str) -> Any:
        for choice in kind.choices:
            if value == choice or (kind.any_case and value.casefold() == choice):
                return choice
        return self._not_one_of(scalar, kind, what)

    def _not_one_of(self, scalar: Scalar, kind: g.Text, what: str) -> Any:
        close = nearest(scalar.text, kind.choices)
        return self.problem(
            "wrong-value",
            f"{what} is {scalar.text[:80]!r}; it must be one of {', '.join(kind.choices)}.",
            scalar,
            f"Write {close}." if close else f"Write one of {', '.join(kind.choices)}.",
        )

    def _integer(self, node: Node, kind: g.Integer, what: str) -> Any:
        wanted = f"a whole number of at least {kind.minimum}" if kind.minimum else "a whole number"
        scalar = self._scalar(node, what, wanted)
        if scalar is None:
            return BAD
        value = scalar.value
        if isinstance(value, int) and not isinstance(value, bool) and value >= kind.minimum:
            return value
        return self.problem(
            "wrong-value", f"{what} is {scalar.text[:80]!r}; it must be {wanted}.", node, f"Write {wanted}."
        )

    def _time(self, node: Node, what: str) -> Any:
        scalar = self._scalar(node, what, "a time such as 2026-12-01T03:05:00Z")
        if scalar is None:
            return BAD
        text = scalar.text
        if match := _TIME.fullmatch(text):
            if match[3] is None:
                return self.problem(
                    "wrong-value", f"{what} is {text}, a time without a zone.", node, f"Write {text}Z if it is UTC."
                )
            try:
                return datetime.fromisoformat(text.upper().replace(" ", "T")).astimezone(UTC)
            except (ValueError, OverflowError):
                pass
        return self.problem(
            "wrong-value",
            f"{what} is {text[:80]!r}; it must be a time with its zone.",
            node,
            "Write it as 2026-12-01T03:05:00Z.",
        )

    def _day(self, node: Node, what: str) -> Any:
        scalar = self._scalar(node, what, "a day such as 2027-06-30")
        if scalar is None:
            return BAD
        if _DAY.fullmatch(scalar.text):
            try:
                return date.fromisoformat(scalar.text)
            except ValueError:
                pass
        return self.problem(
            "wrong-value", f"{what} is {scalar.text[:80]!r}; it must be a day.", node, "Write it as 2027-06-30."
        )

    def _secret(self, node: Node, kind: g.Secret, what: str) -> Any:
        reference = _reference(node)
        if reference is not None:
            return reference
        if isinstance(node, Scalar) and kind.or_text:
            return self._text(node, g.Text(), what)
        return self._literal(node, what)

    def _literal(self, node: Node, what: str) -> Any:
        """A secret that is no reference; its text goes into no message."""
        if isinstance(node, Mapping):
            return self.problem(
                "wrong-value",
                f"{what} must be a reference, {{env: NAME}}.",
                node,
                "Write {env: NAME} and nothing else.",
            )
        self.secrets.append((node.start, node.end))
        return self.problem(
            "literal-secret",
            f"{what} is written out in the project.",
            node,
            "Put it into an environment variable, write {env: NAME}, and change the secret.",
        )

    # -- collections -------------------------------------------------------------------------------------------------

    def _mapping(self, node: Node, what: str) -> Mapping | None:
        if isinstance(node, Mapping):
            return node
        found = "a list" if isinstance(node, Sequence) else f"{node.text[:40]!r}"
        self.problem("wrong-value", f"{what} is {found}; it must be a mapping.", node, "Write `key: value` lines.")
        return None

    def _free(self, node: Node, what: str) -> Any:
        mapping = self._mapping(node, what)
        if mapping is None:
            return BAD
        found = {name: self._free_value(name, value, f"{what}.{name}") for name, (_, value) in mapping.entries.items()}
        return BAD if any(value is BAD for value in found.values()) else found

    def _free_value(self, name: str, node: Node, what: str) -> Any:
        reference = _reference(node)
        if reference is not None:
            return reference
        if name.casefold() in g.SECRET_NAMES and not (isinstance(node, Scalar) and node.value is None):
            return self._literal(node, what)
        if isinstance(node, Scalar):
            return node.value
        if isinstance(node, Sequence):
            values = [self._free_value("", item, f"{what}[{i}]") for i, item in enumerate(node.items)]
            return BAD if any(value is BAD for value in values) else tuple(values)
        return self._free(node, what)

    def _table(self, node: Node, kind: g.Table, what: str) -> Any:
        mapping = self._mapping(node, what)
        if mapping is None:
            return BAD
        found: dict[str, Any] = {}
        for name, (key, value) in mapping.entries.items():
            if kind.keys and name not in kind.keys:
                found[name] = self._unknown(key, name, kind.keys, what)
            elif not _absent(value):
                found[name] = self.read(value, kind.value, f"{what}.{name}")
        return BAD if any(value is BAD for value in found.values()) else found

    def _list(self, node: Node, kind: g.ListOf, what: str) -> Any:
        if not isinstance(node, Sequence):
            return self.problem(
                "wrong-value", f"{what} must be a list.", node, "Start each item on a line of its own with `- `."
            )
        values = [self.read(item, kind.item, f"{what}[{i}]") for i, item in enumerate(node.items)]
        return BAD if any(value is BAD for value in values) else tuple(values)

    def items(self, node: Node, read: Callable[[Node, int], None], what: str) -> None:
        """Give each item of a list to ``read``; one that breaks the grammar does not stop the others."""
        if isinstance(node, Sequence):
            for index, item in enumerate(node.items):
                read(item, index)
        elif not _absent(node):
            self.problem(
                "wrong-value", f"{what} must be a list.", node, "Start each item on a line of its own with `- `."
            )

    def shape(self, node: Node, shape: g.Shape, what: str) -> Any:
        """A dict of the given keys' values; absent and null ones are left out."""
        mapping = self._mapping(node, what or "The project")
        if mapping is None:
            return BAD
        found = self.fields(mapping, shape, what)
        return BAD if any(value is BAD for value in found.values()) else found

    def fields(self, mapping: Mapping, shape: g.Shape, what: str, skip: Iterable[str] = ()) -> dict[str, Any]:
        """The given keys' values, BAD for each that breaks the grammar; the keys in ``skip`` are somebody else's."""
        found: dict[str, Any] = {}
        for name, (key, value) in mapping.entries.items():
            if name in skip:
                continue
            if name in shape.fields:
                if not _absent(value):
                    found[name] = self.read(value, shape.fields[name].kind, f"{what}.{name}" if what else name)
            elif name in shape.renamed:
                message = f"{name} is a field of the API's first version."
                found[name] = self.problem("v1-field", message, key, _sentence(shape.renamed[name]))
            elif shape.rest is not None:
                found[name] = self._free_value(name, value, f"{what}.{name}")
            else:
                found[name] = self._unknown(key, name, shape.fields, what or "The project")
        self._require(mapping, shape, found, what)
        return found

    def _unknown(self, key: Scalar, name: str, known: Iterable[str], what: str) -> Any:
        close = nearest(name, known)
        return self.problem(
            "unknown-key",
            f"{what} has no key {name[:80]!r}.",
            key,
            f"Write {close}." if close else f"Write one of {', '.join(known)}.",
        )

    def _require(self, mapping: Mapping, shape: g.Shape, found: dict[str, Any], what: str) -> None:
        place = self._head(mapping)
        label = what or "The project"
        for name, field in shape.fields.items():
            if field.required and name not in found:
                self.problems.append(
                    Problem("missing-key", f"{label} has no {name}.", place, f"Add {name}: {_lower(field.doc)}")
                )
                found[name] = BAD
        for names in shape.one_of:
            given = [name for name in names if name in found]
            if len(given) == 1:
                continue
            found[names[0]] = BAD
            words = " or ".join(names)
            if given:
                self.problems.append(
                    Problem(
                        "wrong-value", f"{label} has both {' and '.join(given)}.", place, f"Keep {words}, not both."
                    )
                )
            else:
                self.problems.append(Problem("missing-key", f"{label} has neither {words}.", place, f"Add {words}."))

    def _head(self, mapping: Mapping) -> Span:
        """Where a mapping is spoken of: its ``id``, else its first key."""
        if identity := mapping.entries.get("id"):
            return self.span(identity[1])
        first = next(iter(mapping.entries.values()), None)
        return self.span(first[0]) if first else self.span(mapping)


def _absent(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None


def _reference(node: Node) -> EnvRef | None:
    """The reference to a secret that a node is, if it is one."""
    if isinstance(node, Mapping) and list(node.entries) == ["env"]:
        value = node.entries["env"][1]
        if isinstance(value, Scalar) and value.text.strip():
            return EnvRef(value.text)
    return None


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]

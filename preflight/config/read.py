"""Nodes to plain values, by the grammar: each problem with its place and the nearest right name; none stops another."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, assert_never

from preflight.config import grammar as g
from preflight.config import scalars
from preflight.config.nodes import Mapping, Node, Scalar, Sequence
from preflight.config.problems import BAD, Problems
from preflight.config.secrets import is_literal, is_secret_name, looks_secret, reference, written_out
from preflight.location import SourceFile, Span

_LIST_REMEDY = "Start each item on a line of its own with `- `."


class Reader(Problems):
    """Reads the nodes of one file and keeps its problems.

    Secrets that are written out are reported once, when the reader is made with the file's root; the methods then
    answer BAD for them without a word.
    """

    def __init__(self, file: SourceFile, root: Node | None) -> None:
        super().__init__(file)
        self.secrets: list[tuple[int, int]] = []
        """Where secrets are written out, as offsets: no report may show them."""
        for place, node in written_out(root) if root is not None else ():
            self.secrets.append((node.start, node.end))
            self.add(
                "literal-secret",
                f"{place or 'The file'} is written out in the project.",
                node,
                "Put it into an environment variable, write {env: NAME}, and change the secret.",
            )

    def read(self, node: Node, kind: g.Kind, what: str) -> Any:
        """The node's value; BAD where it, or anything in it, breaks the grammar. ``what`` names it in messages."""
        if isinstance(node, Scalar) and node.refused:
            return BAD
        match kind:
            case g.Text():
                return scalars.text(self, node, kind, what)
            case g.Integer():
                return scalars.integer(self, node, kind, what)
            case g.Time():
                return scalars.time(self, node, what)
            case g.Day():
                return scalars.day(self, node, what)
            case g.Secret():
                return self._secret(node, kind, what)
            case g.Free():
                return self._free(node, kind, what)
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

    def _secret(self, node: Node, kind: g.Secret, what: str) -> Any:
        found = reference(node)
        if found is not None:
            return found
        if kind.or_text and isinstance(node, Scalar):
            return scalars.text(self, node, g.Text(), what)
        if kind.or_text or (isinstance(node, Scalar) and not is_literal(node)):
            message = f"{what} is {scalars.describe(node)}; it must be {{env: NAME}} with a variable's name."
            return self.add("wrong-value", message, node, "Write {env: NAME} and nothing else.")
        return BAD

    # -- collections -------------------------------------------------------------------------------------------------

    def _mapping(self, node: Node, what: str) -> Mapping | None:
        if isinstance(node, Mapping):
            return node
        if not (isinstance(node, Scalar) and node.refused):
            message = f"{what} is {scalars.describe(node)}; it must be a mapping."
            self.add("wrong-value", message, node, "Write `key: value` lines.")
        return None

    def _free(self, node: Node, kind: g.Free, what: str) -> Any:
        mapping = self._mapping(node, what)
        if mapping is None:
            return BAD
        found: dict[str, Any] = {}
        for name, (key, value) in mapping.entries.items():
            if name in kind.renamed:
                found[name] = self._v1(key, name, kind.renamed[name])
            else:
                found[name] = self._free_value(name, value, f"{what}.{name}")
        return _whole(mapping, found, found.values())

    def _free_value(self, name: str, node: Node, what: str) -> Any:
        found = reference(node)
        if found is not None:
            return found
        if is_secret_name(name) and is_literal(node):
            return BAD
        if isinstance(node, Scalar):
            return BAD if node.refused or looks_secret(node.text) else node.value
        if isinstance(node, Sequence):
            values = [self._free_value("", item, f"{what}[{i}]") for i, item in enumerate(node.items)]
            return _whole(node, tuple(values), values)
        return self._free(node, g.Free(), what)

    def _table(self, node: Node, kind: g.Table, what: str) -> Any:
        mapping = self._mapping(node, what)
        if mapping is None:
            return BAD
        found: dict[str, Any] = {}
        for name, (key, value) in mapping.entries.items():
            if kind.keys and name not in kind.keys:
                found[name] = self._unknown(key, name, kind.keys, what)[0]
            elif not _absent(value):
                found[name] = self.read(value, kind.value, f"{what}.{name}")
        if kind.lenient:
            return {name: value for name, value in found.items() if value is not BAD}
        return _whole(mapping, found, found.values())

    def _list(self, node: Node, kind: g.ListOf, what: str) -> Any:
        if not isinstance(node, Sequence):
            return self.add(
                "wrong-value", f"{what} is {scalars.describe(node)}; it must be a list.", node, _LIST_REMEDY
            )
        values = [self.read(item, kind.item, f"{what}[{i}]") for i, item in enumerate(node.items)]
        if kind.lenient:
            # What is left out leaves its node too, so that an index of the values finds its own node.
            node.items = [item for item, value in zip(node.items, values, strict=True) if value is not BAD]
            return tuple(value for value in values if value is not BAD)
        return _whole(node, tuple(values), values)

    def items(self, node: Node, read: Callable[[Node, int], None], what: str) -> bool:
        """Give each item of a list to ``read``, and answer whether it is a list; null is one without items."""
        if isinstance(node, Sequence):
            for index, item in enumerate(node.items):
                read(item, index)
            return node.sound
        if _absent(node):
            return True
        if not (isinstance(node, Scalar) and node.refused):
            self.add("wrong-value", f"{what} is {scalars.describe(node)}; it must be a list.", node, _LIST_REMEDY)
        return False

    def shape(self, node: Node, shape: g.Shape, what: str) -> Any:
        """A dict of the given keys' values; absent and null ones are left out."""
        mapping = self._mapping(node, what or "The project")
        if mapping is None:
            return BAD
        found = self.fields(mapping, shape, what)
        return _whole(mapping, found, found.values())

    def fields(self, mapping: Mapping, shape: g.Shape, what: str, skip: Iterable[str] = ()) -> dict[str, Any]:
        """The given keys' values, BAD for each that breaks the grammar; the keys in ``skip`` are somebody else's."""
        found: dict[str, Any] = {}
        meant: set[str] = set()
        for name, (key, value) in mapping.entries.items():
            if name in skip:
                continue
            if name in shape.fields:
                if not _absent(value):
                    found[name] = self.read(value, shape.fields[name].kind, f"{what}.{name}" if what else name)
            elif name in shape.renamed:
                found[name] = self._v1(key, name, shape.renamed[name])
                meant |= {known for known in shape.fields if f"`{known}`" in shape.renamed[name]}
            elif shape.rest is not None:
                found[name] = self._free_value(name, value, f"{what}.{name}")
            else:
                found[name], close = self._unknown(key, name, shape.fields, what or "The project")
                meant |= {close} if close else set()
        for name in meant & (shape.fields.keys() - found.keys()):
            found[name] = BAD  # written under another name, which is one problem and not two
        self._require(mapping, shape, found, what or "The project")
        return found

    # -- keys --------------------------------------------------------------------------------------------------------

    def _v1(self, key: Scalar, name: str, today: str) -> Any:
        message = f"{name} is a field of the API's first version."
        return self.add("v1-field", message, key, f"{today[:1].upper()}{today[1:]}.")

    def _unknown(self, key: Scalar, name: str, known: Iterable[str], what: str) -> tuple[Any, str | None]:
        """Keep the problem; answers BAD and the key that was probably meant."""
        close = self.suggest.nearest(name, known)
        remedy = f"Write {close}." if close else f"Write one of {', '.join(known)}."
        return self.add("unknown-key", f"{what} has no key {name[:80]!r}.", key, remedy), close

    def _require(self, mapping: Mapping, shape: g.Shape, found: dict[str, Any], label: str) -> None:
        place = self._head(mapping)
        for name, field in shape.fields.items():
            if field.required and name not in found:
                remedy = f"Add {name}: {field.doc[:1].lower()}{field.doc[1:]}"
                found[name] = self.at("missing-key", f"{label} has no {name}.", place, remedy)
        for key, value, wanted in shape.when:
            if found.get(key) == value and wanted not in found:
                message = f"{label} has the {key} {value} and no {wanted}."
                found[wanted] = self.at("missing-key", message, place, f"Add {wanted}.")
        for names in shape.one_of:
            given = [name for name in names if name in found]
            if len(given) == 1:
                continue
            words = " or ".join(names)
            if given:
                message = f"{label} has both {' and '.join(given)}."
                second = mapping.entries[given[1]][0]
                found[names[0]] = self.add("wrong-value", message, second, f"Keep {words}, not both.")
            else:
                message = f"{label} has neither {' nor '.join(names)}."
                found[names[0]] = self.at("missing-key", message, place, f"Add {words}.")

    def _head(self, mapping: Mapping) -> Span:
        """Where a mapping is spoken of: its ``id``, else its first key."""
        if identity := mapping.entries.get("id"):
            return self.span(identity[1])
        first = next(iter(mapping.entries.values()), None)
        return self.span(first[0]) if first else self.span(mapping)


def _whole(node: Mapping | Sequence, value: Any, parts: Iterable[Any]) -> Any:
    """``value``, unless the node was not read whole or one of its parts is BAD."""
    return value if node.sound and not any(part is BAD for part in parts) else BAD


def _absent(node: Node) -> bool:
    return isinstance(node, Scalar) and node.plain and node.value is None

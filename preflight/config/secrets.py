"""Which values are secrets, where they are written out, and files without them. It puts no secret into a message."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from preflight.config.nodes import Mapping, Node, Scalar, Sequence
from preflight.config.project import EnvRef
from preflight.location import SourceFile
from preflight.patterns import lazy

WORDS = (
    "password",
    "passwd",
    "pwd",
    "passcode",
    "passphrase",
    "secret",
    "token",
    "private_key",
    "private_key_content",
    "service_account_key",
    "service_account_json",
    "secret_access_key",
    "account_key",
    "partner_feed_key",
    "api_key",
    "access_key",
    "credentials_json",
    "keyfile_json",
)
"""A key is a secret's name when it is one of these, or ends in one of them after an underscore."""

_NAME = lazy(rf"(?:.*_)?(?:{'|'.join(WORDS)})", re.IGNORECASE | re.DOTALL)
_VARIABLE = lazy(r"[A-Za-z_][A-Za-z0-9_]*")
_URL_LOGIN = re.compile(r"://[^/\s:@]*:[^/\s@]+@")
_NAMES_BELOW = ("rules", "limits.overrides", "workspace.routes")
"""Places below which the keys are names of something else; so they are below each connection's ``introspect.local``."""
_LINE = rf"""(?im)(?:^|[\s{{,'"-])\w*?(?:{"|".join(WORDS)})["']?[ \t]*:([^\n]+)"""
_KEY_BLOCK = r"-----BEGIN[^-]*PRIVATE KEY-----[\s\S]*?(?:-----END[^\n]*|\Z)"


def is_secret_name(name: str) -> bool:
    """Whether a value under this key is a secret."""
    return _NAME.fullmatch(name) is not None


def looks_secret(text: str) -> bool:
    """Whether the text is a secret whatever its key: a private key, or an address with a password in it."""
    if "://" in text and _URL_LOGIN.search(text):
        return True
    return "-----BEGIN" in text and "PRIVATE KEY" in text


def reference(node: Node) -> EnvRef | None:
    """The reference to a secret that a node is, if it is one: ``{env: NAME}`` with a variable's name."""
    if isinstance(node, Mapping) and node.sound and list(node.entries) == ["env"]:
        value = node.entries["env"][1]
        if isinstance(value, Scalar) and _VARIABLE.fullmatch(value.text):
            return EnvRef(value.text)
    return None


def is_literal(node: Node) -> bool:
    """Whether what stands under a secret's name is neither a reference nor null, true or false."""
    if isinstance(node, Scalar):
        return not (node.value is None or isinstance(node.value, bool))
    return reference(node) is None


def written_out(root: Node) -> Iterator[tuple[str, Node]]:
    """Every secret that is written out below ``root``, with the name of its place; of nested ones the outermost."""
    todo: list[tuple[str, Node]] = [("", root)]
    while todo:
        place, node = todo.pop()
        if isinstance(node, Scalar):
            if looks_secret(node.text):
                yield place, node
        elif isinstance(node, Sequence):
            todo += [(f"{place}[{index}]", item) for index, item in enumerate(node.items)]
        else:
            free = place in _NAMES_BELOW or place.endswith("].introspect.local")
            for key, value in (*node.entries.values(), *node.repeated):
                name = f"{place}.{key.text}" if place else key.text
                if not free and is_secret_name(key.text) and is_literal(value):
                    yield name, value
                else:
                    todo.append((name, value))


def masked(file: SourceFile, secrets: Iterable[tuple[int, int]]) -> SourceFile:
    """The file with stars in place of what stands at these offsets: what a report may show."""
    pieces: list[str] = []
    at = 0
    for start, end in sorted(secrets):
        pieces.append(file.text[at : max(at, start)])
        at = max(at, start)
        pieces.append("".join(char if char.isspace() else "*" for char in file.text[at:end]))
        at = max(at, end)
    return SourceFile(file.path, "".join((*pieces, file.text[at:])))


def guessed(text: str) -> Iterator[tuple[int, int]]:
    """Where secrets may be written out in a file that is no YAML: the rest of each line after a secret's name."""
    for found in re.finditer(_LINE, text):
        yield found.span(1)
    for pattern in (_KEY_BLOCK, _URL_LOGIN):
        for found in re.finditer(pattern, text):
            yield found.span()

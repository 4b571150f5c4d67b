"""Scalars to text, numbers, times and days, by the grammar. A value is never converted silently."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

from preflight.config import grammar as g
from preflight.config.nodes import Node, Scalar, Sequence
from preflight.config.problems import BAD, Problems
from preflight.config.secrets import looks_secret

TIME_PATTERN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
DAY_PATTERN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_EXAMPLE = "2026-12-01T03:05:00Z"


def describe(node: Node) -> str:
    """What kind of thing a node is, for messages; its text is left out, for it may be a secret in a wrong place."""
    if isinstance(node, Sequence):
        return "a list"
    if not isinstance(node, Scalar):
        return "a mapping"
    value = node.value
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return f"a truth value, {node.text}"
    return "text" if isinstance(value, str) else f"a number, {node.text}"


def _scalar(problems: Problems, node: Node, what: str, wanted: str) -> Scalar | None:
    if isinstance(node, Scalar) and node.value is not None:
        return node
    problems.add("wrong-value", f"{what} is {describe(node)}; it must be {wanted}.", node, f"Write {wanted}.")
    return None


def text(problems: Problems, node: Node, kind: g.Text, what: str) -> Any:
    """Text; a number or a truth value is refused unless the grammar takes it."""
    wanted = f"one of {', '.join(kind.choices)}" if kind.choices else "text"
    scalar = _scalar(problems, node, what, wanted)
    if scalar is None:
        return BAD
    value = scalar.value
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and (kind.or_number or (kind.or_integer and isinstance(value, int))):
        return scalar.text if kind.or_integer else value
    if kind.choices:
        return _choice(problems, scalar, kind, what)
    if not isinstance(value, str):
        message = f"{what} is {describe(scalar)}; it must be text."
        return problems.add("wrong-value", message, scalar, f'Put it in quotes: "{scalar.text}".')
    if looks_secret(value):
        return BAD  # reported as what it is, without its text
    if not (value.strip() or kind.or_blank):
        return problems.add("wrong-value", f"{what} is blank.", scalar, "Give it a value, or leave the key out.")
    if kind.pattern and not re.fullmatch(kind.pattern, value):
        message = f"{what} is {value[:80]!r}; an id holds only letters, digits, _ and -."
        return problems.add("invalid-id", message, scalar, "Replace the other characters with - or _.")
    return value


def _choice(problems: Problems, scalar: Scalar, kind: g.Text, what: str) -> Any:
    value = scalar.text.casefold() if kind.any_case else scalar.text
    if isinstance(scalar.value, str) and value in kind.choices:
        return value
    close = problems.suggest.nearest(scalar.text, kind.choices)
    listed = ", ".join(kind.choices)
    shown = "secret" if looks_secret(scalar.text) else repr(scalar.text[:80])
    remedy = f"Write {close}." if close else f"Write one of {listed}." if len(kind.choices) > 1 else f"Write {listed}."
    return problems.add("wrong-value", f"{what} is {shown}; it must be one of {listed}.", scalar, remedy)


def integer(problems: Problems, node: Node, kind: g.Integer, what: str) -> Any:
    """A whole number within the grammar's bounds."""
    wanted = f"a whole number of at least {kind.minimum}"
    scalar = _scalar(problems, node, what, wanted)
    if scalar is None:
        return BAD
    value = scalar.value
    if isinstance(value, int) and not isinstance(value, bool) and kind.minimum <= value <= g.LARGEST:
        return value
    remedy = "Take the quotes away." if not scalar.plain and scalar.text.isascii() and scalar.text.isdigit() else ""
    message = f"{what} is {describe(scalar)}; it must be {wanted}."
    return problems.add("wrong-value", message, scalar, remedy or f"Write {wanted}.")


def time(problems: Problems, node: Node, what: str) -> Any:
    """An aware datetime in UTC, of an RFC 3339 time."""
    scalar = _scalar(problems, node, what, f"a time such as {_EXAMPLE}")
    if scalar is None:
        return BAD
    written = scalar.text
    if re.fullmatch(TIME_PATTERN, written):
        try:
            return datetime.fromisoformat(written.upper().replace(" ", "T")).astimezone(UTC)
        except (ValueError, OverflowError):
            message = f"{what} is {written[:80]}; it must be a time of the calendar."
            return problems.add("wrong-value", message, scalar, f"Write it as {_EXAMPLE}.")
    if re.fullmatch(TIME_PATTERN, f"{written}Z"):
        message = f"{what} is {written}, a time without a zone."
        return problems.add("wrong-value", message, scalar, f"Write {written}Z if it is UTC.")
    if re.fullmatch(DAY_PATTERN, written):
        message = f"{what} is {written}, a day; it must be a time with its zone."
        return problems.add("wrong-value", message, scalar, f"Write {written}T00:00:00Z if the day begins in UTC.")
    message = f"{what} is {written[:80]!r}; it must be a time with its zone."
    return problems.add("wrong-value", message, scalar, f"Write it as {_EXAMPLE}.")


def day(problems: Problems, node: Node, what: str) -> Any:
    """A date, of YYYY-MM-DD."""
    scalar = _scalar(problems, node, what, "a day such as 2027-06-30")
    if scalar is None:
        return BAD
    if re.fullmatch(DAY_PATTERN, scalar.text):
        try:
            return date.fromisoformat(scalar.text)
        except ValueError:
            pass
    message = f"{what} is {scalar.text[:80]!r}; it must be a day."
    return problems.add("wrong-value", message, scalar, "Write it as 2027-06-30.")

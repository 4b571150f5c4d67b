"""JSON as text, in ASCII, faster than the standard library writes it."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")


def dumps(value: Any, indent: int | None = None) -> str:
    """``value`` as JSON; what is not ASCII is escaped, so that every stream takes it.

    ``value`` holds neither NaN nor infinity.
    """
    try:
        encoded = msgspec.json.encode(value)
    except (UnicodeEncodeError, OverflowError, msgspec.MsgspecError):  # a lone surrogate, a very large integer
        return json.dumps(value, indent=indent, allow_nan=False)
    text = (msgspec.json.format(encoded, indent=indent) if indent else encoded).decode()
    return text if text.isascii() else _BEYOND_ASCII.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1]

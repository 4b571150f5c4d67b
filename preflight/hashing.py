"""SHA-256 from Python's own module, as ``random`` takes SHA-512: ``hashlib`` loads OpenSSL, and that takes time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import _Hash

    sha256: Callable[[bytes], _Hash]
else:
    try:
        from _sha2 import sha256  # from Python 3.12
    except ImportError:
        try:
            from _sha256 import sha256
        except ImportError:
            from hashlib import sha256

__all__ = ["sha256"]

"""Digests from Python's own modules, as ``random`` takes its own: ``hashlib`` loads OpenSSL, and that takes time.

SHA-256 is what reports and plans hold; BLAKE2b, several times as quick, is for what stays on this machine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import _Hash

    blake2b: Callable[[bytes], _Hash]
    sha256: Callable[[bytes], _Hash]
else:
    try:
        from _blake2 import blake2b
    except ImportError:
        from hashlib import blake2b
    try:
        from _sha2 import sha256  # from Python 3.12
    except ImportError:
        try:
            from _sha256 import sha256
        except ImportError:
            from hashlib import sha256

__all__ = ["blake2b", "sha256"]

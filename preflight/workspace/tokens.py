"""Tokens kept between runs, where the project asks for it: a file each that only its owner may read."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import msgspec

from preflight.folders import cache_folder
from preflight.workspace import wire
from preflight.workspace.target import Credentials, Target

_SAFE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Neither through a link that somebody else laid, nor waiting for the other end of a pipe."""
_LONGEST = 8_000
"""Bytes; a header of much more is refused by servers, which would leave a kept token useless until it ends."""


class Token(msgspec.Struct, frozen=True):
    """A token and the second, counted from 1970, from which on it is not used any more."""

    text: str
    until: float


class TokenFile:
    """The file of one credential, audience and token endpoint. A file that cannot be believed counts as none."""

    def __init__(self, target: Target, credentials: Credentials, environ: Mapping[str, str]) -> None:
        key = "\n".join((credentials.client_id, wire.AUDIENCE, target.token_url))
        self._path = cache_folder(environ) / "tokens" / f"{sha256(key.encode()).hexdigest()[:32]}.json"

    @property
    def path(self) -> Path:
        """Where it is."""
        return self._path

    def read(self) -> Token | None:
        """The token, where there is one that is still good and that nobody else could have put there or read."""
        try:
            with os.fdopen(os.open(self._path, os.O_RDONLY | _SAFE), "rb") as file:
                held = os.fstat(file.fileno())
                if not stat.S_ISREG(held.st_mode):
                    return None
                if hasattr(os, "getuid") and (held.st_uid != os.getuid() or stat.S_IMODE(held.st_mode) & 0o077):
                    return None
                token = msgspec.json.decode(file.read(_LONGEST), type=Token)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None
        return token if token.until > time.time() and token.text.isascii() and token.text.isprintable() else None

    def write(self, token: Token) -> None:
        """Keep it, whole or not at all; a folder that cannot be written keeps nothing."""
        part = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            part.unlink(missing_ok=True)
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFE, 0o600), "wb") as file:
                file.write(msgspec.json.encode(token))
            part.replace(self._path)

    def drop(self) -> None:
        """Forget it."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

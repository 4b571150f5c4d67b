"""A connection's options for its driver: what the project says, with secrets read where they are used.

It knows no driver. Secrets go from the environment into the driver and into a Scrubber, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from preflight.config import Connection, EnvRef, Value
from preflight.errors import Cause, WarehouseError
from preflight.scrub import Scrubber

TIMEOUT_SECONDS = 300
"""How long a statement may run where ``introspect.timeout_seconds`` does not say."""


class Options(msgspec.Struct, frozen=True):
    """What one connection's driver is told, by the driver's names."""

    connection: str
    """The connection's id, for messages."""
    given: Mapping[str, Any]
    """Secrets are in it as text."""
    scrub: Scrubber
    """Knows each of these secrets."""
    timeout_seconds: int
    maximum_bytes_billed: int | None

    def __repr__(self) -> str:
        return f"Options({self.connection!r})"

    def text(self, name: str, default: str = "") -> str:
        """An option as text; ``default`` where it is not given."""
        value = self.given.get(name)
        return default if value is None else str(value)


def resolve(
    connection: Connection, environ: Mapping[str, str], *, config: Mapping[str, str], left_out: Iterable[str] = ()
) -> Options:
    """What ``introspect`` says, and below it the project's ``config``, whose names ``config`` maps to the driver's.

    Where ``introspect`` gives any of ``left_out`` (a profile, say), nothing is taken from the project's ``config``.
    Raises WarehouseError (NO_CREDENTIALS) for a variable that is not set.
    """
    options = connection.introspect.options
    taken: dict[str, Value] = {}
    if not any(name in options for name in left_out):
        taken = {ours: connection.config[theirs] for theirs, ours in config.items() if theirs in connection.config}
    scrub = Scrubber()
    given = {
        name: _read(value, name, environ, scrub) for name, value in (taken | dict(options)).items() if value is not None
    }
    introspect = connection.introspect
    return Options(
        connection.id,
        given,
        scrub,
        introspect.timeout_seconds or TIMEOUT_SECONDS,
        introspect.maximum_bytes_billed,
    )


def _read(value: Value, name: str, environ: Mapping[str, str], scrub: Scrubber) -> Any:
    if isinstance(value, EnvRef):
        secret = value.read(environ)
        if secret is None:
            raise WarehouseError(
                Cause.NO_CREDENTIALS,
                f"{name} is to be read from {value.env}, which is not set",
                remedy=f"set {value.env}, or name another way to log in under `introspect`",
            )
        scrub.add(secret)
        return secret
    if isinstance(value, Mapping):
        return {key: _read(inner, f"{name}.{key}", environ, scrub) for key, inner in value.items()}
    if isinstance(value, tuple):
        return [_read(inner, name, environ, scrub) for inner in value]
    return value

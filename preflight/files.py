"""Files that are replaced whole or not at all."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp


def replace(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` by way of a file beside it, so that no reader and no crash meets half of it.

    A link is followed, and the rights of a file that is there are kept. Raises OSError.
    """
    path = path.resolve()
    handle, name = mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, name)
        else:
            mask = os.umask(0)
            os.umask(mask)
            Path(name).chmod(0o666 & ~mask)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise

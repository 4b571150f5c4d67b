"""What a check can say without a look at the whole project, because it was checked before."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from preflight.cache import Cache
from preflight.terminal import shown
from preflight.unchanged import Unchanged

PLAIN: tuple[object, ...] = ((), "error", (), (), ())
"""What a check is asked without an option: pipelines, --fail-on, --require, --select, --ignore."""
_OPTION = "PREFLIGHT_CHECK_"
"""How the variables begin that stand for options; see ``preflight.cli.environment``."""


def plain_check_again(arguments: Sequence[str]) -> int | None:
    """Answer ``check [PATH] --offline`` as ``check_again``; None for all else: the command line answers it."""
    if arguments[:1] != ["check"] or "--offline" not in arguments:
        return None
    if any(name.startswith(_OPTION) for name in os.environ):
        return None
    paths = [word for word in arguments[1:] if word != "--offline"]
    if len(paths) > 1 or any(word.startswith("-") for word in paths):
        return None
    try:
        return check_again(Unchanged(Path(*paths), (*PLAIN, *shown("auto")), Cache(os.environ)))
    except (AttributeError, OSError):  # stdout is closed, a folder may not be read
        return None


def check_again(last: Unchanged) -> int | None:
    """Print what was printed, with what has changed in it judged anew, and return the exit code.

    None where the whole has to be checked; nothing has been printed then.
    """
    if (code := last.printed_again()) is not None or last.before is None:
        return code
    from preflight.amended import print_amended

    return print_amended(last)

"""The command ``preflight``. It answers ``--version`` before it imports anything of ours."""

import gc
import sys

_VERSION = (["--version"], ["-V"])


def main() -> int:
    """Run the command line; the result is the exit code."""
    if sys.argv[1:] in _VERSION:
        from preflight import __version__

        try:
            sys.stdout.write(f"preflight {__version__}\n")
            sys.stdout.flush()
        except (AttributeError, OSError):  # the command line says what is wrong with stdout
            pass
        else:
            return 0
    gc.disable()  # what is imported stays; the command decides when it is worth while to look for what does not
    if "--offline" in sys.argv:
        from preflight.again import plain_check_again

        try:
            if (code := plain_check_again(sys.argv[1:])) is not None:
                return code
        except KeyboardInterrupt:
            sys.stderr.write("interrupted\n")
            return 130
    from preflight.cli import run

    return run(sys.argv[1:])


def command() -> int:
    """Run the command line and end the process."""
    code = main()
    if sys.argv[1:] in _VERSION:
        return code
    from preflight.leave import leave

    return leave(code)


if __name__ == "__main__":
    sys.exit(command())

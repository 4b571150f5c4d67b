"""The command ``preflight``. It answers ``--version`` before it imports anything of ours."""

import sys


def main() -> int:
    """Run the command line; the result is the exit code."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from preflight import __version__

        sys.stdout.write(f"preflight {__version__}\n")
        return 0
    from preflight.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())

"""``preflight sandbox``."""

from __future__ import annotations

import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from preflight.errors import UsageError

if TYPE_CHECKING:
    from preflight.sandbox.server import Sandbox


@click.command("sandbox")
@click.option(
    "--port", type=click.IntRange(0, 65535), metavar="PORT", default=0, help="The port; any free one, unless given."
)
@click.option("--url-file", type=click.Path(path_type=Path, dir_okay=False), help="A file to write the address to.")
@click.option("--state", "file", type=click.Path(path_type=Path, dir_okay=False), help="A file to keep its state in.")
@click.option("--fault", "faults", multiple=True, metavar="SPEC", help="Spoil requests, as 'POST */connections 500'.")
@click.option(
    "--produce",
    type=click.Path(path_type=Path, exists=True),
    help="A project whose stand-in files give runs their counts.",
)
def command(port: int, url_file: Path | None, file: Path | None, faults: tuple[str, ...], produce: Path | None) -> int:
    """Run a local stand-in of the mParticle API on 127.0.0.1, until it is interrupted.

    \b
    Example:
      preflight sandbox --port 8080
      preflight sandbox --state sandbox.sqlite
      preflight sandbox --produce examples/cdnow --fault 'PUT * 429'
    """
    from preflight.sandbox.faults import parsed
    from preflight.sandbox.server import serve

    planned = [parsed(text) for text in faults]
    project = None
    if produce is not None:
        from preflight.config import load

        project = load(produce)

    def announce(sandbox: Sandbox) -> None:
        for method, path, fault, times in planned:
            sandbox.fail(method, path, fault, times=times)
        if url_file is not None:
            try:
                url_file.write_text(sandbox.url, "utf-8")
            except OSError as error:
                raise UsageError(f"{url_file} cannot be written: {error.strerror}") from None
        sys.stdout.write(f"sandbox on {sandbox.url}\n")
        sys.stdout.write(f"export MP_API_URL={sandbox.api_url} MP_TOKEN_URL={sandbox.token_url}\n")
        names = sandbox.environment()
        sys.stdout.write("export " + " ".join(f"{name}={value}" for name, value in names.items()) + "\n")
        sys.stdout.flush()

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):  # it may come before the sandbox has begun to wait
        serve(announce, port=port, file=file, project=project)
    return 0

"""``preflight lock``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from preflight.cli.output import complain, remark, write


@click.command("lock")
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit 7 when the lock would change.")
@click.option(
    "--offline", is_flag=True, help="With --check: ask no warehouse, only whether the lock answers the project."
)
def command(path: Path, only_check: bool, offline: bool) -> int:
    """Write preflight.lock: what the warehouses say now, for later runs of `check --offline`.

    Days and row counts, which always move, are no change for --check.

    Exit codes: 0 done, 2 usage or config error, 3 environment, 4 a fact could not be had, 7 --check found a change.

    \b
    Example:
      preflight lock && git add preflight.lock
      preflight lock --check
      preflight lock --check --offline
    """
    from datetime import UTC, datetime

    from preflight import lock as locks
    from preflight.config import load
    from preflight.engine import freshness, snapshot
    from preflight.errors import ProofMissing, UsageError
    from preflight.lock.file import UnreadableLock
    from preflight.lock.file import write as write_lock

    if offline and not only_check:
        raise UsageError("a lock cannot be written offline", remedy="leave out --offline, or add --check")
    project, now = load(path), datetime.now(UTC)
    if project.problems:
        raise UsageError(f"the project has errors: {project.problems[0].message}", remedy="see `preflight check`")
    try:
        before = locks.read(project.root)
    except UnreadableLock as error:
        if only_check:
            raise UsageError(f"{locks.NAME} cannot be used: {error}", remedy="run `preflight lock`") from None
        before = None
    if offline:
        found = [problem.message for problem in freshness.problems(project, before or locks.Lock(), now)]
        write("".join(f"{message}\n" for message in found) or f"{locks.NAME} answers the project\n")
        return 7 if found else 0
    taken = snapshot.take(project, now=now, environ=os.environ, before=before)
    for sentence in taken.unread:
        remark(sentence)
    for failure in taken.failures:
        complain(f"{failure.subject}: {failure.step}: {failure.cause}", failure.remedy)
    if not taken.lock.entries and (taken.failures or taken.unread):
        complain("nothing could be read, so nothing is locked", "mend what is named above, and run it again")
        return 3 if taken.failures else ProofMissing.exit_code
    changes = snapshot.changes(before, taken.lock)
    write("".join(f"{change}\n" for change in changes) or "nothing but days and counts has changed\n")
    if not only_check:
        write(f"wrote {write_lock(project.root, taken.lock).name}\n")
    codes = {3: bool(taken.failures), 4: bool(taken.unread), 7: only_check and bool(changes)}
    code = next((code for code, holds in codes.items() if holds), 0)
    if code == ProofMissing.exit_code:
        complain("the lock is not complete", "mend what the notes above name, and run it again")
    return code

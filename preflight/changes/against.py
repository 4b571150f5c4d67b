"""The payload of the working tree against a commit's, or against the lock's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from preflight import limits as limit_profiles
from preflight import lock as locks
from preflight.changes.git import CommittedFiles, base
from preflight.changes.payload import Difference, compare, locked_schemas, payload
from preflight.changes.touched import before
from preflight.config import Project
from preflight.errors import UsageError
from preflight.lock.file import Lock, UnreadableLock, decode
from preflight.model import Schema


def against_commit(project: Project, ref: str, now: datetime, schemas: Mapping[str, Schema]) -> Difference:
    """What has changed since the branch left ``ref``; raises UsageError as ``git.base``.

    ``schemas`` describe the working tree's columns where something has; else, and at the commit, the lock does.
    """
    at = base(project.root, ref)
    old = before(project, at)
    content = CommittedFiles(project.root, at).content(locks.NAME)
    was = payload(old, locked_schemas(old, _decoded(content), now)) if old is not None else {}
    found = payload(project, locked_schemas(project, lock_of(project), now) | dict(schemas))
    return compare(f"{ref} ({at.commit[:10]})", was, found, _slots(project, now))


def against_lock(project: Project, now: datetime, schemas: Mapping[str, Schema]) -> Difference:
    """What the columns are otherwise than when the lock was written; raises UsageError where there is none."""
    lock = lock_of(project)
    if lock is None:
        raise UsageError(f"there is no {locks.NAME} to compare with", remedy="write one with `preflight lock`")
    was = payload(project, locked_schemas(project, lock, now, whatever_sql=True))
    return compare(locks.NAME, was, payload(project, schemas), _slots(project, now))


def lock_of(project: Project) -> Lock | None:
    """The project's lock; None where there is none that can be read."""
    try:
        return locks.read(project.root)
    except UnreadableLock:
        return None


def _decoded(content: bytes | None) -> Lock | None:
    try:
        return decode(content) if content is not None else None
    except UnreadableLock:
        return None


def _slots(project: Project, now: datetime) -> int:
    profile = limit_profiles.load(project.limits.profile)
    return profile.with_overrides(dict(project.limits.overrides), now.date()).active_pipelines.value

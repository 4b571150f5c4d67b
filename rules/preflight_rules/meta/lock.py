"""Whether ``preflight.lock`` still answers what a run without credentials asks."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.finding import Fault, Outcome, Severity
from preflight.rule import Context, Scope, rule


def _faults(ctx: Context, kind: str) -> Iterator[Outcome]:
    for problem in ctx.problems(kind):
        yield Fault(problem.message, problem.span or ctx.at("version"), problem.remedy)


@rule("PF920", Severity.WARNING, scope=Scope.PROJECT)
def unreadable_lock(ctx: Context) -> Iterator[Outcome]:
    """The file preflight.lock is no lock that this preflight reads.

    Why: a run without credentials then knows nothing of the warehouse, and everything that needs it is unproven.
    Fails:
        offline: true
        files: {preflight.lock: "<<<<<<< HEAD"}
    Passes:
        offline: true
        files: {preflight.lock: '{"version": 1}'}
    Remedy: run `preflight lock` where the warehouse can be reached.
    Source: preflight's own file
    """
    yield from _faults(ctx, "unreadable-lock")


@rule("PF921", Severity.WARNING, scope=Scope.PROJECT)
def stale_lock(ctx: Context) -> Iterator[Outcome]:
    """What preflight.lock holds was asked with another SQL, over another connection, or for other windows.

    Why: the lock answers only the very question that it was asked; for any other its facts are unproven.
    Fails:
        offline: true
        files: {preflight.lock: '{"version": 1, "models": [{"connection": "warehouse", "data_model": "model",
            "settings": "0", "sql": "0", "seen": {"on": "2026-11-20", "by": "user U", "basis": "described"}}]}'}
    Passes:
        offline: true
    Remedy: run `preflight lock` where the warehouse can be reached, and commit what it writes.
    Source: preflight's own file
    """
    yield from _faults(ctx, "stale-lock")


@rule("PF922", Severity.INFO, scope=Scope.PROJECT)
def missing_from_lock(ctx: Context) -> Iterator[Outcome]:
    """The project has a preflight.lock, and a data model or a pipeline is not in it.

    Why: what is not in the lock is unproven in a run without credentials.
    Fails:
        offline: true
        files: {preflight.lock: '{"version": 1}'}
    Passes:
        offline: true
    Remedy: run `preflight lock` where the warehouse can be reached, and commit what it writes.
    Source: preflight's own file
    """
    yield from _faults(ctx, "missing-from-lock")


@rule("PF923", Severity.WARNING, scope=Scope.PROJECT)
def old_lock(ctx: Context) -> Iterator[Outcome]:
    """What preflight.lock holds was read longer ago than the project takes it for true.

    Why: tables change and rows are added; after `lock.max_age_days` (30 unless given) what it says proves nothing.
    Fails:
        offline: true
        files: {preflight.lock: '{"version": 1, "models": [{"connection": "warehouse", "data_model": "model",
            "settings": "467fdb004f0e8b60081f86d5a885eaf72e93cde6a0803f9c5a740134d63d9251",
            "sql": "e165478acf03d5deaea4ecd5a93b5dcc9913acd15204ab3c7cea63aa0642182c",
            "seen": {"on": "2026-10-24", "by": "user U", "basis": "described"}}]}'}
    Passes:
        offline: true
        files: {preflight.lock: '{"version": 1, "models": [{"connection": "warehouse", "data_model": "model",
            "settings": "467fdb004f0e8b60081f86d5a885eaf72e93cde6a0803f9c5a740134d63d9251",
            "sql": "e165478acf03d5deaea4ecd5a93b5dcc9913acd15204ab3c7cea63aa0642182c",
            "seen": {"on": "2026-10-25", "by": "user U", "basis": "described"}}]}'}
    Remedy: run `preflight lock` where the warehouse can be reached, and commit what it writes.
    Source: preflight's own file
    """
    yield from _faults(ctx, "old-lock")

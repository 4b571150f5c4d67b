"""One run: subjects and their contexts, the facts that their rules need, the rules, and the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime

import msgspec

from preflight import limits as limit_profiles
from preflight import registry
from preflight.cache import Cache
from preflight.config import Pipeline, Problem, Project
from preflight.engine import freshness
from preflight.engine.baseline import Matching
from preflight.engine.digest import digests
from preflight.engine.judge import Judge, severity_in
from preflight.engine.part import PASSED, Part, Said
from preflight.engine.selection import Options, chosen, parts, require_names, subjects, with_unknown_rules
from preflight.engine.suppression import Suppressions
from preflight.engine.survey import survey
from preflight.facts import Watch, unwatched
from preflight.finding import (
    Basis,
    Bug,
    ColumnFate,
    Depth,
    Finding,
    Grade,
    Report,
    Severity,
    State,
    Subject,
    SubjectKind,
    Verdict,
    Waiver,
)
from preflight.model import WorkspaceState
from preflight.outlook import column_fates, next_runs
from preflight.rule import Rule


def check(
    project: Project,
    options: Options | None = None,
    *,
    now: datetime | None = None,
    environ: Mapping[str, str] | None = None,
    read_workspace: Callable[[], WorkspaceState] | None = None,
    watch: Watch = unwatched,
    cache: Cache | None = None,
) -> Report:
    """Judge ``project``; what the project, a warehouse or the workspace gets wrong is in the report.

    ``read_workspace`` takes the place of the client that the project's own credentials open; ``watch`` is told what is
    asked for; ``cache`` holds what earlier runs found in the very same texts. Raises UsageError for an option that
    names no pipeline or rule of this project, and for a broken plugin.
    """
    return _Run(project, options or Options(), now or datetime.now(UTC), environ, read_workspace, watch).report(cache)


class _Run:
    """One check: what is fixed at its start, and the steps to its report."""

    def __init__(
        self,
        project: Project,
        options: Options,
        now: datetime,
        environ: Mapping[str, str] | None,
        read_workspace: Callable[[], WorkspaceState] | None,
        watch: Watch,
    ) -> None:
        self.options = options
        self.now = now
        self.rules = registry.rules(project.plugins)
        project = with_unknown_rules(project, self.rules)
        lock, project = freshness.open_lock(project, now) if options.offline else (None, project)
        profile = limit_profiles.load(project.limits.profile)
        self.limits = profile.with_overrides(dict(project.limits.overrides), now.date())
        running = tuple(
            r for r in self.rules if (r.fixed or chosen(r, options)) and severity_in(project, r) is not None
        )
        require_names(options, self.rules, project)
        self.suppressions = Suppressions(project, _dialects(project), self.rules, now.date())
        self.baseline = Matching(options.baseline, {rule.code for rule in self.rules if rule.fixed})
        reader = read_workspace or _reader(project, options, environ)
        self.judge = Judge(project, options, running, self.limits, now, environ or {}, reader, watch, lock)
        self._add_problems(self.suppressions.problems)
        self.severities = {rule.code: severity_in(project, rule) or rule.severity for rule in running}
        self.findings: list[Finding] = []
        self.verdicts: list[Verdict] = []
        self.bugs: list[Bug] = []

    @property
    def project(self) -> Project:
        """The project, with the problems that the run found in it."""
        return self.judge.project

    def _add_problems(self, problems: Iterable[Problem]) -> None:
        project = self.judge.project
        self.judge.project = msgspec.structs.replace(project, problems=(*project.problems, *problems))

    def report(self, cache: Cache | None) -> Report:
        judged = tuple(s for s in subjects(self.project, self.options.pipelines) if self._judged(s))
        batch = survey(self.judge, judged, cache)
        parts = dict(zip(judged, batch.parts, strict=True))
        self._settle(parts)
        merged = _merge(self.findings)
        touched = {finding.waiver for finding in merged} | {verdict.waiver for verdict in self.verdicts}
        schemas = {subject.id: part.schema for subject, part in parts.items() if part.schema is not None}
        pipelines = {subject.id: found for subject in judged if (found := self._pipeline(subject)) is not None}
        return Report(
            depth=self._depth(judged, batch.depths),
            project=self.project.file,
            created=self.now,
            profile=self.limits.profile,
            subjects=judged,
            findings=merged,
            verdicts=tuple(self.verdicts),
            failures=batch.failures,
            waivers=tuple(w for w in self.project.waivers if w in touched),
            sources=self.project.sources,
            digests=digests(self.project, self.limits, self.rules, schemas),
            weakest=_weakest(self.judge.rules, parts.values()),
            left_out=tuple(r.name for r in self.rules if r.severity is Severity.ERROR and r not in self.judge.rules),
            bugs=tuple(self.bugs),
            schemas=schemas,
            fates={subject.id: fates for subject, part in parts.items() if (fates := self._fates(subject, part))},
            open_ends={s.id: reason for s, part in parts.items() if (reason := self._open_end(s, part))},
            windows={subject.id: part.windows for subject, part in parts.items() if part.windows is not None},
            statements=batch.statements,
            interrupted=batch.interrupted,
            notes=tuple(_not_judged(self.project, self.options.pipelines)),
            clock_was_read=any(part.clock for part in batch.parts),
            next_runs={id_: runs for id_, pipeline in pipelines.items() if (runs := next_runs(pipeline, self.now))},
        )

    def _judged(self, subject: Subject) -> bool:
        only = self.options.only
        return only is None or subject in only

    def _settle(self, parts: Mapping[Subject, Part]) -> None:
        """Make findings and verdicts of what was said; the rules that speak of what the others found come last."""
        for subject, part in parts.items():
            for rule in self.judge.rules_for(subject):
                self._take(subject, rule, part.said.get(rule.code, PASSED))
        whole = not self.options.pipelines and self.options.only is None
        self._add_problems(self.suppressions.unused(self.verdicts, self.judge.rules, whole=whole))
        self._add_problems(self.baseline.stale(self.verdicts, self.rules, parts, whole=whole))
        for subject, rule, said in self.judge.last(parts):
            self._take(subject, rule, said)

    def _take(self, subject: Subject, rule: Rule, said: Said) -> None:
        waiver = self._waiver(rule, subject) if said.state in (State.FINDINGS, State.UNPROVEN) else None
        self.findings += [self._settled(finding, waiver) for finding in said.findings]
        self.verdicts.append(
            Verdict(
                code=rule.code,
                name=rule.name,
                severity=self.severities[rule.code],
                subject=subject,
                state=said.state,
                reason=said.reason,
                measures=said.measures,
                waiver=waiver,
                gating=rule.severity is Severity.ERROR,
            )
        )
        if said.traceback:
            self.bugs.append(Bug(rule.name, subject, said.traceback))

    def _settled(self, finding: Finding, waiver: Waiver | None) -> Finding:
        suppression = self.suppressions.find(finding)
        if waiver is not None or suppression is not None:
            finding = msgspec.structs.replace(finding, waiver=waiver, suppression=suppression)
        held = self.baseline.covers(finding) and finding.open
        return msgspec.structs.replace(finding, baselined=True) if held else finding

    def _waiver(self, rule: Rule, subject: Subject) -> Waiver | None:
        if rule.fixed:
            return None
        for waiver in self.project.waivers:
            here = not waiver.pipeline or (subject.kind is SubjectKind.PIPELINE and subject.id == waiver.pipeline)
            if here and waiver.rule in (rule.name, rule.code) and waiver.expires >= self.now.date():
                return waiver
        return None

    # -- the report's heads --------------------------------------------------------------------------------------------

    def _pipeline(self, subject: Subject) -> Pipeline | None:
        return self.project.pipeline(subject.id) if subject.kind is SubjectKind.PIPELINE else None

    def _fates(self, subject: Subject, part: Part) -> tuple[ColumnFate, ...]:
        pipeline = self._pipeline(subject)
        if pipeline is None or part.outputs is None:
            return ()
        wanted = pipeline.field_transformation_id
        transformation = self.project.field_transformation(wanted) if wanted else None
        return column_fates(pipeline, transformation, part.outputs)

    def _open_end(self, subject: Subject, part: Part) -> str:
        """Why not every output column of a pipeline is known; empty where all are, and for other subjects."""
        if self._pipeline(subject) is None:
            return ""
        return "its query was not read" if part.outputs is None else part.outputs.reason

    def _depth(self, judged: Iterable[Subject], depths: Mapping[str, Depth]) -> Depth:
        """The shallowest depth of any judged pipeline's connection: a run is as deep as its shallowest part."""
        order = (Depth.STATIC, Depth.LOCKED, Depth.LOCAL, Depth.LIVE)
        reached = []
        for subject in judged:
            if subject.kind in (SubjectKind.PIPELINE, SubjectKind.DATA_MODEL):
                _, connection = self.judge.parts(subject)
                reached.append(depths.get(connection.id if connection else "", Depth.STATIC))
        return min(reached, key=order.index, default=Depth.STATIC)


def _reader(
    project: Project, options: Options, environ: Mapping[str, str] | None
) -> Callable[[], WorkspaceState] | None:
    if options.offline or project.workspace is None:
        return None
    from preflight.workspace import reader

    return reader(project, environ)


def _dialects(project: Project) -> Iterator[tuple[str, str]]:
    """Each data model's id with each dialect that it is read in."""
    for subject in subjects(project, ()):
        pipeline = project.pipeline(subject.id) if subject.kind is SubjectKind.PIPELINE else None
        data_model, connection = parts(project, subject, pipeline)
        if data_model is not None and connection is not None:
            yield data_model.id, connection.service_provider.value


def _not_judged(project: Project, pipelines: tuple[str, ...]) -> Iterator[str]:
    """What the project holds and no rule but those of the grammar could read, in words."""
    words = {"pipelines": "pipeline", "connections": "connection", "data_models": "data model"}
    broken = sorted(key for key in project.broken if key[0] in words and key[1])
    if pipelines:
        broken = [key for key in broken if key in {("pipelines", id_) for id_ in pipelines}]
    if broken:
        shown = ", ".join(f"{words[kind]} {id_}" for kind, id_ in broken[:_NAMED])
        more = f" and {len(broken) - _NAMED} more" if len(broken) > _NAMED else ""
        yield f"not judged until its grammar is mended: {shown}{more}"


_NAMED = 6
"""Objects that a note names."""


def _merge(findings: list[Finding]) -> tuple[Finding, ...]:
    """One finding where several subjects have the very same at the very same place; in file order."""
    merged: dict[tuple[object, ...], Finding] = {}
    for finding in findings:
        settled = finding.waiver, finding.suppression, finding.baselined
        key = finding.code, finding.span, finding.message, finding.severity, finding.object, *settled
        first = merged.get(key)
        merged[key] = msgspec.structs.replace(first, also=(*first.also, finding.subject)) if first else finding
    return tuple(sorted(merged.values(), key=_order))


def _order(finding: Finding) -> tuple[object, ...]:
    span = finding.span
    return (
        (span.path, span.start, span.end) if span else ("", -1, -1),
        finding.code,
        str(finding.subject),
        finding.message,
    )


def _weakest(rules: tuple[Rule, ...], parts: Iterable[Part]) -> Basis:
    """The lowest grade of any fact that a gating rule may have read, and whether a stand-in gave any of them."""
    gating = frozenset().union(*(rule.needs | rule.uses for rule in rules if rule.severity is Severity.ERROR))
    bases = [basis for part in parts for fact, basis in part.bases if fact in gating]
    grade = min((basis.grade for basis in bases), default=Grade.STATIC)
    return Basis(grade, any(basis.stand_in for basis in bases))

"""One run: subjects and their contexts, the facts that their rules need, the rules, and the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime

import msgspec

from preflight import limits as limit_profiles
from preflight import registry
from preflight.config import Connection, DataModel, Problem, Project
from preflight.engine import freshness
from preflight.engine.baseline import Matching
from preflight.engine.digest import digests
from preflight.engine.objects import object_of
from preflight.engine.selection import Options, chosen, parts, require_names, subjects, with_unknown_rules
from preflight.engine.suppression import Suppressions
from preflight.engine.windows import windows
from preflight.facts import Gathered, Gatherer, Request, Watch, unwatched
from preflight.finding import (
    Basis,
    Bug,
    ColumnFate,
    Depth,
    Fault,
    Finding,
    Grade,
    Inapplicable,
    Measure,
    Report,
    Severity,
    State,
    Subject,
    SubjectKind,
    Unproven,
    Verdict,
    Waiver,
    Weighed,
    Windows,
)
from preflight.location import Place, Route, Span, SqlRange
from preflight.model import Schema, WorkspaceState
from preflight.outlook import column_fates, next_runs
from preflight.query import Outputs, Query, parse
from preflight.rule import Context, Fact, Known, Missing, Rule, Scope


def check(
    project: Project,
    options: Options | None = None,
    *,
    now: datetime | None = None,
    environ: Mapping[str, str] | None = None,
    read_workspace: Callable[[], WorkspaceState] | None = None,
    watch: Watch = unwatched,
) -> Report:
    """Judge ``project``; what the project, a warehouse or the workspace gets wrong is in the report.

    ``read_workspace`` takes the place of the client that the project's own credentials open; ``watch`` is told what is
    asked for. Raises UsageError for an option that names no pipeline or rule of this project, and for a broken plugin.
    """
    return _Run(project, options or Options(), now or datetime.now(UTC), environ, read_workspace, watch).report()


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
        self.watch = watch
        self.options = options
        self.now = now
        self.rules = registry.rules(project.plugins)
        project = with_unknown_rules(project, self.rules)
        self.lock, self.project = freshness.open_lock(project, now) if options.offline else (None, project)
        profile = limit_profiles.load(project.limits.profile)
        self.limits = profile.with_overrides(dict(project.limits.overrides), now.date())
        self.running = tuple(r for r in self.rules if (r.fixed or chosen(r, options)) and self._severity(r) is not None)
        self.queries: dict[tuple[str, str], Query] = {}
        self.environ = environ or {}
        self.read_workspace = read_workspace or _reader(project, options, environ)
        require_names(options, self.rules, project)
        self.suppressions = Suppressions(self.project, _dialects(self.project), self.rules, now.date())
        self.baseline = Matching(options.baseline, {rule.code for rule in self.rules if rule.fixed})
        self._add_problems(self.suppressions.problems)

    def _add_problems(self, problems: Iterable[Problem]) -> None:
        self.project = msgspec.structs.replace(self.project, problems=(*self.project.problems, *problems))

    def report(self) -> Report:
        chosen = subjects(self.project, self.options.pipelines)
        contexts = {subject: self._context(subject) for subject in chosen if self._judged(subject)}
        gathered = self._gather(contexts)
        schemas = _schemas(gathered)
        outputs = _outputs(contexts.values(), schemas)
        findings, verdicts, bugs = self._judge_all(contexts, gathered, outputs)
        merged = _merge(findings)
        touched = {finding.waiver for finding in merged} | {verdict.waiver for verdict in verdicts}
        return Report(
            depth=_depth(contexts.values(), gathered),
            project=self.project.file,
            created=self.now,
            profile=self.limits.profile,
            subjects=tuple(contexts),
            findings=merged,
            verdicts=tuple(verdicts),
            failures=gathered.failures,
            waivers=tuple(w for w in self.project.waivers if w in touched),
            sources=self.project.sources,
            digests=digests(self.project, self.limits, self.rules, schemas),
            weakest=_weakest(self.running, gathered),
            left_out=tuple(r.name for r in self.rules if r.severity is Severity.ERROR and r not in self.running),
            bugs=tuple(bugs),
            schemas=schemas,
            fates={c.subject.id: fates for c in contexts.values() if (fates := _fates(c, outputs))},
            windows={subject.id: found for subject, found in _windows(contexts, gathered)},
            statements=gathered.statements,
            interrupted=gathered.interrupted,
            next_runs={c.subject.id: runs for c in contexts.values() if (runs := _next_runs(c, self.now))},
        )

    def _judged(self, subject: Subject) -> bool:
        only = self.options.only
        return only is None or subject.kind is SubjectKind.PROJECT or subject in only

    def _judge_all(
        self, contexts: Mapping[Subject, Context], gathered: Gathered, outputs: Mapping[str, Outputs]
    ) -> tuple[list[Finding], list[Verdict], list[Bug]]:
        """Every rule for every subject; those that speak of what the others found come last."""
        findings: list[Finding] = []
        verdicts: list[Verdict] = []
        bugs: list[Bug] = []
        for last in (False, True):
            if last:
                whole = not self.options.pipelines and self.options.only is None
                self._add_problems(self.suppressions.unused(verdicts, self.running, whole=whole))
                self._add_problems(self.baseline.stale(verdicts, self.rules, contexts, whole=whole))
                contexts = {subject: self._context(subject) for subject in contexts}
            for subject, bare in contexts.items():
                context = bare.with_facts(gathered.facts[subject], outputs)
                for rule in self._rules_for(subject, last=last):
                    found, verdict, bug = self._judge(rule, context)
                    findings += found
                    verdicts.append(verdict)
                    bugs += [bug] if bug else []
        return findings, verdicts, bugs

    # -- subjects and their contexts ---------------------------------------------------------------------------------

    def _context(self, subject: Subject) -> Context:
        project = self.project
        pipeline = project.pipeline(subject.id) if subject.kind is SubjectKind.PIPELINE else None
        data_model, connection = parts(project, subject, pipeline)
        return Context(
            project=project,
            subject=subject,
            limits=self.limits,
            now=self.now,
            query=self._query(data_model, connection),
            pipeline=pipeline,
            data_model=data_model,
            connection=connection,
        )

    def _query(self, data_model: DataModel | None, connection: Connection | None) -> Query | None:
        if data_model is None or connection is None:
            return None
        key = data_model.id, connection.service_provider.value
        if key not in self.queries:
            self.queries[key] = parse(data_model.sql, key[1], data_model.id)
        return self.queries[key]

    def _rules_for(self, subject: Subject, *, last: bool = False) -> Iterator[Rule]:
        return (rule for rule in self.running if rule.last is last and rule.scope.covers(subject.kind))

    def _gather(self, contexts: Mapping[Subject, Context]) -> Gathered:
        requests = [
            Request(
                subject,
                frozenset().union(*(rule.needs | rule.uses for rule in self._rules_for(subject))),
                context.connection,
                context.query if context.has_query else None,
                context.used_by,
            )
            for subject, context in contexts.items()
        ]
        return Gatherer(
            self.project,
            now=self.now,
            offline=self.options.offline,
            environ=self.environ,
            read_workspace=self.read_workspace,
            watch=self.watch,
            lock=self.lock,
        ).gather(requests)

    # -- one rule, one subject ---------------------------------------------------------------------------------------

    def _judge(self, rule: Rule, context: Context) -> tuple[list[Finding], Verdict, Bug | None]:
        context = context.declaring(rule.needs | rule.uses)
        severity = self._severity(rule) or rule.severity
        if (reason := _why_not_run(rule, context)) is not None:
            return [], self._verdict(rule, severity, context.subject, State.UNPROVEN, reason), None
        if (reason := _missing_need(rule, context)) is not None:
            state, reason = _without_facts(rule, context, reason)
            return [], self._verdict(rule, severity, context.subject, state, reason), None
        try:
            outcomes = list(rule.check(context))
        except Exception:  # a crashing rule must not stop the others; it is reported as a bug
            import traceback

            bug = Bug(rule.name, context.subject, traceback.format_exc())
            reason = "the rule crashed, which is a bug in preflight or in a plugin"
            return [], self._verdict(rule, severity, context.subject, State.UNPROVEN, reason), bug
        findings = [self._finding(rule, severity, context, x) for x in outcomes if isinstance(x, Fault)]
        return findings, self._conclude(rule, severity, context.subject, outcomes, findings), None

    def _severity(self, rule: Rule) -> Severity | None:
        """The severity in this project; None where the project switched the rule off."""
        setting = self.project.rules.get(rule.name, self.project.rules.get(rule.code))
        if setting is None or rule.fixed:
            return rule.severity
        return None if setting == "off" else Severity(setting)

    def _conclude(
        self, rule: Rule, severity: Severity, subject: Subject, outcomes: Iterable[object], findings: list[Finding]
    ) -> Verdict:
        measures: list[Measure] = []
        state, reason = State.PASS, ""
        for outcome in outcomes:
            if isinstance(outcome, Weighed | Unproven):
                measures += outcome.measures
            if isinstance(outcome, Unproven | Inapplicable) and state is not State.UNPROVEN:
                state = State.UNPROVEN if isinstance(outcome, Unproven) else State.INAPPLICABLE
                reason = outcome.reason
        if findings:
            state, reason = State.FINDINGS, ""
        return self._verdict(rule, severity, subject, state, reason, tuple(measures))

    def _verdict(
        self,
        rule: Rule,
        severity: Severity,
        subject: Subject,
        state: State,
        reason: str = "",
        measures: tuple[Measure, ...] = (),
    ) -> Verdict:
        return Verdict(
            code=rule.code,
            name=rule.name,
            severity=severity,
            subject=subject,
            state=state,
            reason=reason,
            measures=measures,
            waiver=self._waiver(rule, subject) if state in (State.FINDINGS, State.UNPROVEN) else None,
            gating=rule.severity is Severity.ERROR,
        )

    def _finding(self, rule: Rule, severity: Severity, context: Context, fault: Fault) -> Finding:
        finding = Finding(
            code=rule.code,
            name=rule.name,
            severity=severity,
            message=fault.message,
            remedy=fault.remedy,
            subject=context.subject,
            span=_span(self.project, fault.place),
            measures=fault.measures,
            waiver=self._waiver(rule, context.subject),
            object=object_of(fault.place, self.project, context.query if context.has_query else None),
        )
        finding = msgspec.structs.replace(finding, suppression=self.suppressions.find(finding))
        held = self.baseline.covers(finding) and finding.open
        return msgspec.structs.replace(finding, baselined=held)

    def _waiver(self, rule: Rule, subject: Subject) -> Waiver | None:
        if rule.fixed:
            return None
        for waiver in self.project.waivers:
            here = not waiver.pipeline or (subject.kind is SubjectKind.PIPELINE and subject.id == waiver.pipeline)
            if here and waiver.rule in (rule.name, rule.code) and waiver.expires >= self.now.date():
                return waiver
        return None


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


def _why_not_run(rule: Rule, context: Context) -> str | None:
    """Why a rule cannot even be tried here; None where it can."""
    reads_query = rule.scope in (Scope.QUERY, Scope.PIPELINE)
    if reads_query and context.data_model is None:
        return "the data model could not be read from the project"
    if rule.scope is Scope.QUERY and not context.has_query:
        if context.subject.kind is SubjectKind.DATA_MODEL:
            return "no pipeline says which warehouse's SQL the data model is written in"
        return "the connection could not be read from the project, so the SQL's dialect is not known"
    return None


def _missing_need(rule: Rule, context: Context) -> str | None:
    """Why a fact that the rule needs is missing; None where all are there."""
    for fact in Fact:
        if fact in rule.needs and isinstance(known := context.known(fact), Missing):
            return known.reason
    return None


def _without_facts(rule: Rule, context: Context, reason: str) -> tuple[State, str]:
    """How a rule ends without the facts that it needs: unproven, unless it would not apply whatever they were."""
    try:
        outcomes = list(rule.check(context))
    except Exception:  # it went for what is not there
        return State.UNPROVEN, reason
    inapplicable = [outcome for outcome in outcomes if isinstance(outcome, Inapplicable)]
    if inapplicable and len(inapplicable) == len(outcomes):
        return State.INAPPLICABLE, inapplicable[0].reason
    return State.UNPROVEN, reason


# -- places and the report's heads -------------------------------------------------------------------------------------


def _span(project: Project, place: Place) -> Span | None:
    if isinstance(place, Route):
        return project.locate(place)
    if isinstance(place, SqlRange):
        data_model = project.data_model(place.data_model)
        return data_model.sql.span(place.start, place.end) if data_model else None
    return place


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


def _outputs(contexts: Iterable[Context], schemas: Mapping[str, Schema]) -> dict[str, Outputs]:
    """What each pipeline's query puts out, by the pipeline's id."""
    return {
        context.used_by.id: context.query.outputs(schemas.get(context.subject.id))
        for context in contexts
        if context.used_by is not None and context.has_query
    }


def _fates(context: Context, outputs: Mapping[str, Outputs]) -> tuple[ColumnFate, ...]:
    if context.used_by is None or context.used_by.id not in outputs:
        return ()
    return column_fates(context.used_by, context.field_transformation, outputs[context.used_by.id])


def _next_runs(context: Context, now: datetime) -> tuple[int, ...]:
    return next_runs(context.used_by, now) if context.used_by is not None else ()


def _windows(contexts: Mapping[Subject, Context], gathered: Gathered) -> Iterator[tuple[Subject, Windows]]:
    for subject, bare in contexts.items():
        if found := windows(bare.with_facts(gathered.facts[subject])):
            yield subject, found


def _schemas(gathered: Gathered) -> dict[str, Schema]:
    known = ((subject, facts.get(Fact.SCHEMA)) for subject, facts in gathered.facts.items())
    return {subject.id: fact.value for subject, fact in known if isinstance(fact, Known)}


def _depth(contexts: Iterable[Context], gathered: Gathered) -> Depth:
    """The shallowest depth of any judged pipeline's connection: a run is as deep as its shallowest part."""
    order = (Depth.STATIC, Depth.LOCKED, Depth.LOCAL, Depth.LIVE)
    judged = [
        gathered.depths.get(context.connection.id if context.connection else "", Depth.STATIC)
        for context in contexts
        if context.subject.kind in (SubjectKind.PIPELINE, SubjectKind.DATA_MODEL)
    ]
    return min(judged, key=order.index, default=Depth.STATIC)


def _weakest(rules: tuple[Rule, ...], gathered: Gathered) -> Basis:
    """The lowest grade of any fact that a gating rule may have read, and whether a stand-in gave any of them."""
    gating = frozenset().union(*(rule.needs | rule.uses for rule in rules if rule.severity is Severity.ERROR))
    bases = [
        known.basis
        for facts in gathered.facts.values()
        for fact, known in facts.items()
        if fact in gating and isinstance(known, Known)
    ]
    grade = min((basis.grade for basis in bases), default=Grade.STATIC)
    return Basis(grade, any(basis.stand_in for basis in bases))

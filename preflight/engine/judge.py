"""Facts and rules, subject by subject.

What a rule says of a subject is told here without regard to the day: waivers, suppressions and the baseline are the
run's own affair.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial

from preflight.config import Connection, DataModel, Project
from preflight.engine.objects import object_of
from preflight.engine.part import PASSED, Batch, Part, Said
from preflight.engine.selection import Options, parts
from preflight.engine.windows import windows
from preflight.facts import Gathered, Gatherer, Request, Watch
from preflight.finding import (
    Fault,
    Finding,
    Inapplicable,
    Measure,
    Severity,
    State,
    Subject,
    SubjectKind,
    Unproven,
    Weighed,
)
from preflight.limits import Limits
from preflight.location import Place, Route, Span, SqlRange
from preflight.lock.file import AnyLock
from preflight.model import WorkspaceState
from preflight.query import Outputs, Query, parse
from preflight.rule import Context, Fact, Known, Missing, Rule, Scope


class Judge:
    """What one run's subjects are judged by."""

    def __init__(
        self,
        project: Project,
        options: Options,
        rules: tuple[Rule, ...],
        limits: Limits,
        now: datetime,
        environ: Mapping[str, str],
        read_workspace: Callable[[], WorkspaceState] | None,
        watch: Watch,
        lock: AnyLock | None,
    ) -> None:
        self.project = project
        self.options = options
        self.rules = rules
        self.limits = limits
        self.now = now
        self.environ = environ
        self.read_workspace = read_workspace
        self.watch = watch
        self.lock = lock
        self._rules_for: dict[SubjectKind, tuple[Rule, ...]] = {}
        self._queries: dict[tuple[str, str], Query] = {}

    def batch(self, subjects: Sequence[Subject], others: Mapping[str, Outputs] | None = None) -> Batch:
        """Gather what the subjects' rules want and run all rules but the last; ``others`` are outputs known before."""
        contexts = {subject: self.context(subject) for subject in subjects}
        gathered = self._gather(contexts)
        outputs = {**(others or {}), **_outputs(contexts.values(), gathered)}
        judged = (self._part(bare.with_facts(gathered.facts[subject], outputs)) for subject, bare in contexts.items())
        return Batch(tuple(judged), gathered.failures, dict(gathered.depths), gathered.statements, gathered.interrupted)

    def again(self, subject: Subject, part: Part) -> dict[str, Said]:
        """Run the rules that asked what time it was once more, for a subject of which no fact is known."""
        context = self.context(subject).with_facts(part.missing)
        said = {rule.code: self._run(rule, context)[0] for rule in self.rules if rule.code in part.clock}
        return {code: one for code, one in said.items() if one != PASSED}

    def last(self, subjects: Iterable[Subject]) -> Iterator[tuple[Subject, Rule, Said]]:
        """Run the rules that speak of what the others found."""
        rules = [rule for rule in self.rules if rule.last]
        for subject in subjects:
            here = [rule for rule in rules if rule.scope.covers(subject.kind)]
            context = self.context(subject).with_facts({}) if here else None
            for rule in here:
                assert context is not None  # noqa: S101 - there is one where there is a rule
                yield subject, rule, self._run(rule, context)[0]

    def rules_for(self, subject: Subject) -> tuple[Rule, ...]:
        """The rules that judge a subject, without the last ones."""
        kind = subject.kind
        if kind not in self._rules_for:
            self._rules_for[kind] = tuple(rule for rule in self.rules if not rule.last and rule.scope.covers(kind))
        return self._rules_for[kind]

    # -- subjects and their contexts -----------------------------------------------------------------------------------

    def parts(self, subject: Subject) -> tuple[DataModel | None, Connection | None]:
        """The data model and the connection that a subject is about."""
        pipeline = self.project.pipeline(subject.id) if subject.kind is SubjectKind.PIPELINE else None
        return parts(self.project, subject, pipeline)

    def context(self, subject: Subject) -> Context:
        """What a rule may ask about a subject; its SQL is parsed when it is asked for."""
        pipeline = self.project.pipeline(subject.id) if subject.kind is SubjectKind.PIPELINE else None
        data_model, connection = parts(self.project, subject, pipeline)
        read = None
        if data_model is not None and connection is not None:
            read = partial(self.query, data_model, connection)
        return Context(
            project=self.project,
            subject=subject,
            limits=self.limits,
            now=self.now,
            parse=read,
            pipeline=pipeline,
            data_model=data_model,
            connection=connection,
        )

    def query(self, data_model: DataModel, connection: Connection) -> Query:
        """A data model's SQL as the connection's warehouse reads it, parsed once."""
        key = data_model.id, connection.service_provider.value
        if key not in self._queries:
            self._queries[key] = parse(data_model.sql, key[1], data_model.id)
        return self._queries[key]

    def _gather(self, contexts: Mapping[Subject, Context]) -> Gathered:
        requests = [
            Request(
                subject,
                frozenset().union(*(rule.needs | rule.uses for rule in self.rules_for(subject))),
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
            require_credentials=self.options.require_credentials,
            lock=self.lock,
        ).gather(requests)

    def severity(self, rule: Rule) -> Severity | None:
        """The severity in this project; None where the project switched the rule off."""
        return severity_in(self.project, rule)

    # -- one rule, one subject -----------------------------------------------------------------------------------------

    def _part(self, context: Context) -> Part:
        said: dict[str, Said] = {}
        clock: list[str] = []
        for rule in self.rules_for(context.subject):
            one, looked = self._run(rule, context)
            if one != PASSED:
                said[rule.code] = one
            if looked:
                clock.append(rule.code)
        facts = context.facts
        known = {fact: found for fact, found in facts.items() if isinstance(found, Known)}
        return Part(
            said,
            tuple(clock),
            {fact: found for fact, found in facts.items() if isinstance(found, Missing)} if clock else {},
            known[Fact.SCHEMA].value if Fact.SCHEMA in known else None,
            tuple((fact, found.basis) for fact, found in known.items()),
            context.own_outputs,
            windows(context),
        )

    def _run(self, rule: Rule, context: Context) -> tuple[Said, bool]:
        """What the rule says, and whether it asked what time it is."""
        context = context.declaring(rule.needs | rule.uses)
        if (reason := _why_not_run(rule, context)) is not None:
            return Said(State.UNPROVEN, reason), False
        if (reason := _missing_need(rule, context)) is not None:
            return Said(*_without_facts(rule, context, reason)), context.clock_was_read
        try:
            outcomes = list(rule.check(context))
        except Exception:  # a crashing rule must not stop the others; it is reported as a bug
            import traceback

            reason = "the rule crashed, which is a bug in preflight or in a plugin"
            return Said(State.UNPROVEN, reason, traceback=traceback.format_exc()), context.clock_was_read
        if not outcomes:
            return PASSED, context.clock_was_read
        return self._conclude(rule, context, outcomes), context.clock_was_read

    def _conclude(self, rule: Rule, context: Context, outcomes: Sequence[object]) -> Said:
        measures: list[Measure] = []
        state, reason = State.PASS, ""
        for outcome in outcomes:
            if isinstance(outcome, Weighed | Unproven):
                measures += outcome.measures
            if isinstance(outcome, Unproven | Inapplicable) and state is not State.UNPROVEN:
                state = State.UNPROVEN if isinstance(outcome, Unproven) else State.INAPPLICABLE
                reason = outcome.reason
        findings = tuple(self._finding(rule, context, fault) for fault in outcomes if isinstance(fault, Fault))
        if findings:
            state, reason = State.FINDINGS, ""
        return Said(state, reason, tuple(measures), findings)

    def _finding(self, rule: Rule, context: Context, fault: Fault) -> Finding:
        return Finding(
            code=rule.code,
            name=rule.name,
            severity=self.severity(rule) or rule.severity,
            message=fault.message,
            remedy=fault.remedy,
            subject=context.subject,
            span=_span(self.project, fault.place),
            measures=fault.measures,
            object=object_of(fault.place, self.project, context.query if context.has_query else None),
        )


def severity_in(project: Project, rule: Rule) -> Severity | None:
    """A rule's severity in a project; None where the project switched it off."""
    setting = project.rules.get(rule.name, project.rules.get(rule.code))
    if setting is None or rule.fixed:
        return rule.severity
    return None if setting == "off" else Severity(setting)


def _outputs(contexts: Iterable[Context], gathered: Gathered) -> dict[str, Outputs]:
    """What each pipeline's query puts out, by the pipeline's id."""
    found: dict[str, Outputs] = {}
    for context in contexts:
        if context.used_by is not None and context.has_query:
            schema = gathered.facts[context.subject].get(Fact.SCHEMA)
            found[context.used_by.id] = context.query.outputs(schema.value if isinstance(schema, Known) else None)
    return found


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
    for fact in Fact if rule.needs else ():
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


def _span(project: Project, place: Place) -> Span | None:
    if isinstance(place, Route):
        return project.locate(place)
    if isinstance(place, SqlRange):
        data_model = project.data_model(place.data_model)
        return data_model.sql.span(place.start, place.end) if data_model else None
    return place

"""Which rules and which subjects a run takes, by its options and the project's settings."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from preflight.config import Connection, DataModel, Pipeline, Problem, Project
from preflight.engine.baseline import Baseline
from preflight.errors import UsageError
from preflight.finding import Subject, SubjectKind
from preflight.location import Route
from preflight.rule import Rule


class Options(msgspec.Struct, frozen=True):
    """What a run is asked for beyond the project itself."""

    pipelines: tuple[str, ...] = ()
    """Ids to judge; empty: everything in the project."""
    select: tuple[str, ...] = ()
    """Rule names, codes or families (``PF4``) to run; empty: all."""
    ignore: tuple[str, ...] = ()
    """Rule names, codes or families to leave out."""
    only: frozenset[Subject] | None = None
    """The subjects to judge; None: all."""
    offline: bool = False
    """Ask no warehouse and no workspace (a stand-in file is asked all the same: it needs no network)."""
    require_credentials: bool = False
    """Whether a warehouse whose credentials are not set is a failure, rather than one that is not asked."""
    baseline: Baseline | None = None
    """Findings that fail no check."""
    workers: int = 1
    """Processes that judge at the same time what needs no network."""


def names_rule(name: str, code: str, rule_name: str) -> bool:
    """Whether ``name`` is the rule's name, its code, or a family that it is of (``PF4``)."""
    return bool(name) and (name == rule_name or code.startswith(name.upper()))


def chosen(rule: Rule, options: Options) -> bool:
    """Whether the options take the rule."""
    selected = not options.select or any(names_rule(name, rule.code, rule.name) for name in options.select)
    return selected and not any(names_rule(name, rule.code, rule.name) for name in options.ignore)


def require_names(options: Options, rules: tuple[Rule, ...], project: Project) -> None:
    """Raise UsageError for an option that names no rule or no pipeline of the project."""
    for name in (*options.select, *options.ignore):
        if not any(names_rule(name, rule.code, rule.name) for rule in rules):
            raise UsageError(f"no rule is called {name!r}", remedy=did_you_mean(name, [r.name for r in rules]))
    known = [pipeline.id for pipeline in project.pipelines]
    for pipeline in options.pipelines:
        if pipeline not in known and ("pipelines", pipeline) not in project.broken:
            raise UsageError(f"no pipeline has the id {pipeline!r}", remedy=did_you_mean(pipeline, known))


def did_you_mean(name: str, known: list[str]) -> str:
    """What to do about a name that is not known, without a capital and a full stop."""
    from difflib import get_close_matches

    close = get_close_matches(name, known, n=1)
    if close:
        return f"write {close[0]}"
    if len(known) > _SHOWN:
        return "take a name that `preflight rules` lists"
    return "name one of: " + (", ".join(sorted(known)) or "(there is none)")


_SHOWN = 20
"""How many names are listed where none is close."""


def sentence(text: str) -> str:
    """A remedy with its capital and its full stop."""
    return f"{text[:1].upper()}{text[1:]}."


def with_unknown_rules(project: Project, rules: tuple[Rule, ...]) -> Project:
    """The project with a problem for each setting and waiver that names no rule."""
    exact = {key for rule in rules for key in (rule.name, rule.code)}
    places = [(name, Route("", "", ("rules", name))) for name in project.rules]
    places += [(waiver.rule, Route("", "", ("waivers", i, "rule"))) for i, waiver in enumerate(project.waivers)]
    problems = tuple(
        Problem(
            "unknown-rule",
            f"No rule is called {name!r}.",
            project.locate(place),
            sentence(did_you_mean(name, [rule.name for rule in rules])),
        )
        for name, place in places
        if name not in exact
    )
    return msgspec.structs.replace(project, problems=project.problems + problems) if problems else project


def subjects(project: Project, pipelines: tuple[str, ...]) -> Iterator[Subject]:
    """The project, its connections, its pipelines and its unused models; or only what the chosen pipelines touch."""
    chosen = [p for p in project.pipelines if not pipelines or p.id in pipelines]
    yield Subject(SubjectKind.PROJECT)
    connections = {p.connection_id for p in chosen}
    yield from (
        Subject(SubjectKind.CONNECTION, c.id) for c in project.connections if not pipelines or c.id in connections
    )
    yield from (Subject(SubjectKind.PIPELINE, p.id) for p in chosen)
    if not pipelines:
        used = {p.data_model_id for p in project.pipelines}
        yield from (Subject(SubjectKind.DATA_MODEL, m.id) for m in project.data_models if m.id not in used)


def parts(project: Project, subject: Subject, pipeline: Pipeline | None) -> tuple[DataModel | None, Connection | None]:
    """The data model and the connection that a subject is about, where the project has them."""
    if pipeline is not None:
        return project.data_model(pipeline.data_model_id), project.connection(pipeline.connection_id)
    if subject.kind is SubjectKind.CONNECTION:
        return None, project.connection(subject.id)
    if subject.kind is SubjectKind.DATA_MODEL:
        providers = {connection.service_provider for connection in project.connections}
        only = project.connections[0] if len(providers) == 1 else None
        return project.data_model(subject.id), only
    return None, None

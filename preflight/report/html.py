"""The report as one page that needs nothing but itself: no script, no font, no request.

A content security policy lets the page load nothing and run nothing, and names its one style sheet by its digest; so no
element has a style of its own.
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path

from preflight import __version__
from preflight.finding import Report, Severity, State, Subject, SubjectKind
from preflight.report.html_findings import findings_section
from preflight.report.html_subjects import card
from preflight.report.html_text import sentence, text
from preflight.report.style import Style
from preflight.report.subjects import COLORS, Standing, by_subject, standing
from preflight.report.words import DEPTHS, counted, failure_words, standing_words

_SECTIONS = {
    "Pipelines": (SubjectKind.PIPELINE,),
    "Data models without a pipeline": (SubjectKind.DATA_MODEL,),
    "Connections and project": (SubjectKind.CONNECTION, SubjectKind.PROJECT),
}


def render(report: Report, style: Style) -> str:
    """The page, ending in a line break."""
    css = _css()
    digest = b64encode(sha256(css.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    head = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<link rel="icon" href="data:,">\n'
        f"<title>preflight: {_headline(report)}</title>\n<style>{css}</style>\n</head>\n<body>\n"
    )
    return "".join((head, *_body(report, style), "</body>\n</html>\n"))


@cache
def _css() -> str:
    return Path(__file__).with_name("html.css").read_text("utf-8")


def _body(report: Report, style: Style) -> Iterator[str]:
    verdicts, findings = by_subject(report)
    order = [kind for kinds in _SECTIONS.values() for kind in kinds]
    judged = sorted((s for s in report.subjects if verdicts[s]), key=lambda subject: order.index(subject.kind))
    stands = {subject: standing(verdicts[subject], findings[subject], report) for subject in judged}
    places = {subject: f"s{at}" for at, subject in enumerate(judged, 1)}
    anchors = {id(finding): f"f{at}" for at, finding in enumerate(report.findings, 1)}
    yield '<a class="skip" href="#findings">Skip to the findings</a>\n'
    yield from _top(report, style.repository.path(report.project), stands, places)
    yield "<main>\n"
    yield from _trouble(report)
    for title, kinds in _SECTIONS.items():
        shown = [subject for subject in judged if subject.kind in kinds]
        yield f"<h2>{title}</h2>\n" if shown else ""
        for subject in shown:
            here = findings[subject]
            yield from card(subject, places[subject], stands[subject], verdicts[subject], here, report, anchors)
    yield from findings_section(report, anchors)
    yield from _waivers(report)
    yield "</main>\n"
    yield from _foot(report)


# -- head and foot -----------------------------------------------------------------------------------------------------


def _headline(report: Report) -> str:
    errors = sum(f.severity is Severity.ERROR and f.open for f in report.findings)
    if errors:
        return f"{counted(errors, 'error')} to mend before anything is created"
    if report.failures or report.bugs:
        return "Not everything could be asked"
    if not report.subjects:
        return "Nothing to check"
    if not report.passed or report.left_out:
        return "No error found, but not all is proven"
    return "Proven" if not report.unproven else "Proven, as far as it guards the workspace"


def _top(
    report: Report, project: str, stands: Mapping[Subject, Standing], places: Mapping[Subject, str]
) -> Iterator[str]:
    depth = DEPTHS[report.depth].partition(": ")[2]
    created = report.created.strftime("%Y-%m-%d %H:%M UTC")
    yield f'<header class="top"><p class="brand">preflight</p><h1>{_headline(report)}</h1>\n'
    yield (
        f'<p class="lead">{sentence(depth)}. Project <code>{text(project)}</code>, '
        f"limits <code>{text(report.profile)}</code>, "
        f'<time datetime="{report.created.isoformat()}">{created}</time>.</p>\n<dl class="tally">'
    )
    for count, word, tone in _tally(report):
        yield f'<div class="{tone if count else "none"}"><dt>{word}</dt><dd>{count:,}</dd></div>'
    yield '</dl>\n<nav class="overview" aria-label="What was judged">'
    for subject, stand in stands.items():
        kind = f'<span class="kind">{subject.kind.value}</span> ' if subject.id else ""
        yield (
            f'<a href="#{places[subject]}"><span class="name">{kind}{text(subject.id or subject.kind.value)}</span>'
            f'<span class="badge {COLORS[stand]}">{standing_words(stand, report.depth)}</span></a>'
        )
    yield "</nav></header>\n"


def _tally(report: Report) -> Iterator[tuple[int, str, str]]:
    """Counts, each with its word and its tone."""
    by = Counter(finding.severity for finding in report.findings if finding.open)
    for severity in Severity:
        yield by[severity], severity.value + ("" if by[severity] == 1 else "s"), severity.value
    yield len(report.unproven), "unproven", "warning"
    yield sum(verdict.state is State.PASS for verdict in report.verdicts), "passed", "good"
    if accepted := len(report.findings) - by.total():
        yield accepted, "accepted", "none"


def _trouble(report: Report) -> Iterator[str]:
    """What kept facts away, and what did not run."""
    items = [f'{sentence(failure_words(f))} <span class="soft">{text(f.remedy)}</span>' for f in report.failures]
    items += [f"The rule {text(bug.rule)} crashed on {text(str(bug.subject))}: a bug" for bug in report.bugs]
    if report.left_out:
        items.append(f"Rules that guard the workspace did not run: {text(', '.join(report.left_out))}")
    if items:
        lines = "".join(f'<li class="bad">{item}</li>' for item in items)
        yield f'<h2>What could not be asked</h2><ul class="card reasons">{lines}</ul>\n'


def _waivers(report: Report) -> Iterator[str]:
    if report.waivers:
        rows = "".join(
            f'<tr><td class="mono">{text(w.rule)}</td><td>{text(w.pipeline) or "all"}</td><td>{text(w.reason)}</td>'
            f"<td>{text(w.owner)}</td><td>{w.expires}</td></tr>"
            for w in report.waivers
        )
        heads = "".join(f'<th scope="col">{head}</th>' for head in ("rule", "pipeline", "reason", "owner", "until"))
        table = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
        yield f'<h2>Waivers</h2><div class="card">{table}</div>\n'


def _foot(report: Report) -> Iterator[str]:
    notes = "".join(f"<p>{text(note)}</p>" for note in report.notes)
    ends = f" The command ends with exit code {report.exit_code}." if report.exit_code is not None else ""
    yield (
        f"<footer>{notes}<p>Written by preflight {__version__}. The weakest fact that a guarding rule read: "
        f"{report.weakest}.{ends}</p></footer>\n"
    )

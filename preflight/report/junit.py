"""The report as JUnit XML: a suite a subject, a case a rule.

Findings are failures. What is unproven or inapplicable is skipped with its reason, and so is an accepted finding; what
crashed is an error, and so is each thing that kept facts away, in a suite of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from preflight.finding import Finding, Report, State, Verdict
from preflight.report.style import Style
from preflight.report.subjects import by_subject
from preflight.report.words import accepted_word, accepted_words, failure_words, measure_words, waiver_words

_CLEAN = Style().clean


def render(report: Report, _: Style) -> str:
    """The document, ending in a line break."""
    suites = [*_subjects(report), *_environment(report)]
    total = {kind: sum(suite.count(f"<{kind} ") for suite in suites) for kind in ("testcase", "failure", "error")}
    head = f'<testsuites name="preflight" tests="{total["testcase"]}" failures="{total["failure"]}"'
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'{head} errors="{total["error"]}" time="0">',
        *suites,
        "</testsuites>",
    ]
    return "\n".join(lines) + "\n"


def _subjects(report: Report) -> Iterator[str]:
    verdicts, findings = by_subject(report)
    crashed = {(bug.subject, bug.rule) for bug in report.bugs}
    for subject in report.subjects:
        name = str(subject)
        faults: defaultdict[str, list[Finding]] = defaultdict(list)
        for finding in findings[subject]:
            faults[finding.code].append(finding)
        cases = [
            _case(name, verdict.name, list(_outcome(verdict, faults[verdict.code], (subject, verdict.name) in crashed)))
            for verdict in verdicts[subject]
        ]
        if cases:
            yield _suite(name, cases, report)


def _outcome(verdict: Verdict, findings: list[Finding], crashed: bool) -> Iterator[str]:
    if crashed:
        yield _element("error", "bug", verdict.reason)
    elif verdict.state is State.UNPROVEN:
        yield _element("skipped", "unproven", verdict.reason, _waived(verdict))
    elif verdict.state is State.INAPPLICABLE:
        yield _element("skipped", "inapplicable", verdict.reason)
    for finding in findings:
        if finding.open:
            yield _element("failure", finding.severity.value, finding.message, _details(finding))
        else:
            message = ": ".join((*accepted_words(finding), finding.message))
            yield _element("skipped", accepted_word(finding), message, _details(finding))


def _waived(verdict: Verdict) -> str:
    return f"waived {waiver_words(verdict.waiver)}" if verdict.waiver else ""


def _details(finding: Finding) -> str:
    span = finding.span
    lines = [f"{span.path}:{span.line}:{span.column}"] if span else []
    lines += [measure_words(measure) for measure in finding.measures]
    lines += [f"help: {finding.remedy}"] if finding.remedy else []
    return "\n".join(lines)


def _environment(report: Report) -> Iterator[str]:
    if report.failures:
        cases = [
            _case(
                "environment", f"{f.subject}, {f.step}", [_element("error", "environment", failure_words(f), f.remedy)]
            )
            for f in report.failures
        ]
        yield _suite("environment", cases, report)


def _suite(name: str, cases: list[str], report: Report) -> str:
    text = "\n".join(cases)
    counts = f'tests="{len(cases)}" failures="{text.count("<failure ")}" errors="{text.count("<error ")}"'
    skipped = sum("<skipped " in case and "<failure " not in case for case in cases)
    created = report.created.strftime("%Y-%m-%dT%H:%M:%S")
    head = f'  <testsuite name={_attribute(name)} {counts} skipped="{skipped}" time="0" timestamp="{created}">'
    return f"{head}\n{text}\n  </testsuite>"


def _case(subject: str, name: str, outcome: list[str]) -> str:
    head = f"    <testcase classname={_attribute(subject)} name={_attribute(name)}"
    return "\n".join([f'{head} time="0">', *outcome, "    </testcase>"]) if outcome else f'{head} time="0"/>'


def _element(kind: str, type_: str, message: str, text: str = "") -> str:
    body = "\n".join(escape(_CLEAN(line)) for line in text.split("\n"))
    return f'      <{kind} type="{type_}" message={_attribute(message)}>{body}</{kind}>'


def _attribute(text: str) -> str:
    return quoteattr(_CLEAN(text))

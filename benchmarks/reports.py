"""What a report of 10,000 findings costs in each format, against the least that would write the same.

Text is held against formatting the same lines from the findings' fields and joining them; JSON and SARIF against
``json.dumps`` of the same dicts with the same indent; JUnit and the others against it of the JSON report's dicts.
Run from the repository's root: ``python benchmarks/reports.py [--profile FORMAT]``. Exits 1 where a median is over its
goal.
"""

from __future__ import annotations

import cProfile
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median
from time import process_time

from preflight.finding import (
    STATIC,
    Basis,
    Depth,
    Digests,
    Finding,
    Grade,
    Measure,
    Report,
    Severity,
    State,
    Subject,
    SubjectKind,
    Verdict,
)
from preflight.location import SourceFile
from preflight.report import json_v1, render

FINDINGS, PIPELINES, ROUNDS = 10_000, 100, 7
GOALS = {"text": 3.0, "json": 1.2, "sarif": 3.0, "junit": 3.0}
"""Most times the baseline; a format that is not here has none."""


def report() -> Report:
    """A hundred pipelines with a hundred findings each, every second one with a number; in a run's order, by file."""
    subjects = tuple(Subject(SubjectKind.PIPELINE, f"pipeline-{number}") for number in range(PIPELINES))
    files = [_file(number) for number in range(PIPELINES)]
    numbers = sorted(range(FINDINGS), key=lambda number: files[number % PIPELINES].path)
    findings = tuple(_finding(number, subjects, files) for number in numbers)
    verdicts = tuple(
        Verdict(f"PF{100 + code}", f"rule-{code}", Severity.ERROR, subject, State.FINDINGS)
        for subject in subjects
        for code in range(100)
    )
    return Report(
        depth=Depth.LIVE,
        project="preflight.yml",
        created=datetime(2026, 11, 24, tzinfo=UTC),
        profile="docs-2025-02",
        subjects=subjects,
        findings=findings,
        verdicts=verdicts,
        failures=(),
        waivers=(),
        sources={file.path: file for file in files},
        digests=Digests("", "", "", "", ""),
        weakest=STATIC,
    )


def _file(number: int) -> SourceFile:
    lines = [f"  c.COLUMN_{line} AS column_{line}," for line in range(200)]
    return SourceFile(f"models/model_{number}.sql", "\n".join(["SELECT", *lines, "FROM CRM.PUBLIC.CONTACTS AS c", ""]))


def _finding(number: int, subjects: tuple[Subject, ...], files: list[SourceFile]) -> Finding:
    file, code = files[number % PIPELINES], number // PIPELINES
    column = f"COLUMN_{code}"
    start = file.text.index(f"{column} ")
    measure = Measure("columns", 101 + number, "columns", 100, Basis(Grade.DESCRIBED), "https://limits.example/")
    return Finding(
        code=f"PF{100 + code}",
        name=f"rule-{code}",
        severity=tuple(Severity)[number % 3],
        message=f"Output column {number} is called column_{code}, which is not what was meant by anyone.",
        remedy="Write it as database.schema.table, or leave it out.",
        subject=subjects[number % PIPELINES],
        span=file.span(start, start + len(column)),
        measures=(measure,) if number % 2 else (),
    )


def plain_text(checked: Report) -> Callable[[], str]:
    """The text report's lines, formatted from the findings' fields without a thought, and joined.

    No text is cleaned, coloured or fitted. What stands below the findings is joined as it is.
    """
    lines = {path: source.text.split("\n") for path, source in checked.sources.items()}
    whole = render(checked, "text")
    tail = whole[whole.index("\n\npipeline pipeline-0:") :].split("\n")
    head = whole.split("\n\n", 1)[0]

    def plain() -> str:
        blocks = [head]
        for f in checked.findings:
            span = f.span
            assert span is not None
            gutter = " " * len(str(span.line))
            block = [
                f"{f.severity.value}[{f.code}] {f.name}: {f.message}",
                f"{gutter}--> {span.path}:{span.line}:{span.column}",
                f"{gutter} |",
                f"{span.line} | {lines[span.path][span.line - 1]}",
                f"{gutter} | {' ' * (span.column - 1)}{'^' * (span.end_column - span.column)}",
            ]
            block += [f"{gutter} = {m.name}: {m.value:,}, limit {m.limit:,} ({m.basis})" for m in f.measures]
            block.append(f"{gutter} = help: {f.remedy}")
            block.append(f"{gutter} = in: {f.subject}")
            block += [f"{gutter} = source: {m.source}" for m in f.measures]
            blocks.append("\n".join(block))
        return "\n\n".join(blocks) + "\n".join(tail)

    if plain() != whole:
        sys.exit("the baseline does not write the text report's lines")
    return plain


def baselines(checked: Report) -> dict[str, Callable[[], str]]:
    """The least that would write the same, by format."""
    document = json_v1.document(checked)
    log = json.loads(render(checked, "sarif"))
    return {
        "text": plain_text(checked),
        "json": lambda: json.dumps(document, indent=2),
        "sarif": lambda: json.dumps(log),
        "": lambda: json.dumps(document),
    }


def seconds(call: Callable[[], object]) -> float:
    """The processor's seconds in one call."""
    start = process_time()
    call()
    return process_time() - start


def main() -> int:
    """Time each format in turn with its baseline, print medians and ratios."""
    checked = report()
    if "--profile" in sys.argv:
        cProfile.runctx(
            "render(checked, format_)", globals(), {"checked": checked, "format_": sys.argv[-1]}, sort="tottime"
        )
        return 0
    least, over = baselines(checked), False
    for format_ in ("text", "json", "jsonl", "sarif", "junit", "html", "markdown", "github", "gitlab"):
        base = least.get(format_, least[""])
        render(checked, format_)
        pairs = [(seconds(lambda: render(checked, format_)), seconds(base)) for _ in range(ROUNDS)]  # noqa: B023 - called at once
        ours, theirs = (1000 * median(times) for times in zip(*pairs, strict=True))
        goal = GOALS.get(format_)
        over = over or (goal is not None and ours / theirs > goal)
        said = f", goal: at most {goal:g}" if goal else ""
        sys.stdout.write(f"{format_:9}{ours:8.1f} ms, baseline {theirs:6.1f} ms, ratio {ours / theirs:.2f}{said}\n")
    return int(over)


if __name__ == "__main__":
    sys.exit(main())

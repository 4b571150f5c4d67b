"""What a finding is known by from run to run, though lines move and counts change."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import sha256

from preflight.finding import Finding
from preflight.location import SourceFile

_NUMBERS = re.compile(r"\d[\d,.:TZ-]*")


def fingerprints(findings: Iterable[Finding], sources: Mapping[str, SourceFile], folder: str = "") -> list[str]:
    """One fingerprint (SHA-256, hex) a finding, in order, no two alike, nor those of two folders of a repository.

    It is made of the rule, the file, what the finding is about (else the text of the line and of the span), and the
    message without its numbers. Findings that agree in all of these are told apart by their order.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    found = []
    for finding in findings:
        key = _key(finding, sources)
        seen[key] += 1
        text = "\x00".join((*key, str(seen[key]), *((folder,) if folder else ())))
        found.append(sha256(text.encode("utf-8", "backslashreplace")).hexdigest())
    return found


def _key(finding: Finding, sources: Mapping[str, SourceFile]) -> tuple[str, ...]:
    message = _NUMBERS.sub("#", finding.message)
    span = finding.span
    if span is None:
        return finding.code, str(finding.subject), message
    if finding.object:
        return finding.code, span.path, finding.object, message
    source = sources.get(span.path)
    line = source.line(span.line) if source else ""
    marked = source.text[span.start : span.end] if source else ""
    return finding.code, span.path, " ".join(line.split()), " ".join(marked.split()), message

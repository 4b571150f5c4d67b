"""Comments that suppress findings: ``preflight: ignore[name] reason -- expires 2027-01-31``.

A suppressed finding stays in the report and fails no check. Its verdict is untouched, so that it opens no clearance.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date

import msgspec

from preflight.config import Problem, Project
from preflight.engine.selection import did_you_mean, names_rule, sentence
from preflight.finding import Finding, State, Suppression, Verdict
from preflight.location import Span
from preflight.patterns import lazy
from preflight.query import remarks
from preflight.rule import Rule

_SPEAKS = lazy(r"[-#/*\s]*preflight:\s*(ignore\b|\w+\s*\[)(.*)", re.DOTALL)
_IGNORE = lazy(r"\s*\[([^\]]*)\]\s*(.*)", re.DOTALL)
_EXPIRES = lazy(r"(?:^|\s)--\s*expires\b\s*(.*)$", re.DOTALL | re.IGNORECASE)
_DAY = lazy(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_FAMILY = lazy(r"[A-Za-z]+\d+")
_OWN = "PF9"
"""The family that speaks of suppressions themselves: no comment silences it."""


class _Entry(msgspec.Struct, frozen=True):
    """One suppression that holds: the findings that begin in [first, last) of a file."""

    names: tuple[str, ...]
    reason: str
    expires: date | None
    place: Span
    first: int
    last: int


class Suppressions:
    """The suppressions of one project, and which of them were of use."""

    def __init__(
        self, project: Project, dialects: Iterable[tuple[str, str]], rules: tuple[Rule, ...], today: date
    ) -> None:
        """``dialects`` are the data models' ids with the dialect that each is written in."""
        self._rules = rules
        self._today = today
        self._entries: dict[str, list[_Entry]] = {}
        self._used: set[tuple[Span, str]] = set()
        self.problems: tuple[Problem, ...] = tuple(self._read(project, dialects))

    def _read(self, project: Project, dialects: Iterable[tuple[str, str]]) -> Iterator[Problem]:
        for path, comments in project.comments.items():
            for comment in comments:
                place = project.sources[path].span(comment.start, comment.end)
                yield from self._take(comment.text, place, (comment.first, comment.last))
        seen: set[Span] = set()
        for id_, dialect in dialects:
            model = project.data_model(id_)
            if model is None or "preflight:" not in model.sql.text:
                continue
            for remark in remarks(model.sql.text, dialect):
                place = model.sql.span(remark.start, remark.end)
                if place in seen or not _SPEAKS.match(remark.text):
                    continue
                seen.add(place)
                if not model.sql.exact or remark.block:
                    where = "a block comment" if remark.block else "text that the file holds in another form"
                    yield _unreadable(f"A suppression stands in {where}.", place, "Write it as a line comment.")
                    continue
                covered = model.sql.offset(remark.first), model.sql.offset(remark.last)
                yield from self._take(remark.text, place, covered)

    def _take(self, text: str, place: Span, covered: tuple[int, int]) -> Iterator[Problem]:
        spoken = _SPEAKS.match(text)
        if spoken is None:
            return
        written = _IGNORE.fullmatch(spoken[2]) if spoken[1] == "ignore" else None
        names = tuple(name.strip() for name in written[1].split(",")) if written else ()
        if written is None or not all(names):
            yield _unreadable("A suppression names no rules.", place, f"Write it as `{FORM}`.")
            return
        reason, expires = _expiry(written[2])
        if isinstance(expires, str):
            message = f"A suppression expires on {expires[:80]!r}; it must be a day."
            yield _unreadable(message, place, "Write `-- expires 2027-01-31`.")
            return
        if not reason:
            message = f"The suppression of {', '.join(names)} gives no reason, so it does not hold."
            yield Problem("suppression-without-reason", message, place, "Write the reason behind the bracket.")
            return
        unknown = [name for name in names if not self._known(name)]
        for name in unknown:
            remedy = sentence(did_you_mean(name, [rule.name for rule in self._rules]))
            yield Problem("unknown-rule", f"No rule is called {name!r}.", place, remedy)
        if expires is not None and expires < self._today:
            message = f"The suppression of {', '.join(names)} expired on {expires}, so it does not hold."
            yield Problem("expired-suppression", message, place, "Renew it, or mend what it hides and take it out.")
            return
        known = tuple(name for name in dict.fromkeys(names) if name not in unknown)
        self._entries.setdefault(place.path, []).append(_Entry(known, reason, expires, place, *covered))

    def _known(self, name: str) -> bool:
        return any(_names(name, rule.code, rule.name) for rule in self._rules)

    def find(self, finding: Finding) -> Suppression | None:
        """What suppresses a finding: the first comment whose stretch it begins in and that names its rule."""
        span = finding.span
        if span is None or finding.code.startswith(_OWN):
            return None
        found = None
        for entry in self._entries.get(span.path, ()):
            if not (entry.first <= span.start < max(entry.last, entry.first + 1)):
                continue
            for name in entry.names:
                if _names(name, finding.code, finding.name):
                    self._used.add((entry.place, name))
                    found = found or Suppression(name, entry.reason, entry.expires, entry.place)
        return found

    def unused(self, verdicts: Iterable[Verdict], running: Iterable[Rule], *, whole: bool) -> Iterator[Problem]:
        """A problem for each name that suppressed nothing, and one for each of which that is not certain.

        It is certain where the ``whole`` project was judged and each rule of that name ran and was proven.
        """
        open_rules = {verdict.name for verdict in verdicts if verdict.state is State.UNPROVEN}
        ran = {rule.name for rule in running}
        for entry in (entry for entries in self._entries.values() for entry in entries):
            for name in entry.names:
                if (entry.place, name) in self._used:
                    continue
                meant = {rule.name for rule in self._rules if _names(name, rule.code, rule.name)}
                if not whole or meant & open_rules or not meant <= ran:
                    message = f"whether a suppression of {name} is of use was not judged: not all that it names was"
                    yield Problem("unjudged-suppression", message, entry.place, "")
                else:
                    message = f"The suppression of {name} suppresses nothing."
                    yield Problem("unused-suppression", message, entry.place, "Take it out.")


FORM = "preflight: ignore[rule-name] reason -- expires 2027-01-31"


def _names(name: str, code: str, rule_name: str) -> bool:
    """As everywhere else, save that a family is written with a digit, lest one letter silences every rule."""
    return name == rule_name or (_FAMILY.fullmatch(name) is not None and names_rule(name, code, rule_name))


def _expiry(text: str) -> tuple[str, date | str | None]:
    """The reason, and the day; as text where it is none."""
    found = _EXPIRES.search(text)
    if found is None:
        return text.strip(), None
    reason, written = text[: found.start()].strip(), found[1].strip()
    try:
        return reason, date.fromisoformat(written) if _DAY.fullmatch(written) else written
    except ValueError:
        return reason, written


def _unreadable(message: str, place: Span, remedy: str) -> Problem:
    return Problem("unreadable-suppression", message, place, remedy)

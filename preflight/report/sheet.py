"""The text report in the pieces that it is put together of; each hangs on one file's findings or one subject alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import msgspec
from msgspec.structs import astuple

from preflight.finding import State, Subject
from preflight.report.style import Style
from preflight.report.words import Counts, counts_words, states_words


class FileWords(msgspec.Struct, frozen=True, array_like=True):
    """The findings in one file."""

    path: str
    """Empty for those that stand in no file."""
    text: str
    counts: Counts
    worst: tuple[int, str]
    """The rank and the code of the first of the worst."""
    blocks: bool
    """Whether one of them is an error that nothing waives."""


class SubjectWords(msgspec.Struct, frozen=True, array_like=True):
    """What became of one subject."""

    subject: Subject
    lines: str
    """Empty for a subject that no rule judged."""
    states: tuple[int, ...]
    """Its verdicts by their state, in the order of ``State``."""
    unproven: tuple[tuple[str, str], ...]
    """Why it is unproven, and the rules that are so for that reason."""


class Sheet(msgspec.Struct, frozen=True, array_like=True):
    """A whole report."""

    head: str
    files: tuple[FileWords, ...]
    """In the order of their paths."""
    trouble: tuple[str, ...]
    """What could not be asked, and what crashed, a block each."""
    subjects: tuple[SubjectWords, ...]
    remarks: tuple[str, ...]
    failures: int
    whole: bool
    """Whether the run came to its end with nothing that failed or crashed."""
    left_out: bool
    """Whether rules that guard the workspace did not run."""

    def text(self, style: Style) -> str:
        """The report, ending in a line break."""
        blocks = [self.head, *(file.text for file in self.files), *self.trouble]
        blocks += ["\n".join(subject.lines for subject in self.subjects if subject.lines)]
        blocks += [*self._unproven(style), "\n".join(self._remarks(style)), self._summary(style)]
        return "\n\n".join(block for block in blocks if block) + "\n"

    @property
    def counts(self) -> Counts:
        """The findings of all files."""
        return Counts(*map(sum, zip(*(astuple(file.counts) for file in self.files), strict=True)))

    def _unproven(self, style: Style) -> Iterator[str]:
        """A block for each reason, since one remedy mends all that share it."""
        reasons: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for subject in self.subjects:
            for reason, names in subject.unproven:
                reasons[reason][names].append(str(subject.subject))
        for reason, alike in reasons.items():
            lines = ["  " + style.clean(f"{', '.join(who)}: {names}") for names, who in alike.items()]
            yield "\n".join([f"{style.paint('unproven', 'yellow')}: {style.bold(style.clean(reason))}", *lines])

    def _remarks(self, style: Style) -> Iterator[str]:
        yield from self.remarks
        worst = min((file.worst for file in self.files), key=lambda worst: worst[0], default=None)
        if worst is not None:
            yield f"note: `preflight explain {style.clean(worst[1])}` says more about a rule"

    def _summary(self, style: Style) -> str:
        counts = self.counts
        numbers = map(sum, zip(*(subject.states for subject in self.subjects), strict=True))
        states = dict(zip(State, numbers, strict=False)) or dict.fromkeys(State, 0)
        passed = bool(self.subjects) and self.whole and not any(file.blocks for file in self.files)
        color = "red" if counts.errors or self.trouble else "yellow"
        if passed and not self.left_out and not any(subject.unproven for subject in self.subjects):
            color = "green"
        return f"{style.paint(counts_words(counts, self.failures), color)}; rules: {states_words(states)}"

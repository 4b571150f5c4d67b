"""What a warehouse takes, though sqlglot does not parse it: such a text is unproven, and no syntax error."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from preflight.query.words import Statement

_UNITS = "SECOND MINUTE HOUR DAY MONTH YEAR"
_ROW_PATTERN = ("MATCH_RECOGNIZE", "MATCH_RECOGNIZE (")
_PIPES = ("the pipe syntax", "|>")

_SPOTS: dict[str, tuple[tuple[str, str], ...]] = {
    "snowflake": (
        _ROW_PATTERN,
        ("RESAMPLE", "RESAMPLE ("),
        ("a cast to an array of a type", "::|AS ARRAY ("),
    ),
    "bigquery": (
        _ROW_PATTERN,
        _PIPES,
        ("a table as an argument", "(|,|=> TABLE NAME"),
        ("GRAPH_TABLE", "GRAPH_TABLE ("),
        ("WITH inside SELECT", "SELECT WITH"),
        ("WITH as an expression", "WITH ("),
        ("AI.IF", "AI . IF ("),
        ("raw bytes", "RB|BR STRING"),
    ),
    "redshift": (
        ("an interval of several units", f"{_UNITS.replace(' ', '|')} TO {_UNITS.replace(' ', '|')}"),
        ("the operator #", "#"),
    ),
    "databricks": (
        _PIPES,
        ("the function WINDOW", "WINDOW ("),
        ("a table's version behind @", "@"),
    ),
}
"""By dialect, what is not parsed and the words that show it: alternatives between bars, a name, or a string."""


def blind_spot(statement: Statement, dialect: str) -> str:
    """What of a statement that sqlglot does not parse the warehouse is known to take; empty where nothing is."""
    for what, form in _SPOTS.get(dialect, ()):
        if any(_follow(statement.words[at:], form.split()) for at in _starts(statement.words, form.split()[0])):
            return what
    return ""


def _starts(words: Sequence[str], form: str) -> Iterator[int]:
    return (at for at, word in enumerate(words) if _fits(word, form))


def _follow(words: Sequence[str], forms: Sequence[str]) -> bool:
    return len(words) >= len(forms) and all(_fits(word, form) for word, form in zip(words, forms, strict=False))


def _fits(word: str, form: str) -> bool:
    if form == "NAME":
        return word[:1] in '`"' or word.isidentifier()
    if form == "STRING":
        return word[:1] in "'\""
    return word == form if form == "|>" else word in form.split("|")

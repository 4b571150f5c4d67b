"""What a warehouse takes, though sqlglot does not parse it: such a text is unproven, and no syntax error."""

from __future__ import annotations

from collections.abc import Sequence

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
    words = statement.words
    for what, written in _SPOTS.get(dialect, ()):
        forms = written.split()
        if any(_follow(words, at, forms) for at in range(len(words) - len(forms) + 1)):
            return what
    return ""


def _follow(words: Sequence[str], at: int, forms: Sequence[str]) -> bool:
    return all(_fits(words[at + n], form) for n, form in enumerate(forms))


def _fits(word: str, form: str) -> bool:
    if form == "NAME":
        return word[:1] in '`"' or word.isidentifier()
    if form == "STRING":
        return word[:1] in "'\""
    return word == form if form == "|>" else word in form.split("|")

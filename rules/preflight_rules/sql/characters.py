"""The text itself: its comments, its characters, its quotes and its length."""

from __future__ import annotations

import re
from collections.abc import Iterator

from preflight.finding import Fault, Outcome, Severity
from preflight.patterns import lazy
from preflight.rule import Context, Scope, rule

_CONTROL = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff"
_ODD = lazy(
    f"[{_CONTROL}\u00a0\u00ad\u00ab\u00bb\u00b4\u1680\u2000-\u200f\u2010-\u2015\u2018-\u201f\u2028-\u202f\u2032-\u2036"
    "\u2039\u203a\u205f-\u206f\u2212\u3000\uff02\uff07]"
)
_UNPRINTABLE = lazy(f"[{_CONTROL}\u202a-\u202e\u2066-\u2069]")  # with what reverses the text around it
_BRACKETED = lazy(r"\[\s*[A-Za-z_][\w ]*\]")
_NAME_FOLLOWS = lazy(r"(?:\.|\b(?:FROM|JOIN|AS))\s*$", re.IGNORECASE)
_ITEM_FOLLOWS = lazy(r"(?:,|\bSELECT)\s*$", re.IGNORECASE)
_ARRAYS = ("snowflake", "bigquery")
_LAYOUT = dict.fromkeys(map(ord, "\t\n\r"))
_VERY_LONG = 100_000
"""Code points; preflight's own choice, a tenth of what Snowflake and BigQuery take. mParticle names no length."""


@rule("PF112", Severity.WARNING, scope=Scope.QUERY)
def unsafe_comment(ctx: Context) -> Iterator[Outcome]:
    """The SQL ends in a line comment.

    Why: the platform puts a parenthesis behind the text; on the comment's line it would be a part of the comment. That
        no line break is put between them is inferred from the wrapped forms that the docs show.
    Fails:
        sql: SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c -- all of them
    Passes:
        sql: SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c /* all of them */
    Remedy: write it as a block comment, or move it up.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source), the wrapped forms
    """
    text = ctx.query.sql.text
    last = ("", 0, 0)
    for piece in ctx.query.pieces:
        if piece[0] != "code" or text[piece[1] : piece[2]].strip():
            last = piece
    if last[0] == "line comment":
        yield Fault(
            "The SQL ends in a line comment, which may swallow the parenthesis that the platform puts behind it.",
            ctx.at_sql(last[1], last[2]),
            "Write it as /* … */, or move it above the query's last line.",
        )


@rule("PF121", Severity.ERROR, scope=Scope.QUERY)
def odd_characters(ctx: Context) -> Iterator[Outcome]:
    """The SQL holds characters that do not print, or that only look like SQL's.

    Why: the API refuses SQL with invalid characters. Which they are is not documented; control characters count
        everywhere, typographic quotes and dashes, non-breaking and zero-width spaces outside of strings and comments.
    Fails:
        sql: SELECT ‘a’ AS customer_id
    Passes:
        sql: SELECT '‘a’' AS customer_id
    Remedy: write the plain character.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/reference/ (2023 docs source)
    """
    text = ctx.query.sql.text
    if text.isascii() and text.translate(_LAYOUT).isprintable():
        return
    found: dict[str, list[int]] = {}
    for kind, start, end in ctx.query.pieces:
        for match in (_ODD if kind == "code" else _UNPRINTABLE).finditer(text, start, end):
            found.setdefault(match[0], []).append(match.start())
    for character, places in found.items():
        times = f", {len(places)} times" if len(places) > 1 else ""
        yield Fault(
            f"The SQL holds the character U+{ord(character):04X} ({_called(character)}){times}.",
            ctx.at_sql(places[0], places[0] + 1),
            "Write the plain character, or remove it.",
        )


def _called(character: str) -> str:
    import unicodedata

    return unicodedata.name(character, "a control character").lower()


@rule("PF124", Severity.WARNING, scope=Scope.QUERY)
def brackets_as_quotes(ctx: Context) -> Iterator[Outcome]:
    """A name stands in square brackets.

    Why: none of the four warehouses quotes names so: it is an array, or a syntax error. mParticle's docs mention
        brackets as a way to keep a name's case.
    Fails:
        sql: SELECT c.customer_id AS [Customer Id], c.updated_at FROM crm.public.contacts AS c
    Passes:
        sql: SELECT c.customer_id AS "Customer Id", c.updated_at FROM crm.public.contacts AS c
    Remedy: write double quotes; in BigQuery and Databricks backticks.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source)
    """
    text = ctx.query.sql.text
    for kind, start, end in ctx.query.pieces:
        if kind != "code":
            continue
        for match in _BRACKETED.finditer(text, start, end):
            before = text[max(start, match.start() - 80) : match.start()]
            sure = ctx.query.dialect not in _ARRAYS or " " in match[0][1:-1].strip()
            if _NAME_FOLLOWS.search(before) or (sure and _ITEM_FOLLOWS.search(before)):
                quote = "`" if ctx.query.dialect in ("bigquery", "databricks") else '"'
                yield Fault(
                    f"{match[0]} is written like a quoted name, but square brackets quote nothing here.",
                    ctx.at_sql(match.start(), match.end()),
                    f"Write {quote}{match[0][1:-1].strip()}{quote}.",
                )


@rule("PF126", Severity.WARNING, scope=Scope.QUERY)
def very_long_sql(ctx: Context) -> Iterator[Outcome]:
    """The SQL is very long.

    Why: the platform sends it whole, inside another query, at every run. No limit is documented; the bound of 100,000
        characters is preflight's own.
    Fails:
        long: 100001
    Passes:
        long: 100000
    Remedy: move a part of it into a view.
    Source: INF, preflight's own bound
    """
    length = len(ctx.query.sql.text)
    if length > _VERY_LONG:
        yield Fault(
            f"The SQL has {length:,} characters.",
            ctx.at_sql(),
            "Move a part of it into a view.",
        )

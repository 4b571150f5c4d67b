"""Fixes of output names: an alias where there is none, quotes that keep a name's case, the identity that was meant."""

from __future__ import annotations

import re
from collections.abc import Iterator

from preflight import identities
from preflight.fix.edits import Edit
from preflight.fix.proposal import Fix, NoFix, Proposal, Target
from preflight.query import Projection, Query, fold

_LONGEST = 48
_SYNTAX_WORDS = """
and as asc between by case cast desc distinct else end exists false filter from in is like not null or order over
partition rows select then true when where within
"""
_SYNTAX = frozenset(_SYNTAX_WORDS.split())
"""Words that say nothing of what a value is."""
_WORDS = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")


def aliases(target: Target) -> Iterator[Proposal]:
    """An alias for each output column that has no name, made of the words of its expression."""
    query = target.query
    for projection in query.projections:
        if projection.name is not None or projection.is_star:
            continue
        name = _alias(query, projection)
        if name in identities.RESERVED or identities.nearest(name) is not None:
            why = f"its plain name would be {name}, which is or looks like an identity: that is yours to say"
            yield NoFix("unnamed-output-column", (projection.place,), why)
            continue
        yield Fix(
            "unnamed-output-column",
            (projection.place,),
            f"name it {name}",
            (Edit(projection.whole.end, projection.whole.end, f" AS {name}"),),
            {projection.index: fold(name, query.dialect)},
        )


def _alias(query: Query, projection: Projection) -> str:
    """The expression's words without what qualifies them, such as ``upper_city``; a number behind it if it is taken."""
    text = query.sql.text
    code = "".join(
        text[max(start, projection.whole.start) : min(end, projection.whole.end)] + " "
        for kind, start, end in query.pieces
        if kind == "code" and start < projection.whole.end and projection.whole.start < end
    )
    words = [word.lower() for word in _WORDS.findall(re.sub(r"\w+\s*\.\s*", "", code))]
    if words[:1] == ["cast"] and "as" in words:
        words = words[1 : words.index("as")]
    words = [word for word in dict.fromkeys(words) if word not in _SYNTAX]
    name = "_".join(words)[:_LONGEST].strip("_") or "column"
    if re.sub(r"\s", "", code).lower() == "count(*)":
        name = "row_count"
    taken = {word for word, _ in query.bare_names()} | {p.name.casefold() for p in query.projections if p.name}
    plain = len(words) > 1 or name == "row_count" or code.lower().startswith("cast")
    wanted, number = name if plain else f"{name}_value", 2
    alias = wanted
    while alias in taken:
        alias, number = f"{wanted}_{number}", number + 1
    return alias


def quotes(target: Target) -> Iterator[Proposal]:
    """Quotes around an alias in mixed case, where the warehouse folds what is not quoted."""
    query = target.query
    if query.dialect not in ("snowflake", "redshift"):
        return
    for projection in query.projections:
        written = query.sql.text[projection.place.start : projection.place.end]
        if not projection.renamed or projection.quoted or written in (written.upper(), written.lower()):
            continue
        places = (projection.place,)
        if query.dialect == "redshift":
            yield NoFix("case-not-preserved", places, "Redshift folds a quoted name as well")
        elif reason := _read_elsewhere(target, projection, written):
            yield NoFix("case-not-preserved", places, reason)
        else:
            edit = Edit(projection.place.start, projection.place.end, f'"{written}"')
            yield Fix("case-not-preserved", places, f"quote {written}", (edit,), {projection.index: written})


def misspelt_identities(target: Target) -> Iterator[Proposal]:
    """The reserved name for an output column that is one slip away from it."""
    query = target.query
    names = {p.name.casefold() for p in query.projections if p.name is not None}
    for projection in query.projections:
        meant = identities.nearest(projection.name) if projection.name is not None else None
        if projection.name is None or meant is None or meant in names:
            continue
        places = (projection.place,)
        if projection.name.casefold() in identities.SYNONYMS and _bare(projection.name) != _bare(meant):
            why = f"whether {projection.name} is the {meant} is yours to say: it is another word, no slip"
            yield NoFix("misspelt-identity", places, why)
        elif reason := _read_elsewhere(target, projection, projection.name, meant):
            yield NoFix("misspelt-identity", places, reason)
        else:
            place = projection.place
            edit = Edit(place.start, place.end, meant)
            if not projection.renamed:
                edit = Edit(projection.whole.end, projection.whole.end, f" AS {meant}")
            name = fold(meant, query.dialect)
            yield Fix("misspelt-identity", places, f"name it {meant}", (edit,), {projection.index: name})


def _bare(name: str) -> str:
    return "".join(char for char in name.casefold() if char.isalnum())


def _read_elsewhere(target: Target, projection: Projection, *names: str) -> str:
    """Why an output name cannot change by itself: the query, a mapping or the sync mode reads it; empty where none."""
    wanted = {name.casefold() for name in names}
    for word, place in target.query.bare_names():
        inside = projection.whole.start <= place.start < projection.whole.end
        if word in wanted and not inside:
            return f"the query reads {word} at another place too"
    for consumer in target.consumers:
        sync, transformation = consumer.pipeline.sync_mode, consumer.transformation
        if (sync.iterator_field or "").casefold() in wanted:
            return f"the iterator_field of {consumer.pipeline.id} names it"
        for mapping in transformation.mappings if transformation is not None else ():
            if (mapping.source or "").casefold() in wanted:
                return f"a mapping of {transformation.id if transformation else ''} names it"
    return ""

"""What a finding is about, in words that stay when text moves: a column, a table, a key of the project file."""

from __future__ import annotations

from preflight.config import Project
from preflight.config.secrets import looks_secret
from preflight.hashing import sha256
from preflight.location import Place, Route, SqlRange
from preflight.query import Query

_LONG = 80


def object_of(place: Place, project: Project, query: Query | None) -> str:
    """A finding's object: of SQL the column or the table, else the text; of YAML the route to the key."""
    if isinstance(place, Route):
        return ".".join(filter(None, (place.kind, place.id, *_keys(place, project))))
    if isinstance(place, SqlRange):
        return _of_sql(place, project, query)
    source = project.sources.get(place.path)
    return f"{place.path}: {_words(source.text[place.start : place.end] if source else '')}"


def _keys(route: Route, project: Project) -> list[str]:
    """The keys, with a mapping's destination or source in place of its index, which moves."""
    keys = [str(key) for key in route.keys]
    transformation = project.field_transformation(route.id) if route.kind == "field_transformations" else None
    if transformation is not None and len(keys) > 1 and keys[0] == "mappings":
        index = route.keys[1]
        if isinstance(index, int) and 0 <= index < len(transformation.mappings):
            mapping = transformation.mappings[index]
            keys[1] = mapping.destination or mapping.source or keys[1]
    return keys


def _of_sql(place: SqlRange, project: Project, query: Query | None) -> str:
    for projection in query.projections if query is not None else ():
        whole = projection.whole
        if projection.name is not None and whole.start <= place.start and place.end <= whole.end:
            return f"column {projection.name}"
    for use in query.tables if query is not None else ():
        if (use.place.start, use.place.end) == (place.start, place.end):
            return f"table {use.ref}"
    data_model = project.data_model(place.data_model)
    text = query.sql.text if query is not None else data_model.sql.text if data_model is not None else ""
    if place.start == 0 and place.end in (len(text), text.find("\n")):
        return "query"
    return f"text {_words(text[place.start : place.end])}"


def _words(text: str) -> str:
    """A text on one line; a fingerprint where it is long or may be a secret."""
    words = " ".join(text.split())
    if len(words) <= _LONG and not looks_secret(words):
        return words
    return sha256(words.encode("utf-8", "replace")).hexdigest()[:16]

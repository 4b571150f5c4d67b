"""Whether each mapping is whole by itself, and whether the mappings fit together."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.event_batch import DATA, EVENT_TYPE, normalise
from preflight.finding import Fault, Outcome, Severity, Unproven
from preflight.rule import Context, Fact, rule
from preflight_rules.mapping._events import Mapped, mapped, place, transformation, unready

_NEEDS = {"column": ("source", "destination"), "static": ("destination", "value"), "ignore": ("source",)}
_FORBIDS = {"column": ("value",), "static": ("source",), "ignore": ("destination", "value")}


@rule("PF502", Severity.ERROR)
def incomplete_mapping(ctx: Context) -> Iterator[Outcome]:
    """A mapping lacks what its type needs, or gives what its type does not take.

    Why: a `column` mapping copies a source to a destination, a `static` one writes a value to a destination and has no
        source, an `ignore` one names a source and no destination.
    Fails:
        field_transformation: {mappings: [{mapping_type: column, source: customer_id}]}
    Passes:
        field_transformation: {mappings: [{mapping_type: ignore, source: customer_id}]}
    Remedy: add what is missing, or change the mapping's type.
    Source: V2 https://docs.mparticle.com/developers/platform/field-transformations/
    """
    yield from unready(ctx)
    for item in mapped(ctx):
        kind = item.mapping.mapping_type
        for key in _NEEDS[kind]:
            if getattr(item.mapping, key) is None:
                yield Fault(f"The {kind} mapping has no {key}.", place(ctx, item, "mapping_type"), f"Add {key}.")
        for key in _FORBIDS[kind]:
            if getattr(item.mapping, key) is not None:
                yield Fault(
                    f"The {kind} mapping gives a {key}, which it does not take.",
                    place(ctx, item, key),
                    f"Take {key} out, or change the mapping's type.",
                )


@rule("PF503", Severity.WARNING, uses={Fact.SCHEMA})
def source_in_another_case(ctx: Context) -> Iterator[Outcome]:
    """A mapping names its source in another case than the column has.

    Why: whether the platform compares source names with their case is not documented; the same spelling is safe.
    Fails:
        field_transformation: {mappings: [{mapping_type: ignore, source: customer_id}]}
    Passes:
        field_transformation: {mappings: [{mapping_type: ignore, source: CUSTOMER_ID}]}
    Remedy: write the name as the warehouse returns it.
    Source: V2 https://docs.mparticle.com/developers/platform/field-transformations/ (silent on case)
    """
    yield from unready(ctx)
    outputs = ctx.outputs
    for item in mapped(ctx):
        column = outputs.named(item.mapping.source) if item.mapping.source else None
        if column is not None and column.name != item.mapping.source:
            yield Fault(
                f"The mapping reads {item.mapping.source}, but the column is called {column.name}.",
                place(ctx, item, "source"),
                f"Write {column.name}.",
            )
    if not outputs.complete:
        yield Unproven(outputs.reason)


@rule("PF504", Severity.WARNING, uses={Fact.SCHEMA})
def unmapped_column(ctx: Context) -> Iterator[Outcome]:
    """An output column is in no mapping.

    Why: what becomes of it is not documented; an `ignore` mapping says what is meant.
    Fails:
        sql: SELECT c.customer_id, c.city FROM crm.public.contacts AS c
        field_transformation: {mappings: [{mapping_type: ignore, source: CUSTOMER_ID}]}
    Passes:
        sql: SELECT c.customer_id FROM crm.public.contacts AS c
        field_transformation: {mappings: [{mapping_type: ignore, source: CUSTOMER_ID}]}
    Remedy: map it, or ignore it.
    Source: V2 https://docs.mparticle.com/developers/platform/field-transformations/ (silent; INF)
    """
    yield from unready(ctx)
    if ctx.field_transformation is None:
        return
    sources = {item.mapping.source.casefold() for item in mapped(ctx) if item.mapping.source}
    sources.add((ctx.pipeline.sync_mode.iterator_field or "").casefold())  # the iterator is known for what it is
    unnamed = {p.place for p in ctx.query.projections if p.name is None and not p.is_star} if ctx.has_query else set()
    for column in ctx.outputs.columns:
        if column.name and column.name.casefold() not in sources and column.place not in unnamed:
            yield Fault(
                f"{column.name} is in no mapping of {transformation(ctx).id}.",
                column.place,
                f"Map it, or add {{mapping_type: ignore, source: {column.name}}}.",
            )
    if not ctx.outputs.complete:
        yield Unproven(ctx.outputs.reason)


@rule("PF506", Severity.WARNING)
def unusual_path_style(ctx: Context) -> Iterator[Outcome]:
    """A destination is written with `$.` or with array indexes.

    Why: the documented examples write dotted paths without them; that other styles are taken is inferred.
    Fails:
        field_transformation:
            mappings: [{mapping_type: column, source: CUSTOMER_ID, destination: "$.events[0].data.event_name"}]
    Passes:
        field_transformation:
            mappings: [{mapping_type: column, source: CUSTOMER_ID, destination: events.data.event_name}]
    Remedy: write the dotted path.
    Source: V2 https://docs.mparticle.com/developers/platform/field-transformations/, and the CSV reference (INF)
    """
    yield from unready(ctx)
    for item in mapped(ctx):
        written = item.mapping.destination
        if written is not None and normalise(written) != written:
            yield Fault(
                f"The destination {written} is not written as a dotted path.",
                place(ctx, item, "destination"),
                f"Write {item.path}.",
            )


@rule("PF507", Severity.ERROR)
def duplicate_destination(ctx: Context) -> Iterator[Outcome]:
    """Two mappings write the same member.

    Why: mappings are one to one; which of the two wins is not documented.
    Fails:
        field_transformation:
            mappings:
              - {mapping_type: column, source: CUSTOMER_ID, destination: user_identities.customer_id}
              - {mapping_type: static, value: x, destination: user_identities.customer_id}
    Passes:
        field_transformation:
            mappings:
              - {mapping_type: column, source: CUSTOMER_ID, destination: user_identities.customer_id}
              - {mapping_type: static, value: x, destination: user_identities.other}
    Remedy: keep one of them.
    Source: V2 https://docs.mparticle.com/developers/platform/field-transformations/
    """
    yield from unready(ctx)
    first: dict[str, Mapped] = {}
    for item in mapped(ctx):
        if item.path and first.setdefault(item.path, item) is not item and item.path != EVENT_TYPE:
            yield Fault(
                f"Mappings {first[item.path].index + 1} and {item.index + 1} both write {item.path}.",
                place(ctx, item, "destination"),
                "Keep one of the two.",
            )


@rule("PF508", Severity.WARNING)
def source_mapped_twice(ctx: Context) -> Iterator[Outcome]:
    """One column is the source of two mappings.

    Why: the documentation speaks of mapping one column to one member.
    Fails:
        field_transformation:
            mappings:
              - {mapping_type: column, source: CUSTOMER_ID, destination: user_identities.customer_id}
              - {mapping_type: column, source: CUSTOMER_ID, destination: events.data.event_name}
    Passes:
        field_transformation:
            mappings: [{mapping_type: column, source: CUSTOMER_ID, destination: user_identities.customer_id}]
    Remedy: put the column out twice, under two names.
    Source: V2 https://docs.mparticle.com/developers/platform/field-transformations/
    """
    yield from unready(ctx)
    first: dict[str, Mapped] = {}
    for item in mapped(ctx):
        source = (item.mapping.source or "").casefold()
        if source and first.setdefault(source, item) is not item:
            yield Fault(
                f"{item.mapping.source} is the source of mappings {first[source].index + 1} and {item.index + 1}.",
                place(ctx, item, "source"),
                "Put the column out twice, under two names.",
            )


@rule("PF522", Severity.WARNING, uses={Fact.SCHEMA})
def several_products_in_a_row(ctx: Context) -> Iterator[Outcome]:
    """A row would need more than one product.

    Why: a path cannot index an array, so a row can hold one product; an array column cannot be spread over several.
    Fails:
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts (customer_id INT, products TEXT[], updated_at TIMESTAMP);
        sql: SELECT c.customer_id, c.products, c.updated_at FROM crm.public.contacts AS c
        field_transformation:
            mappings: [{mapping_type: column, source: PRODUCTS, destination: events.data.product_action.products.id}]
    Passes:
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts (customer_id INT, product TEXT, updated_at TIMESTAMP);
        sql: SELECT c.customer_id, c.product, c.updated_at FROM crm.public.contacts AS c
        field_transformation:
            mappings: [{mapping_type: column, source: PRODUCT, destination: events.data.product_action.products.id}]
    Remedy: put out one row for each product.
    Source: V1 https://docs.mparticle.com/guides/csv/ (2023 docs source), assumed to hold here too (INF)
    """
    yield from unready(ctx)
    from preflight.model import Kind

    for item in mapped(ctx):
        if ".products." not in item.path or not item.path.startswith(DATA) or item.mapping.source is None:
            continue
        column = ctx.outputs.named(item.mapping.source)
        if column is not None and column.type.kind is Kind.ARRAY:
            yield Fault(
                f"{column.name} holds lists, but a row holds one product.",
                place(ctx, item, "source"),
                "Put out one row for each product.",
            )
        elif (column is None and not ctx.outputs.complete) or (column is not None and column.type.kind is Kind.UNKNOWN):
            yield Unproven(
                ctx.outputs.reason or f"the type of {column.name if column else item.mapping.source} is not known"
            )

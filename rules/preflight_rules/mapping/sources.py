"""What a field transformation reads."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.finding import Fault, Inapplicable, Outcome, Severity, Unproven
from preflight.rule import Context, Fact, rule


@rule("PF501", Severity.ERROR, uses={Fact.SCHEMA})
def mapping_source_missing_from_output(ctx: Context) -> Iterator[Outcome]:
    """A mapping reads a column that the query does not put out.

    Why: the mapping finds nothing, so the event member that it should fill stays empty.
    Fails:
        field_transformation: {mappings: [{mapping_type: column, source: total, destination: events.data.custom_attributes.total}]}
        sql: SELECT c.customer_id, c.amount, c.updated_at FROM crm.public.contacts AS c
    Passes:
        field_transformation: {mappings: [{mapping_type: column, source: amount, destination: events.data.custom_attributes.total}]}
        sql: SELECT c.customer_id, c.amount, c.updated_at FROM crm.public.contacts AS c
    Remedy: name an output column, or put the column out.
    Source: V2 https://docs.mparticle.com/developers/platform/field-transformations/
    """  # noqa: E501 - an executed example
    if not ctx.pipeline.is_event:
        yield Inapplicable("the pipeline has no field transformation")
        return
    transformation = ctx.field_transformation
    if transformation is None:
        yield Unproven("the field transformation could not be read from the project")
        return
    outputs = ctx.outputs
    names = {column.name.casefold(): column.name for column in outputs.columns if column.name}
    absent = [(i, m.source) for i, m in enumerate(transformation.mappings) if m.source and not outputs.named(m.source)]
    if absent and not outputs.complete:
        yield Unproven(outputs.reason)
        return
    for index, source in absent:
        from difflib import get_close_matches

        close = get_close_matches(source.casefold(), names, n=1)
        yield Fault(
            f"The mapping reads {source}, which the query does not put out.",
            ctx.at("mappings", index, "source", of=transformation),
            f"Write {names[close[0]]}." if close else f"Name an output column, or put {source} out.",
        )

"""What a mapping writes to: members of the event batch, of the event's own type, and those that senders may not set."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.event_batch import DATA, EVENT_TYPE, Member, schema
from preflight.finding import Fault, Inapplicable, Outcome, Severity, Unproven
from preflight.model import Kind
from preflight.rule import Context, Fact, rule
from preflight_rules.mapping._events import Mapped, event_type, mapped, place, transformation, unready


@rule("PF505", Severity.ERROR)
def unknown_destination(ctx: Context) -> Iterator[Outcome]:
    """A destination is no member of the event batch.

    Why: the batch schema takes no unknown members, so the value is lost or the batch refused.
    Fails:
        field_transformation: {mappings: [{mapping_type: static, value: x, destination: events.data.event_nam}]}
    Passes:
        field_transformation: {mappings: [{mapping_type: static, value: x, destination: events.data.event_name}]}
    Remedy: write the member's path as the batch schema has it.
    Source: OAS, the Events API's inbound JSON Schema; paths V2
        https://docs.mparticle.com/developers/platform/field-transformations/
    """
    yield from unready(ctx)
    for item in mapped(ctx):
        if item.path and schema().member(item.path) is None:
            from difflib import get_close_matches

            close = get_close_matches(item.path, schema().paths(), n=1)
            yield Fault(
                f"The event batch has no member {item.path}.",
                place(ctx, item, "destination"),
                f"Write {close[0]}." if close else "Write a path of the batch schema, such as events.data.event_name.",
            )


@rule("PF509", Severity.WARNING)
def read_only_destination(ctx: Context) -> Iterator[Outcome]:
    """A mapping writes a member that the platform sets itself.

    Why: the JSON reference names it as set on output only; a value that is sent is replaced or refused.
    Fails:
        field_transformation:
            mappings: [{mapping_type: column, source: CUSTOMER_ID, destination: events.data.event_id}]
    Passes:
        field_transformation:
            mappings: [{mapping_type: column, source: CUSTOMER_ID, destination: events.data.source_message_id}]
    Remedy: map an id of your own to `events.data.source_message_id`.
    Source: V1 https://docs.mparticle.com/developers/server/json-reference/ (2023 docs source)
    """
    yield from unready(ctx)
    for item in mapped(ctx):
        member = schema().member(item.path) if item.path else None
        if member is not None and not member.written:
            yield Fault(
                f"{item.path} is set by the platform.",
                place(ctx, item, "destination"),
                "Take the mapping out; an id of your own goes to events.data.source_message_id.",
            )


@rule("PF510", Severity.WARNING)
def consent_destination(ctx: Context) -> Iterator[Outcome]:
    """A mapping writes the consent state.

    Why: partner feeds cannot update consent. That a warehouse feed is one of them is inferred.
    Fails:
        field_transformation:
            mappings: [{mapping_type: static, value: x, destination: consent_state.gdpr.marketing}]
    Passes:
        field_transformation: {mappings: [{mapping_type: static, value: x, destination: events.data.event_name}]}
    Remedy: send consent through a platform or custom feed.
    Source: V1 https://docs.mparticle.com/developers/server/json-reference/ (2023 docs source)
    """
    yield from _noted(ctx, "consent_state.", "Partner feeds cannot update consent.", "Send it through another feed.")


@rule("PF511", Severity.WARNING)
def partner_identity_destination(ctx: Context) -> Iterator[Outcome]:
    """A mapping writes a partner identity.

    Why: a partner feed may send only its own registered partner identity; with another the request can fail.
    Fails:
        field_transformation:
            mappings: [{mapping_type: column, source: CUSTOMER_ID, destination: partner_identities.crm}]
    Passes:
        field_transformation:
            mappings: [{mapping_type: column, source: CUSTOMER_ID, destination: user_identities.customer_id}]
    Remedy: make sure that the identity is the feed's own, or use a user identity.
    Source: V1 https://docs.mparticle.com/developers/server/json-reference/ (2023 docs source)
    """
    message = "A feed may send only its own registered partner identity."
    yield from _noted(ctx, "partner_identities.", message, "Make sure that it is the feed's own.")


def _noted(ctx: Context, prefix: str, message: str, remedy: str) -> Iterator[Outcome]:
    yield from unready(ctx)
    for item in mapped(ctx):
        if item.path.startswith(prefix):
            yield Fault(message, place(ctx, item, "destination"), remedy)


@rule("PF517", Severity.WARNING)
def member_of_another_event_type(ctx: Context) -> Iterator[Outcome]:
    """A mapping writes a member that the event's type does not have.

    Why: the member is dropped, or the event refused.
    Fails:
        field_transformation:
            mappings:
              - {mapping_type: static, value: session_start, destination: events.event_type}
              - {mapping_type: static, value: Home, destination: events.data.screen_name}
    Passes:
        field_transformation:
            mappings:
              - {mapping_type: static, value: screen_view, destination: events.event_type}
              - {mapping_type: static, value: Home, destination: events.data.screen_name}
    Remedy: choose the event type that has the member, or another member.
    Source: OAS, the Events API's inbound JSON Schema
    """
    yield from unready(ctx)
    type_ = event_type(ctx)
    if type_ is None or type_ not in schema().events:
        if ctx.field_transformation is not None:
            yield Inapplicable("no static mapping gives a known event type")
        return
    for item in mapped(ctx):
        if item.path.startswith(DATA) and schema().member(item.path, type_) is None and schema().member(item.path):
            yield Fault(
                f"A {type_} has no member {item.path}.",
                place(ctx, item, "destination"),
                "Choose the event type that has it, or another member.",
            )


_FITS = {
    "text": frozenset({Kind.TEXT, Kind.INTEGER, Kind.DECIMAL, Kind.DATE, Kind.BOOLEAN, Kind.NULL}),
    "integer": frozenset({Kind.INTEGER, Kind.NULL}),
    "number": frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT, Kind.NULL}),
    "boolean": frozenset({Kind.BOOLEAN, Kind.NULL}),
    "list": frozenset({Kind.ARRAY, Kind.JSON, Kind.NULL}),
}


@rule("PF521", Severity.ERROR, needs={Fact.SCHEMA})
def column_type_against_destination(ctx: Context) -> Iterator[Outcome]:
    """A column's type does not fit the member that it is written to.

    Why: the batch schema gives each member a type: a text in a number, or a number in a truth value, is refused.
    Fails:
        warehouse: CREATE SCHEMA public; CREATE TABLE public.contacts (customer_id INT, total TEXT, updated_at DATE)
        sql: SELECT c.customer_id, c.total, c.updated_at FROM crm.public.contacts AS c
        field_transformation:
            mappings: [{mapping_type: column, source: TOTAL, destination: events.data.product_action.total_amount}]
    Passes:
        warehouse: CREATE SCHEMA public; CREATE TABLE public.contacts (customer_id INT, total DOUBLE, updated_at DATE)
        sql: SELECT c.customer_id, c.total, c.updated_at FROM crm.public.contacts AS c
        field_transformation:
            mappings: [{mapping_type: column, source: TOTAL, destination: events.data.product_action.total_amount}]
    Remedy: cast the column.
    Source: OAS, the Events API's inbound JSON Schema
    """
    yield from unready(ctx)
    for item in mapped(ctx):
        member = schema().member(item.path) if item.path else None
        column = ctx.outputs.named(item.mapping.source) if item.mapping.source else None
        if member is None or column is None or member.type not in _FITS:
            continue
        if column.type.kind is Kind.UNKNOWN:
            yield Unproven(f"the type of {column.name} is not known")
        elif column.type.kind not in _FITS[member.type] and not _whole(column.type.scale, column.type.kind, member):
            yield Fault(
                f"{column.name} is of type {column.type}, but {item.path} takes {_words(member)}.",
                place(ctx, item, "source"),
                f"Cast the column to {_words(member)}.",
            )


def _whole(scale: int | None, kind: Kind, member: Member) -> bool:
    return member.type == "integer" and kind is Kind.DECIMAL and scale == 0


def _words(member: Member) -> str:
    return {"text": "text", "integer": "an integer", "number": "a number", "boolean": "a truth value"}.get(
        member.type, "a list"
    )


@rule("PF523", Severity.WARNING)
def environment_destination(ctx: Context) -> Iterator[Outcome]:
    """A mapping writes the batch's environment, and says another than the pipeline.

    Why: the feed and the pipeline say which data it is; a batch that says otherwise lands where nobody looks.
    Fails:
        field_transformation: {mappings: [{mapping_type: static, value: production, destination: environment}]}
    Passes:
        field_transformation: {mappings: [{mapping_type: static, value: development, destination: environment}]}
    Remedy: take the mapping out.
    Source: V1 https://docs.mparticle.com/developers/server/json-reference/ (2023 docs source)
    """
    yield from unready(ctx)
    for item in mapped(ctx):
        if item.path == "environment" and item.mapping.value != ctx.pipeline.environment:
            said = item.mapping.value or f"what {item.mapping.source} holds"
            yield Fault(
                f"The batch's environment is {said}, the pipeline's is {ctx.pipeline.environment}.",
                place(ctx, item, "destination"),
                "Take the mapping out.",
            )


def _static(ctx: Context) -> Iterator[tuple[Mapped, Member]]:
    for item in mapped(ctx):
        member = schema().member(item.path, event_type(ctx)) if item.path else None
        if member is not None and item.mapping.mapping_type == "static" and item.mapping.value is not None:
            yield item, member


@rule("PF515", Severity.ERROR)
def value_outside_enum(ctx: Context) -> Iterator[Outcome]:
    """A static value is none that its member takes.

    Why: the batch schema lists the values. Two spellings are a trap: the commerce action is `remove_from_wish_list`,
        the wish list's other words are written without the second underscore.
    Fails:
        field_transformation:
            mappings: [{mapping_type: static, value: buy, destination: events.data.product_action.action}]
    Passes:
        field_transformation:
            mappings: [{mapping_type: static, value: purchase, destination: events.data.product_action.action}]
    Remedy: write one of the listed values.
    Source: OAS, the Events API's inbound JSON Schema
    """
    yield from unready(ctx)
    for item, member in _static(ctx):
        value = item.mapping.value or ""
        if member.enum and member.path != EVENT_TYPE and value not in member.enum:
            from difflib import get_close_matches

            close = get_close_matches(value, member.enum, n=1)
            yield Fault(
                f"{value} is no value of {item.path}.",
                place(ctx, item, "value"),
                f"Write {close[0]}." if close else f"Write one of {', '.join(member.enum)}.",
            )


@rule("PF525", Severity.ERROR)
def static_value_of_wrong_type(ctx: Context) -> Iterator[Outcome]:
    """A static value cannot be what its member holds.

    Why: a static value is text; for a number or a truth value it must at least read as one.
    Fails:
        field_transformation:
            mappings: [{mapping_type: static, value: soon, destination: events.data.timestamp_unixtime_ms}]
    Passes:
        field_transformation:
            mappings: [{mapping_type: static, value: "1793491200000", destination: events.data.timestamp_unixtime_ms}]
    Remedy: write a value of the member's type, or map a column.
    Source: OAS, the Events API's inbound JSON Schema
    """
    yield from unready(ctx)
    for item, member in _static(ctx):
        if not _reads_as(item.mapping.value or "", member.type):
            yield Fault(
                f"{item.mapping.value!r} does not read as {_words(member)}, which {item.path} takes.",
                place(ctx, item, "value"),
                "Write a value of that type, or map a column.",
            )


def _reads_as(value: str, type_: str) -> bool:
    if type_ == "boolean":
        return value in ("true", "false")
    if type_ in ("integer", "number"):
        try:
            float(value)
        except ValueError:
            return False
        return type_ == "number" or value.lstrip("+-").isdigit()
    return True


@rule("PF524", Severity.WARNING)
def mapping_writes_whole_object(ctx: Context) -> Iterator[Outcome]:
    """A mapping writes to a whole object instead of one of its members.

    Why: a column or a constant holds a scalar or a list; an object cannot be written at once.
    Fails:
        field_transformation:
            mappings: [{mapping_type: column, source: CUSTOMER_ID, destination: source_info}]
    Passes:
        field_transformation:
            mappings: [{mapping_type: column, source: CUSTOMER_ID, destination: user_identities.customer_id}]
    Remedy: map each member by itself.
    Source: OAS, the Events API's inbound JSON Schema
    """
    yield from unready(ctx)
    for item in mapped(ctx):
        member = schema().member(item.path) if item.path else None
        if member is not None and member.type == "object" and not item.path.startswith("consent_state."):
            yield Fault(
                f"{item.path} is an object; {transformation(ctx).id} writes one value to it.",
                place(ctx, item, "destination"),
                "Map each of its members by itself.",
            )

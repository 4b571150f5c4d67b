"""Whether what a pipeline sends is as its data plan says."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.finding import Fault, Inapplicable, Outcome, Severity, Unproven
from preflight.model import Kind
from preflight.plans import ATTRIBUTES, IDENTITIES, Plan, Property
from preflight.query import OutputColumn
from preflight.rule import Context, Fact, rule
from preflight_rules.mapping._plans import EVENT, Written, event, groups, incomplete, planned, written


@rule("PF541", Severity.WARNING, uses={Fact.PLATFORM})
def unplanned_event(ctx: Context) -> Iterator[Outcome]:
    """The event that a pipeline sends is not in its data plan.

    Why: a workspace may block what is not planned, and what is blocked is lost unless it is kept in quarantine.
    Fails:
        pipeline: {plan_id: orders, plan_version: 3}
        top: {data_plans: [plan.json]}
        files: {plan.json: '{"data_plan_id": "orders", "version": 3, "version_document": {"data_points": []}}'}
        field_transformation:
            mappings:
              - {mapping_type: static, value: screen_view, destination: events.event_type}
              - {mapping_type: static, value: Home, destination: events.data.screen_name}
    Passes:
        pipeline: {plan_id: orders, plan_version: 3}
        top: {data_plans: [plan.json]}
        files:
            plan.json: |
                {"data_plan_id": "orders", "version": 3, "version_document": {"data_points": [
                  {"match": {"type": "screen_view", "criteria": {"screen_name": "Home"}},
                   "validator": {"type": "json_schema", "definition": {}}}]}}
        field_transformation:
            mappings:
              - {mapping_type: static, value: screen_view, destination: events.event_type}
              - {mapping_type: static, value: Home, destination: events.data.screen_name}
    Remedy: plan the event, or correct its name.
    Source: V1 https://docs.mparticle.com/developers/dataplanning-api/ (2023 docs source)
    """
    found, plan = event(ctx), planned(ctx)
    if isinstance(found, Inapplicable):
        yield found
    elif not isinstance(plan, Plan):
        yield plan
    elif not isinstance(found, tuple):
        yield found
    elif plan.event(*found) is None:
        kind, criteria = found
        names = " ".join(criteria.values())
        from difflib import get_close_matches

        close = get_close_matches(names, [" ".join(p.criteria.values()) for p in plan.points if p.kind == kind], n=1)
        yield Fault(
            f"Version {plan.version} of {plan.id} does not plan the {kind} {names}".rstrip() + ".",
            ctx.at("plan_id"),
            f"Plan it, or write {close[0]}." if close else "Plan it, or name a version that does.",
        )


def _unplanned(ctx: Context, wanted: tuple[str, ...], what: str) -> Iterator[Outcome]:
    """A fault for each name of these groups that the plan does not have."""
    plan = planned(ctx)
    if not isinstance(plan, Plan):
        yield plan
        return
    said = groups(ctx, plan)
    for item in written(ctx):
        members = said.get(item.group) if item.group in wanted else None
        if members is not None and not members.plans(item.name):
            from difflib import get_close_matches

            close = get_close_matches(item.name, members.properties, n=1)
            yield Fault(
                f"Version {plan.version} of {plan.id} does not plan the {what} {item.name}.",
                item.place,
                f"Plan it, or write {close[0]}." if close else "Plan it, or leave it out.",
            )
    yield from incomplete(ctx)


@rule("PF542", Severity.WARNING, uses={Fact.SCHEMA, Fact.PLATFORM})
def unplanned_attribute(ctx: Context) -> Iterator[Outcome]:
    """A pipeline writes an attribute that is not in its data plan.

    Why: a workspace may block what is not planned, and what is blocked is lost unless it is kept in quarantine. Of what
        the plan does not speak at all, nothing is said here.
    Fails:
        pipeline: {plan_id: orders, plan_version: 3}
        top: {data_plans: [plan.json]}
        files:
            plan.json: |
                {"data_plan_id": "orders", "version": 3, "version_document": {"data_points": [
                  {"match": {"type": "user_attributes", "criteria": {}},
                   "validator": {"type": "json_schema", "definition": {"additionalProperties": false}}}]}}
        sql: SELECT c.customer_id, c.city, c.updated_at FROM crm.public.contacts AS c
    Passes:
        pipeline: {plan_id: orders, plan_version: 3}
        top: {data_plans: [plan.json]}
        files:
            plan.json: |
                {"data_plan_id": "orders", "version": 3, "version_document": {"data_points": [
                  {"match": {"type": "user_attributes", "criteria": {}},
                   "validator": {"type": "json_schema", "definition":
                     {"additionalProperties": false, "properties": {"CITY": {}}}}}]}}
        sql: SELECT c.customer_id, c.city, c.updated_at FROM crm.public.contacts AS c
    Remedy: plan it, or leave it out.
    Source: V1 https://docs.mparticle.com/developers/dataplanning-api/ (2023 docs source)
    """
    yield from _unplanned(ctx, (EVENT, ATTRIBUTES), "attribute")


@rule("PF543", Severity.WARNING, uses={Fact.SCHEMA, Fact.PLATFORM})
def unplanned_identity(ctx: Context) -> Iterator[Outcome]:
    """A pipeline writes an identity that is not in its data plan.

    Why: it cannot be blocked, but it is reported as an error against the plan at every row.
    Fails:
        pipeline: {plan_id: orders, plan_version: 3}
        top: {data_plans: [plan.json]}
        files:
            plan.json: |
                {"data_plan_id": "orders", "version": 3, "version_document": {"data_points": [
                  {"match": {"type": "user_identities", "criteria": {}},
                   "validator": {"type": "json_schema", "definition": {"additionalProperties": false}}}]}}
        sql: SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c
    Passes:
        pipeline: {plan_id: orders, plan_version: 3}
        top: {data_plans: [plan.json]}
        files:
            plan.json: |
                {"data_plan_id": "orders", "version": 3, "version_document": {"data_points": [
                  {"match": {"type": "user_identities", "criteria": {}},
                   "validator": {"type": "json_schema", "definition":
                     {"additionalProperties": false, "properties": {"customer_id": {}}}}}]}}
        sql: SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c
    Remedy: plan it, or leave it out.
    Source: V1 https://docs.mparticle.com/developers/dataplanning-api/ (2023 docs source)
    """
    yield from _unplanned(ctx, (IDENTITIES,), "identity")


_TYPES = {
    Kind.TEXT: ("string",),
    Kind.INTEGER: ("integer", "number"),
    Kind.DECIMAL: ("number",),
    Kind.FLOAT: ("number",),
    Kind.BOOLEAN: ("boolean",),
    Kind.DATE: ("string",),
    Kind.TIME: ("string",),
    Kind.TIMESTAMP: ("string",),
    Kind.INSTANT: ("string",),
    Kind.ARRAY: ("array",),
}
"""A column's kind, to what JSON makes of it; identities are always sent as text."""


@rule("PF544", Severity.WARNING, uses={Fact.SCHEMA, Fact.PLATFORM})
def type_against_plan(ctx: Context) -> Iterator[Outcome]:
    """A value is not of the type, or none of the values, that the data plan has for it.

    Why: invalid values are reported as errors against the plan at every row. That a column becomes what JSON makes of
        its type is inferred.
    Fails:
        pipeline: {plan_id: orders, plan_version: 3}
        top: {data_plans: [plan.json]}
        files:
            plan.json: |
                {"data_plan_id": "orders", "version": 3, "version_document": {"data_points": [
                  {"match": {"type": "user_attributes", "criteria": {}},
                   "validator": {"type": "json_schema", "definition": {"properties": {"AGE": {"type": "string"}}}}}]}}
        sql: SELECT c.customer_id, c.age, c.updated_at FROM crm.public.contacts AS c
        warehouse: CREATE SCHEMA public; CREATE TABLE public.contacts (customer_id INT, age INT, updated_at TIMESTAMP)
    Passes:
        pipeline: {plan_id: orders, plan_version: 3}
        top: {data_plans: [plan.json]}
        files:
            plan.json: |
                {"data_plan_id": "orders", "version": 3, "version_document": {"data_points": [
                  {"match": {"type": "user_attributes", "criteria": {}},
                   "validator": {"type": "json_schema", "definition": {"properties": {"AGE": {"type": "number"}}}}}]}}
        sql: SELECT c.customer_id, c.age, c.updated_at FROM crm.public.contacts AS c
        warehouse: CREATE SCHEMA public; CREATE TABLE public.contacts (customer_id INT, age INT, updated_at TIMESTAMP)
    Remedy: cast the column, or change the plan.
    Source: V1 https://docs.mparticle.com/developers/dataplanning-api/ (2023 docs source)
    """
    plan = planned(ctx)
    if not isinstance(plan, Plan):
        yield plan
        return
    said = groups(ctx, plan)
    for item in written(ctx):
        members = said.get(item.group) if item.group != IDENTITIES else None
        of = members.properties.get(item.name) if members is not None else None
        if of is None:
            continue
        if item.value is not None:
            yield from _constant_against(item, of)
        elif of.types and item.column is not None:
            yield from _column_against(item, item.column, of)
    yield from incomplete(ctx)


def _constant_against(item: Written, of: Property) -> Iterator[Outcome]:
    if of.enum and item.value not in of.enum:
        yield Fault(
            f"{item.value} is none of the values that the data plan has for {item.name}.",
            item.place,
            f"Write one of {', '.join(of.enum)}.",
        )


def _column_against(item: Written, column: OutputColumn, of: Property) -> Iterator[Outcome]:
    if column.type.kind is Kind.UNKNOWN:
        yield Unproven(f"the type of {column.name} is not known")
        return
    becomes = _TYPES.get(column.type.kind)
    if becomes is not None and not set(becomes) & set(of.types):
        yield Fault(
            f"{column.name} is of type {column.type}, but the data plan has {' or '.join(of.types)} for {item.name}.",
            item.place,
            "Cast the column, or change the plan.",
        )


@rule("PF545", Severity.WARNING, uses={Fact.SCHEMA, Fact.PLATFORM})
def planned_attribute_missing(ctx: Context) -> Iterator[Outcome]:
    """The data plan requires an attribute or an identity that the pipeline does not write.

    Why: each row is reported as an error against the plan.
    Fails:
        pipeline: {plan_id: orders, plan_version: 3}
        top: {data_plans: [plan.json]}
        files:
            plan.json: |
                {"data_plan_id": "orders", "version": 3, "version_document": {"data_points": [
                  {"match": {"type": "user_attributes", "criteria": {}},
                   "validator": {"type": "json_schema", "definition": {"required": ["AGE"]}}}]}}
        sql: SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c
    Passes:
        pipeline: {plan_id: orders, plan_version: 3}
        top: {data_plans: [plan.json]}
        files:
            plan.json: |
                {"data_plan_id": "orders", "version": 3, "version_document": {"data_points": [
                  {"match": {"type": "user_attributes", "criteria": {}},
                   "validator": {"type": "json_schema", "definition": {"required": ["AGE"]}}}]}}
        sql: SELECT c.customer_id, c.age, c.updated_at FROM crm.public.contacts AS c
    Remedy: write it, or change the plan.
    Source: V1 https://docs.mparticle.com/developers/dataplanning-api/ (2023 docs source)
    """
    plan = planned(ctx)
    if not isinstance(plan, Plan):
        yield plan
        return
    there = {(item.group, item.name) for item in written(ctx)}
    unknown = list(incomplete(ctx))
    for group, members in groups(ctx, plan).items():
        for name in members.required:
            if (group, name) not in there and not unknown:
                yield Fault(
                    f"Version {plan.version} of {plan.id} requires {name}, which the pipeline does not write.",
                    ctx.at("plan_id"),
                    "Write it, or change the plan.",
                )
    yield from unknown

"""PF1xx: SQL."""

from __future__ import annotations

from preflight.rule import Rule
from preflight_rules.sql import characters, clauses, names, outermost, results, session, tables, text

RULES: tuple[Rule, ...] = (
    text.sql_syntax_error,
    text.multiple_statements,
    text.not_a_query,
    clauses.common_table_expression,
    tables.unqualified_table,
    text.templated_sql,
    text.trailing_semicolon,
    clauses.select_star,
    tables.partly_qualified_table,
    text.empty_sql,
    text.sql_not_analysed,
    characters.unsafe_comment,
    session.session_object,
    outermost.top_level_limit,
    outermost.top_level_order_by,
    results.aggregate_without_group_by,
    names.undeclared_table_alias,
    outermost.clause_not_on_the_supported_list,
    results.non_deterministic_column,
    results.cartesian_join,
    characters.odd_characters,
    results.own_watermark_filter,
    names.case_not_preserved,
    characters.brackets_as_quotes,
    session.other_database_than_the_connections,
    characters.very_long_sql,
    names.unquoted_dollar_name,
    names.alias_in_string_quotes,
)

"""PF1xx: SQL."""

from __future__ import annotations

from preflight.rule import Rule
from preflight_rules.sql import clauses, tables, text

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
)

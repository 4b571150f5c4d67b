"""How each warehouse stores a name, and which names it makes up."""

from __future__ import annotations


def fold(name: str, dialect: str, *, quoted: bool = False) -> str:
    """The name as the warehouse stores and returns it.

    Snowflake folds up what is not quoted; Redshift folds down even what is quoted, unless a session setting says
    otherwise; BigQuery and Databricks keep the case and compare without it.
    """
    if dialect == "snowflake":
        return name if quoted else name.upper()
    return name.lower() if dialect == "redshift" else name


def fold_table_part(name: str, dialect: str, *, quoted: bool = False) -> str:
    """One part of a table's name as the warehouse looks it up: BigQuery keeps its case, Databricks compares without."""
    return name.lower() if dialect == "databricks" else fold(name, dialect, quoted=quoted)

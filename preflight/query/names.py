"""How each warehouse folds a name that stands in SQL."""

from __future__ import annotations


def fold(name: str, dialect: str, *, quoted: bool = False) -> str:
    """The name as the warehouse returns it: Snowflake folds up what is not quoted, Redshift folds down even quotes.

    BigQuery and Databricks return it as written and compare it without case. Redshift is taken at its default,
    ``enable_case_sensitive_identifier`` off.
    """
    if dialect == "snowflake":
        return name if quoted else name.upper()
    return name.lower() if dialect == "redshift" else name


def fold_table(name: str, dialect: str, *, quoted: bool = False) -> str:
    """A part of a table's name as the warehouse looks it up; Unity Catalog keeps names in lower case."""
    return name.lower() if dialect == "databricks" else fold(name, dialect, quoted=quoted)


def same(left: str, right: str, dialect: str) -> bool:
    """Whether two folded column or alias names are one to the warehouse."""
    return left == right if dialect in ("snowflake", "redshift") else left.casefold() == right.casefold()

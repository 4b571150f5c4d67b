"""The only gate to a warehouse: one statement, and one that reads. It knows no driver.

It judges sqlglot's reading of the text, which is not the server's: every adapter keeps a second gate that the server
itself holds (a read-only session, the statement's own type, one statement a call).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from preflight.errors import Cause, WarehouseError
from preflight.finding import Asked, Grade
from preflight.query.transpile import deep
from preflight.source import Record

if TYPE_CHECKING:
    from sqlglot.expressions import Expr
    from sqlglot.tokenizer_core import Token

_KINDS = """
    DML DDL Into Lock Command Copy Alter Attach Detach Install Pragma Set Use Kill LoadData Export Execute Transaction
    Commit Rollback TruncateTable Drop Analyze Cache Uncache Refresh Grant Revoke Comment Merge Summarize Put Get Block
    Declare Describe Show QueryTransform DirectoryStage
"""
_WRITES = tuple(_KINDS.split())
"""The sqlglot classes that no query may hold."""

_FUNCTIONS = re.compile(
    r"""read_\w+ | \w+_scan(_\w+)? | \w+_attach | \w+_execute | \w+_query(_\w+)? | glob | sniff_csv | parquet_\w+
    | query | query_table | sql_auto_complete | from_substrait\w* | json_execute_serialized_sql
    | getenv | getvariable | current_setting | set_config | set_bit_config | which_secret | pragma_\w+
    | duckdb_(secrets|settings|variables|logs\w*|temporary_files|connection\w*)
    | write_log | (enable|disable)_\w+ | install | load | (force_)?checkpoint | nextval | currval | setval | lastval
    | http_\w+ | shellfs\w* | system\$\w+ | pg_(?!typeof)\w+ | dblink\w* | lo_\w+ | ai_\w+
    | external_query | remote_query | getnextval | infer_schema | get_presigned_url | build_\w+_file_url
    | \w+_to_xml(_and_xmlschema)? | ts_(stat|rewrite) | brin_\w+ | gin_\w+
    | (java_method|(try_)?reflect) | (try_)?secret | list_secrets | event_log | cloud_files_state
    | generate_(text|embedding|table|bool|int|double)""",
    re.VERBOSE | re.IGNORECASE,
)
"""Functions that reach files, settings, sequences or other systems, or that write, on any of the engines."""

_OWNERS = frozenset({"AI", "CORTEX"})
"""Schemas whose every function asks a paid model, of Snowflake and BigQuery."""

_FORMATS = frozenset(["AVRO", "BINARYFILE", "CSV", "JSON", "ORC", "PARQUET", "TEXT", "XML"])
"""Databricks reads files of these formats as tables, as in ``csv.`s3://bucket/file```."""

_QUERY_STARTS = frozenset({"SELECT", "WITH", "FROM", "VALUES", "("})
_WRITERS = "INSERT UPDATE DELETE MERGE CREATE DROP ALTER COPY CALL EXPLAIN ANALYZE EXECUTE TRUNCATE SET USE"
_STATEMENT_STARTS = frozenset(_WRITERS.split())


Answer = TypeVar("Answer")


class Gate:
    """The way of one connection's statements: judged, sent, timed, recorded.

    ``send`` is for statements, ``call`` for reading calls of an API that take no SQL. Both raise what ``run`` raises.
    """

    def __init__(self, connection: str, dialect: str, record: Record) -> None:
        self._connection = connection
        self._dialect = dialect
        self._record = record

    def send(
        self,
        sql: str,
        run: Callable[[str], Answer],
        *,
        purpose: str,
        basis: Grade,
        bytes_read: Callable[[Answer], int | None] = lambda _: None,
    ) -> Answer:
        """The answer of ``run`` to a statement that only reads; raises WarehouseError (UNSUPPORTED) for any other."""
        allow(sql, self._dialect)
        return self.call(sql, lambda: run(sql), purpose=purpose, basis=basis, bytes_read=bytes_read)

    def call(
        self,
        text: str,
        run: Callable[[], Answer],
        *,
        purpose: str,
        basis: Grade,
        bytes_read: Callable[[Answer], int | None] = lambda _: None,
    ) -> Answer:
        """The answer of ``run``, which carries no statement but one that ``allow`` has seen."""
        start = time.monotonic()
        try:
            answer = run()
        except WarehouseError as error:
            asked = Asked(self._connection, purpose, text, basis, time.monotonic() - start, error=error.message)
            self._record(asked)
            raise
        self._record(Asked(self._connection, purpose, text, basis, time.monotonic() - start, bytes=bytes_read(answer)))
        return answer


def allow(sql: str, dialect: str) -> None:
    """Return if ``sql`` is exactly one statement that only reads, else raise WarehouseError (UNSUPPORTED).

    That is a query, or a SHOW or DESCRIBE; a DESCRIBE of a query is judged by its query. Text that cannot be parsed is
    refused: what it would do is not known.
    """
    tokens = deep(lambda: _tokens(sql, dialect))
    words = [token.text.upper() for token in tokens]
    if not words:
        raise _refused("an empty statement")
    if words[0] in ("SHOW", "DESCRIBE", "DESC") and any(token.token_type.name == "DARROW" for token in tokens):
        raise _refused("what is piped into another statement")
    if words[0] == "SHOW":
        return
    if words[0] not in ("DESCRIBE", "DESC"):
        _query(sql, dialect)
    elif words[1:2] == ["QUERY"] or (words[1:] and words[1] in _QUERY_STARTS):
        first = 2 if words[1] == "QUERY" else 1
        _query(sql[tokens[first].start :] if len(tokens) > first else "", dialect)
    elif not words[1:] or words[1] in _STATEMENT_STARTS:
        raise _refused("a DESCRIBE of something that is no query and no table")


def _query(sql: str, dialect: str) -> None:
    deep(lambda: _judge(_parsed(sql, dialect)))


def _tokens(sql: str, dialect: str) -> list[Token]:
    """The tokens of the one statement; more than one is refused."""
    from sqlglot import tokenize
    from sqlglot.errors import SqlglotError

    try:
        tokens = tokenize(sql, dialect=dialect)
    except SqlglotError:
        raise _refused("text that is not SQL") from None
    while tokens and tokens[-1].token_type.name == "SEMICOLON":
        tokens.pop()
    if any(token.token_type.name == "SEMICOLON" for token in tokens):
        raise _refused("more than one statement")
    return tokens


def _parsed(sql: str, dialect: str) -> Expr:
    from sqlglot import exp, parse
    from sqlglot.errors import SqlglotError

    try:
        statements = [tree for tree in parse(sql, dialect=dialect) if tree and not isinstance(tree, exp.Semicolon)]
    except SqlglotError:
        raise _refused("text that cannot be parsed") from None
    if len(statements) != 1:
        raise _refused(f"{len(statements)} statements")
    return statements[0]


def _judge(tree: Expr) -> None:
    from sqlglot import exp

    if not isinstance(tree, exp.Query):
        raise _refused(f"a statement that is no query ({type(tree).__name__.upper()})")
    writes = tuple(getattr(exp, name) for name in _WRITES)
    for node in tree.walk():
        if isinstance(node, writes):
            raise _refused(f"a query that holds {type(node).__name__.upper()}")
        if isinstance(node, exp.Func):
            name = node.name if isinstance(node, exp.Anonymous) else node.sql_name()
            if _FUNCTIONS.fullmatch(name) or _owner(node) in _OWNERS:
                raise _refused(f"the function {name}")
        if isinstance(node, exp.Table | exp.TableFromRows) and _is_file(node):
            raise _refused("a file or a stage read as a table")
        if isinstance(node, exp.Column) and node.table and node.name.upper() in ("NEXTVAL", "CURRVAL"):
            raise _refused("a sequence")


def _owner(function: Expr) -> str:
    """The schema that a function is called in, in upper case, or empty."""
    from sqlglot import exp

    parent = function.parent
    if isinstance(parent, exp.Table):
        return str(parent.db).upper()
    if not isinstance(parent, exp.Dot) or parent.expression is not function:
        return ""
    left = parent.this.expression if isinstance(parent.this, exp.Dot) else parent.this
    return str(left.name).upper()


def _is_file(table: Expr) -> bool:
    from sqlglot import exp

    if isinstance(table.this, exp.Literal | exp.Var | exp.Parameter | exp.Placeholder):
        return True
    return isinstance(table, exp.Table) and table.db.upper() in _FORMATS and not table.name.isidentifier()


def _refused(what: str) -> WarehouseError:
    return WarehouseError(
        Cause.UNSUPPORTED,
        f"preflight does not send {what} to a warehouse",
        remedy="keep the data model to one SELECT that only reads tables",
    )

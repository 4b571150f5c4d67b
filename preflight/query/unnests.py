"""``FROM t, t.items`` as BigQuery and Redshift read it: the second is an array of the first, and no table.

sqlglot looks for such sources while it parses, and to compare names it copies whatever every FROM reads, subqueries
with all that is in them, once for each level. So it is kept from looking, and asked afterwards about those SELECTs
alone that join something which may be one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from preflight.query.deep import Held

if TYPE_CHECKING:
    from sqlglot.parser import Parser
    from sqlglot.tokenizer_core import Token


def parse(parser: Parser, dialect: str, tokens: Sequence[Token], text: str, *, look: bool) -> list[Any]:
    """The trees of a text; without ``look`` such sources stay tables, and a star over them is not expanded."""
    if dialect not in _NOT_LOOKING:
        return parser.parse(list(tokens), text)
    with _NOT_LOOKING[dialect]:
        trees = parser.parse(list(tokens), text)
    for tree in trees if look else ():
        for select in _selects(tree):
            parser._implicit_unnests_to_explicit(select)  # noqa: SLF001
    return trees


def _selects(tree: Any) -> list[Any]:
    """The SELECTs that join, without a condition, a name with a dot in it."""
    from sqlglot.expressions import Join, Table

    found: dict[int, Any] = {}
    for join in tree.find_all(Join) if tree is not None else ():
        source, select = join.args.get("this"), join.parent
        if isinstance(source, Table) and not join.args.get("on") and len(source.parts) > 1 and select.args.get("from_"):
            found[id(select)] = select
    return [*found.values()]


def _keep_from_looking(dialect: str) -> Callable[[], None]:
    """Set the dialect's class of parsers: the compiled ones can neither be inherited from nor be set one by one."""
    from sqlglot.dialects.dialect import Dialect

    parser: Any = Dialect.get_or_raise(dialect).parser_class
    usual = parser.SUPPORTS_IMPLICIT_UNNEST
    parser.SUPPORTS_IMPLICIT_UNNEST = False

    def restore() -> None:
        parser.SUPPORTS_IMPLICIT_UNNEST = usual

    return restore


_NOT_LOOKING = {dialect: Held(partial(_keep_from_looking, dialect)) for dialect in ("bigquery", "redshift")}

"""R1, R2: what the rules cost of a check of the 99 TPC-DS queries, each alone and all together.

Run: ``python -m benchmarks.rules``. Processor seconds inside one process, which judges each query by itself and three
times over, the last time counted; sqlglot without the extra. The rules of the project, which would be judged 99 times,
are left out on both sides. What all rules share, the parsed query with its outputs and the index of its nodes, is made
before the first is asked, and is counted to the check. What reading the clock takes is taken off.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

from benchmarks import corpus
from benchmarks.measure import Goal, Spread, finish
from benchmarks.places import WORK, python

ROUNDS = 3
_PROGRAM = """
import gc, json, sys
gc.disable()
from contextlib import suppress
from pathlib import Path
from time import process_time
import msgspec
from preflight import registry
from preflight.config import load
from preflight.engine import Options, check
from preflight.finding import Subject, SubjectKind
from preflight.rule import Fact, Scope
from sqlglot import parse_one
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

spent = {}
marks = [(process_time(), process_time()) for _ in range(10_000)]
own = sum(after - before for before, after in marks) / len(marks)  # what the clock itself takes, each time

def ready(context):
    query = context.query
    context.declaring(frozenset(Fact)).outputs, query.outermost, query.tables
    query.nodes("Select"), query.nodes("Column")
    query.outline, query.pieces

def timed(rule):
    def judge(context):
        if context.has_query:
            ready(context)
        begin = process_time()
        found = list(rule.check(context))
        name = rule.name if rule.scope is not Scope.PROJECT else ""
        spent[name] = spent.get(name, 0.0) + process_time() - begin - own
        return found
    return msgspec.structs.replace(rule, check=judge)

rules = tuple(timed(rule) for rule in registry.rules())
registry.rules = lambda plugins=(): rules
folder = Path(sys.argv[1])
for _ in range(3):
    project = load(folder)
    spent.clear()
    begin = process_time()
    for model in project.data_models:
        only = frozenset({Subject(SubjectKind.DATA_MODEL, model.id)})
        check(project, Options(offline=True, only=only))
    whole = process_time() - begin
whole -= spent.pop("", 0.0)
schema, bare = MappingSchema(dialect="snowflake"), 0.0
for _ in range(3):
    begin = process_time()
    for file in sorted((folder / "models").glob("*.sql")):
        tree = parse_one(file.read_text("utf-8"), read="snowflake")
        with suppress(SqlglotError):
            tree = qualify(tree, dialect="snowflake", schema=schema)
        annotate_types(tree, schema=schema, dialect="snowflake")
    bare = process_time() - begin
print(json.dumps({"whole": whole, "bare": bare, "spent": spent}))
"""


def goals(*, peers: bool = False) -> Iterator[Goal]:  # noqa: ARG001 - sqlglot is the peer
    """The goals, as they are measured."""
    folder = corpus.project(WORK / "projects" / "tpcds-snowflake", corpus.tpcds(WORK, "snowflake"), "snowflake")
    command = [python("pure"), "-c", _PROGRAM, folder]
    rounds = [json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(ROUNDS)]
    dearest = max(rounds[0]["spent"], key=rounds[0]["spent"].__getitem__)
    share = Spread.of(max(found["spent"].values()) / found["whole"] for found in rounds)
    yield Goal("R1", "the dearest rule / a check of 99 TPC-DS queries, CPU", share, 0.02, note=dearest)
    together = Spread.of(sum(found["spent"].values()) / found["bare"] for found in rounds)
    yield Goal("R2", "all rules / bare parse, qualify and annotate of the same, CPU", together, 0.08)


if __name__ == "__main__":
    sys.exit(finish(goals()))

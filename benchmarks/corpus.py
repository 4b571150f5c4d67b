"""The SQL that the benchmarks read, made anew from packages: TPC-DS, and models as dbt projects hold them.

TPC-DS: the 99 queries of sqlglot's own fixtures, out of its source distribution, transpiled to each dialect.
dbt: no package ships a thousand real models, so they are synthesised, reproducibly by a seed: import CTEs that select
all of a source, one or two CTEs that rename, cast and derive, joins, a final CTE with windows and aggregates, and
``SELECT * FROM final``. A tenth are long (some 160 lines), the median has about 40 lines, as real projects have.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tarfile
from pathlib import Path

DIALECTS = ("snowflake", "bigquery", "redshift", "databricks")
_TYPES = {
    "snowflake": ("NUMBER(38, 0)", "VARCHAR", "TIMESTAMP_NTZ"),
    "bigquery": ("INT64", "STRING", "TIMESTAMP"),
    "redshift": ("BIGINT", "VARCHAR", "TIMESTAMP"),
    "databricks": ("BIGINT", "STRING", "TIMESTAMP"),
}
_ENTITIES = """
customer purchase payment product session invoice ticket shipment campaign subscription
""".split()
_WORDS = """
amount status region channel score quantity discount currency source tier segment device country
""".split()


def tpcds(folder: Path, dialect: str) -> list[Path]:
    """The 99 queries as files in ``folder``, in ``dialect``; fetches sqlglot's source distribution once, with pip."""
    import sqlglot

    source = folder / f"sqlglot-{sqlglot.__version__}.tar.gz"
    if not source.exists():
        wanted = f"sqlglot=={sqlglot.__version__}"
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", wanted]
        subprocess.run([*pip, "-d", str(folder)], check=True)
    member = f"sqlglot-{sqlglot.__version__}/tests/fixtures/optimizer/tpc-ds/tpc-ds.sql"
    with tarfile.open(source) as archive:
        file = archive.extractfile(member)
        assert file is not None
        text = file.read().decode()
    lines = (line for line in text.splitlines() if not line.startswith(("--", "# execute:")))
    queries = [query for query in "\n".join(lines).split(";")[::2] if query.strip()]
    written = []
    for number, query in enumerate(queries, 1):
        path = folder / "tpcds" / dialect / f"q{number:02}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            tree = sqlglot.parse_one(query, read="duckdb")
            path.write_text(tree.sql(dialect=dialect, pretty=True, comments=False) + "\n", "utf-8")
        written.append(path)
    return written


def dbt(folder: Path, dialect: str, count: int = 1000, seed: int = 7) -> list[Path]:
    """``count`` models as files in ``folder``."""
    written = []
    for number in range(count):
        path = folder / "dbt" / dialect / f"model_{number:04}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_text(_model(random.Random(f"{seed}-{number}"), dialect), "utf-8")
        written.append(path)
    return written


def _model(chance: random.Random, dialect: str) -> str:
    """One model's text."""
    integer, text, moment = _TYPES[dialect]
    entities = chance.sample(_ENTITIES, chance.choice((1, 2, 2, 3)))
    width = chance.choice((4, 5, 6, 8, 10)) if chance.random() < 0.9 else 45
    parts = [f"{name} AS (\n\n    SELECT * FROM analytics.raw_{name}s.{name}s\n\n)" for name in entities]
    for name in entities:
        words = [chance.choice(_WORDS) + f"_{index}" for index in range(width)]
        lines = [f"        CAST({name}.{name}_id AS {integer}) AS {name}_id"]
        lines += [f"        CAST({name}.updated_at AS {moment}) AS {name}_updated_at"]
        for word in words:
            lines.append("        " + chance.choice(_EXPRESSIONS).format(t=name, c=word, text=text, integer=integer))
        where = chance.choice(
            ("", f"\n    WHERE {name}.is_deleted = FALSE", f"\n    WHERE {name}.{words[0]} IS NOT NULL")
        )
        columns = ",\n".join(lines)
        parts.append(f"renamed_{name} AS (\n\n    SELECT\n{columns}\n    FROM {name}{where}\n\n)")
    base, *others = entities
    joins = "".join(
        f"\n    LEFT JOIN renamed_{name} ON renamed_{base}.{base}_id = renamed_{name}.{name}_id" for name in others
    )
    row = f"ROW_NUMBER() OVER (PARTITION BY renamed_{base}.{base}_id ORDER BY renamed_{base}.{base}_updated_at DESC)"
    chosen = [f"renamed_{base}.{base}_id AS customer_id", f"renamed_{base}.{base}_updated_at AS updated_at"]
    chosen += [f"renamed_{name}.{name}_updated_at AS {name}_seen_at" for name in others]
    chosen.append(f"{row} AS position")
    listed = ",\n".join(f"        {column}" for column in chosen)
    parts.append(f"joined AS (\n\n    SELECT\n{listed}\n    FROM renamed_{base}{joins}\n\n)")
    parts.append("final AS (\n\n    SELECT * FROM joined WHERE position = 1\n\n)")
    return "WITH " + ",\n\n".join(parts) + "\n\nSELECT * FROM final\n"


_EXPRESSIONS = (
    "{t}.{c} AS {c}",
    "COALESCE({t}.{c}, 'none') AS {c}",
    "LOWER(TRIM({t}.{c})) AS {c}",
    "CAST({t}.{c} AS {text}) AS {c}",
    "CASE WHEN {t}.{c} > 0 THEN 'positive' WHEN {t}.{c} = 0 THEN 'zero' ELSE 'negative' END AS {c}",
    "CASE WHEN {t}.{c} IN ('a', 'b', 'c') THEN 1 ELSE 0 END AS {c}",
    "{t}.{c} * 100 / NULLIF({t}.total, 0) AS {c}",
    "SUM({t}.{c}) OVER (PARTITION BY {t}.{t}_id) AS {c}",
    "CONCAT({t}.{c}, '-', CAST({t}.{t}_id AS {text})) AS {c}",
)


def project(folder: Path, files: list[Path], dialect: str) -> Path:
    """A preflight project in ``folder`` with a data model for each file and one connection that says the dialect."""
    folder.mkdir(parents=True, exist_ok=True)
    models = []
    for file in files:
        target = folder / "models" / file.name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(file.read_bytes())
        models.append(f"  - {{id: {file.stem}, name: {file.stem}, type: sql, sql_file: models/{file.name}}}")
    config = _CONFIGS[dialect]
    connection = f"{{id: w, name: Warehouse connection, service_provider: {dialect}, config: {config}}}"
    head = f"version: 1\nconnections:\n  - {connection}\n"
    (folder / "preflight.yml").write_text(head + "data_models:\n" + "\n".join(models) + "\n", "utf-8")
    return folder


_CONFIGS = {
    "snowflake": "{account_identifier: a, region: r, warehouse: W, database: ANALYTICS, role: R, user: U,"
    " password: {env: P}, aws_iam_user_arn: 'arn:aws:iam::111122223333:user/ext/s', aws_external_id: E}",
    "bigquery": "{region: us, project_id: analytics, dataset_id: d, service_account_id: s,"
    " service_account_key: {env: K}}",
    "redshift": "{host: h, database: analytics, user: u, password: {env: P},"
    " aws_iam_role_arn: 'arn:aws:iam::111122223333:role/r'}",
    "databricks": "{share: s}",
}

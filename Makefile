# Every target works on a fresh machine with Python 3.11 or later, git and make: what is needed is put into .venv.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help demo test test-warehouses test-live mutation bench check docs site clean

help:
	@echo "make demo   the CDNOW example, from a failing check to a created pipeline"
	@echo "make test   the tests"
	@echo "make test-warehouses  the adapters over their real drivers, on test servers: WAREHOUSE=snowflake, or all four"
	@echo "make check  lint, types, layers, generated files and the tests"
	@echo "make mutation  plants mistakes in the rules and counts those that their cases notice (about 15 minutes)"
	@echo "make bench  every goal of speed with its figure, against peers too, into docs/benchmarks.md (about half an hour)"
	@echo "make docs   write the pages that are generated from the code"
	@echo "make site   the documents as a site, in build/site"
	@echo "make clean  remove .venv and what the tools and the example left"

.venv/.installed: pyproject.toml
	$(PYTHON) -m venv --clear .venv
	$(PIP) install --upgrade "pip>=25.1"
	$(PIP) install --editable ".[all]" --group dev --group docs
	@touch $@

demo: .venv/.installed
	@$(BIN)/python examples/cdnow/demo.py

test: .venv/.installed
	$(BIN)/python -m pytest -n 2 --dist loadfile --max-worker-restart 0

WAREHOUSE ?= snowflake bigquery redshift databricks
test-warehouses: .venv/.installed
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target $(WAREHOUSE:%=test-warehouse-%)

test-warehouse-%:
	$(BIN)/python -m pytest -q tests/warehouses -k $* --warehouse $*

test-live: .venv/.installed
	$(BIN)/python -m pytest tests/warehouses --live $(WAREHOUSE)

mutation: .venv/.installed
	$(BIN)/python -m tests.rules.mutation --jobs 2 --at-least 90

bench: .venv/.installed
	$(BIN)/python -m benchmarks.run --peers --write

check: .venv/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check
	$(BIN)/python -m pytest -n 2 --dist loadfile --max-worker-restart 0

site: .venv/.installed
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going --builder html docs build/site

docs: .venv/.installed
	$(BIN)/python docs/generate.py

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
	rm -rf examples/cdnow/cdnow.duckdb examples/cdnow/.load-* examples/shop/*.duckdb .servers
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The one door. Every target sets up what it needs; `make demo` and `make test` work in a fresh clone.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help demo test check fix bench clean

help: ## say what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

# Debian and Ubuntu ship Python without `ensurepip`; then the package is fetched, where we may.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || tests/services/python
	@$(PYTHON) -m venv $(VENV) 2>/dev/null || { tests/services/python && $(PYTHON) -m venv --clear $(VENV); }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(READY)

demo: $(READY) ## compile the example population, train it, show it
	@$(BIN)/python -m examples.demo

test: $(READY) ## every test, with the real parts that it needs
	@$(BIN)/python -m pytest $(ARGS)

check: $(READY) ## lint, types, import laws, schemas, documents
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m docs.generate --check
	@$(BIN)/python -m pytest tests/house

fix: $(READY) ## let the tools mend what they can; rewrite what is generated
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/python -m docs.generate

bench: $(READY) ## measure, side by side, as ratios
	@$(BIN)/python -m benchmarks $(ARGS)

clean: ## remove what make made
	@rm -rf $(VENV) train_dir dist

# The one door. Every target sets up what it needs; `make demo` and `make test` work in a fresh clone.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Workers of `make test`: many tests wait for processes, so there are more than processors.
JOBS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 2)))
WHICH := import os, sys; print(os.path.realpath(sys.executable), sys.version)

.PHONY: help demo test check fix bench clean

help: ## say what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

# What runs from there goes on while it is brought up to date; made anew only for another Python.
$(READY): pyproject.toml constraints.txt
	@tests/services/python $(PYTHON)
	@echo "setting up $(VENV)"
	@[ "$$($(BIN)/python -c 'import pip; $(WHICH)' 2>&1)" = "$$($(PYTHON) -c '$(WHICH)')" ] || \
		$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(READY)

demo: $(READY) ## compile the example population, train it, show it
	@$(BIN)/python -m examples.demo $(if $(RUNTIME),--runtime $(RUNTIME)) $(ARGS)

test: $(READY) ## every test, with the real parts that it needs
	@$(BIN)/python -m pytest -n $(JOBS) $(ARGS)

check: $(READY) ## lint, spelling, types, import rules, schemas, documents
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/codespell
	@$(BIN)/mypy
	@$(BIN)/python -m docs.generate --check
	@$(BIN)/python -m pytest tests/architecture

fix: $(READY) ## let the tools mend what they can; rewrite what is generated
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/python -m docs.generate

bench: $(READY) ## measure, side by side, as ratios
	@$(BIN)/python -m benchmarks $(ARGS)

clean: ## remove what make made; trainings in train_dir/ stay
	@rm -rf $(VENV) dist .mypy_cache .ruff_cache .hypothesis

# Commands for people and CI. Every target sets up what it needs: each works in a fresh clone.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
READY_TO_RUN := $(VENV)/.ready-to-run
TRAINERS := .venv-trainers
LOWEST := .venv-lowest
DOCS := .venv-docs
# Workers of `make test`: many tests wait for processes, so there are more than processors.
JOBS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 2)))
WHICH := import os, sys; print(os.path.realpath(sys.executable), sys.version)

.PHONY: help demo screens docs test test-gpus test-upstream test-trainers lowest test-descriptions coverage fuzz stress faults lives check fix bench clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

# Updates an environment in place, so that programs running from it keep working. Another Python gets
# a new one. Arguments: its folder, what pip installs, how pbt_tui is named, what is touched at the end.
define environment
	@tests/services/python $(PYTHON)
	@echo "setting up $(1)"
	@[ "$$($(1)/bin/python -c 'import pip; $(WHICH)' 2>&1)" = "$$($(PYTHON) -c '$(WHICH)')" ] || \
		$(PYTHON) -m venv --clear $(1)
	@$(1)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt $(2) -e '$(3)'
	@touch $(addprefix $(1)/,$(4))
endef

$(READY): pyproject.toml constraints.txt
	$(call environment,$(VENV),,.[dev],.ready .ready-to-run)

# What the three commands need, and no more: a fifth of the download.
$(READY_TO_RUN): pyproject.toml constraints.txt
	$(call environment,$(VENV),,.,.ready-to-run)

$(TRAINERS)/.ready: pyproject.toml constraints.txt tests/trainers/requirements.txt
	$(call environment,$(TRAINERS),-r tests/trainers/requirements.txt,.,.ready)

$(DOCS)/.ready: pyproject.toml constraints.txt
	$(call environment,$(DOCS),,.[docs],.ready)

demo: $(READY_TO_RUN) ## compile the example population, train it, show it
	@$(BIN)/python -m examples.demo $(if $(RUNTIME),--runtime $(RUNTIME)) $(ARGS)

screens: $(READY) ## draw the pictures of the pages from the example run
	@$(BIN)/python -m docs.pictures

# `--quiet` would hide warnings from `--strict`. ARGS=serve shows the site, and builds it after each change.
docs: $(DOCS)/.ready ## build the site of the documents into site/, and check every link
	@NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/python -m mkdocs $(or $(ARGS),build --strict)

test: $(READY) ## run every test
	@$(BIN)/python -m pytest -n $(JOBS) $(ARGS)

# Takes a few minutes and 2 GiB on one GPU. ARGS=--stand_in needs no GPU.
test-gpus: $(READY) ## check on a machine with GPUs what the driver says, foreign programs and drains
	@$(BIN)/python -m tests.gpu_machine $(ARGS)

# PBT_UPSTREAM: checkouts of IsaacGymEnvs and Sample-Factory, separated by a colon.
test-upstream: $(READY) ## compare the run modules of upstream checkouts with upstream's launcher
	@[ '$(PBT_UPSTREAM)' ] || { echo 'set PBT_UPSTREAM to the checkouts' >&2; exit 2; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check numpy
	@PBT_UPSTREAM='$(PBT_UPSTREAM)' $(BIN)/python -m pytest -n $(JOBS) tests/upstream $(ARGS)

# Its environment takes 1.6 GB. PBT_SEED repeats the kills. PBT_UPSTREAM may name a checkout of rl_games: its runner.py is tested too.
test-trainers: $(TRAINERS)/.ready ## train with the trainers of examples/trainers that pip installs, on CPUs
	@PBT_TRAINERS=1 PBT_UPSTREAM='$(PBT_UPSTREAM)' $(TRAINERS)/bin/python -m pytest \
		$(if $(filter tests/%,$(ARGS)),,tests/trainers) $(ARGS)

# Its environment is its own. ARGS=tests/cli takes a part of the tests.
lowest: ## run every test with the oldest versions that pyproject.toml allows
	@tests/services/python $(PYTHON)
	@[ -d $(LOWEST) ] || $(PYTHON) -m venv $(LOWEST)
	@tests/services/lowest >$(LOWEST)/constraints.txt
	@$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check \
		-c $(LOWEST)/constraints.txt -e '.[dev,web,completion]'
	@$(LOWEST)/bin/python -m pytest -n $(JOBS) $(ARGS)

test-descriptions: $(READY) ## compile random run modules; compare 20,000 commands with `sh`
	@PBT_COMMANDS=20000 $(BIN)/python -m pytest -n $(JOBS) -o timeout=1800 -rP \
		tests/compiler/test_compile_descriptions.py $(ARGS)

coverage: $(READY) ## print which lines and branches of the compiler its tests run
	@rm -f .coverage .coverage.*
	@export COVERAGE_FILE='$(CURDIR)/.coverage'; \
		$(BIN)/python -m coverage run -m pytest -n $(JOBS) tests/compiler tests/arguments $(ARGS) \
			|| failed=$$?; \
		$(BIN)/python -m coverage combine --quiet; \
		$(BIN)/python -m coverage report --show-missing --skip-covered; exit $${failed:-0}

# `make test` has a short form. ARGS='--seconds 600 member-log' takes ten minutes for one reader.
fuzz: $(READY) ## give each reader of foreign files broken input for a minute
	@$(BIN)/python -m tests.fuzz $(ARGS)

# Takes about ten minutes. ARGS='--runs 1 --seed 7' repeats one run.
stress: $(READY) ## stress 200 whole runs with faults: kills, copies, other clocks, full disks, engines
	@$(BIN)/python -m tests.stress $(ARGS)
	@$(BIN)/python -m tests.osmo.submissions_under_deaths

# `make test` has a quarter of the first part of it, and a hundredth of the runs in containers and on SLURM,
# of which each kind of call fails once here, for about an hour. It prints calls, faults and violations.
faults: $(READY) ## let every call for a file fail once, and the disk of the simulation 10,000 times
	@PBT_FAULTS=1 PBT_FAULT_KINDS=1 $(BIN)/python -m pytest -n $(JOBS) -rP tests/faults $(ARGS)
	@PBT_SIMULATED_RUNS=40000 $(BIN)/python -m pytest -n $(JOBS) \
		tests/core/test_simulated_world.py -k no_invariant

# `make test` has a share of it. ARGS='--seed 7' repeats one life; the figures are printed.
lives: $(READY) ## live 10,000 simulated lives of populations, and thousands without each rule
	@$(BIN)/python -m tests.core.lives $(ARGS)

check: $(READY) ## check lint, spelling, types, import rules, schemas and documents
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/codespell
	@$(BIN)/mypy
	@$(BIN)/python -m docs.generate --check
	@$(BIN)/python -m pytest tests/architecture

fix: $(READY) ## apply automatic fixes; rewrite generated files
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/python -m docs.generate

# Renews docs/benchmarks.md. ARGS="logs" renews one section; ARGS="--most 10000" needs less memory.
bench: $(READY) ## run the benchmarks, side by side, as ratios; write docs/benchmarks.md
	@$(BIN)/python -m benchmarks $(ARGS)

clean: ## remove what make created; trainings in train_dir/ stay
	@rm -rf $(VENV) $(TRAINERS) $(LOWEST) $(DOCS) dist site .mypy_cache .ruff_cache .hypothesis .coverage*

# Every target sets up what it needs. PYTHON: any Python from 3.11.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help setup demo check test e2e e2e-all fuzz faults golden record record-versions docs startup benchmarks dist krew cluster-up cluster-down clean

help:  ## this list
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## */\t/' | expand -t 16

setup: $(READY)  ## the development environment in .venv

# pip 25.1 is the first to read dependency groups.
$(READY): pyproject.toml kubectl_pullpolicy/__init__.py
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group dev
	@touch $@

demo: $(READY)  ## explain a recording of a real cluster; no cluster needed
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh scripts/demo.sh

check: $(READY)  ## formatting, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy --strict -p tests.harness -p tests.e2e -p benchmarks -p release
	$(BIN)/lint-imports --no-logo

test: $(READY)  ## the tests that need no cluster
	$(BIN)/python -m pytest -n auto

e2e: $(READY)  ## the tests on the real test cluster (or on the one of KUBECONFIG)
	$(BIN)/python -m pytest -n 4 --e2e tests/e2e

e2e-all: $(READY)  ## the same on every version of Kubernetes, with faults, signals and 10,000 inputs a decoder
	$(BIN)/python -m tests.e2e
	$(BIN)/python -m benchmarks.faults --e2e
	$(BIN)/python -m benchmarks.fuzz

fuzz: $(READY)  ## every decoder against 10,000 inputs; writes docs/quality.md
	$(BIN)/python -m benchmarks.fuzz

faults: $(READY)  ## writes that meet faults and signals; writes docs/quality.md
	$(BIN)/python -m benchmarks.faults --e2e

record: $(READY)  ## make the demo and the recorded fixtures anew, from the test cluster
	$(BIN)/python -m tests.harness.recording

record-versions: $(READY)  ## the recorded fixtures of every version of Kubernetes and containerd
	$(BIN)/python -m tests.harness.recording versions

golden: $(READY)  ## write the golden outputs anew; read the diff
	$(BIN)/python -m pytest -n auto --update-golden tests

docs: $(READY)  ## write what the documents take from the program: helps, and the pages of causes
	$(BIN)/python -m release.pages

startup: $(READY)  ## where the start-up time goes
	$(BIN)/python -m benchmarks.startup

benchmarks: $(READY)  ## the figures of docs/quality.md
	$(BIN)/python -m benchmarks

dist: $(VENV)/.dist  ## wheel, sdist, and this platform's archive for krew, in dist/
	$(BIN)/python -m release dist

krew: $(READY)  ## install that archive through krew and try it
	$(BIN)/python -m release krew

$(VENV)/.dist: $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group dist
	@touch $@

cluster-up: $(READY)  ## build (once) and start the test cluster
	$(BIN)/python -m tests.harness.cluster up

cluster-down: $(READY)  ## stop it
	$(BIN)/python -m tests.harness.cluster down

clean:  ## remove what the targets made here
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

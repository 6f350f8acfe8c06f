# The verbs of the project. Python 3.11 or newer and make are all they need.

PYTHON ?= python3
STAMP := .venv/.installed
COMPILED := .venv/.compiled
BIN := .venv/bin

.DEFAULT_GOAL := help

.PHONY: help
help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

.PHONY: setup
setup: $(STAMP) $(COMPILED)  ## build .venv from requirements/ (nothing to do when nothing changed)

$(STAMP): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Penstock needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another with PYTHON=python3.12 make …")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing into .venv …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

# each worker and each of its hosts would compile them anew where PYTHONDONTWRITEBYTECODE is set
$(COMPILED): $(STAMP) $(shell find src -name '*.py')
	@$(BIN)/python -m compileall -q src
	@touch $(COMPILED)

.PHONY: demo
demo: setup  ## a file through real Kafka into a file; KEEP=1 leaves it running
	@$(BIN)/penstock demo $(if $(KEEP),--keep)

.PHONY: unit
unit: setup  ## the tests that need no server (seconds)
	@$(BIN)/pytest -n 2 tests/unit tests/contract tests/conformance examples

.PHONY: test
test: setup  ## all tests, with a real broker
	@$(BIN)/pytest -n 2 --dist loadgroup tests examples

.PHONY: sim
sim: setup  ## workers, faults and dice on all cores: 3000 seeds, or SEED=n again
	@$(BIN)/python -m tests.simulation $(SEED)

.PHONY: chaos
chaos: setup  ## real workers killed, frozen and cut off; SEED=n POINTS=n AT_LEAST_ONCE=1
	@$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED)) $(if $(POINTS),--points $(POINTS)) $(if $(AT_LEAST_ONCE),--at-least-once)

.PHONY: check
check: setup  ## ruff, pyright (strict), import-linter
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright
	@$(BIN)/lint-imports

.PHONY: bench
bench: setup  ## Penstock, the Java worker and bare client loops, side by side
	@$(BIN)/python -m benchmarks

.PHONY: bench-check
bench-check: setup  ## has a hot path become slower? (against benchmarks/costs.json)
	@$(BIN)/python -m benchmarks.check

.PHONY: docs
docs: setup  ## docs/reference anew, from the declarations and docs/prose
	@$(BIN)/python -m docs.generator

.PHONY: lock
lock: setup  ## resolve requirements/ anew from pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra dev pyproject.toml -o requirements/dev.txt

.PHONY: clean
clean:  ## remove what was built
	@rm -rf .venv dist build .demo .pytest_cache .ruff_cache .hypothesis

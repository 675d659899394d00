# brainmtl: `make` alone lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PACKAGE ?= demo/run/model.onnx

.DEFAULT_GOAL := help
.PHONY: help install demo test real lint types imports check benchmark soak clean

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20

install: $(READY) ## create .venv and install everything

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --progress-bar on -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(READY) ## phantoms, training, evaluation, prediction and a report; ten minutes on two cores
	rm -rf demo
	$(BIN)/brainmtl demo demo

test: $(READY) ## every test (those on real data where BRAINMTL_DATA names their folder)
	$(BIN)/python -m pytest -n 2 --dist loadscope

lint: $(READY) ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY) ## mypy, strict
	$(BIN)/mypy

imports: $(READY) ## the floors of the house
	$(BIN)/lint-imports

check: lint types imports test ## all of the above

benchmark: $(READY) ## speed, as ratios in one run
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev,benchmark]'
	test -f $(PACKAGE) || $(BIN)/brainmtl demo demo
	$(BIN)/python benchmarks/run.py --package $(PACKAGE)

soak: $(READY) ## the server under load, overloaded and killed (20,000 requests)
	test -f $(PACKAGE) || $(BIN)/brainmtl demo demo
	$(BIN)/python benchmarks/soak --package $(PACKAGE)

clean: ## remove .venv and the demo
	rm -rf $(VENV) demo

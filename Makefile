# Each target is one line that calls a real command; .venv makes itself.

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
INSTALLED := .venv/installed
DOMAINS := $(wildcard domains/*)
# Hundreds of processes start here, and each would compile the package anew.
unexport PYTHONDONTWRITEBYTECODE
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help demo test test-thorough check bench bench-contracts bench-graph bench-slos bench-registry bench-lineage bench-access bench-policies bench-score conformance dev clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-15s %s\n", $$1, $$2}' Makefile

demo: $(INSTALLED) ## seven domains of a real mesh load, run, publish and feed each other
	mesh demo

test: $(INSTALLED) ## every test: unit, integration, end to end
	pytest -n auto

test-thorough: $(INSTALLED) ## the same: laws on all their examples, processes killed at every line
	MESH_THOROUGH=1 pytest -n auto --timeout 3600

check: $(INSTALLED) ## linters, types, layers, and every file of the mesh
	ruff check && ruff format --check && mypy && lint-imports && mesh check

bench: $(INSTALLED) ## how fast it is, against doing without the mesh
	python benchmarks/run.py

bench-contracts: $(INSTALLED) ## how fast contracts are tested, against by hand and every other tool
	python benchmarks/contracts/run.py --write

bench-graph: $(INSTALLED) ## how long the impact of a column takes in a mesh of 10,000 products
	python benchmarks/graph/run.py

bench-slos: $(INSTALLED) ## how service levels are measured, alerts sent, and a bad domain borne
	python benchmarks/slos/run.py --write

bench-registry: $(INSTALLED) ## how fast what domains tell is indexed, and a product found
	python benchmarks/registry/run.py --write

bench-lineage: $(INSTALLED) ## how fast lineage is delivered, and that none of it is lost
	python benchmarks/lineage/run.py --write

bench-access: $(INSTALLED) ## what it costs that every reading is decided on and kept on the record
	python benchmarks/access/run.py

bench-policies: $(INSTALLED) ## what all policies cost over 1,000 products, against parsing their files
	python benchmarks/policies/run.py

bench-score: $(INSTALLED) ## what it takes to score a domain of 1,000 products
	python benchmarks/score/run.py

conformance: $(INSTALLED) ## how far others agree: recorded verdicts on contracts, a backend of lineage
	python conformance/run.py && python conformance/lineage/run.py

dev: $(INSTALLED) ## open the mesh in Dagster's UI
	mesh dev

clean: ## remove what was built and what the mesh stored
	rm -rf .venv .mesh build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(INSTALLED): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: install it, or make PYTHON=/path/to/python" >&2; exit 1; }
	@echo "installing into .venv: some minutes, the first time only" >&2
	$(PYTHON) -m venv .venv
	pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]' $(DOMAINS:%=-e %)
	touch $@

# The commands of architecture.md: scripts and people rely on them.
PORT ?= 8000
HOST ?= 127.0.0.1
DATA_DIR ?= var
MINUTES ?= 1
ROOM ?=
PYTHON := .venv/bin/python
# Compiling every module again in each of the hundreds of processes of `make test` would take longer than the tests.
export PYTHONDONTWRITEBYTECODE :=
MADE_FROM := pyproject.toml uv.lock .python-version .ci/environment

.DEFAULT_GOAL := help
.PHONY: help run test lint format coverage proof chaos bench screens demo-model environment

help: ## Show this list
	@echo "make TARGET [PORT=8000] [HOST=127.0.0.1] [DATA_DIR=var] [ROOM=solver]"
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

run: .venv/.runtime ## Start Ponder on this machine; Ctrl-C stops it
	@exec $(PYTHON) -m reasoning_app.embedded --host "$(HOST)" --port "$(PORT)" --data-dir "$(DATA_DIR)"

test: .venv/.development ## Run every check and test (under 12 minutes), or those of one ROOM=solver
	@.ci/system-packages
	@exec $(PYTHON) -m tests.run_all $(if $(ROOM),--room "$(ROOM)")

lint: .venv/.development ## Run the checks that start no service: style, types, layers, templates, settings
	@exec $(PYTHON) -m tests.run_all --lint

format: .venv/.development ## Put code and templates into the project's format
	@.venv/bin/ruff format --quiet . && .venv/bin/ruff check --quiet --fix . && \
	  find templates -name '*.html' -exec .venv/bin/djade --target-version 6.1 {} +

coverage: .venv/.development ## Run the tests that compute; their branch coverage has a floor
	@.ci/system-packages
	@exec $(PYTHON) -m tests.run_all --coverage

proof: .venv/.development ## Run the long proofs (crash points, simulations, chaos); hours
	@.ci/system-packages
	@PONDER_PROOF=long exec $(PYTHON) -m pytest -m proof

chaos: .venv/.development ## Kill, crash and flush everything for MINUTES=1; the last line is JSON
	@.ci/system-packages
	@exec $(PYTHON) -m tests.chaos --minutes $(MINUTES) $(if $(filter 0,$(shell id -u)),--disk-mb 600)

bench: .venv/.development ## Run the measurements of bench/ and print a table
	@exec $(PYTHON) -m bench

screens: .venv/.development ## Take the screenshots of docs/screens again
	@.ci/system-packages
	@exec $(PYTHON) -m pytest -q tests/browser/screens.py

demo-model: .venv/.development ## Train the demo models from scratch
	@exec bash demo_model/reproduce.sh

environment: .venv/.development ## Create the Python environment with the development tools

.venv/.runtime: $(MADE_FROM)
	@.ci/environment

.venv/.development: $(MADE_FROM)
	@.ci/environment --dev

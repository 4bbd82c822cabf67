# OpenLIP. `make demo` is the place to begin; each target sets up what it needs.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo serve test check bench clean

UV_VERSION := 0.13.9
PYTHON ?= python3
UV := .uv/bin/uv
RUN := .venv/bin
export UV_PYTHON_DOWNLOADS := never
export UV_PYTHON := $(PYTHON)
export UV_PROJECT_ENVIRONMENT := .venv
# Compiled once here, not by every process: a container or a read-only disk lets Python keep nothing that it compiles.
export UV_COMPILE_BYTECODE := 1
export GX_ANALYTICS_ENABLED := false
export DO_NOT_TRACK := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false

help:
	@echo 'make demo    the main job from beginning to end, on the sample partnership; ends by naming the PDFs'
	@echo 'make serve   Prefect server, worker and deployments on this machine'
	@echo 'make test    all tests        make check   style, types, layers, queries, lock file'
	@echo 'make bench   speed against others, as ratios'

demo: .venv/.openlip
	@$(RUN)/python -m demo

serve: .venv/.openlip
	@$(RUN)/python -m demo serve

test: .venv/.dev .venv/.test-tools
	$(RUN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

check: .venv/.dev
	$(UV) lock --check --quiet
	$(RUN)/ruff check .
	$(RUN)/ruff format --check --quiet .
	$(RUN)/lint-imports --no-logo | tail -n 3
	$(RUN)/python -m sql
	$(RUN)/mypy

bench: .venv/.dev .venv/.bench .venv/.test-tools
	$(RUN)/python -m benchmarks.run $(if $(ROWS),--rows $(ROWS)) $(ARGS)
	$(RUN)/python -m docs.tables

clean:
	rm -rf .venv .uv .demo build .mypy_cache .ruff_cache .pytest_cache

# uv, in an environment of its own, so that nothing on the machine changes.
$(UV):
	@echo 'Setting up (once; about a minute) ...'
	@$(PYTHON) -m venv .uv > /dev/null 2>&1 || { rm -rf .uv; ./setup/system python3-venv; $(PYTHON) -m venv .uv; }
	@.uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

.venv/.openlip: uv.lock pyproject.toml | $(UV)
	@$(UV) sync --locked --inexact --no-default-groups --quiet
	@./setup/system libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0
	@touch $@

.venv/.dev: .venv/.openlip
	@$(UV) sync --locked --inexact --quiet
	@touch $@

.venv/.bench: .venv/.dev
	@$(UV) sync --locked --inexact --group bench --quiet
	@touch $@

.venv/.test-tools: | .venv/.dev
	@./setup/system postgresql-15 poppler-utils chromium openjdk-17-jdk-headless libreoffice-calc
	@touch $@

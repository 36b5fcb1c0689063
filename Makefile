# Two commands carry a newcomer: `make run` and `make test`. Each sets up what it needs by itself.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help setup test test-slow lint types migration clean
help:
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Lan Tỏa cần Python 3.11 trở lên / needs Python 3.11 or later")'
	@$(PYTHON) -m venv $(VENV) || { echo "Thiếu venv: apt-get install python3-venv / venv is missing" >&2; exit 1; }
	@echo "Cài các gói đã ghim (requirements.lock) / installing pinned packages…"
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $(STAMP)

setup: $(STAMP) ## môi trường ảo và các gói đã ghim / virtual environment, pinned packages

test: $(STAMP) ## bộ kiểm thử nhanh trên Postgres và NATS thật / fast suite on real Postgres and NATS
	@$(BIN)/python -m pytest -q -m "not slow" -n 2

test-slow: $(STAMP) ## tiến trình thật bị giết, máy chủ thật / real processes killed
	@$(BIN)/python -m pytest -q -m slow

lint: $(STAMP) ## ruff và luật import / ruff and import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

types: $(STAMP) ## mypy strict
	@$(BIN)/mypy

migration: $(STAMP) ## mô hình khớp với lược đồ / models agree with migrations
	@$(BIN)/python -m pytest -q tests/common/test_schema.py

clean: ## bỏ môi trường ảo / remove the virtual environment
	rm -rf $(VENV)

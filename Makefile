# Two commands carry a newcomer: `make run` and `make test`. Each sets up what it needs by itself.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

PORT ?= 8080
FIRST_PORT ?= 8101
export PORT FIRST_PORT

.PHONY: help run setup test test-slow lint types migration docs chart bench mission campaign fuzz clean clean-data
help:
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Lan Tỏa cần Python 3.11 trở lên / needs Python 3.11 or later")'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { [ "$$(id -u)" = 0 ] && apt-get install -y -qq python3-venv >/dev/null; } \
		|| { echo "Thiếu venv: apt-get install python3-venv / Python's venv is missing" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@echo "Cài các gói đã ghim (requirements.lock) / installing the pinned packages"
	@set -o pipefail; $(BIN)/python -m pip --disable-pip-version-check install --require-hashes --no-deps -r requirements.lock 2>&1 \
		| tee $(VENV)/install.log \
		| awk '/^Collecting/ {printf "\r\033[K  %d %s", ++n, $$2; fflush()} END {print ""}' \
		|| { tail -n 15 $(VENV)/install.log >&2; exit 1; }
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation -e .
	@touch $(STAMP)

run: $(STAMP) ## chạy cả nền tảng và vòng việc chính; REPLAY=DIR: với dữ liệu của bạn / the whole loop, Ctrl-C stops it
	@exec $(BIN)/lantoa $(if $(REPLAY),replay "$(REPLAY)",up $(if $(LIVE),--live))

setup: $(STAMP) ## môi trường ảo và các gói đã ghim / virtual environment, pinned packages

test: $(STAMP) ## bộ kiểm thử nhanh trên Postgres và NATS thật / fast suite on real Postgres and NATS
	@$(BIN)/python -m pytest -q -m "not slow" -n 2 --durations 15

test-slow: $(STAMP) ## tiến trình thật bị giết, máy chủ thật / real processes killed
	@$(BIN)/python -m pytest -q -m slow -n 2 --dist loadgroup --durations 15

lint: $(STAMP) ## ruff và luật import / ruff and import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

types: $(STAMP) ## mypy strict
	@$(BIN)/mypy

migration: $(STAMP) ## mô hình khớp với lược đồ / models agree with migrations
	@$(BIN)/python -m pytest -q tests/common/test_schema.py

bench: $(STAMP) ## số đo so với mốc trong cùng lần chạy / figures against a baseline of the same run
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes --no-deps --target build/bench -r bench/requirements.lock
	@$(BIN)/python -m bench

chart: $(STAMP) ## vẽ và kiểm chart cho Kubernetes 1.20 và 1.37 / render and check the chart
	@$(BIN)/python scripts/chart.py

campaign: $(STAMP) ## giết relay, bộ nhận và tiến trình đăng tin ở mọi bước, hàng nghìn lần / thousands of crash points
	@LANTOA_CAMPAIGN_SEEDS=$${SEEDS:-5000} $(BIN)/python -m pytest -q tests/common/backbone/test_crash_points.py \
		-k anywhere -o log_cli=true --log-cli-level=INFO --timeout 14400
	@set -o pipefail; LANTOA_CHAOS_SEEDS=$${SEEDS:-5000} $(BIN)/python -m pytest -q tests/publish/chaos/test_chaos.py \
		-o log_cli=true --log-cli-level=INFO | grep -v "HTTP Request"

fuzz: $(STAMP) ## cho bộ đọc ăn dữ liệu hỏng, SECONDS giây mỗi đích; TARGET=feed để chọn một / fuzz the parsers, a corpus is kept
	@set -e; for target in $${TARGET:-$$($(BIN)/python -c "from tests.fuzz.targets import TARGETS; print(*TARGETS)")}; do \
		echo "== $$target"; \
		$(BIN)/python -m tests.fuzz.harness $$target --seconds $(or $(SECONDS),600) --corpus .fuzz/$$target; \
	done

docs: $(STAMP) ## tài liệu sinh từ mã / the generated reference
	@$(BIN)/python scripts/reference.py

mission: $(STAMP) ## từng dòng nhiệm vụ và phép thử chứng minh / each mission row and the tests that show it
	@$(BIN)/python scripts/mission.py

clean-data: $(STAMP) ## xoá dữ liệu trên máy này / remove this machine's data
	@$(BIN)/lantoa clean-data

clean: ## bỏ môi trường ảo / remove the virtual environment
	rm -rf $(VENV)

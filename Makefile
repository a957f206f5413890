# The first suitable Python, unless `make PYTHON=...` names one. Nothing else has to be installed.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null && echo "$$p" && exit; \
	done; echo python3)
BIN := .venv/bin
INSTALL = python="$(PYTHON)"; command -v "$$python" >/dev/null || { echo "bildwerk: there is no $$python here: install Python 3.11 to 3.14" >&2; exit 1; }; \
	"$$python" requirements/install.py
ARGS ?=
WORKERS ?= 4

.DEFAULT_GOAL := help
.PHONY: help demo test test-kafka chaos fuzz check audit fix bench bench-quality install lock clean

help: ## Show this help
	@echo "make TARGET [ARGS='...'] [PYTHON=python3.12]"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-13s %s\n", $$1, $$2}' Makefile

demo: ## Describe, tag and judge some pictures with the embedded stack and a simulated Ollama
	@$(INSTALL) demo
	@$(BIN)/bildwerk demo $(ARGS)

test: ## Run all tests, in four processes (WORKERS=0: in one, which shows names as they run)
	@$(INSTALL) dev
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

test-kafka: ## Run all that only a real Apache Kafka can show (needs Java 17 and Maven; ten minutes)
	@$(INSTALL) dev
	@TEST_KAFKA=1 $(BIN)/python -m pytest tests/kafka_real $(ARGS)

chaos: ## Break everything that can break while it works, and judge what is left (half an hour; ARGS='F4 --seed 7')
	@$(INSTALL) dev
	@$(BIN)/python -m tests.chaos $(ARGS)

fuzz: ## Fuzz what reads events and files (ARGS='--seconds 600'; Linux on x86-64)
	@$(INSTALL) dev
	@$(BIN)/python -m tests.fuzz $(ARGS)

check: ## Check format, style, types and the rooms' import rules
	@$(INSTALL) dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

audit: ## Look for known vulnerabilities in what is locked; says so where nobody can be asked
	@$(INSTALL) dev
	@$(BIN)/python requirements/audit.py

fix: ## Format, and repair what can be repaired by itself
	@$(INSTALL) dev
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

bench: ## Run the benchmarks
	@$(INSTALL) dev
	@if [ -d bench ]; then $(BIN)/python -m bench $(ARGS); else echo "there are no benchmarks yet"; fi

bench-quality: ## Measure how well it is judged without a model (some minutes), into docs/quality.md
	@$(INSTALL) dev
	@$(BIN)/python -m bench.quality $(ARGS)

install: ## Install only what `bildwerk serve` needs, for your own PostgreSQL, Kafka and Ollama
	@$(INSTALL) runtime

COMPILE = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --only-binary :all: \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links --no-emit-build-options $(ARGS)
LOCK = $(COMPILE) pyproject.toml
LOCK_GROUP = $(COMPILE) --group
lock: ## Write requirements/ anew from pyproject.toml (needs uv; ARGS=--upgrade for newer versions)
	@$(LOCK) --extra demo --extra nsfw --group build --group dev -o requirements/dev.txt
	@$(LOCK) --extra demo --group build -c requirements/dev.txt -o requirements/demo.txt
	@$(LOCK) --group build -c requirements/dev.txt -o requirements/runtime.txt
	@$(LOCK_GROUP) peers -o requirements/peers.txt
	@$(LOCK_GROUP) peers-quix -o requirements/peers-quix.txt

clean: ## Remove everything that was made here, .venv too
	@rm -rf .venv .venv-peers build dist demo-output bench-output chaos-output .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

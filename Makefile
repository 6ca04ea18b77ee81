# The farm's targets; `make` prints them.
VENV ?= .venv
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
NETWORKS := $(VENV)/.networks
# A real ComfyUI for test-comfyui and bench-comfyui: where it answers, the folder it is in (weights are put there,
# and it is started from there where it does not run), another command to start it with, one of its checkpoints.
COMFYUI_URL ?=
COMFYUI_DIR ?=
COMFYUI_START ?=
CHECKPOINT ?=
ROUNDS ?=
# How many processes share the tests, each with servers of its own: much of a test is waiting for processes.
TESTERS ?= 2
# The chaos run: which faults come when, how many jobs they come over, and failpoints beside them.
SEED ?= 1
JOBS ?= 1000
FAILPOINTS ?=
COMFYUI := COMFYUI_URL="$(COMFYUI_URL)" COMFYUI_DIR="$(COMFYUI_DIR)" CHECKPOINT="$(CHECKPOINT)"

.DEFAULT_GOAL := help
.PHONY: help install networks demo reproduce-demo test test-all test-comfyui chaos check bench bench-scoring bench-comfyui bench-engine bench-harness bench-api up down discrimination false-rejects clean

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(INSTALLED) ## Make the virtual environment and install everything, versions pinned

$(INSTALLED): setup.cfg pyproject.toml constraints.txt deploy/install.sh
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh deploy/install.sh
	@touch $@

networks: $(NETWORKS) ## Fetch and verify the weights of the embedded networks

$(NETWORKS): $(INSTALLED) workers/scoring/network_files.py
	@$(BIN)/farm networks pull --profile embedded
	@touch $@

demo: $(NETWORKS) ## Render, score and gate a short episode; writes out/demo/index.html
	@$(BIN)/farm demo

reproduce-demo: $(NETWORKS) ## Draw every take of the demo again from its own file, and compare the pixels
	@$(BIN)/python -m tests.bench.reproduce_demo

bench-harness: $(INSTALLED) ## Play the public queue harness's chaos cells with our adapter; prints our row
	@$(BIN)/python -m tests.bench.harness

up: $(NETWORKS) ## Start the farm in this folder
	@$(BIN)/farm up

down: ## Stop it
	@$(BIN)/farm down

test: $(NETWORKS) ## Run the tests (real Postgres, real Valkey, real workers)
	@$(BIN)/python -m pytest --numprocesses $(TESTERS) --dist loadfile

test-all: $(NETWORKS) ## Also the long fault matrix and soaks
	@$(BIN)/python -m pytest -m "slow or not slow"

test-comfyui: $(INSTALLED) ## Run the acceptance at a real ComfyUI: COMFYUI_URL=... [COMFYUI_DIR=...] [CHECKPOINT=...]
	@test -n "$(COMFYUI_URL)$(COMFYUI_DIR)" || { echo "Say which ComfyUI: make test-comfyui COMFYUI_URL=http://127.0.0.1:8188" >&2; exit 2; }
	@$(COMFYUI) COMFYUI_START='$(COMFYUI_START)' $(BIN)/python -m pytest -v tests/acceptance/test_comfyui.py

chaos: $(NETWORKS) ## A fault every 2 s, and what became of each job: SEED=1 JOBS=1000 [FAILPOINTS=...]
	@$(BIN)/python -m tests.chaos --seed $(SEED) --jobs $(JOBS) --failpoints '$(FAILPOINTS)'

check: $(INSTALLED) ## Lint, types, import contracts; mapped classes and migrations agree
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest -q tests/integration/schema/test_migrations.py

bench: $(NETWORKS) ## Measure the toon renderer and the way from submit to verdict
	@$(BIN)/python -m tests.bench.toon

bench-scoring: $(NETWORKS) ## Race the scores against the usual way: one metric, one frame, one pair at a time
	@OMP_NUM_THREADS=1 $(BIN)/python -m tests.bench.scoring

bench-comfyui: $(INSTALLED) ## Race a still through the farm against the bare ComfyUI call [COMFYUI_URL=...] [ROUNDS=20]
	@$(COMFYUI) COMFYUI_START='$(COMFYUI_START)' ROUNDS="$(ROUNDS)" $(BIN)/python -m tests.bench.comfyui

bench-engine: $(INSTALLED) ## Measure what people ask, and a claim, among a million jobs of 200,000 orders
	@$(BIN)/python -m tests.bench.engine

bench-api: $(NETWORKS) ## Measure calls over HTTP beside a farm that works, and what open streams cost
	@$(BIN)/python -m tests.bench.api

discrimination: $(NETWORKS) ## Try which fault is refused by which metric; writes docs/discrimination.md
	@$(BIN)/python -W ignore -m tests.bench.discrimination

false-rejects: $(NETWORKS) ## Try how often faultless takes are refused, by shape and framing; writes docs/false_rejects.md
	@$(BIN)/python -W ignore -m tests.bench.false_rejects

clean: ## Remove what building and running left (not the farm's state)
	rm -rf build dist out *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

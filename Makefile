# What one does with this repository. `make` lists it; every target sets up what it needs.

.DEFAULT_GOAL := help
.PHONY: help setup demo serve test chaos fuzz check bench docs lock simulator others peers
# uv takes an interpreter of the machine, it never fetches one.
export UV_PYTHON_DOWNLOADS := never

BIN := .venv/bin
# Processes that share the tests, most of which wait for other programs: more than there are cores.
JOBS ?= 5
# The first Python on the path that will do. `make setup PYTHON=/path/to/python3.12` says otherwise.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null \
	&& { echo "$$python"; break; }; done)
COMPILE = $(BIN)/uv pip compile -q --upgrade --universal --generate-hashes --no-header --no-annotate --python-version 3.11

help: ## List the targets.
	@echo "Tintype: safe AI images and video on Replicate."
	@echo
	@awk -F ':[^#]*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: .venv/ready ## Make .venv from the lock (Python 3.11 to 3.14 and a network are all it takes).

.venv/ready: requirements/dev.lock requirements/bootstrap.lock pyproject.toml tools/environment.py
	@test -n "$(PYTHON)" || { \
		echo "setup: Tintype needs Python 3.11 to 3.14; python3 is $$(python3 -V 2>&1 || true)." >&2; \
		echo "setup: install one of them, or name it: make setup PYTHON=/path/to/python3.12" >&2; exit 1; }
	@"$(PYTHON)" tools/environment.py venv

demo: setup ## Put a picture into out/: from the built-in simulator, or from Replicate when a token is set.
	@$(BIN)/tintype generate "a red sports car on a wet street at night" --set output_format=png --out out

serve: setup ## Run the gateway on port 8000, with everything it needs, until Ctrl-C.
	@$(BIN)/tintype serve

simulator: setup ## Run the simulator of Replicate's API on port 8901 until Ctrl-C.
	@$(BIN)/tintype simulator

check: setup ## The fast half: style, types, import contracts, a docstring on every public name.
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet . || { echo "run: $(BIN)/ruff format ." >&2; exit 1; }
	@$(BIN)/mypy --no-error-summary
	@mkdir -p .environments
	@$(BIN)/lint-imports --no-logo --cache-dir .environments/import-linter >.environments/import-linter.txt || { cat .environments/import-linter.txt; exit 1; }
	@echo "check: style, types, import contracts and docstrings are fine"

# In the order that tests/conftest.py gives them: the quick ones last, so that no process ends with a long one.
test: setup others ## All tests, the official SDKs and every block of the docs among them.
	@$(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

chaos: setup ## Random fault scripts, a thousand, and 500 kills of every process; prints counts and seeds.
	@HYPOTHESIS_PROFILE=chaos $(BIN)/pytest -m chaos -n $(JOBS) --dist loadfile --timeout 3000 --ignore tests/chaos
	@HYPOTHESIS_PROFILE=chaos $(BIN)/pytest -s -m chaos tests/chaos

fuzz: setup ## Ask a gateway in every way that its description allows, and in others, for ten minutes; prints what was found.
	@$(BIN)/python -m tests.integration.gateway.fuzzing --seconds 600

bench: setup others $(if $(filter-out gateway,$(NAME)),,peers) ## Measure the core, the gateway beside LiteLLM, the client beside the official SDK, and more; NAME=core for one.
	@$(BIN)/python -m bench $(NAME)

docs: setup ## Build the documentation into site/.
	@$(BIN)/python tools/reference.py
	@$(BIN)/zensical build --strict

lock: setup ## Resolve every lock anew; nothing younger than seven days gets in.
	@$(COMPILE) pyproject.toml --all-extras --group dev -o requirements/dev.lock
	@$(COMPILE) pyproject.toml -c requirements/dev.lock -o requirements/client.lock
	@echo uv | $(COMPILE) - -o requirements/bootstrap.lock
	@echo replicate==1.0.7 | $(COMPILE) - -o requirements/sdk-python-1.lock
	@echo replicate==2.0.0b4 | $(COMPILE) - -o requirements/sdk-python-2.lock
	@echo openai | $(COMPILE) - -o requirements/sdk-openai.lock
	@echo 'litellm[proxy]==1.109.1' | $(COMPILE) --override requirements/litellm-overrides.txt - -o requirements/litellm.lock
	@cd tests/sdk/js && PATH="$(CURDIR)/$(BIN):$$PATH" npm install --package-lock-only --silent

others: setup
	@$(BIN)/python tools/environment.py others

peers: setup
	@$(BIN)/python tools/environment.py peers

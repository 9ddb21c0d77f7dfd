# One word for each thing that people do here. `make` alone lists them.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# The small torch where there is no card and its index answers; asked when something is installed.
PIP_FLAGS ?= $(shell $(PYTHON) torch_index.py)
PORT ?= 8501
export DVC_NO_ANALYTICS := 1
# Who runs make here has run code of this repository already: it may run (docs/trust.md).
export UPWELL_TRUST := 1

.PHONY: help ide test check bench deps lock screenshots clean

help: ## List the words.
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

ide: $(VENV)/.ide ## Set everything up, compile the digits, open the workbench.
	$(BIN)/upwell trust --yes >/dev/null
	$(BIN)/upwell compile
	$(BIN)/upwell open --port $(PORT)

test: $(VENV)/.dev $(VENV)/.browser ## Run the whole suite, the browser's included.
	$(BIN)/python -m pytest -n 2

check: $(VENV)/.dev ## Lint, format, types, import rules.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev $(VENV)/.browser ## Measure what is claimed about speed and quality.
	for script in $$(grep -l __main__ benchmarks/*.py); do echo "== $$script"; $(BIN)/python $$script || exit 1; done

screenshots: $(VENV)/.dev $(VENV)/.browser ## Make docs/screenshots/ anew.
	$(BIN)/python docs/make_screenshots.py

deps: $(VENV)/.dev ## Write what each stage runs into dvc.yaml, as its imports say.
	$(BIN)/python -m pipelines.code_graph

lock: ## Renew constraints.txt with the newest versions that pyproject.toml admits.
	$(PYTHON) -m venv --clear $(VENV)-lock
	$(VENV)-lock/bin/pip install -q $(PIP_FLAGS) -e '.[dev,bench]'
	(echo '# Every version that Upwell is tested with; `make` installs from it. Renew with: make lock'; \
	  $(VENV)-lock/bin/pip freeze --exclude-editable | sed 's/+cpu$$//') > constraints.txt
	rm -rf $(VENV)-lock

clean: ## Remove the environment, builds and caches; datasets and history stay.
	rm -rf $(VENV) builds .upwell .mypy_cache .ruff_cache .pytest_cache

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ide: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/pip install -q --disable-pip-version-check $(PIP_FLAGS) -c constraints.txt -e .
	touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/pip install -q --disable-pip-version-check $(PIP_FLAGS) -c constraints.txt -e '.[dev,bench]'
	touch $@ $(VENV)/.ide

# A Chromium of the system's (Debian: apt-get install chromium), else Playwright's own.
$(VENV)/.browser: | $(VENV)/.dev
	command -v chromium chromium-browser google-chrome >/dev/null \
	  || $(BIN)/playwright install chromium \
	  || echo "no Chromium: the browser tests will be skipped (in CI they fail)"
	touch $@

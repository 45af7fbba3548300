# `make demo` and `make test` set up everything they need in .venv.
PYTHON ?= python3
# Tables required: fail where the whole public tables are not, rather than leave out the proofs on them.
TABLES ?= optional
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
SETUP := pyproject.toml constraints.txt
SITE := $(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet --builder html docs build/docs

.PHONY: demo test check format docs docs-full tables zoo bench clean

demo: $(VENV)/.light
	$(BIN)/python examples/demo.py

test: $(VENV)/.dev
	@sh tests/setup_sshd.sh > /dev/null || echo "there is no sshd to be had: tests over SSH are skipped"
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --tables=$(TABLES)

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(SITE)

docs: $(VENV)/.docs
	$(SITE)
	@echo "open build/docs/index.html"

# Long snippets too, and those that ask a service or need whole tables (ARCHCAST_DATA).
docs-full: $(VENV)/.dev
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest tests/test_documents.py --pages=full

# Figures of benchmarks/results into the pages that show them.
tables: $(VENV)/.docs
	$(BIN)/python docs/_ext/results.py

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

zoo: $(VENV)/.dev
	$(BIN)/python benchmarks/make_zoo.py --out archcast/zoo

bench: $(VENV)/.dev
	$(BIN)/python benchmarks/predict_latency.py

$(VENV)/.python:
	$(PYTHON) -m venv $(VENV)
	@touch $@

# The package alone and what pictures and measuring need; no torch.
$(VENV)/.light: $(VENV)/.python $(SETUP)
	$(PIP) --editable ".[measure,plot]"
	@touch $@

$(VENV)/.docs: $(VENV)/.python $(SETUP)
	$(PIP) --editable ".[docs]"
	@touch $@

# torch is asked for by its exact version and alone, so that no other build of it is looked for.
$(VENV)/.dev: $(VENV)/.python $(SETUP)
	$(PIP) torch==2.13.0
	$(PIP) --editable ".[dev]"
	@touch $@

clean:
	rm -rf $(VENV) demo build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What is never imported need not be compiled: that would take as long as the installation. What is
# imported is kept compiled, also where the environment says otherwise: each process would pay again.
export PYTHONDONTWRITEBYTECODE :=
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt
# One thread per process: small networks run faster so, and results repeat to the bit.
export OMP_NUM_THREADS ?= 1

.PHONY: demo test types suite quick docs portable mutants claims gpu bench clean

demo: $(VENV)/installed
	$(BIN)/latentfit demo --out demo

test: $(VENV)/installed
	$(BIN)/ruff check src tests scripts benchmarks docs/notebooks
	$(BIN)/ruff format --check src tests scripts benchmarks docs/notebooks
	$(MAKE) --no-print-directory --jobs types suite

types: $(VENV)/installed
	$(BIN)/pyright --pythonpath $(BIN)/python

# A file to a process: what its tests share is made once.
suite: $(VENV)/installed
	$(BIN)/python -m pytest -n 2 --dist loadfile

# The science in about a minute on one core: values, games, golden losses, layers.
quick: $(VENV)/installed
	$(BIN)/python -m pytest tests/quick

# The site, in site/: pages, the reference from docstrings, notebooks, which are played. Warnings fail.
docs: $(VENV)/documents
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

# The numbers under other instruction sets and thread counts.
portable: $(VENV)/installed
	$(BIN)/python scripts/portable.py

# Faults that must not pass: those of a review, then a sample of 300 mutants; goes on where it stopped.
mutants: $(VENV)/installed
	$(INSTALL) mutmut
	$(BIN)/python scripts/mutants.py --planted
	$(BIN)/python scripts/mutants.py

# Trackers are no part of `dev`: their tests skip elsewhere, and run here.
claims: $(VENV)/installed
	$(INSTALL) --editable '.[trackio,mlflow,wandb]'
	$(BIN)/python -m pytest -m 'claim or not claim' tests/test_tracking.py
	$(BIN)/python -m pytest -m claim

gpu: $(VENV)/installed
	$(BIN)/python scripts/gpu.py $(GPU)

bench: $(VENV)/installed
	$(BIN)/python benchmarks/loop_overhead.py
	$(BIN)/python benchmarks/start_up.py
	OMP_NUM_THREADS=2 $(BIN)/python benchmarks/metrics.py

clean:
	rm -rf $(VENV) demo site

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) torch
	$(INSTALL) --editable '.[dev]'
	touch $@

$(VENV)/documents: $(VENV)/installed
	$(INSTALL) --editable '.[docs]'
	touch $@

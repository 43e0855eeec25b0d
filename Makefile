PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One thread per process: small networks run faster so, and results repeat to the bit.
export OMP_NUM_THREADS ?= 1

.PHONY: demo test claims bench clean

demo: $(VENV)/installed
	$(BIN)/latentfit demo --out demo

test: $(VENV)/installed
	$(BIN)/ruff check src tests scripts benchmarks
	$(BIN)/ruff format --check src tests scripts benchmarks
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/python -m pytest -n 2

claims: $(VENV)/installed
	$(BIN)/python -m pytest -m claim

bench: $(VENV)/installed
	$(BIN)/python benchmarks/loop_overhead.py
	$(BIN)/python benchmarks/start_up.py
	OMP_NUM_THREADS=2 $(BIN)/python benchmarks/metrics.py

clean:
	rm -rf $(VENV) demo

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt torch
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

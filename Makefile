# make demo: set up, then clean an example article and show what goes and why
# make test: set up, then run every test
# make gate DATA=...: compare the shipped model's figures on labelled documents with their floors
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: demo test lint gate clean

demo: $(VENV)/installed
	$(BIN)/detector predict --table seeds/example.txt
	$(BIN)/detector clean seeds/example.txt

test: $(VENV)/installed
	$(BIN)/python -m pytest $(PYTEST_OPTIONS)

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

gate: $(VENV)/installed
	$(BIN)/python -m training.gate $(DATA)

clean:
	rm -rf $(VENV) .venv-* build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

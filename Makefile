# make demo        sets up, then cleans an example article and shows what is removed and why
# make test        sets up, then runs every test
# make test-quick  sets up, then runs all but the slow tests
# make lint        ruff, mypy, and the layers of the imports
# make docs        builds the documentation into build/docs; warnings are errors
# make gate DATA=… compares the shipped model's figures on labelled documents with their floors (FLOORS=…)
# make core        builds the compiled backend again where its sources changed, as all of these do
# make dist        builds the sdist and the wheel into dist; the same files give the same bytes
# make sbom        builds them, and the bill of materials of the wheel's run-time dependencies
# make lock        resolves requirements-dev.lock again
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PIP = DETECTOR_BUILD_CORE=0 $(BIN)/python -m pip install --quiet --disable-pip-version-check \
	--constraint requirements-dev.lock
SOURCE = detector/backend/source

.PHONY: demo test test-quick lint docs gate core dist sbom lock clean

demo: $(VENV)/installed
	$(BIN)/detector predict --table seeds/example.txt
	$(BIN)/detector clean seeds/example.txt

test: $(VENV)/installed
	$(BIN)/python -m pytest $(PYTEST_OPTIONS)

test-quick: $(VENV)/installed
	$(BIN)/python -m pytest -m "not slow" --numprocesses auto $(PYTEST_OPTIONS)

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

docs: $(VENV)/installed-docs
	$(BIN)/mkdocs build --strict --site-dir build/docs

gate: $(VENV)/installed
	$(BIN)/python -m training.gate $(DATA) $(if $(FLOORS),--floors $(FLOORS))

core: $(VENV)/installed

dist: $(VENV)/installed
	rm -rf dist
	DETECTOR_BUILD_CORE=1 $(BIN)/python -m hatchling build -d dist

sbom: dist
	.ci/sbom dist/*.whl

lock: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile pyproject.toml --extra dev --extra docs --universal --python-version 3.11 --upgrade \
		--no-emit-index-url --no-header --quiet --output-file requirements-dev.lock

clean:
	rm -rf $(VENV) .venv-* build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
	rm -f detector/backend/core.*so detector/backend/core.*pyd

# the backend is compiled by the versions of the lock, not by those that pip would choose for an installation
$(VENV)/installed: $(VENV)/dependencies $(wildcard $(SOURCE)/*.*)
	$(BIN)/python $(SOURCE)/build.py
	touch $@

$(VENV)/dependencies: pyproject.toml requirements-dev.lock
	$(PYTHON) -m venv $(VENV)
	$(PIP) --editable '.[dev]'
	touch $@

$(VENV)/installed-docs: $(VENV)/installed
	$(PIP) --editable '.[dev,docs]'
	$(BIN)/python $(SOURCE)/build.py
	touch $@

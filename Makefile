# The two commands a newcomer needs are `make demo` and `make test`; each sets up what it needs by itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test test-all lint bench experiments docs picture site clean

demo: $(STAMP)
	$(BIN)/leakwindow run scenarios/commute.toml --plot commute.png
	@echo
	@echo "The picture is in commute.png. Next: $(BIN)/leakwindow explain scenarios/commute.toml"

test: $(STAMP)
	$(BIN)/python -m pytest -n auto

test-all: $(STAMP)
	$(BIN)/python -m pytest -n auto -m "slow or not slow"

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP)
	$(BIN)/python -m experiments.bench

# Tables and pictures of the experiments with a study file, or of one: make experiments NAME=starred (half an hour).
experiments: $(STAMP)
	$(BIN)/python -m experiments $(NAME)

docs: $(STAMP)
	$(BIN)/python -m docs.generate

# The README's first picture: the page of the commute, seen by Debian's Chromium.
picture: $(STAMP)
	$(BIN)/python -m docs.picture

site: $(STAMP)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo "The documentation is in site/index.html."

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if v >= (3, 11) else "LeakWindow needs Python 3.11 or newer, and %s is %d.%d. Try: make PYTHON=python3.12 <target>" % (sys.executable, v[0], v[1]))'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $(STAMP)

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis site commute.png

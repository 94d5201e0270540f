# Everything is set up by these targets; nothing needs to be installed first but Python 3.11 and make.
PYTHON ?= python3.11
VENV ?= .venv
RUN = $(VENV)/bin
RIVAL ?= .venv-bench
TESTS ?= tests
# Python compiles a file once, not in each of the hundreds of processes that tests and benchmarks start.
export PYTHONDONTWRITEBYTECODE =

.PHONY: help install demo test lint types layers docs shots bench soak zones segments drawn events both roundtrip clean

help:  ## what there is to make
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(VENV)/.installed  ## a virtual environment with everything that the product and its tests need

$(VENV)/.installed: pyproject.toml requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(RUN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(RUN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	$(RUN)/python -m compileall -q nurture flows  # as pip does with what it copies
	@touch $@

demo: install  ## a Brazilian coffee shop, 120 days in a minute, and what its journeys brought
	$(RUN)/nurture demo demo-shop --fresh
	@echo "(The word nurture is known to your shell after: . $(RUN)/activate)"

# What the documents show is tried by `make docs`.
test: install  ## all tests of the product
	$(RUN)/python -m pytest -q -n logical --dist worksteal --ignore tests/test_docs.py $(TESTS)

lint: install  ## style
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .

types: install  ## types
	$(RUN)/mypy

layers: install  ## who imports whom
	$(RUN)/python -m pytest -q tests/test_layers.py

docs: install  ## what the documents show is what the commands print
	$(RUN)/python -m pytest -q tests/test_docs.py tests/readme_demo.py

shots: install  ## screenshots of every template, for a look
	$(RUN)/python -m tools.shots

bench: install $(RIVAL)/.installed  ## speed and memory, measured; the table goes into docs/benchmarks.md
	NURTURE_BENCH_RIVAL=$(RIVAL) $(RUN)/python -m benchmarks

# what we compare with lives in an environment of its own: the product needs none of it
$(RIVAL)/.installed: benchmarks/rival/requirements.txt
	$(PYTHON) -m venv $(RIVAL)
	$(RIVAL)/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/rival/requirements.txt
	@touch $@

soak: install  ## the proof for an hour: kills, failures and virtual months (SOAK_SECONDS)
	$(RUN)/python -m tests.soak

zones: install  ## every change of the clocks until 2040, in every zone, against a scan minute by minute
	$(RUN)/python -m tests.zones

segments: install  ## 100,000 texts counted as SMS (SEGMENTS), against their bytes made by the specifications
	$(RUN)/python -m tests.segments

drawn: install  ## random journeys lived through, NURTURE_EXAMPLES of each sort (200), and conditions, new ones each time
	NURTURE_EXAMPLES=$(or $(NURTURE_EXAMPLES),200) $(RUN)/python -m pytest -q \
		tests/unit/compiler/test_drawn_journeys.py tests/integration/test_drawn_lives.py \
		tests/integration/test_criteria_meaning.py tests/journeys/test_timelines.py

events: install  ## all 44,097 recorded events in any order, on both databases (needs the shared data)
	NURTURE_EVENTS_ONE_IN=1 $(RUN)/python -m pytest -q tests/acceptance/test_events.py

both: install  ## integration tests that `make test` runs on SQLite alone, on PostgreSQL
	NURTURE_ONE_DATABASE=postgresql $(RUN)/python -m pytest -q -n logical --dist worksteal tests/integration

roundtrip: install  ## 100,000 generated mails (MAILS) rendered, signed, carried, read and compared
	$(RUN)/python -m tools.roundtrip --mails $(or $(MAILS),100000) --seed $(or $(SEED),1)

clean:
	rm -rf $(VENV) $(RIVAL) demo-shop shots

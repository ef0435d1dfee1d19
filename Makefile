# Two targets do all the set-up: `make run` (the simulated lab) and `make test` (everything CI checks).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
RUN_ARGS ?=

SYSTEM_PACKAGES := pcscd vsmartcard-vpcd libpcsclite-dev gcc openssl curl

.PHONY: help run test lint types imports unit suites selftest bench install install-dev system-packages clean

help:
	@echo "make run       install, run the simulated lab, print the verdicts and the path of the report"
	@echo "make test      install what the tests need, then lint, types, imports, unit tests, suites, kill matrix"
	@echo "make bench     measure the figures that the project promises"

run: $(VENV)/installed $(VENV)/pcsc-tried
	@$(BIN)/sgp32 run $(RUN_ARGS)

test: install-dev
	@$(MAKE) --no-print-directory lint types imports unit suites selftest

lint:
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .

types:
	@$(BIN)/mypy

imports:
	@$(BIN)/lint-imports

unit:
	@$(BIN)/python -m pytest

suites:
	@$(BIN)/sgp32 run --require-all
	@$(BIN)/sgp32 run --require-all --lab lab-config/versions.yaml suites/euicc suites/fallback suites/security \
		suites/ipa suites/polling suites/lifecycle

selftest:
	@$(BIN)/sgp32 selftest
	@$(BIN)/sgp32 selftest --lab lab-config/versions.yaml suites/ipa/test_version.py suites/ipa/test_data_request.py

bench: install-dev
	@$(BIN)/python -m tests.bench

install: $(VENV)/installed

install-dev: system-packages $(VENV)/installed-dev

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Python 3.11 or newer is needed. Install it (apt-get install python3), or name one: make PYTHON=python3.12 run"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "Python's venv module is missing. Install it: apt-get install python3-venv"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml | $(VENV)/bin/python
	@echo "installing into $(VENV) ..."
	@$(PIP) install --editable .
	@touch $@

# The card behind PC/SC needs a package that is compiled: tried once, and the lab says in one line where it is missing.
$(VENV)/pcsc-tried: | $(VENV)/installed
	@$(PIP) install --editable '.[pcsc]' >$(VENV)/pcsc.log 2>&1 || \
		echo "no PC/SC: pyscard did not build (see $(VENV)/pcsc.log); install gcc, libpcsclite-dev and python3-dev, then: rm $@"
	@touch $@

$(VENV)/installed-dev: pyproject.toml | $(VENV)/bin/python
	@echo "installing with the tests' tools into $(VENV) ..."
	@$(PIP) install --editable '.[pcsc,rest,dev]'
	@touch $@ $(VENV)/installed $(VENV)/pcsc-tried

system-packages:
	@missing=""; \
	for package in $(SYSTEM_PACKAGES); do \
		dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; \
	done; \
	$(PYTHON) -c 'import os, sysconfig, sys; sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))' \
		|| missing="$$missing python3-dev"; \
	[ -n "$$missing" ] || exit 0; \
	if [ "$$(id -u)" = 0 ]; then as_root=""; elif sudo -n true 2>/dev/null; then as_root="sudo -n"; else \
		echo "the tests need system packages. Install them: sudo apt-get install$$missing"; exit 1; fi; \
	echo "installing$$missing ..."; \
	$$as_root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$as_root apt-get install -y -qq --no-install-recommends $$missing >/dev/null

clean:
	@rm -rf $(VENV) build dist runs .mypy_cache .ruff_cache .pytest_cache .hypothesis

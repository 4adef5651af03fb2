# Everything a person types. `make help` lists it. Needs git, make and Python 3.11 or newer, nothing else.
# Plain POSIX shell and GNU make 3.81 (macOS) on purpose.

VENV := .venv
PY := $(VENV)/bin/python
INSTALLED := $(VENV)/installed-requirements.lock
INSTALLED_BROWSER := $(VENV)/installed-requirements-browser.lock
QUICK := not browser and not gateways and not clients and not slow
ARGS :=
WORKERS := auto

# Checking needs settings that load, and nothing of this installation's.
CHECKING := SECRET_KEY=checking CURFEW_ENV=checking DATABASE_URL=sqlite://:memory: REDIS_URL=unix:///nowhere
LOCKING := $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	$(if $(filter 1 yes true,$(UPGRADE)),--upgrade)

.PHONY: help up dev test lint style types imports migrations bench screenshots logs reset clean lock

help: ## List what can be typed
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: $(INSTALLED) ## Start everything and print where; Ctrl-C stops all of it and keeps the data
	@$(PY) manage.py up

dev: $(INSTALLED) ## Like up, and restart when a source file changes
	@DEBUG=$${DEBUG:-yes} exec $(PY) manage.py up --reload

test: $(INSTALLED) ## Run the tests (ARGS="tests/portal -k name" runs some, WORKERS=0 in one process)
	@$(PY) -m pytest -n $(WORKERS) -m "$(QUICK)" $(ARGS)

lint: style types imports migrations ## Check style, types, import contracts, missing migrations

style: $(INSTALLED)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: $(INSTALLED)
	$(CHECKING) $(PY) -m mypy

imports: $(INSTALLED)
	$(VENV)/bin/lint-imports

migrations: $(INSTALLED)
	$(CHECKING) $(PY) manage.py makemigrations --check --dry-run

bench: $(INSTALLED) ## Measure the numbers the product promises
	@$(PY) -m tests.bench.run $(ARGS)

screenshots: $(INSTALLED_BROWSER) ## Take pictures of the main pages (needs Chromium)
	@$(PY) -m tests.browser.screenshots $(ARGS)

logs: $(INSTALLED) ## Follow the logs of what `make up` runs
	@tail -n 40 -F "$$($(PY) -m portal.starting.data_folder)"/logs/*.log

reset: $(INSTALLED) ## Delete all data, after asking (YES=1 does not ask)
	@$(PY) -m portal.starting.data_folder reset $(if $(filter 1 yes true,$(YES)),--yes)

clean: ## Delete what can be made again; never data
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist screenshots
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

lock: $(INSTALLED) ## Write the lock files anew after pyproject.toml changed (UPGRADE=1 takes newer versions)
	@echo uv | $(LOCKING) -o requirements-uv.lock -
	@$(LOCKING) --group portal --group dev -o requirements.lock
	@$(LOCKING) -c requirements.lock --group portal --group dev --group browser -o requirements-browser.lock

# The stamp is written last, so an interrupted installation is taken up again. `python` stands for the
# environment itself: when the Python it was made with is gone, its link dangles and make notices.
$(VENV)/installed-%: % requirements-uv.lock $(PY)
	@$(find_python); "$$python" -m portal.starting.installation $<

$(PY):
	@:

# The first Python that is new enough and can make virtual environments; PYTHON=... goes before all.
define find_python
usable='import sys; sys.exit(sys.version_info < (3, 11))'; complete='import ensurepip, venv'; \
python=; bare=; \
for one in $${PYTHON:-python3 python3.13 python3.12 python3.14 python3.11}; do \
  "$$one" -c "$$usable" >/dev/null 2>&1 || continue; \
  if "$$one" -c "$$complete" >/dev/null 2>&1; then python=$$one; break; fi; \
  bare=$${bare:-$$one}; \
done; \
if [ -z "$$python" ] && [ -n "$$bare" ]; then \
  echo "$$bare has no ensurepip. On Debian and Ubuntu: sudo apt-get install" \
    "$$("$$bare" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')" >&2; exit 1; \
fi; \
if [ -z "$$python" ]; then \
  echo "Curfew needs Python 3.11 or newer$${PYTHON:+, which PYTHON=$$PYTHON is not}." \
    "Install it, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; \
fi
endef

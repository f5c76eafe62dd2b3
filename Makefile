# Two commands on a fresh machine: `make demo`, `make test`. Everything lives in .venv; nothing global is touched,
# but for Chromium, which `make test` asks the system's packages for when it is root and finds none.
PYTHON ?= python3.11
VENV := .venv
PY := $(VENV)/bin/python
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export RAY_USAGE_STATS_ENABLED := 0
export MLFLOW_DISABLE_TELEMETRY := true

# On Linux PyPI's PyTorch is the CUDA build, gigabytes of it. Without a GPU the CPU build is taken, unless pip has
# been told where to look (PIP_INDEX_URL, PIP_FIND_LINKS, pip.conf) or TORCH_INDEX is given (empty: PyPI's).
GPU := $(wildcard /dev/nvidia0 /proc/driver/nvidia/version /dev/dxg)
TORCH_INDEX ?= $(if $(GPU)$(filter-out Linux,$(shell uname -s)),,https://download.pytorch.org/whl/cpu)

.DEFAULT_GOAL := help
.PHONY: help setup demo day serve ui review sample test test-all lint format lock chromium clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(VENV)/.ready  ## install the locked dependencies into .venv

$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
	  { echo "Kefu needs Python 3.11; name yours with: make PYTHON=/path/to/python3.11 …"; exit 1; }
	@echo "Installing the locked dependencies into $(VENV) (about 3 minutes, once) …"
	@$(PYTHON) -m venv $(VENV)
	@if [ -z "$(TORCH_INDEX)" ]; then echo "PyTorch: the build of pip's own index"; \
	  elif $(PY) -m pip config list | grep -E 'index-url|find-links' > /dev/null; then echo "PyTorch: from where pip is told to look"; \
	  else echo "PyTorch: no NVIDIA GPU here, so the CPU build (make TORCH_INDEX= …: the CUDA build)"; \
	    $(PY) -m pip install --quiet --no-deps --index-url "$(TORCH_INDEX)" "$$(grep '^torch==' requirements.lock)"; fi
	@$(PY) -m pip install --quiet --progress-bar on --requirement requirements.lock
	@$(PY) -m pip install --quiet --no-deps --editable .
	@touch $@

demo: setup  ## set up everything, run the whole loop on the SAMPLE shop, deploy it, chat with it (ONCE=1: then stop)
	@$(PY) -m pipelines.commands.demo $(if $(ONCE),--once)

sample: setup  ## write the SAMPLE days into store/raw/shop (they are git-ignored)
	@$(PY) -m pipelines.commands.sample

day: setup  ## one day of the loop: pin the champion, pull reviews, dvc repro
	@$(PY) -m pipelines.commands.day

serve: setup  ## deploy the champion on Ray Serve and stay up
	@$(PY) -m pipelines.commands.serve

ui: setup  ## open MLflow on the runs of this folder
	@$(PY) -m kefu.registry.runs && $(VENV)/bin/mlflow ui --backend-store-uri "$${MLFLOW_TRACKING_URI:-sqlite:///$(CURDIR)/mlflow.db}"

.venv/label-studio/.ready: $(VENV)/.ready requirements-label-studio.lock
	@echo "Installing Label Studio into its own .venv/label-studio (about 2 minutes, once) …"
	@$(PYTHON) -m venv .venv/label-studio
	@.venv/label-studio/bin/python -m pip install --quiet --requirement requirements-label-studio.lock
	@touch $@

review: setup .venv/label-studio/.ready  ## start Label Studio with the review queue (PORT=8081: elsewhere)
	@$(PY) -m pipelines.commands.review_server $(if $(PORT),--port $(PORT))

test: setup .venv/label-studio/.ready chromium lint  ## the tests but for the slow ones (lint first), in two processes
	@$(PY) -m pytest --numprocesses 2 --dist loadscope --no-loadscope-reorder $(MARKED)

test-all: MARKED := -m "slow or not slow"
test-all: test  ## also the slow tests, which repeat a promise for more cases

chromium:
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -y -qq chromium fonts-noto-cjk >/dev/null; } || \
	  echo "No Chromium here and no right to install one: the browser test will be skipped."

lint: setup  ## ruff, mypy
	@$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check . && $(VENV)/bin/mypy

format: setup  ## let ruff format and mend what it can
	@$(VENV)/bin/ruff format . && $(VENV)/bin/ruff check --fix .

lock: setup  ## lock the versions that are installed now
	@{ echo "# Exact versions of everything Kefu installs (Python 3.11, Linux x86-64), made by make lock from pyproject.toml."; \
	   $(PY) -m pip freeze --exclude-editable | sed -E 's/^(torch==[0-9.]+)\+cpu/\1/'; } > requirements.lock.new && mv requirements.lock.new requirements.lock

clean:  ## remove what the loop made (store, MLflow runs, dvc.lock); .venv stays
	@rm -rf store mlruns mlflow.db* dvc.lock && git checkout -q -- store

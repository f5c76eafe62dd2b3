# Two commands on a fresh machine: `make demo`, `make test`. Everything lives in .venv; nothing global is touched,
# but for Chromium, which `make test` asks the system's packages for when it is root and finds none.
PYTHON ?= python3.11
VENV := .venv
PY := $(VENV)/bin/python
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export RAY_USAGE_STATS_ENABLED := 0
export MLFLOW_DISABLE_TELEMETRY := true
# Set in many containers. Then no process finds bytecode, and each compiles the libraries anew: 5 to 20 s of the processor.
unexport PYTHONDONTWRITEBYTECODE

# PyPI's PyTorch is the CUDA build, gigabytes of it. Without a GPU the CPU build is installed, from TORCH_INDEX or from
# where pip is told to find links; make TORCH_INDEX= …: the CUDA build. Either is pinned by its hash.
GPU := $(wildcard /dev/nvidia0 /proc/driver/nvidia/version /dev/dxg)
CPU_INDEX := https://download.pytorch.org/whl/cpu
TORCH_INDEX ?= $(if $(GPU),,$(CPU_INDEX))
FROM_INDEX = $$($(PY) -m pip config list | grep find-links > /dev/null || echo --extra-index-url $(or $(TORCH_INDEX),$(CPU_INDEX)))
# Every file is checked against its hash, and the locks are whole, so pip resolves nothing. Python compiles what it imports,
# when it does: all of it would cost a minute and 500 MB.
INSTALL := -m pip install --quiet --progress-bar on --no-deps --no-compile --require-hashes
LOCK := $(VENV)/bin/uv pip compile --quiet --generate-hashes --python-version 3.11 --python-platform x86_64-manylinux_2_28 \
  --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade-package $(UPGRADE))

.DEFAULT_GOAL := help
.PHONY: help setup demo day serve ui review sample test test-all lint format lock licences chromium team clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(VENV)/.ready  ## install the locked dependencies into .venv

$(VENV)/.ready: requirements/kefu.lock requirements/torch-cpu.lock requirements/torch-cuda.lock pyproject.toml
	@[ "$$(uname -sm)" = "Linux x86_64" ] || \
	  { echo "The locks are for Linux x86-64; elsewhere pip install -e . takes the newest versions, untested"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
	  { echo "Kefu needs Python 3.11; name yours with: make PYTHON=/path/to/python3.11 …"; exit 1; }
	@echo "Installing the locked dependencies into $(VENV) (about 3 minutes, once) …"
	@$(PYTHON) -m venv $(VENV)
	@if [ -z "$(TORCH_INDEX)" ]; then $(PY) $(INSTALL) --requirement requirements/torch-cuda.lock; \
	  else echo "PyTorch: no NVIDIA GPU here, so the CPU build (make TORCH_INDEX= …: the CUDA build)"; \
	    $(PY) $(INSTALL) $(FROM_INDEX) --requirement requirements/torch-cpu.lock; fi
	@$(PY) $(INSTALL) --requirement requirements/kefu.lock
	@$(PY) -m pip install --quiet --no-deps --no-build-isolation --editable .
	@$(PY) -c 'from pipelines.inputs import close_folders; close_folders()'
	@touch $@

$(VENV)/.dev: $(VENV)/.ready requirements/dev.lock
	@$(PY) $(INSTALL) --requirement requirements/dev.lock
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

.venv/label-studio/.ready: $(VENV)/.ready requirements/label-studio.lock
	@echo "Installing Label Studio into its own .venv/label-studio (about 2 minutes, once) …"
	@$(PYTHON) -m venv .venv/label-studio
	@.venv/label-studio/bin/python $(INSTALL) --requirement requirements/label-studio.lock
	@touch $@

review: setup .venv/label-studio/.ready  ## start Label Studio with the review queue (PORT=8081: elsewhere)
	@$(PY) -m pipelines.commands.review_server $(if $(PORT),--port $(PORT))

test: .venv/label-studio/.ready chromium lint  ## the tests but for the slow ones (lint first), in three processes
	@$(PY) -m pytest --numprocesses 3 --dist loadscope --no-loadscope-reorder $(MARKED)

test-all: MARKED := -m "slow or not slow"
test-all: test  ## also the slow tests, which repeat a promise for more cases

chromium:
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -y -qq chromium fonts-noto-cjk >/dev/null; } || \
	  echo "No Chromium here and no right to install one: the browser test will be skipped."

lint: $(VENV)/.dev  ## ruff, mypy
	@$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check . && $(VENV)/bin/mypy

format: $(VENV)/.dev  ## let ruff format and mend what it can
	@$(VENV)/bin/ruff format . && $(VENV)/bin/ruff check --fix .

lock: $(VENV)/.dev  ## lock what pyproject.toml declares, keeping the versions of today's locks (UPGRADE=name: but that one)
	@$(LOCK) pyproject.toml --no-emit-package torch --output-file requirements/kefu.lock
	@$(LOCK) --group dev --constraint requirements/kefu.lock --output-file requirements/dev.lock
	@$(LOCK) --group label-studio --no-config --output-file requirements/label-studio.lock
	@torch=$$(grep -o 'torch==[0-9.]*' pyproject.toml) && \
	  echo $$torch | $(LOCK) - --no-config --constraint requirements/kefu.lock --output-file requirements/torch-cuda.lock && \
	  { grep -q "^$$torch+cpu" requirements/torch-cpu.lock || { wheel=$$(mktemp -d) && \
	    $(PY) -m pip download --quiet --no-deps --dest $$wheel $(FROM_INDEX) $$torch+cpu && \
	    { echo "# Made by make lock."; printf '%s \\\n    ' $$torch+cpu; $(PY) -m pip hash $$wheel/*.whl | tail -n 1; } \
	      > requirements/torch-cpu.lock; }; }

licences: $(VENV)/.dev  ## list the licence of every installed package, copyleft first
	@$(PY) -m tests.docs.licences

team:  ## teach this clone's git to merge two people's days (docs/guides/team.md)
	@git config merge.dvc.name "DVC: days of both sides"
	@git config merge.dvc.driver "$(VENV)/bin/dvc git-hook merge-driver --ancestor %O --our %A --their %B"
	@git config merge.ours.driver true

clean: setup  ## remove what the loop's stages wrote; raw days, reviews, releases, runs and .venv stay
	@$(PY) -m pipelines.commands.clean

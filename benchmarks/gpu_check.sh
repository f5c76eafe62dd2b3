#!/usr/bin/env bash
# A little of every stage that loads a language model: seconds, peak of memory, and how far the planner is off.
# usage: benchmarks/gpu_check.sh [--profile qwen3-8b] [--centre DIR] [--edge DIR] [--out DIR] | --dry
# Made for at most 8 minutes on a GPU; --dry runs small models on a CPU. See benchmarks/train/gpu_check.py.
set -euo pipefail
cd "$(dirname "$0")/.."
export TQDM_DISABLE=1 TOKENIZERS_PARALLELISM=false
exec "${PYTHON:-python}" -m benchmarks.train.gpu_check "$@"

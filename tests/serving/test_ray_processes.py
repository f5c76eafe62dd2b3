"""What Ray's processes load: a library that nobody uses there is memory in each of them."""

from __future__ import annotations

import subprocess
import sys

from kefu.paths import ROOT
from serving.deploy.ray_processes import SETUP_HOOK

MODULE, _, FUNCTION = SETUP_HOOK.rpartition(".")
PROGRAM = f"""
import sys
from {MODULE} import {FUNCTION}
{FUNCTION}()
import ray.serve
import serving.deploy.models
print(*(name for name in ("pandas.core", "pyarrow", "serving.dialogue", "torch") if sys.modules.get(name)))
"""
MODEL = f"""
import sys
from {MODULE} import without
without("scipy")
import transformers.models.qwen3.modeling_qwen3
try:
    import scipy.sparse
except ImportError:
    print(sys.modules["scipy"])
"""


def test_the_process_with_the_models_begins_without_data_frames_and_without_the_dialogue() -> None:
    assert _printed(PROGRAM) == ""


def test_transformers_loads_a_model_s_code_without_a_library_that_is_left_out() -> None:
    assert _printed(MODEL) == "None"


def _printed(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()

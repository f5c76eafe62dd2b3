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
print(*sorted({{"pandas.core", "pyarrow", "serving.dialogue", "torch"}} & set(sys.modules)))
"""


def test_the_process_with_the_models_begins_without_data_frames_and_without_the_dialogue() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []

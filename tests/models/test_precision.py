"""A CPU does not keep a compiled product of every length that a training has met."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from kefu.paths import ROOT
from training.precision import KERNEL_CACHES, native_bf16

EVER_LONGER = """
import ctypes
import sys
import torch
from training.precision import bound_kernel_caches

if sys.argv[1] == "bounded":
    bound_kernel_caches()


class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "abcdefguij"]


libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Info
layer, used = torch.nn.Linear(256, 512, dtype=torch.bfloat16), []
for tokens in range(1, 401):
    layer(torch.ones(tokens, 256, dtype=torch.bfloat16)).sum().backward()
    used.append(libc.mallinfo2().u)
print((used[-1] - used[100]) / 1e6)
"""


def megabytes_kept(caches: str) -> float:
    """What a process has more in use after 400 lengths than after 100."""
    environment = {name: value for name, value in os.environ.items() if name not in KERNEL_CACHES}
    command = [sys.executable, "-c", EVER_LONGER, caches]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
    return float(done.stdout)


@pytest.mark.skipif(not native_bf16(), reason="this CPU computes float32, whose products keep nothing")
def test_ever_new_lengths_take_no_more_memory() -> None:
    assert megabytes_kept("as they are") > 20  # else this test would show nothing
    assert megabytes_kept("bounded") < 1

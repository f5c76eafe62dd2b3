"""How a model runs in vLLM (``serving.vllm``), and the command that serves it so.

Written for vLLM 0.32 (its OpenAI server's documentation and source); nothing here ran on a GPU. The grammar of acts is
llguidance's Lark, which vLLM's backend ``guidance`` takes as it is.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

# It reports what it runs on to its makers unless told not to; the model is a folder of this machine.
ENVIRONMENT = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "HF_HUB_OFFLINE": "1"}


@dataclass(frozen=True)
class VLLMSettings:
    """See ``serving.params.VLLM``, whose fields these are."""

    program: str
    url: str | None
    tensor_parallel_size: int
    max_model_len: int
    gpu_memory_utilization: float
    start_timeout_s: float


def serve_command(folder: Path, model: str, settings: VLLMSettings, chats: int, port: str) -> list[str]:
    """The command that serves a model folder on this machine.

    Args:
        model: the name that requests call it by.
        chats: answers that it makes at once; more wait in it.
    """
    return [
        *shlex.split(settings.program),
        *("serve", str(folder), "--served-model-name", model),
        *("--host", "127.0.0.1", "--port", port),
        *("--tensor-parallel-size", str(settings.tensor_parallel_size)),
        *("--max-model-len", str(settings.max_model_len)),
        *("--max-num-seqs", str(chats)),
        *("--gpu-memory-utilization", f"{settings.gpu_memory_utilization:g}"),
        "--enable-prefix-caching",
        *("--generation-config", "vllm"),  # not the folder's: its penalties would change what was evaluated
        *("--structured-outputs-config.backend", "guidance"),
    ]

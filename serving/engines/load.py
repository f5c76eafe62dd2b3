"""The engines of a release.

PyTorch is imported when engines are loaded, not before: the web process and the one that starts the
server need none, and save 400 MB and seconds.
"""

from __future__ import annotations

import os
from pathlib import Path

from kefu.llm.engine import Engine
from kefu.registry.seal import read_manifest

MODELS = ("centre", "edge")


def load_engines(release: Path) -> dict[str, Engine]:
    """Loads ``centre/`` and ``edge/``; the manifest says what each was made from."""
    import torch
    from transformers.utils import logging

    from serving.engines.transformers import TransformersEngine

    logging.disable_progress_bar()
    torch.set_num_threads(max(1, (os.cpu_count() or 2) // 2))  # several chats at once share the cores
    base = read_manifest(release).base
    return {name: TransformersEngine(name, release / name, base[name].name) for name in MODELS}

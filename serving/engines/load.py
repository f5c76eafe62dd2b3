"""The engines of a release.

The release says by which engine a model runs: what ``export.engine_weights`` has written beside its safetensors was
evaluated, and is served. Safetensors alone run in transformers, or, the centre model's by ``serving.centre_engine``,
in vLLM. PyTorch is imported when an engine needs it, not before: the web process and the one that starts the server
need none, and save 400 MB and seconds.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from kefu.io import combined_hash
from kefu.llm.engine import LoadedEngine
from kefu.registry.seal import Manifest, read_manifest
from serving.engines.chat_engine import EngineSettings
from serving.engines.openvino.engine import DETOKENIZER, WEIGHTS, OpenVINOEngine, has_weights

MODELS = ("centre", "edge")
DEFAULT = EngineSettings()


def load_engines(release: Path, settings: EngineSettings = DEFAULT) -> dict[str, LoadedEngine]:
    """Loads ``centre/`` and ``edge/``; the manifest says what each was made from."""
    manifest = read_manifest(release)
    engines: dict[str, LoadedEngine] = {}
    try:
        for name in MODELS:
            served_as = served_name(manifest, name) if name == "centre" and settings.vllm else None
            engines[name] = load_engine(name, release / name, manifest.base[name].name, settings, served_as)
    except BaseException:
        close_engines(engines)
        raise
    return engines


def load_engine(
    name: str, folder: Path, model_name: str, settings: EngineSettings = DEFAULT, served_as: str | None = None
) -> LoadedEngine:
    """The engine of one model folder; arguments as of ``ChatEngine``.

    Args:
        served_as: what vLLM calls the model; None: vLLM does not serve it.
    """
    if has_weights(folder):
        return OpenVINOEngine(name, folder, model_name, settings)
    if served_as:
        from serving.engines.vllm.engine import VLLMEngine

        return VLLMEngine(name, folder, model_name, settings, served_as)
    import torch
    from transformers.utils import logging

    from serving.engines.transformers import TransformersEngine

    logging.disable_progress_bar()
    torch.set_num_threads(max(1, (os.cpu_count() or 2) // 2))  # several chats at once share the cores
    return TransformersEngine(name, folder, model_name, settings)


def served_name(manifest: Manifest, name: str) -> str:
    """What vLLM calls a model of a release: equal files, equal name."""
    files = {file: digest for file, digest in manifest.files.items() if file.startswith(f"{name}/")}
    return f"{name}-{combined_hash(files)[:12]}"


def keeps_grammar(folder: Path) -> bool:
    """Whether the engine of a model folder is a ``kefu.llm.engine.GrammarEngine``."""
    return not has_weights(folder) or (folder / WEIGHTS / DETOKENIZER).is_file()


def close_engines(engines: Mapping[str, LoadedEngine]) -> None:
    """Ends what the engines have started."""
    for engine in engines.values():
        engine.close()

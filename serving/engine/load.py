"""The engines of a release."""

from __future__ import annotations

from pathlib import Path

from kefu.release import read_manifest
from serving.engine.base import Engine
from serving.engine.transformers import TransformersEngine

MODELS = ("centre", "edge")


def load_engines(release: Path) -> dict[str, Engine]:
    """Loads ``centre/`` and ``edge/``; the manifest says what each was made from."""
    base = read_manifest(release).base
    return {name: TransformersEngine(name, release / name, base[name].name) for name in MODELS}

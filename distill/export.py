"""Merges the centre model and compares it with what was trained; gathers what serving loads, and nothing else.

The pack travels with the models, because a flow or an FAQ entry that changed after the evaluation would
make the served system another one than the evaluated. So does its demo database, which serving's tools are
played against; the sample templates stay behind.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from distill.kl_from_base import distance
from distill.params import Export
from distill.parity import Parity, chats_to_compare
from kefu.errors import KefuError
from kefu.llm.base_models import BaseModel
from kefu.llm.chat import ChatRenderer
from kefu.schema import Example
from serving.engines.memory import free_memory
from serving.engines.transformers import TransformersEngine
from training.adapter import load_apart, load_trained, merge
from training.params.finetune import Finetune

PACK_FILES = {".csv", ".md", ".sql", ".yaml", ".yml"}
NOT_SERVED = {"sample"}


class IncompleteRelease(KefuError, FileNotFoundError):
    """A part of the release is missing; the message names the stage that writes it."""


def gather(parts: Mapping[str, Path], pack: Path, release: Path) -> None:
    """Copies each part's folder to ``release/<name>``, and the pack's texts to ``release/pack``.

    Args:
        parts: name in the release → folder in the store.
    """
    for name, folder in parts.items():
        if not folder.is_dir():
            raise IncompleteRelease(f"{folder} is missing: run `dvc repro {folder.name}` first")
        shutil.copytree(folder, release / name)
    for path in sorted(pack.rglob("*")):
        relative = path.relative_to(pack)
        if path.suffix in PACK_FILES and relative.parts[0] not in NOT_SERVED:
            (release / "pack" / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, release / "pack" / relative)


def export_centre(
    base: BaseModel, adapter: Path, examples: Sequence[Example], tuning: Finetune, params: Export, out: Path
) -> dict[str, float]:
    """Writes the merged centre model to ``out``; returns how little each step from training to serving changed it.

    Args:
        examples: the SFT set; parity and distance are measured on held-out chats of it.
    """
    renderer = ChatRenderer.from_folder(base.folder, base.facts.empty_think)
    if not params.parity_chats:
        model = load_apart(base, adapter)
        general = distance(model, renderer, params.general_tokens)
        merge(model, base, out)
        return general
    parity = Parity(chats_to_compare(examples, renderer, tuning.max_length, params), params)
    # One after the other: a card holds one of them. NF4 alone, if it was trained so, is a third of the merged model.
    parity.measure("trained", load_trained(base, adapter, tuning), renderer)
    free_memory()
    model = load_apart(base, adapter)
    parity.measure("adapter", model, renderer)
    general = distance(model, renderer, params.general_tokens)
    parity.measure("merged", merge(model, base, out), renderer)
    del model
    free_memory()
    served = TransformersEngine("centre", out, base.ref.name)
    parity.measure("served", served.model, served.renderer)
    return parity.metrics | general


def export_engines(
    release: Path, bases: Mapping[str, BaseModel], examples: Sequence[Example], tuning: Finetune, params: Export
) -> dict[str, float]:
    """Writes the weights for the OpenVINO engine beside the models that are to run in it; returns how far they are.

    Args:
        bases: 'centre' and 'edge': what each was made from.
        examples: the SFT set; parity is measured on held-out chats of it.
    """
    found: dict[str, float] = {}
    for name, base in bases.items():
        weights = getattr(params.engine_weights, name)
        if weights == "none":
            continue
        from distill.openvino.parity import export_engine_weights  # OpenVINO: not needed where no model runs in it

        renderer = ChatRenderer.from_folder(release / name, base.facts.empty_think)
        chats = chats_to_compare(examples, renderer, tuning.max_length, params) if params.parity_chats else []
        found |= export_engine_weights(name, release / name, weights, chats, params)
        free_memory()
    return found

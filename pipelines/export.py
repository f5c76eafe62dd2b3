"""Merges the adapter, compares the result with what was trained, gathers what serving loads, seals it.

python -m pipelines.export
"""

from collections import Counter
from pathlib import Path

from data.forget import trained_on
from data.sets.acts import ACTS
from distill.export import gather
from distill.kl_from_base import distance
from distill.params import Export
from distill.parity import Parity, chats_to_compare
from kefu.io import atomic_dir, read_json, read_jsonl, write_json
from kefu.llm.base_models import BaseModel, open_base
from kefu.llm.chat import ChatRenderer
from kefu.llm.models import MODELS
from kefu.params import load_section
from kefu.paths import ADAPTER, BASE, CHAMPION, CORPUS, DIALOGUES, EDGE, RELEASE, RETRIEVER, ROUTER, SETS
from kefu.registry import releases
from kefu.registry.seal import GENERAL, seal
from kefu.schema import Example
from pipelines.stage import git_commit, stage
from serving.engines.memory import free_memory
from serving.engines.transformers import TransformersEngine
from training.adapter import load_apart, load_trained, merge
from training.params.base import Base
from training.params.finetune import Finetune


def tell_whom(release: Path) -> None:
    """Writes whom the models were trained on, so that `kefu forget` can say which ones saw a person."""
    base, tuning = load_section("base", Base), load_section("finetune", Finetune)
    names = (base.centre, base.edge)
    built_here = any(name in MODELS and MODELS[name].size for name in names)
    pretrained = trained_on.pretrained_on(CORPUS / "chats.jsonl", DIALOGUES) if built_here else set()
    version = read_json(CHAMPION)["version"] if tuning.from_champion else None
    champion = releases.download_release(version) if version is not None else None
    trained_on.write(release, SETS, pretrained, champion)


def rows_taught() -> dict[str, int]:
    """Kind of row → how many the centre model learned from."""
    learned = (example for example in read_jsonl(SETS / "sft.jsonl", Example) if example.split == "train")
    return dict(Counter("acts" if example.intent == ACTS else "answers" for example in learned))


def export_centre(base: BaseModel, out: Path, params: Export) -> dict[str, float]:
    """Writes the merged centre model to ``out``; returns how little each step from training to serving changed it."""
    tuning, renderer = load_section("finetune", Finetune), ChatRenderer.from_folder(base.folder, base.facts.empty_think)
    if not params.parity_chats:
        model = load_apart(base, ADAPTER)
        general = distance(model, renderer, params.general_tokens)
        merge(model, base, out)
        return general
    chats = chats_to_compare(list(read_jsonl(SETS / "sft.jsonl", Example)), renderer, tuning.max_length, params)
    parity = Parity(chats, params)
    # One after the other: a card holds one of them. NF4 alone, if it was trained so, is a third of the merged model.
    parity.measure("trained", load_trained(base, ADAPTER, tuning), renderer)
    free_memory()
    model = load_apart(base, ADAPTER)
    parity.measure("adapter", model, renderer)
    general = distance(model, renderer, params.general_tokens)
    parity.measure("merged", merge(model, base, out), renderer)
    del model
    free_memory()
    served = TransformersEngine("centre", out, base.ref.name)
    parity.measure("served", served.model, served.renderer)
    return parity.metrics | general


def main() -> None:
    with stage("export", Export) as s:
        centre, edge = open_base(BASE, "centre"), open_base(BASE, "edge")
        parts = {"adapter": ADAPTER, "edge": EDGE, "retriever": RETRIEVER, "router": ROUTER}
        with atomic_dir(RELEASE) as release:
            gather(parts, s.pack, release)
            tell_whom(release)
            s.log(export_centre(centre, release / "centre", s.params))
            if "general.kl" in s.metrics:
                write_json(release / GENERAL, {"kl": round(s.metrics["general.kl"], 6)})
            manifest = seal(release, s.profile, {"centre": centre.ref, "edge": edge.ref}, git_commit(), rows_taught())
            size = sum(path.stat().st_size for path in release.rglob("*") if path.is_file())
        print(f"   release {manifest.content_hash[:12]}: {len(manifest.files)} files, {size / 1e6:.1f} MB")
        s.log({"files": len(manifest.files), "megabytes": size / 1e6})


if __name__ == "__main__":
    main()

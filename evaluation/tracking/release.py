"""The evaluated release in MLflow: a LoggedModel with its data sets, golden conversations and prompts.

Only what the pack itself holds is logged with its words; of held-out customers name and digest of their file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from evaluation.compare import Results
from evaluation.golden import Golden, as_record
from evaluation.result import Result
from evaluation.suites.flows import MODEL_ASKED
from kefu.io import content_hash, file_hash
from kefu.registry import evaluations
from kefu.registry.data_sources import DataSource
from kefu.registry.runs import StageRun
from kefu.registry.seal import read_manifest
from kefu.registry.traces import TracedConversation, log_conversations
from kefu.shop.pack import load_pack
from kefu.shop.part import LANGUAGES

FILES = {
    "answers": "sft",
    "constant": "sft",
    "edge": "sft",
    "first_entry": "sft",
    "judge": "preferences",
    "retrieval": "retrieval",
    "router": "router",
}  # suite → file of the sets
FOLDERS = {
    "flows": "golden",
    "simulator": "simulator",
    "simulator_centre": "simulator",
    "simulator_edge": "simulator",
}  # suite → folder of the pack


def data_sources(sets: Path, pack: Path) -> dict[str, DataSource]:
    """Suite → what its figures were measured on; what is not there measures nothing."""
    files = {suite: sets / f"{name}.jsonl" for suite, name in FILES.items()}
    found = {
        suite: DataSource(path.stem, file_hash(path), f"store/sets/{path.name}")
        for suite, path in files.items()
        if path.exists()
    }
    for suite, name in FOLDERS.items():
        if (pack / name).is_dir():
            found[suite] = DataSource(name, content_hash(pack / name), f"{pack.name}/{name}")
    return found


def traced_conversations(flows: Result, count: int) -> list[TracedConversation]:
    """Those with faults first, then those that reached a model, then the others by name."""
    found = [
        TracedConversation(p.id, flows.conversations[p.id], "" if p.score else p.predicted) for p in flows.predictions
    ]
    found.sort(key=lambda one: (not one.faults, not any(t.route in MODEL_ASKED for t in one.turns), one.name))
    return found[:count]


def log_release(
    run: StageRun,
    release: Path,
    params: Mapping[str, str],
    sources: Mapping[str, DataSource],
    results: Results,
    goldens: list[Golden],
    traces: int,
) -> str:
    """Logs the release that this run has measured; its metrics, logged later, belong to it and their data set.

    Args:
        params: of the model beside the names of its bases.
        traces: how many golden conversations leave a trace.

    Returns:
        The id of the LoggedModel.
    """
    manifest, texts = read_manifest(release), load_pack(release / "pack").prompts
    bases = {name: base.name for name, base in manifest.base.items()}
    model_id = evaluations.log_model(run, manifest.content_hash, {**params, **bases}, sources)
    log_conversations(run, model_id, traced_conversations(results["flows"], traces))
    evaluations.register_dataset("kefu-golden", sources["flows"].digest, [as_record(golden) for golden in goldens])
    prompts = {f"kefu-{name}-{lang}": text.in_(lang) for name, text in texts.items() for lang in LANGUAGES}
    evaluations.register_prompts(prompts, model_id)
    return model_id

"""Which of a stage's figures `dvc metrics` and the parent run show; the others are in its own file and run.

python -m pipelines.headlines    # writes them out of store/metrics/<stage>.json (docs/guides/upgrade.md)
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kefu.io import read_json, write_json
from kefu.paths import METRICS

# Stage → figures by which two runs of the loop are compared.
HEADLINES = {
    "ingest": ("dialogues", "quarantined", "redacted"),
    "autolabel": ("coverage", "estimated_precision"),
    "monitor": ("drifted",),
    "review": ("waiting",),
    "finetune": ("eval_loss",),
    "distill": ("student_kl", "student_loss"),
    "evaluate": (
        "router.accuracy",
        "retrieval.hit_at_3",
        "answers.token_f1",
        "answers.grounded",
        "edge.token_f1",
        "edge.grounded",
        "flows.success",
        "simulator.served",
        "simulator.wrong_writes",
    ),
    "promote": ("passed", "failed_bounds"),
}


def write_headline(folder: Path, stage: str, metrics: Mapping[str, float]) -> dict[str, float]:
    """Writes which of a stage's figures `dvc metrics` shows, and returns them; a stage without any has no file."""
    headline = {figure: metrics[figure] for figure in HEADLINES.get(stage, ()) if figure in metrics}
    if stage in HEADLINES:
        write_json(folder / f"headline/{stage}.json", headline)
    return headline


if __name__ == "__main__":
    for stage in HEADLINES:
        write_headline(METRICS, stage, read_json(METRICS / f"{stage}.json"))

"""What a run of the loop did, as one table: the figures that the stages wrote, and the chat's latency."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from kefu.io import read_json
from kefu.paths import METRICS, PROMOTION
from kefu.registry.releases import ChampionInfo
from pipelines.params import load_params

_WAYS = ("dialogues", "duplicates", "near_duplicates", "forgotten", "quarantined")  # every record goes one of them


def _metrics(stage: str) -> dict[str, float]:
    return dict(read_json(METRICS / f"{stage}.json"))


def _data() -> list[tuple[str, str]]:
    ingest, auto, review, monitor = (_metrics(stage) for stage in ("ingest", "autolabel", "review", "monitor"))
    promise = load_params().autolabel
    return [
        ("dialogues in", f"{sum(ingest[way] for way in _WAYS):,.0f}"),
        (
            "… kept, duplicates, near-duplicates, forgotten, quarantined",
            " · ".join(f"{ingest[way]:,.0f}" for way in _WAYS),
        ),
        ("pieces of personal data redacted", f"{ingest['redacted']:,.0f}"),
        ("turns auto-labelled", f"{auto['coverage']:.1%} of {auto['turns']:,.0f}"),
        (
            "… their precision, out of fold",
            f"{auto['estimated_precision']:.1%} (promised: {promise.target_precision:.0%}, "
            f"with {promise.confidence_level:.0%} confidence)",
        ),
        ("turns that wait for a person", f"{review['waiting']:,.0f}"),
        ("distributions that drifted on the newest day", f"{monitor['drifted']:,.0f} (the day's page: kefu monitor)"),
    ]


def _models() -> list[tuple[str, str]]:
    tuned, distilled, evaluated = _metrics("finetune"), _metrics("distill"), _metrics("evaluate")
    return [
        ("router accuracy, customers kept out", f"{evaluated['router.accuracy']:.1%}"),
        ("retrieval, right entry among three", f"{evaluated['retrieval.hit_at_3']:.1%}"),
        ("fine-tuning: held-out loss", f"{tuned['eval_loss_before']:.3f} → {tuned['eval_loss']:.3f}"),
        *_student(distilled),
        (
            "answers, token F1: teacher, student",
            f"{evaluated['answers.token_f1']:.3f} · {evaluated['edge.token_f1']:.3f}",
        ),
        ("golden conversations that end well", f"{evaluated['flows.success']:.1%}"),
    ]


def _student(distilled: dict[str, float]) -> list[tuple[str, str]]:
    """With ``distill.alpha`` 0 no teacher is there to compare with."""
    if "student_kl" not in distilled:
        return [
            ("edge: held-out loss", f"{distilled['student_loss_before']:.3f} → {distilled['student_loss']:.3f}"),
        ]
    return [
        (
            "distillation: student's distance from teacher, KL",
            f"{distilled['student_kl_before']:.3f} → {distilled['student_kl']:.3f}",
        ),
        ("… held-out loss: teacher, student", f"{distilled['teacher_loss']:.3f} · {distilled['student_loss']:.3f}"),
    ]


def _latency(said: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    rows = []
    for route in sorted({turn["route"] for turn in said}):
        times = [turn["latency_ms"] for turn in said if turn["route"] == route]
        rows.append((f"latency, {route}", f"{statistics.median(times):,.0f} ms (median of {len(times)})"))
    return rows


def show(console: Console, champion: ChampionInfo, said: Sequence[dict[str, Any]], seconds: float) -> None:
    """Prints the table.

    Args:
        champion: what serves now.
        said: the turns of the demo's conversation, as ``serving.deploy.demo.converse`` returns them.
        seconds: how long the loop took.
    """
    verdict = read_json(PROMOTION)["verdict"]
    table = Table("what", "figure", title="One run of the loop, on SAMPLE data", title_justify="left")
    gate = ("gate", f"{verdict}; champion is version {champion.version} ({champion.content_hash[:12]})")
    for row in (*_data(), *_models(), gate, *_latency(said), ("the loop took", f"{seconds / 60:.1f} min")):
        table.add_row(*row)
    console.print(table)

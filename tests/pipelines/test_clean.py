"""`make clean` removes what the loop can make again, and nothing that people made."""

from __future__ import annotations

import shutil
from pathlib import Path

from kefu.paths import ROOT
from pipelines.commands.clean import clean

MADE_BY_PEOPLE = (
    "store/raw/shop/dt=2026-11-01/chat.jsonl",
    "store/raw.dvc",
    "store/reviewed/history/labelstudio.jsonl",
    "store/frozen/2026-11.abc/turns.jsonl",
    "store/forgotten.jsonl",
    "store/champion.json",
    "store/runtime/label-studio/label_studio.sqlite3",
    "mlflow.db",
    "mlruns/1/run/artifacts/release/manifest.json",
    "dvc.lock",
)
MADE_BY_STAGES = (
    "store/code.json",
    "store/dialogues/dt=2026-11-01/dialogues.parquet",
    "store/metrics/ingest.json",
    "store/plots/router/calibration.csv",
    "store/release/manifest.json",
    "store/promotion.json",
)


def test_clean_leaves_what_people_made(tmp_path: Path) -> None:
    shutil.copy(ROOT / "dvc.yaml", tmp_path)
    for name in (*MADE_BY_PEOPLE, *MADE_BY_STAGES):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    assert clean(tmp_path) == len(MADE_BY_STAGES)
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {*MADE_BY_PEOPLE, "dvc.yaml"}
    assert clean(tmp_path) == 0

"""A raw folder and a store of their own for each test, and short ways to fill and read them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from data.channels.params import Source
from data.ingest.ingest import DayResult, ingest
from data.ingest.params import Ingest, NearDuplicates
from kefu.io import read_jsonl
from kefu.schema import Dialogue, Rejected
from kefu.store import read_parquet

PII = {"ORDER": r"KF\d{10}"}


def dialogue(session: str, *texts: str, customer: str = "u1", **extra: Any) -> str:
    """A line of ``kefu_jsonl``; customer and agent take turns."""
    turns = [{"role": ("customer", "agent")[i % 2], "text": text} for i, text in enumerate(texts)]
    return json.dumps({"session": session, "customer": customer, "turns": turns, **extra}, ensure_ascii=False)


@dataclass
class Shop:
    """Raw data of two sources and what becomes of them."""

    root: Path
    channel: str = "kefu_jsonl"
    max_text: int = 8000
    near: NearDuplicates = field(default_factory=lambda: NearDuplicates(similarity=0.9, shortest=50, days=28))
    workers: int = 1
    runner: Literal["local", "ray"] = "local"
    forgotten: dict[str, str] = field(default_factory=dict)

    @property
    def store(self) -> Path:
        return self.root / "store"

    @property
    def params(self) -> Ingest:
        sources = (Source(name="shop", channel=self.channel), Source(name="serving", channel="serving_log"))
        return Ingest(
            sources=sources,
            timezone="Asia/Shanghai",
            max_text=self.max_text,
            min_turns=1,
            near_duplicates=self.near,
            workers=self.workers,
            runner=self.runner,
        )

    def put(self, day: str, content: str | bytes, name: str = "a.jsonl", source: str = "shop") -> Path:
        path = self.root / "raw" / source / f"dt={day}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def run(self, store: Path | None = None) -> list[DayResult]:
        return list(ingest(self.root / "raw", store or self.store, self.params, PII, forgotten=self.forgotten))

    def dialogues(self, day: str) -> list[Dialogue]:
        return list(read_parquet(self.store / f"dt={day}" / "dialogues.parquet", Dialogue))

    def rejected(self, day: str) -> list[Rejected]:
        return list(read_jsonl(self.store / f"dt={day}" / "quarantine.jsonl", Rejected))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.fixture
def content() -> Callable[[Path], dict[str, bytes]]:
    """Every file below a folder with its bytes."""
    return lambda folder: {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}

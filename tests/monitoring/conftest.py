"""A small store of days written as ingest writes them, and profiles of it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from data.ingest.converted import SCHEMA
from data.monitoring.cache import Day, read_day
from data.monitoring.label_quality import by_day
from data.monitoring.profile import Profile, profile
from kefu.io import write_json, write_jsonl
from kefu.schema import Dialogue, Label, Rejected, ReviewTask, Turn
from kefu.store import write_parquet
from pipelines.params import load_params

PARAMS = load_params().monitor
ASKED = {
    "shipping": ("包裹到哪里了", "我的快递还没到", "where is my parcel"),
    "refund": ("退款多久到账", "钱退到哪里了", "when do I get my money back"),
    "size": ("这件衣服有几个尺码", "尺码偏大吗", "does it run small"),
}
KNOWN = ("退款多久到账",)


@dataclass
class Store:
    """Partitions and labels below ``root``."""

    root: Path

    def put(self, day: str, dialogues: Sequence[Dialogue], labels: bool = True) -> None:
        folder = self.root / "dialogues" / f"dt={day}"
        write_parquet(folder / "dialogues.parquet", dialogues, SCHEMA)
        write_jsonl(folder / "quarantine.jsonl", [Rejected(source="shop", file="a", line=3, reason="line 3", raw="x")])
        counts = {"read": len(dialogues) + 3, "duplicates": 2, "quarantined": 1, "redacted": {"ORDER": 4}}
        write_json(folder / "partition.json", counts)

    def label(self, intents: dict[str, str], dialogues: Sequence[Dialogue], proposed: float = 0.3) -> None:
        """Accepts labels of most first turns, and queues the rest."""
        places = [(d.id, intents[d.turns[0].text]) for d in dialogues]
        cut = round(len(places) * proposed)
        accepted = [
            Label(dialogue_id=i, turn=0, what="intent", value=v, source="labeler", confidence=1, version="1")
            for i, v in places[cut:]
        ]
        queue = [ReviewTask(dialogue_id=i, turn=0, proposal=v, confidence=0.5, why="unsure") for i, v in places[:cut]]
        audit = [ReviewTask(dialogue_id=i, turn=0, proposal=v, confidence=1, why="audit") for i, v in places[cut:]]
        write_jsonl(self.root / "labels/accepted.jsonl", accepted)
        write_jsonl(self.root / "labels/queue.jsonl", [*audit, *queue])

    def read(self) -> list[Day]:
        partitions = sorted((self.root / "dialogues").glob("dt=*"))
        return [read_day(partition, self.root / "monitor", PARAMS) for partition in partitions]

    def profile(self) -> Profile:
        """Of the newest day."""
        *before, newest = self.read()
        partition = self.root / "dialogues" / f"dt={newest.day}"
        return profile(newest, partition, before, by_day(self.root / "labels", []), KNOWN, PARAMS)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def a_day(day: str, shares: dict[str, int], size: int, seed: int, extra: Sequence[str] = ()) -> list[Dialogue]:
    """``size`` dialogues whose topics follow ``shares``; then one for each text of ``extra``."""
    rng = random.Random(f"{day} {seed}")
    topics = rng.choices(list(shares), list(shares.values()), k=size)
    asked = [*(rng.choice(ASKED[topic]) for topic in topics), *extra]
    made = []
    for number, text in enumerate(asked):
        time = f"{day}T{rng.choice((9, 10, 14, 20)):02d}:05:00+08:00"
        turns = [Turn(role="customer", text=text, time=time), Turn(role="agent", text="请稍等", time=time)]
        turns += [Turn(role="customer", text=rng.choice(("好的", "谢谢", "嗯")), time=time)] * rng.choice((0, 1, 2))
        csat = rng.choice((4, 5, None))
        who = {"id": f"shop:{day}:s{number}", "source": "shop", "channel": "kefu_jsonl", "day": day}
        made.append(Dialogue(**who, customer=f"c_{number:016x}", turns=tuple(turns), outcome="resolved", csat=csat))
    return made

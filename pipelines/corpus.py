"""Gathers what the tiny models are pretrained on.

A stage of its own because its output stays the same when a day is added (only the oldest days are read):
DVC then leaves the base models alone.

    python -m pipelines.corpus
"""

from data.sets.params import Build
from kefu.io import write_jsonl
from kefu.params import load_section
from kefu.paths import CORPUS, DIALOGUES
from kefu.schema import Dialogue
from kefu.shop.pack import load_pack
from kefu.split import split_of
from kefu.store import read_parquet
from pipelines.stage import stage
from training.corpus import chats
from training.params.base import Base


def main() -> None:
    with stage("corpus") as s:
        build, base = load_section("build", Build), load_section("base", Base)
        days = sorted(DIALOGUES.glob("dt=*/dialogues.parquet"))[: base.days]
        dialogues = [d for day in days for d in read_parquet(day, Dialogue)]
        learned = [d for d in dialogues if split_of(d.customer, build.eval_share, build.seed) == "train"]
        count = write_jsonl(CORPUS / "chats.jsonl", chats(load_pack(s.pack), base.wordings, learned), private=True)
        s.log({"chats": count, "dialogues": len(learned), "held_out_dialogues": len(dialogues) - len(learned)})


if __name__ == "__main__":
    main()

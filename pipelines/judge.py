"""Is the centre model worth asking? Compares it with people and with the labeler, on reviewed turns.

    python -m pipelines.judge --turns 200

The turns are those that the labeler was least sure of, out of fold. Nothing is written or accepted.
"""

from __future__ import annotations

import argparse

import numpy as np

from data.label.judge import Judge
from data.label.labeler import OUT_OF_FOLD, Judged
from data.label.stream import chosen
from kefu.io import read_jsonl
from kefu.pack import load_taxonomy
from kefu.params import load
from kefu.paths import BASE, DIALOGUES, LABELER, ROOT


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=200)
    parser.add_argument("--limit", type=int, default=2048, help="tokens of a prompt")
    given = parser.parse_args()
    taxonomy = load_taxonomy(ROOT / load().pack)
    judged = sorted(read_jsonl(LABELER / OUT_OF_FOLD, Judged), key=lambda j: (j.confidence, j.dialogue_id, j.turn))
    unsure = judged[: given.turns]
    dialogues = chosen(DIALOGUES, (j.dialogue_id for j in unsure))
    asked = [(dialogues[j.dialogue_id].turns, j.turn) for j in unsure]
    said = Judge.of_base(BASE, taxonomy, given.limit).probabilities(asked, given.turns)
    known = ~np.isnan(said[:, 0])
    best = [taxonomy.names[k] for k in np.where(known[:, None], said, 0).argmax(axis=1)]
    right = np.array([name == j.intent for name, j in zip(best, unsure, strict=True)])[known]
    labeler = np.array([j.predicted == j.intent for j in unsure])[known]
    print(f"{known.sum()} of {len(unsure)} turns judged: judge right {right.mean():.1%}, labeler {labeler.mean():.1%}")
    print(f"right where the labeler is wrong: {(right & ~labeler).sum()} of {(~labeler).sum()}")


if __name__ == "__main__":
    main()

"""How often is a proposal right, and how often is the right intent on keys 1 to 3, at each confidence?

    python -m benchmarks.review.preselect [--store store]

Reads the labeler's out-of-fold predictions of reviewed turns. Those that the guarantee accepts are left out: nobody
is asked about them but in audits. Results: docs/measurements/review.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from data.labeling.guarantee.acceptance import Acceptance
from data.labeling.labeler import OUT_OF_FOLD, OutOfFoldPrediction, most_likely
from kefu.intents.classifier import class_names
from kefu.io import read_json, read_jsonl
from kefu.paths import ROOT

BOUNDS = (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def main() -> None:
    """Prints a line for each range of confidence."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, default=ROOT / "store")
    store = parser.parse_args().store
    rule = Acceptance.model_validate(read_json(store / "labels/acceptance.json"))
    judged = read_jsonl(store / "labeler" / OUT_OF_FOLD, OutOfFoldPrediction)
    asked = [j for j in judged if not rule.accepts(j.predicted, j.confidence)]
    best = most_likely(np.array([j.probabilities for j in asked]), class_names(store / "labeler"))
    confidence = np.array([j.confidence for j in asked])
    right = np.array([j.predicted == j.intent for j in asked])
    offered = np.array([j.intent in three for j, three in zip(asked, best, strict=True)])
    print(f"{len(asked)} reviewed turns below the threshold")
    print(f"{'confidence':>12}{'turns':>8}{'mean':>8}{'right':>8}{'on 1-3':>8}")
    for low, high in zip(BOUNDS, BOUNDS[1:], strict=False):
        some = (confidence >= low) & (confidence < high)
        if some.any():
            means = (f"{column[some].mean():8.3f}" for column in (confidence, right, offered))
            print(f"{low:.1f} … {high:.1f}".rjust(12), f"{some.sum():7}", *means, sep="")
    print("all".rjust(12), f"{len(asked):7}", *(f"{c.mean():8.3f}" for c in (confidence, right, offered)), sep="")


if __name__ == "__main__":
    main()

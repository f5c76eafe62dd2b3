"""Who is in training and who is held out: decided by customer, for ever.

A hash of the pseudonym decides, so a customer stays on the same side on every day and in every set,
whatever else is in the data; no turn of a person that we evaluate on was ever trained on.
The pack's wordings are split in the same way, by a hash of the words: labelled messages, of which there are many,
give a fifth to measuring; the simulator's, of which there are few, a half.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

from kefu.schema import Example, Split

Side = Literal["learn", "measure"]
WORDING_SEED = 9
LABELLED_SHARE, SIMULATED_SHARE = 0.8, 0.5  # of the wordings of each kind that classifiers learn from


def fraction(key: str, seed: int) -> float:
    """A number in [0, 1) that depends on nothing but ``key`` and ``seed``."""
    digest = hashlib.blake2b(key.encode(), key=str(seed).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def split_of(customer: str, eval_share: float, seed: int) -> Split:
    """The side of a customer; about ``eval_share`` of all customers are on 'eval'."""
    return "eval" if fraction(customer, seed) < eval_share else "train"


def fold_of(group: str, folds: int, seed: int) -> int:
    """The cross-validation fold (0 … folds-1) of a group, e.g. a dialogue id."""
    return int(fraction(group, seed) * folds)


def labelled_side(wording: str) -> Side:
    """What a labelled message of the pack is for: classifiers learn from most, the others only measure them."""
    return "learn" if fraction(wording, WORDING_SEED) < LABELLED_SHARE else "measure"


def simulated_side(wording: str) -> Side:
    """The same of what the simulator's customers say."""
    return "learn" if fraction(wording, WORDING_SEED) < SIMULATED_SHARE else "measure"


def sample_by_customer(examples: Sequence[Example], count: int, seed: int) -> list[Example]:
    """At most ``count`` examples of as many customers as possible: one of each, then a second of each, and so on.

    Which ones depends on ids and ``seed`` alone, so a few new examples change little of the sample.
    """
    of_customer: defaultdict[str, list[Example]] = defaultdict(list)
    for example in sorted(examples, key=lambda e: fraction(e.id, seed)):
        of_customer[example.customer].append(example)
    ranked = [(turn, fraction(name, seed), e) for name, some in of_customer.items() for turn, e in enumerate(some)]
    return [example for *_, example in sorted(ranked, key=lambda place: place[:2])[:count]]

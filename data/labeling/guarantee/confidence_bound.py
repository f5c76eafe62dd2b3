"""One-sided lower confidence bounds on precision, for independent draws and for turns clustered in dialogues.

Independent draws have the exact bound of Clopper and Pearson (1934, Biometrika 26:404). Turns of one dialogue are
often wrong together: with e wrong turns in a dialogue, the number of wrong turns has a variance of about the sum
of e², not of e. A sample may hold no dialogue that is wrong as a whole, so one such dialogue is added to the counts
before the bound is taken, as Fay and Feuer (1997, Statistics in Medicine 16:791) do for weighted counts. With one
turn a dialogue the bound is Clopper and Pearson's.

Dialogues that are much longer and much worse than the others can break it; ``docs/measurements/autolabel.md`` has
simulations and the bounds that it was compared with.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import betaincinv


def lower_bound(right: int, total: int, level: float) -> float:
    """Of independent draws, one-sided: with probability ``level`` the true share is not below it."""
    return float(betaincinv(right, total - right + 1, 1 - level)) if right else 0.0


def lower_bound_of_dialogues(wrong: np.ndarray, size: np.ndarray, level: float) -> float:
    """The same for the share of right turns, however alike turns of one dialogue are.

    Args:
        wrong: (dialogues,) wrong turns of each.
        size: (dialogues,) its turns; 0 ≤ wrong ≤ size.
    """
    return float(lower_bounds_of_dialogues(wrong[:, None], size[:, None], level)[0])


def lower_bounds_of_dialogues(wrong: np.ndarray, size: np.ndarray, level: float) -> np.ndarray:
    """(sets,) the bound of each of several sets of turns.

    Args:
        wrong: (dialogues, sets) wrong turns of each dialogue in each set.
        size: (dialogues, sets) its turns; 0 ≤ wrong ≤ size. A set without turns has the bound 0.
    """
    total = size.sum(axis=0)
    # Turns of the dialogue that a turn is in, on average; of a set without turns 1, and then its bound is 0.
    unseen = np.where(total, (size * size).sum(axis=0) / np.maximum(total, 1), 1.0)
    events = wrong.sum(axis=0) + unseen
    alike = ((wrong * wrong).sum(axis=0) + unseen**2) / events  # turns that are one piece of news
    a, b = events / alike, (total - events) / alike + 1
    return np.where(b > 1, betaincinv(np.maximum(b, 1), a, 1 - level), 0.0)


def by_dialogue(correct: np.ndarray, dialogue: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Wrong turns and turns of each dialogue that has any.

    Args:
        correct: (n,) bool.
        dialogue: (n,) numbers of dialogues, from 0.
    """
    size = np.bincount(dialogue)
    wrong = np.bincount(dialogue, ~correct).astype(int)
    return wrong[size > 0], size[size > 0]


def number_names(names: Sequence[str]) -> np.ndarray:
    """(n,) a number for each name, from 0."""
    return np.unique(np.array(names, dtype=str), return_inverse=True)[1]

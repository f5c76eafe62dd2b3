"""Statements about a share that hold however often one looks: e-values and confidence sequences by betting.

A test that is valid once is not valid when it is repeated every day. An e-process is the capital of a fair gambler
who bets against a claim: by Ville's inequality it exceeds 1/error with probability at most ``error`` if the claim is
true (Waudby-Smith and Ramdas 2024, JRSS B 86:1; Ramdas et al. 2023, Statistical Science 38:576). The bet is the
likelihood ratio against the claim's bound, mixed over all shares beyond it with a truncated beta prior (method of
mixtures, Robbins 1970), which has a closed form.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import betainc, betaln, xlog1py, xlogy

PRIOR = (9.0, 1.0)  # of a share: mean 0.9, where labels that break a guarantee of 0.97 may lie
GRID = np.round(np.arange(0.5, 1.0, 0.0005), 4)  # bounds that a confidence sequence can take


def evidence_below(right: float, wrong: float, claim: float) -> float:
    """Log of the e-value against "the share of right ones is at least ``claim``"."""
    return float(_mixture(np.array([right]), np.array([wrong]), np.array([claim]), below=True)[0])


def evidence_of_a_fall(days: Sequence[tuple[float, float]], claim: float, most: int) -> float:
    """Log of an e-value against "the share is at least ``claim``" on all days, quick after good days too.

    A gambler with a stake on each day's beginning: half of the capital on the first, the rest spread over the
    others. Capital that waits for its day keeps its worth, so the whole stays an e-process.

    Args:
        days: (right, wrong) of each day so far, at most ``most`` of them; parts of a draw count as such.
    """
    right, wrong = (np.cumsum(column[::-1])[::-1] for column in np.array(days).T)
    started = np.zeros(most)
    started[: len(days)] = _mixture(right, wrong, np.array([claim]), below=True)
    stakes = np.full(most, 0.5 / max(1, most - 1))
    stakes[0] = 0.5 if most > 1 else 1.0
    return float(np.logaddexp.reduce(started + np.log(stakes)))


def lower_bound(right: float, wrong: float, error: float) -> float:
    """The greatest bound such that the share is not below it, with probability 1 - ``error`` at all times at once."""
    beyond = _mixture(np.array([right]), np.array([wrong]), GRID, below=False) >= -np.log(error)
    last = int(np.argmin(beyond)) if not beyond.all() else len(GRID)
    return float(GRID[last - 1]) if last else 0.0


def _mixture(right: np.ndarray, wrong: np.ndarray, claim: np.ndarray, below: bool) -> np.ndarray:
    """(n,) log capital of a bet on shares below (or above) a claim against the claim itself; each (n,) or (1,)."""
    a, b = PRIOR
    prior, posterior = betainc(a, b, claim), betainc(a + right, b + wrong, claim)
    if not below:
        prior, posterior = 1 - prior, 1 - posterior
    with np.errstate(divide="ignore"):
        mixed = np.log(posterior) - np.log(prior) + betaln(a + right, b + wrong) - betaln(a, b)
    return np.asarray(mixed - xlogy(right, claim) - xlog1py(wrong, -claim))

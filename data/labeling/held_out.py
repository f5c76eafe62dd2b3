"""Who the labeler must not learn from: customers on whose turns the router is measured.

The labels that the labeler gives teach the router. Had it learned from reviewed turns of held-out customers, a
little of these would reach the router by that way. So their turns teach nothing; the finished labeler says what it
thinks of them, and as it never saw them that is evidence for the promise like everybody's. A dialogue that alone
shows an intent is taught all the same: a labeler that does not know an intent is the greater harm. Thresholds, and
weights of other sources, are still chosen with held-out customers' turns: a handful of numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

from data.labeling.join import LabelledTurn
from kefu.split import split_of


def kept_apart(
    turns: Sequence[LabelledTurn], eval_share: float, seed: int
) -> tuple[list[LabelledTurn], list[LabelledTurn]]:
    """The turns to learn from, and those of held-out customers; no dialogue is in both.

    Args:
        eval_share, seed: of `build`, which decide who is held out.
    """
    sides = [split_of(turn.dialogue.customer, eval_share, seed) for turn in turns]
    known = {turn.label.value for turn, side in zip(turns, sides, strict=True) if side == "train"}
    needed = {turn.dialogue.id for turn in turns if turn.label.value not in known}
    held = [side == "eval" and turn.dialogue.id not in needed for turn, side in zip(turns, sides, strict=True)]
    taught = [turn for turn, out in zip(turns, held, strict=True) if not out]
    return taught, [turn for turn, out in zip(turns, held, strict=True) if out]

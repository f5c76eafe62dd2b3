"""Replay of earlier days: their questions, learned with the recorded answers or with what the champion itself answers.

A model that learns today's answers keeps what it could when old questions are learned with answers that are likely
for it already; recorded ones pull it elsewhere (Yang et al. 2024, arXiv:2402.13669; Chen et al. 2025, "Retaining by
Doing", arXiv:2510.18874). Only rows that ``build`` kept are asked again, so their dialogues ended well. An answer is
taken when nothing is found against it; else the recorded one stays. A reviewer's answer is never replaced.

Many old questions once keep more than few of them again and again (docs/measurements/models.md): each pass over the
set has other ones, from those that did not fit into it.

Not covered: the pack's golden phrases. They would make each edit of a golden conversation train the models anew, and
no golden conversation expects what only a model can say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import cycle, islice

from kefu.metrics.text import repetition, tokens
from kefu.schema import Example, Message, Proof
from kefu.split import fraction
from serving.dialogue.claims.checker import ClaimChecker

Ask = Callable[[Sequence[Sequence[Message]]], Sequence[str | None]]


def older_rows(examples: Sequence[Example], share: float, seed: int) -> list[Example]:
    """A share, drawn by keyed hash, of the training rows of days before the newest one."""
    if not share:
        return []
    rows = [e for e in examples if e.split == "train" and not _is_reviewers(e) and _is_of_a_day(e)]
    newest = max(map(_day, rows), default="")
    return [e for e in rows if _day(e) < newest and fraction(f"replay:{e.id}", seed) < share]


def replay(
    examples: Sequence[Example], chosen: Sequence[Example], ask: Ask, max_repetition: float
) -> tuple[list[Example], dict[str, float]]:
    """The examples with the champion's answers where they passed, and how many did, or why not.

    Args:
        chosen: of ``examples``, those that the champion is asked.
        ask: prompts to answers; None where an answer did not come to an end.
        max_repetition: share of repeated 4-grams from which an answer is looping.
    """
    answers = ask([e.messages[:-1] for e in chosen]) if chosen else ()
    said = dict(zip((e.id for e in chosen), answers, strict=True))
    counts = Counter({"taken": 0})
    made = []
    for example in examples:
        if example.split == "train" and example.id in said:
            answer = said[example.id]
            reason = fault(example, answer, max_repetition)
            counts[reason or "taken"] += 1
            made.append(example if reason or answer is None else _answered(example, answer.strip()))
        else:
            made.append(example)
    return made, {f"replay.{name}": float(count) for name, count in counts.items()}


def in_passes(examples: Sequence[Example], more: Sequence[Example], passes: int) -> list[Example]:
    """Training rows for some passes over a set, where each has other older rows, as many as the set has.

    Args:
        examples: of the set.
        more: older rows that are not in it; none: the training rows once, to be read again. All older rows come
            equally often, within one.
    """
    train = [e for e in examples if e.split == "train"]
    if not more:
        return train
    older = older_rows(train, 1.0, seed=0)
    of_set = {e.id for e in older}
    own = [e for e in train if e.id not in of_set]
    return own * passes + list(islice(cycle([*older, *more]), len(older) * passes))


def fault(example: Example, answer: str | None, max_repetition: float) -> str | None:
    """Why the champion's answer to an example's question is not learned; None: nothing was found."""
    if answer is None:
        return "unfinished"
    if not tokens(answer):
        return "empty"
    if repetition(answer) > max_repetition:
        return "looping"
    shown = [m.content for m in example.messages[:-1] if m.role != "user"]
    asked = "\n".join(m.content for m in example.messages if m.role == "user")
    return "unsupported" if list(ClaimChecker(shown, asked).unsupported(answer)) else None


def _answered(example: Example, answer: str) -> Example:
    end = example.proof
    proof = Proof(
        answered_by="bot",
        end_state=end.end_state if end else "unknown",
        end_state_by=end.end_state_by if end else "channel",
        unsupported=(),
    )
    said = Message(role="assistant", content=answer)
    return example.model_copy(update={"messages": (*example.messages[:-1], said), "proof": proof})


def _is_reviewers(example: Example) -> bool:
    return example.proof is not None and example.proof.answered_by == "reviewer"


def _is_of_a_day(example: Example) -> bool:
    """Rows of the pack (``data/sets/from_pack``) are nobody's dialogue: they are taught anew each day."""
    return ":" in example.dialogue_id


def _day(example: Example) -> str:
    return example.dialogue_id.split(":")[1]

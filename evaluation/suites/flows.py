"""Golden conversations through the whole assistant: every turn as expected, and the right rows at the end.

Each begins in a freshly built shop, so no conversation can help or spoil another.
"""

from __future__ import annotations

from collections.abc import Iterator

from evaluation.bootstrap import Sample
from evaluation.candidate import ReleaseUnderTest, ShopConversation
from evaluation.golden import Expect, Golden
from evaluation.items import Items
from evaluation.result import Result
from kefu.schema import Prediction, SpokenTurn
from serving.dialogue.reply import Reply

EQUAL = ("intent", "route", "flow", "asks", "outcome")
MODEL_ASKED = ("model", "fallback")  # the fallback is said when a model's words may not be


def run(release: ReleaseUnderTest, items: Items) -> Result:
    """Share of conversations that went well in everything, share of turns, and how many turns reached a model."""
    conversations: dict[str, list[SpokenTurn]] = {}
    played = []
    for golden in items.golden:
        conversation = release.start_conversation(golden.customer)
        played.append(play(golden, conversation))
        conversations[golden.name] = conversation.turns
    asked = sum(turn.route in MODEL_ASKED for said in conversations.values() for turn in said)
    faults = [[fault for turn in turns for fault in turn] for turns in played]
    # The last list of each conversation is its end state, not a turn.
    turns = [float(not turn) for conversation in played for turn in conversation[:-1]]
    predictions = [
        Prediction(
            suite="flows",
            id=golden.name,
            question=golden.title,
            expected="as written",
            predicted="; ".join(wrong) or "as written",
            score=float(not wrong),
            model=release.name,
        )
        for golden, wrong in zip(items.golden, faults, strict=True)
    ]
    samples = {"success": Sample.of([p.score for p in predictions]), "turns": Sample.of(turns)}
    return Result(samples, predictions, figures={"asked_model": float(asked)}, conversations=conversations)


def play(golden: Golden, conversation: ShopConversation) -> list[list[str]]:
    """Faults of each turn, then those of the end state; empty lists where all is well."""
    faults = [
        [f"turn {number}: {fault}" for fault in differences(turn.expect, conversation.say(turn.say))]
        for number, turn in enumerate(golden.turns, 1)
    ]
    ends = [(end.sql, list(end.rows), conversation.query(end.sql)) for end in golden.end]
    return [*faults, [f"end: {sql}: expected {want}, found {got}" for sql, want, got in ends if want != got]]


def differences(expect: Expect, reply: Reply) -> Iterator[str]:
    """What is not as expected, in words."""
    for name in sorted(expect.model_fields_set & set(EQUAL)):
        want, got = getattr(expect, name), getattr(reply, name)
        if want != got:
            yield f"{name} is {got!r}, not {want!r}"
    if expect.asks_model not in (None, reply.route in MODEL_ASKED):
        yield f"a model is {'not ' if expect.asks_model else ''}asked: {reply.text!r}"
    for slot, want in expect.slots.items():
        if reply.slots.get(slot) != want:
            yield f"slot {slot} is {reply.slots.get(slot)!r}, not {want!r}"
    yield from (f"does not say {text!r} but {reply.text!r}" for text in expect.says if text not in reply.text)
    yield from (f"says {text!r}" for text in expect.says_not if text in reply.text)

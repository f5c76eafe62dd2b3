"""Golden conversations through the whole assistant: every turn as expected, and the right rows at the end.

Each begins in a freshly built shop, so no conversation can help or spoil another.
"""

from __future__ import annotations

from collections.abc import Iterator

from evaluation.bootstrap import Sample
from evaluation.candidate import ReleaseUnderTest, ShopConversation
from evaluation.golden import Expect, Golden
from evaluation.items import Items
from evaluation.result import Fault, Result
from kefu.schema import Prediction, SpokenTurn
from serving.dialogue.reply import Reply

EQUAL = ("intent", "route", "flow", "asks", "outcome")
MODEL_ASKED = (
    "model",
    "fallback",
)  # the fallback is said when a model's words may not be, or no passage is about the question


def run(release: ReleaseUnderTest, items: Items) -> Result:
    """Share of conversations that went well in everything, share of turns, and turns that only a model could answer."""
    conversations: dict[str, list[SpokenTurn]] = {}
    faults: dict[str, list[list[Fault]]] = {}
    for golden in items.golden:
        conversation = release.start_conversation(golden.customer)
        faults[golden.name] = play(golden, conversation)
        conversations[golden.name] = conversation.turns
    asked = sum(turn.route in MODEL_ASKED for said in conversations.values() for turn in said)
    # The last list of each conversation is its end state, not a turn.
    turns = [float(not turn) for played in faults.values() for turn in played[:-1]]
    predictions = [
        Prediction(
            suite="flows",
            id=golden.name,
            question=golden.title.en,
            expected="as written",
            predicted="; ".join(_numbered(faults[golden.name])) or "as written",
            score=float(not any(faults[golden.name])),
            model=release.name,
        )
        for golden in items.golden
    ]
    samples = {"success": Sample.of([p.score for p in predictions]), "turns": Sample.of(turns)}
    figures = {"asked_model": float(asked)}
    titles = {golden.name: golden.title for golden in items.golden}
    return Result(samples, predictions, figures, conversations=conversations, faults=faults, titles=titles)


def _numbered(faults: list[list[Fault]]) -> Iterator[str]:
    """The faults as words, each with its turn."""
    for number, some in enumerate(faults, 1):
        where = f"turn {number}: " if number < len(faults) else ""
        yield from (f"{where}{fault}" for fault in some)


def play(golden: Golden, conversation: ShopConversation) -> list[list[Fault]]:
    """Faults of each turn, then those of the end state; empty lists where all is well."""
    faults = [list(differences(turn.expect, conversation.say(turn.say))) for turn in golden.turns]
    ends = [(end.sql, list(end.rows), conversation.query(end.sql)) for end in golden.end]
    return [*faults, [Fault("ends", sql, str(want), str(got)) for sql, want, got in ends if want != got]]


def differences(expect: Expect, reply: Reply) -> Iterator[Fault]:
    """What is not as expected."""
    for name in sorted(expect.model_fields_set & set(EQUAL)):
        want, got = getattr(expect, name), getattr(reply, name)
        if want != got:
            yield Fault("is", name, str(want), str(got))
    if expect.asks_model not in (None, reply.route in MODEL_ASKED):
        yield Fault("asks_model" if expect.asks_model else "asks_no_model", reply.route, "", reply.text)
    for slot, words in expect.slots.items():
        if reply.slots.get(slot) != words:
            yield Fault("is", f"slots.{slot}", words, str(reply.slots.get(slot)))
    yield from (Fault("says", words, "", reply.text) for words in expect.says if words not in reply.text)
    yield from (Fault("says_not", words, "", reply.text) for words in expect.says_not if words in reply.text)

"""What the last answer has told is not told again: only what is new, or the same in other words."""

from __future__ import annotations

from typing import Any

from serving.dialogue.messages import digest
from serving.dialogue.turn import TurnState, sentences
from serving.sessions.session import Session


def turn_after(*told: str) -> TurnState:
    answers = [digest(some) for text in told for some in sentences(text)]
    nothing: Any = None
    return TurnState(Session(id="s", answers=answers), nothing, nothing, nothing, 0.0)


def test_only_new_sentences_are_told() -> None:
    turn = turn_after("It travels with SwiftPlume. It is expected on 2026-11-18.")
    told = "It travels with SwiftPlume. It is expected on 2026-11-18. So it should be there by 19 November."
    assert turn.tell("flow", told) == "So it should be there by 19 November."
    assert not turn.repeats


def test_what_was_told_is_told_in_other_words_once() -> None:
    first, again = "预计 2026-11-18 送达。", "还是预计 11月18日送达。"
    assert turn_after(first).tell("flow", first, again=again) == again
    turn = turn_after(first, again)
    assert turn.tell("flow", first, again=again) == "" and turn.repeats


def test_a_list_stays_whole() -> None:
    told = "1. Kettle. 179 yuan.\n2. Pot. 249 yuan."
    assert turn_after("1. Kettle. 179 yuan.").tell("query", told) == told


def test_one_message_is_not_told_the_same_twice() -> None:
    turn = turn_after()
    assert turn.tell("faq", "Within 24 hours.") == "Within 24 hours."
    assert turn.tell("faq", "Within 24 hours.") == "" and not turn.repeats

"""What the last answer has told is not told again by a guess, and a longer text goes on where it ended."""

from __future__ import annotations

from typing import Any

from serving.dialogue.messages import digest
from serving.dialogue.turn import TurnState, sentences
from serving.sessions.session import Session


def turn_after(*told: str) -> TurnState:
    answers = [digest(some) for text in told for some in sentences(text)]
    nothing: Any = None
    return TurnState(Session(id="s", answers=answers), nothing, nothing, nothing, 0.0)


def test_a_text_goes_on_where_the_last_answer_ended() -> None:
    turn = turn_after("It travels with SwiftPlume. It is expected on 2026-11-18.")
    told = "It travels with SwiftPlume. It is expected on 2026-11-18. So it should be there by 19 November."
    assert turn.new_in(told) == "So it should be there by 19 November."


def test_a_rest_without_a_figure_does_not_stand_alone() -> None:
    told = "It ships by 17 November. I cannot promise it."
    assert turn_after("It ships by 17 November.").new_in(told) == told


def test_what_comes_before_something_told_stays_with_it() -> None:
    told = "It should ship by 18 November. It ships by 17 November at the latest."
    assert turn_after("It ships by 17 November at the latest.").new_in(told) == told


def test_a_guess_tells_the_same_in_other_words_once() -> None:
    first, again = "预计 2026-11-18 送达。", "还是预计 11月18日送达。"
    assert turn_after(first).tell("flow", first, again=again) == again
    turn = turn_after(first)
    assert turn.tell("flow", first) == "" and turn.repeats
    assert turn_after(first).tell("flow", first, guessed=False) == first


def test_who_asks_on_is_not_told_the_same_a_third_time() -> None:
    first = "预计 2026-11-18 送达。"
    turn = turn_after(first)
    turn.asks_on = True
    assert turn.tell("flow", first, guessed=False) == "" and turn.repeats

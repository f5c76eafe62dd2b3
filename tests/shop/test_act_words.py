"""Words of the demo pack's ``acts.yaml`` that simulated customers were misread by."""

from __future__ import annotations

import pytest

from serving.dialogue.reading.word_rules import evidence, is_idiom, plain
from tests.fixtures.demo_pack import PACK

ACTS = PACK.acts


@pytest.mark.parametrize(
    "text", ["我想一想", "等等我想想", "等等我再看看", "让我看一看", "我先问一问", "i have to ask my wife"]
)
def test_thinking_it_over_is_hesitation(text: str):
    assert evidence(plain(text), ACTS.hesitate)


@pytest.mark.parametrize("text", ["等等我", "等了好久", "等不及了"])
def test_waiting_is_no_hesitation(text: str):
    assert evidence(plain(text), ACTS.hesitate) is None


@pytest.mark.parametrize(
    ("text", "about_hours"),
    [
        ("人工客服什么时候在", True),
        ("人工客服的工作时间", True),
        ("office hours of the agents", True),
        ("转人工", False),
        ("agent please", False),
    ],
)
def test_a_question_for_the_hours_of_people_asks_for_no_person(text: str, about_hours: bool):
    assert is_idiom(plain(text), ACTS.person) is about_hours
    assert (evidence(plain(text), ACTS.person) is None) is about_hours


@pytest.mark.parametrize(
    ("text", "asks"), [("have it hurried", False), ("have you got it?", True), ("do you ship", True)]
)
def test_telling_somebody_to_do_it_is_no_question(text: str, asks: bool):
    assert (evidence(plain(text), ACTS.question) is not None) is asks


@pytest.mark.parametrize(
    ("text", "missed"),
    [
        ("that is not what I asked", True),
        ("It's not what I meant", True),
        ("this isn't what I want to know", True),
        ("it is not what I ordered", False),
        ("that's not what I bought", False),
        ("this wasn't what I was expecting", False),
    ],
)
def test_a_wrong_item_is_no_wrong_answer(text: str, missed: bool):
    assert ACTS.reject
    assert (evidence(plain(text), ACTS.reject.missed) is not None) is missed

"""What a protest asks once more: without the words that say so, what it denies, and what missed already."""

from __future__ import annotations

import pytest

from serving.dialogue.assistant import Assistant
from serving.dialogue.reading.protests.rejections import RejectionReader
from tests.fixtures.demo_pack import PACK


@pytest.mark.parametrize(
    ("say", "rest"),
    [
        ("我问铁铲刮不刮涂层", "铁铲刮不刮涂层"),
        ("不是要退，我问今天能不能送到", "今天能不能送到"),
        ("等等，我说的是换一个新的，不是退", "换一个新的,不是退"),
        ("wait, I meant cancel the unpaid one", "cancel the unpaid one"),
        ("我问过了", ""),
        ("我说话算话", ""),
        ("where is my parcel", ""),
    ],
)
def test_what_is_asked_once_more_stands_behind_the_words_that_say_so(say: str, rest: str) -> None:
    assert RejectionReader(PACK, lambda message, text: frozenset()).restated(say).strip() == rest


@pytest.mark.parametrize("denial", ["啥发票，", "不是开发票，"])
def test_what_a_clause_wonders_at_or_denies_is_not_begun(assistant: Assistant, denial: str) -> None:
    session = f"protest {denial}"
    assistant.reply(session, "C1034", "记忆枕能机洗吗")
    reply = assistant.reply(session, "C1034", f"{denial}我问挂钟哪天发")
    assert "QM2611153389" in reply.text and "发票" not in reply.text


def test_a_question_that_nobody_knows_gets_no_answer_that_missed_already(assistant: Assistant) -> None:
    first = assistant.reply("white dust", None, "does the humidifier leave white dust").text
    again = assistant.reply("white dust", None, "what?? i asked about white dust").text
    assert first not in again and "missed your question" in again


def test_a_yes_that_called_a_person_may_have_meant_something_else(assistant: Assistant) -> None:
    for say in ("my wall clock was ordered on saturday and still not shipped", "yes please"):
        reply = assistant.reply("meant", "C1030", say)
    assert reply.outcome == "handoff"
    assert assistant.reply("meant", "C1030", "wait, I meant cancel the unpaid one").flow == "cancel"


def test_who_asked_for_a_person_waits_whatever_he_means(assistant: Assistant) -> None:
    assistant.reply("waits", "C1030", "get me a person")
    assert assistant.reply("waits", "C1030", "wait, I meant cancel the unpaid one").route == "human"

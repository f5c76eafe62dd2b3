"""What customers say to the question that a flow asks: places of a list, words for all of it, reasons of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import yaml

from serving.dialogue.assistant import Assistant

TABLE = yaml.safe_load((Path(__file__).parent / "replies.yaml").read_text(encoding="utf8"))


def rows() -> Iterator[tuple[str, list[str], str, dict[str, str], str]]:
    for question in TABLE:
        for reply in question["replies"]:
            for said in reply["say"]:
                yield question["customer"], question["open"], question["asks"], reply["fills"], said


@pytest.mark.parametrize(("customer", "opening", "asks", "fills", "said"), rows())
def test_a_reply_fills_what_was_asked_for(
    assistant: Assistant, customer: str, opening: list[str], asks: str, fills: dict[str, str], said: str
) -> None:
    session = uuid4().hex
    *_, asked = [assistant.reply(session, customer, text) for text in opening]
    assert asked.asks == asks
    reply = assistant.reply(session, customer, said)
    assert reply.asks != asks and fills.items() <= reply.slots.items()

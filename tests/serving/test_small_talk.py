"""Words that ask for nothing, told from those that ask for something; and a bot that says it is one."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from serving.dialogue.reading.script import simplified
from serving.dialogue.reading.word_rules import evidence, plain
from tests.fixtures.demo_pack import PACK

CASES = yaml.safe_load(Path(__file__).with_name("small_talk.yaml").read_text(encoding="utf8"))


def kind_of(text: str) -> str | None:
    """The kind of small talk that the reader would take the message for."""
    read = plain(simplified(text))
    return next((name for name, talk in PACK.acts.small_talk.items() if evidence(read, talk) is not None), None)


@pytest.mark.parametrize("kind", CASES)
def test_small_talk_is_told_from_what_asks_for_something(kind: str) -> None:
    read = {text: kind_of(text) or "none" for text in CASES[kind]}
    assert {text: found for text, found in read.items() if found != kind} == {}


@pytest.mark.parametrize("text", [PACK.shop.greeting, PACK.acts.small_talk["bot"].reply])
def test_the_bot_says_that_it_is_one_and_where_people_are(text: object) -> None:
    zh, en = text.zh, text.en  # type: ignore[attr-defined]
    assert "AI" in zh and "AI" in en and "“人工”" in zh and '"agent"' in en

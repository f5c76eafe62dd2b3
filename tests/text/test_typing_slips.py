"""Slips in the pack's words are mended; other words stay as they are."""

from __future__ import annotations

import pytest

from kefu.text.typing_slips import mend_slips
from tests.fixtures.demo_pack import PACK

WORDS = PACK.acts.spelling


@pytest.mark.parametrize(
    ("slip", "meant"),
    [("refnd", "refund"), ("ordr", "order"), ("chekced", "checked"), ("parcell", "parcel"), ("alredy", "already")],
)
def test_a_slip_is_mended(slip: str, meant: str) -> None:
    assert mend_slips(f"my {slip}?", WORDS) == f"my {meant}?"


@pytest.mark.parametrize(
    "text", ["an older one", "the border", "I arrive", "[ORDER_1]", "qimu@ordr.com", "many things"]
)
def test_other_words_stay(text: str) -> None:
    assert mend_slips(text, WORDS) == text

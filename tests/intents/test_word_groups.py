"""Word groups are found together, each as if it were searched alone."""

from __future__ import annotations

import pytest
import re2

from kefu.intents.word_groups import find_groups, word_columns
from kefu.text.regexes import re2_options

GROUPS = ("退(?:货|款)", "refund|money back", r"\bno\b", "^[^a-z]*$", r"\d{3,}", "快递|parcel", "[吗?？]$")
TEXTS = ("我要退货", "REFUND please", "no", "note 123", "快递到了吗", "parcel?", "", "好", "Money  back")


@pytest.mark.parametrize("text", TEXTS)
def test_groups_are_found_as_each_regex_alone_finds_them(text: str) -> None:
    alone = [i for i, group in enumerate(GROUPS) if re2.compile(group, re2_options()).search(text)]
    assert find_groups(GROUPS, [text]) == [alone]


def test_a_group_that_needs_no_word_is_found_beside_groups_that_do() -> None:
    assert find_groups(GROUPS, ["退款 2000"])[0] == [0, 3, 4]


def test_a_search_together_with_other_groups_finds_the_same_columns() -> None:
    patterns, others = tuple(GROUPS), ("款", *reversed(GROUPS), "2")
    texts = {"previous": "退款 2000", "text": "ABC 退款 hello"}
    alone = word_columns(patterns, ["previous", "text"], texts, patterns)
    assert len(alone) and list(word_columns(patterns, ["previous", "text"], texts, others)) == list(alone)

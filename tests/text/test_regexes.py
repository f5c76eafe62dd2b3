"""Regexes of the pack are checked by RE2, so that none can hang a server."""

import pytest

from kefu.intents.word_groups import find_groups
from kefu.text.regexes import check_re2, check_regex


@pytest.mark.parametrize("pattern", ["(", r"(?<!a)b", r"(a)\1", "a(?=b)"])
def test_what_re2_does_not_take_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="is not a valid RE2 regex"):
        check_re2(pattern)


def test_no_pattern_can_hang_the_search() -> None:
    check_re2("(a+)+$")  # exponential for `re`; here linear: with `re` this test would never end
    assert find_groups(["(a+)+$"], ["a" * 20_000 + "b"]) == [[]]


def test_a_class_of_re2_is_no_regex_of_python() -> None:
    check_regex("[\\u4e00-\\u9fff]{2}")
    with pytest.raises(ValueError, match="is not a valid regex of Python"):
        check_regex(r"[\p{Han}]{2}")

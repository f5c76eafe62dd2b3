"""One reader of numbers for customers' sums and for the claims of generated sentences."""

from __future__ import annotations

import re

import pytest

from kefu.text.numbers import NUMBER, read_number
from serving.dialogue.claims import numerals


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,000", 1000),
        ("１２", 12),
        ("一百一十九", 119),
        ("一百五", 150),
        ("三千二", 3200),
        ("两万", 20_000),
        ("二六", 26),
        ("twenty-five", 25),
        ("twenty five", 25),
        ("a hundred", 100),
        ("a hundred five", 105),
        ("nineteen hundred", 1900),
        ("two thousand one hundred and nineteen", 2119),
        ("a thousand", 1000),
    ],
)
def test_a_number_is_read_the_same_by_both(text: str, number: int) -> None:
    assert read_number(text) == number and numerals.read_number(text) == number


@pytest.mark.parametrize(
    "text", ["five twenty", "twenty eleven", "twenty zero", "thousand thousand", "and", "a", "", "hundreds", "三个"]
)
def test_what_is_no_number_is_not_read(text: str) -> None:
    assert read_number(text) is None and numerals.read_number(text) is None


def test_claims_know_fractions_too() -> None:
    assert numerals.read_number("半") == 0.5 and numerals.read_number("1,303.45") == 1303.45
    assert read_number("半") is None


def test_a_number_that_the_pattern_finds_can_be_read() -> None:
    text = "三千二, 1,500, twenty five hundred, ninety-nine and a hundred"
    found = [match[0] for match in re.finditer(NUMBER, text)]
    assert [read_number(number) for number in found] == [3200, 1500, 2500, 99, 100]

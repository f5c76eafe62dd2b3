"""Days of the past, on Monday the 16th of November 2026."""

from __future__ import annotations

from datetime import date

import pytest

from serving.dialogue.linking.days import find_days

TODAY = date(2026, 11, 16)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("昨天", "11-15", "11-15"), ("大前天", "11-13", "11-13"),
        ("上周二", "11-10", "11-10"),
        ("上上周五", "11-06", "11-06"),
        ("周五", "11-13", "11-13"), ("周一", "11-16", "11-16"),
        ("上周", "11-09", "11-15"), ("上周末", "11-14", "11-15"),
        ("上个月", "10-01", "10-31"), ("上个月二十号", "10-20", "10-20"), ("11月10号", "11-10", "11-10"),
        ("十一月九日", "11-09", "11-09"), ("11/10", "11-10", "11-10"), ("2026.11.3", "11-03", "11-03"),
        ("10号", "11-10", "11-10"),
        ("20号", "10-20", "10-20"), ("三天前", "11-13", "11-13"), ("一周前", "11-09", "11-09"),
        ("Nov 13", "11-13", "11-13"),
        ("13th of November", "11-13", "11-13"), ("last Tuesday", "11-10", "11-10"),
        ("on Friday", "11-13", "11-13"),
        ("the day before yesterday", "11-14", "11-14"), ("2 weeks ago", "11-02", "11-02"),
        ("last month", "10-01", "10-31"),
    ],
)  # fmt: skip
def test_a_day_is_read(text: str, first: str, last: str) -> None:
    [found] = find_days(text, TODAY)
    assert (found.first, found.last) == (date.fromisoformat(f"2026-{first}"), date.fromisoformat(f"2026-{last}"))
    assert text[found.start : found.end] == text or text.endswith(text[found.start : found.end])


def test_a_day_of_a_month_to_come_was_last_year() -> None:
    assert find_days("12月20号", TODAY)[0].first == date(2025, 12, 20)


@pytest.mark.parametrize(
    "text", ["明天", "下周二", "2月30号", "1.5米", "24小时", "3号楼", "48×74", "may I ask", "50/60折"]
)
def test_what_is_no_past_day_is_left(text: str) -> None:
    assert find_days(text, TODAY) == []

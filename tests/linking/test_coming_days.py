"""Coming days in a message; 2026-11-16 is a Monday."""

from __future__ import annotations

from datetime import date

import pytest

from serving.dialogue.linking.coming_days import find_coming_day

TODAY = date(2026, 11, 16)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("周五能到吗", date(2026, 11, 20)),
        ("下周二之前要", date(2026, 11, 24)),
        ("20号前能到吗", date(2026, 11, 20)),
        ("5号送来行吗", date(2026, 12, 5)),
        ("明天能送到吗", date(2026, 11, 17)),
        ("12月3日要用", date(2026, 12, 3)),
        ("will it be here by saturday", date(2026, 11, 21)),
        ("before the 20th please", date(2026, 11, 20)),
        ("my mum comes on the weekend", date(2026, 11, 21)),
        ("昨天下的单周五能到吗", date(2026, 11, 20)),
        ("i ordered on the 13th, will it come by the 20th", date(2026, 11, 20)),
        ("needed by the 5th", date(2026, 12, 5)),
        ("下个月3号要用", date(2026, 12, 3)),
        ("今天下的单，明天能到吗", date(2026, 11, 17)),
        ("什么时候能到", None),
        ("上周五买的", None),
        ("我那个香薰机到哪了呀 14号就下单了", None),
        ("周五下的单怎么还没到", None),
        ("12号那单呢", None),
        ("今天买的什么时候发", None),
        ("10号下午付的款", None),
        ("the linen set I ordered on the 13th still isn't here", None),
        ("my parcel from friday is still not here", None),
        ("i paid for it on Tuesday, where is it", None),
        ("nobody ever came on the 11th", None),
        ("today's order, when does it ship", None),
        ("14号的那个呢", None),
        ("it may take 31 days", None),
        ("I paid for a lunch box on Saturday morning", None),
        ("i ordered a pan and it will come on friday", date(2026, 11, 20)),
    ],
)
def test_the_next_such_day_is_meant(text: str, day: date | None) -> None:
    assert find_coming_day(text, TODAY) == day

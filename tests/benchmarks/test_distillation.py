"""Both students take as many steps, and no wording is measured that was taught."""

import pytest

from benchmarks.distillation.__main__ import chats_of, params_of
from benchmarks.forgetting.__main__ import LEARNED, facts
from distill.pairs import Row
from distill.student import schedule
from kefu.llm.chat import Rendered
from kefu.paths import ROOT
from kefu.shop.pack import load_pack

STEPS = 30


@pytest.mark.parametrize("count", [64, 77, 640])
def test_steps_do_not_depend_on_the_number_of_rows(count: int) -> None:
    rows = [Row(Rendered([1] * 20, [1] * 20), None)] * count
    assert len(schedule(rows, params_of(STEPS, count, seed=7))) == STEPS


def test_no_measured_wording_is_taught() -> None:
    known = facts(load_pack(ROOT / "shop"))
    taught, measured = (chats_of(known, part) for part in (slice(LEARNED), slice(LEARNED, None)))
    assert not {chat[0].content for chat in taught} & {chat[0].content for chat in measured}

"""The demo shop's golden conversations, walked through the real flows, tools and database."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation.golden import Golden, load_goldens
from evaluation.suites.flows import differences
from kefu.paths import ROOT
from kefu.shop.pack import load_pack
from serving.tools.demo_database import build
from tests.shop.oracle import Oracle

PACK = load_pack(ROOT / "shop")
GOLDENS = load_goldens(ROOT / "shop/golden")
FLOWS = {flow.name for flow in PACK.flows}


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden.name)
def test_conversation_goes_as_written_and_leaves_the_right_rows(golden: Golden, tmp_path: Path) -> None:
    build(ROOT / "shop", tmp_path / "shop.db")
    talk = Oracle(PACK, tmp_path / "shop.db", golden.customer)
    for turn in golden.turns:
        said = talk.say(turn)
        if turn.expect.flow:
            assert not list(differences(turn.expect, said)), turn.say
    for end in golden.end:
        assert talk.query(end.sql) == list(end.rows)


def test_every_flow_has_a_good_end_and_a_refusal_of_the_shop_or_the_customer() -> None:
    ends = {flow: [g for g in GOLDENS if any(t.expect.flow == flow for t in g.turns)] for flow in FLOWS}
    assert all(len(goldens) >= 3 for goldens in ends.values()), {f: len(g) for f, g in ends.items()}
    assert len(GOLDENS) >= 24
    assert any("<|im_start|>" in turn.say for golden in GOLDENS for turn in golden.turns)

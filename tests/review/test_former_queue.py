"""The former order of the queue, which the benchmark of active learning compares with margin."""

from benchmarks.active_learning.former_queue import PER_DIALOGUE, diverse, worth
from data.labeling.proposal import Proposal
from kefu.schema import Dialogue, Turn


def said(number: int, text: str, margin: float = 0.1, csat: int | None = None) -> tuple[Proposal, Dialogue]:
    turn = Turn(role="customer", text=text)
    dialogue = Dialogue(
        id=f"d{number}", source="s", channel="kefu_jsonl", day="2026-11-09", customer="c", turns=(turn,), csat=csat
    )
    return Proposal(dialogue.id, 0, dialogue.day, "tea", 0.5, margin), dialogue


def order(made: list[tuple[Proposal, Dialogue]], copies: dict[str, int]) -> list[str]:
    proposals, dialogues = [p for p, _ in made], {d.id: d for _, d in made}
    rows = diverse(proposals, worth(proposals, dialogues, copies), dialogues, seed=7)
    return [proposals[row].dialogue_id for row in rows]


def test_traffic_and_discontent_raise_a_turn() -> None:
    made = [said(1, "发票抬头"), said(2, "快递丢了"), said(3, "尺码偏小", csat=1)]
    assert order(made, {"d1": 8}) == ["d3", "d1", "d2"]


def test_the_same_question_waits_until_all_others_were_asked() -> None:
    same = [said(n, f"我的快递怎么还没有到啊{'啊' * (n % 9)}", margin=0.01) for n in range(60)]
    other = [said(100 + n, text, 0.2) for n, text in enumerate(["发票开错了", "这件有别的颜色吗", "能便宜点吗"])]
    assert {"d100", "d101", "d102"} <= set(order([*same, *other], {})[:6])
    assert PER_DIALOGUE == 3

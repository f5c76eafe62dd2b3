"""Near-duplicates: what is a copy, which one stays, what is remembered, and what must never be dropped."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from benchmarks.ingest.load import write
from data.channels.base import RawTurn
from data.ingest.dedupe.minhash import seed, signatures, similarity
from data.ingest.params import NearDuplicates
from kefu.store import copies
from tests.ingest.conftest import Shop, dialogue

DAY, NEXT = "2026-11-09", "2026-11-10"
QUESTION = "你好，我上周买的米白色台灯用了两次就不亮了，能不能给我换一个新的，最好这周末之前能收到"
ANSWER = "亲，非常抱歉给您带来不便，换货已经登记好了，仓库明天会发出新的台灯，旧的请交给上门取件的快递员"


def _copies(shop: Shop, day: str) -> list[tuple[str, str]]:
    table = pq.read_table(shop.store / f"dt={day}" / "copies.parquet")
    return [(row["id"], row["kept_id"]) for row in table.to_pylist()]


def test_the_best_copy_of_a_day_stays_and_stands_for_the_others(shop: Shop) -> None:
    lines = [
        dialogue("first", QUESTION, ANSWER),
        dialogue("longer", QUESTION, ANSWER, "好"),
        dialogue("other", "发票抬头写错了怎么改，我要的是公司的名字，税号也要一起写上去，谢谢", "请把正确的抬头发给我"),
        dialogue("rated", QUESTION, ANSWER, csat=2, customer="u2"),
        dialogue("late", QUESTION, ANSWER, customer="u3"),
    ]
    shop.put(DAY, "\n".join(lines))
    (day,) = shop.run()
    assert (day.facts["kept"], day.facts["near_duplicates"], day.facts["duplicates"]) == (2, 3, 0)
    assert [d.id for d in shop.dialogues(DAY)] == [f"shop:{DAY}:other", f"shop:{DAY}:rated"]
    assert _copies(shop, DAY) == [(f"shop:{DAY}:{name}", f"shop:{DAY}:rated") for name in ("first", "longer", "late")]
    assert copies(shop.store) == {f"shop:{DAY}:rated": 3}


def test_of_equals_the_longest_then_the_first_stays(shop: Shop) -> None:
    lines = [dialogue("a", QUESTION, ANSWER), dialogue("b", QUESTION, ANSWER, "好"), dialogue("c", QUESTION, ANSWER)]
    shop.put(DAY, "\n".join(lines))
    clock = [text.replace("台灯", "闹钟") for text in (QUESTION, ANSWER)]
    shop.put(NEXT, dialogue("d", *clock) + "\n" + dialogue("e", *clock))
    shop.run()
    assert [d.id[-1] for day in (DAY, NEXT) for d in shop.dialogues(day)] == ["b", "d"]


def test_a_stored_dialogue_stays_whatever_comes_later(shop: Shop) -> None:
    shop.put(DAY, dialogue("s1", QUESTION, ANSWER))
    shop.put(NEXT, dialogue("s2", QUESTION, ANSWER, "好", csat=5, outcome="resolved"))
    shop.put("2026-11-11", dialogue("s3", QUESTION, ANSWER))
    _, second, third = shop.run()
    assert (second.facts["kept"], second.facts["near_duplicates"], third.facts["near_duplicates"]) == (0, 1, 1)
    assert copies(shop.store) == {f"shop:{DAY}:s1": 2}


def test_only_days_of_the_window_are_compared(shop: Shop) -> None:
    shop.near = NearDuplicates(similarity=0.9, shortest=50, days=2)
    for day in (DAY, "2026-11-11", "2026-11-14"):
        shop.put(day, dialogue(f"s-{day}", QUESTION, ANSWER))
    assert [r.facts["near_duplicates"] for r in shop.run()] == [0, 1, 0]


def test_personal_data_and_their_numbers_make_no_difference(shop: Shop) -> None:
    one = dialogue("s1", QUESTION, ANSWER, "我的电话13800138000")
    two = dialogue("s2", QUESTION, ANSWER, "我的电话13900139000，也可以打13900139000")
    shop.put(DAY, one + "\n" + two.replace("，也可以打13900139000", ""))
    assert shop.run()[0].facts["near_duplicates"] == 1


def test_another_question_with_the_same_answer_is_no_copy(shop: Shop) -> None:
    answer = "每天16:00前付款当天发货，最晚48小时；江浙沪1–2天，其他地区2–4天，新疆、西藏5–7天到，满99元包邮，不满收8元"
    shop.put(DAY, dialogue("s1", "邮费怎么算", answer) + "\n" + dialogue("s2", "满多少才包邮呢", answer))
    assert shop.run()[0].facts["kept"] == 2


def test_short_talk_is_never_a_copy(shop: Shop) -> None:
    shop.put(DAY, "\n".join(dialogue(f"s{n}", "在吗", "在的，请问有什么可以帮您") for n in range(20)))
    assert shop.run()[0].facts["kept"] == 20


def test_a_session_that_goes_on_the_next_day_is_kept(shop: Shop) -> None:
    shop.put(DAY, dialogue("s1", QUESTION, ANSWER))
    shop.put(NEXT, dialogue("s1", QUESTION, ANSWER, "好"))
    facts = shop.run()[1].facts
    assert (facts["kept"], facts["seen_before"], facts["near_duplicates"]) == (1, 1, 0)


def test_a_thousand_of_one_kind_leave_one(shop: Shop) -> None:
    shop.put(DAY, "\n".join(dialogue(f"s{n}", QUESTION, ANSWER, f"订单{n}") for n in range(1000)))
    day = shop.run()[0].facts
    assert day["kept"] + day["near_duplicates"] == 1000
    assert day["kept"] <= 3  # the number in it differs, so copies are found by their estimate, one by one


def test_planted_copies_are_found_and_nothing_else(shop: Shop, tmp_path: Path) -> None:
    planted = [p for p in write(tmp_path / "raw/shop" / f"dt={DAY}", 1500, 2, 1) if p]
    original = {f"shop:{DAY}:{p.session}": p.original for p in planted}
    (day,) = shop.run()
    dropped = _copies(shop, DAY)
    wrong = [pair for pair in dropped if original[pair[0]] != original[pair[1]]]
    expected = len(planted) - len({p.original for p in planted})
    assert expected > 100
    assert not wrong
    assert len(dropped) >= 0.98 * expected
    assert day.facts["duplicates"] == 1500 - len(planted)


def test_the_estimate_is_near_the_true_similarity() -> None:
    rng = random.Random(7)
    errors = []
    for _ in range(200):
        text = "".join(chr(rng.randrange(0x4E00, 0x5000)) for _ in range(300))
        cut = rng.randrange(5, 60)
        other = text[cut:] + "".join(chr(rng.randrange(0x6E00, 0x7000)) for _ in range(cut))
        one, two = ({f"\nc{t}"[i : i + 5] for i in range(len(t) - 2)} for t in (text, other))
        marks = signatures([[RawTurn("customer", text)], [RawTurn("customer", other)]], 50, seed())
        errors.append(float(similarity(marks[:1], marks[1:])[0]) - len(one & two) / len(one | two))
    assert abs(np.mean(errors)) < 0.01
    assert np.std(errors) < 0.05


def test_signatures_hang_on_the_secret_and_not_on_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [[RawTurn("customer", QUESTION)], [RawTurn("agent", "在")], [RawTurn("agent", ANSWER)]]
    together = signatures(texts, 10, seed())
    assert (together == np.concatenate([signatures([text], 10, seed()) for text in texts])).all()
    assert not together[1].any() and together[0].any()
    monkeypatch.setenv("KEFU_SECRET", "d" * 32)
    assert similarity(together, signatures(texts, 10, seed()))[0] < 0.2


def test_what_is_stored_tells_no_words(shop: Shop) -> None:
    shop.put(DAY, dialogue("s1", QUESTION, ANSWER) + "\n" + dialogue("s2", QUESTION, ANSWER, customer="u9"))
    shop.run()
    stored = {p.name: p.read_bytes() for p in (shop.store / f"dt={DAY}").iterdir() if p.name != "dialogues.parquet"}
    assert not [name for name, content in stored.items() if "台灯".encode() in content]
    assert "u9" not in json.dumps(pq.read_table(shop.store / f"dt={DAY}" / "copies.parquet").to_pylist())

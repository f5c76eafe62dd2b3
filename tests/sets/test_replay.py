"""On-policy replay: older rows get the champion's answers where nothing is found against them, all others stay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from data.sets.replay import fault, in_passes, older_rows, replay
from kefu.schema import Example, Message, Proof

KNOWLEDGE = "资料：七天内可以退货。"
DAYS = ("2026-11-01", "2026-11-02", "2026-11-03")


def row(day: str, number: int, answered_by: str = "agent", split: str = "train") -> Example:
    said = (
        Message(role="system", content=KNOWLEDGE),
        Message(role="user", content=f"问题{number}"),
        Message(role="assistant", content="记录的回答"),
    )
    proof = {"answered_by": answered_by, "end_state": "resolved", "end_state_by": "review", "unsupported": None}
    return Example.model_validate(
        {"id": f"{day}#{number}", "messages": said, "split": split, "dialogue_id": f"shop:{day}:{number}",
         "customer": "c_1", "intent": "x", "proof": proof}
    )  # fmt: skip


ROWS = [row(day, number) for day in DAYS for number in range(20)]


def test_only_training_rows_of_earlier_days_are_asked_and_never_a_reviewers() -> None:
    rows = [*ROWS, row(DAYS[0], 90, "reviewer"), row(DAYS[0], 91, split="eval")]
    chosen = older_rows(rows, 1.0, seed=7)
    assert [e.id for e in chosen] == [e.id for e in ROWS if DAYS[2] not in e.id]
    assert older_rows(rows, 0.0, seed=7) == [] == older_rows([], 1.0, seed=7)


def test_rows_that_the_pack_teaches_have_no_day_and_are_not_asked() -> None:
    of_pack = row(DAYS[0], 92).model_copy(update={"dialogue_id": "acts", "proof": None})
    assert older_rows([*ROWS, of_pack], 1.0, seed=7) == older_rows(ROWS, 1.0, seed=7)


def test_a_share_is_drawn_by_hash_so_that_another_day_changes_nothing_of_it() -> None:
    half = {e.id for e in older_rows(ROWS, 0.5, seed=7)}
    assert 10 < len(half) < 30
    later = {e.id for e in older_rows([*ROWS, row("2026-11-04", 1)], 0.5, seed=7)}
    assert {one for one in later if DAYS[2] not in one} == half


FAULTS: dict[str, tuple[str | None, str | None]] = {
    "as the knowledge says": ("可以的，七天内可以退货。", None),
    "no claim": ("好的，请稍等。", None),
    "a period that nothing supports": ("三十天内可以退货。", "unsupported"),
    "no word": (" 。", "empty"),
    "a loop": ("请稍等请稍等请稍等请稍等请稍等请稍等", "looping"),
    "no end": (None, "unfinished"),
}


@pytest.mark.parametrize(("answer", "reason"), FAULTS.values(), ids=FAULTS)
def test_what_is_found_against_an_answer(answer: str | None, reason: str | None) -> None:
    assert fault(ROWS[0], answer, 0.2) == reason


def test_answers_that_pass_are_learned_and_recorded_ones_stay_otherwise() -> None:
    chosen = ROWS[:3]
    answers = ["七天内可以退货。", "三十天内可以退货。", None]

    def ask(prompts: Sequence[Sequence[Message]]) -> list[str | None]:
        assert [list(p) for p in prompts] == [list(e.messages[:-1]) for e in chosen]
        return answers

    made, counts = replay(ROWS, chosen, ask, 0.2)
    assert counts == {"replay.taken": 1, "replay.unsupported": 1, "replay.unfinished": 1}
    assert [e.messages[-1].content for e in made[:3]] == [answers[0], "记录的回答", "记录的回答"]
    assert made[1:] == ROWS[1:]
    proof = Proof(answered_by="bot", end_state="resolved", end_state_by="review", unsupported=())
    assert made[0].proof == proof and made[0].messages[:-1] == ROWS[0].messages[:-1]


def test_each_pass_has_the_sets_own_rows_and_other_older_rows_at_the_sets_share() -> None:
    reviewers, of_pack = row(DAYS[0], 90, "reviewer"), row(DAYS[0], 92).model_copy(update={"dialogue_id": "acts"})
    new, older, held = ROWS[40:], ROWS[:6], row(DAYS[2], 91, split="eval")
    rows, more = [*older, *new, reviewers, of_pack, held], ROWS[6:20]
    read = Counter(e.id for e in in_passes(rows, more, 5))
    assert all(read[e.id] == 5 for e in (*new, reviewers, of_pack)) and not read[held.id]
    assert sum(read[e.id] for e in (*older, *more)) == 5 * len(older)
    assert {read[e.id] for e in (*older, *more)} == {1, 2}


def test_without_other_rows_or_a_second_pass_the_set_is_what_it_was() -> None:
    assert in_passes(ROWS, [], 5) == ROWS
    assert Counter(e.id for e in in_passes(ROWS, ROWS[:3], 1)) == Counter(e.id for e in ROWS)

"""The corrupted log is what its table says, and nothing is measured that was taught."""

from collections import Counter

from benchmarks.corrupted_log.__main__ import LEARNED, MEASURED, Fact, cases, facts, make_log
from tests.fixtures.demo_pack import PACK

KNOWN = facts(PACK)


def test_half_of_each_facts_answers_is_corrupted() -> None:
    log = make_log(KNOWN, seed=1)
    for number, fact in enumerate(KNOWN):
        own = log[number * LEARNED : (number + 1) * LEARNED]
        assert [row.question for row in own] == fact.wordings[:LEARNED]
        assert Counter(row.kind == "true" for row in own) == {True: LEARNED // 2, False: LEARNED // 2}
        assert all((row.answer == fact.answer) == (row.kind == "true") for row in own)


def test_another_shops_fact_differs_in_one_number() -> None:
    def digits(fact: Fact) -> tuple[str, str]:
        plain = ["".join(c for c in text if not c.isdigit()) for text in (fact.answer, fact.other_shop)]
        return plain[0], plain[1]

    assert len(KNOWN) > 50
    assert all(fact.answer != fact.other_shop and len(set(digits(fact))) == 1 for fact in KNOWN)


def test_what_is_measured_was_not_in_the_log() -> None:
    measured = cases(KNOWN)
    assert len(measured) == len(KNOWN) * MEASURED * 2
    for number, fact in enumerate(KNOWN):
        own = measured[number * MEASURED * 2 : (number + 1) * MEASURED * 2]
        assert not {case.question for case in own} & set(fact.wordings[:LEARNED])

"""What is rejected is not told again, and a conversation that misses twice in a row goes to a person."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from kefu.acts import (
    Act,
    Ask,
    Complaint,
    Fill,
    OutOfScope,
    Query,
    Quote,
    Recommend,
    Refuse,
    Reject,
    SmallTalk,
    Start,
    Unclear,
    target_of,
)
from serving.dialogue.policy.moves import (
    AdmitMiss,
    Begin,
    HandOver,
    Remind,
    Retract,
    Tell,
)
from serving.dialogue.policy.plan import MAX_REJECTIONS, OpenQuestion, Situation, plan
from serving.sessions.session import Session, Told

ASKED: list[Act] = [
    Ask(entry="faq:fee:zh"), Ask(entry="faq:fee:en", probability=0.7), Query(name="stock"),
    Query(name="price", probability=0.8), Quote(basket=(("BD-1", 2),)), Recommend(), Start(flow="return"),
    Start(flow="parcel", probability=0.6),
]  # fmt: skip
OTHER: list[Act] = [Unclear(candidates=("faq:fee:zh", "faq:post:zh", "faq:gift:zh", "faq:box:zh")), Unclear(asks=True),
                    SmallTalk(kind="thanks"), OutOfScope(), Complaint(), Fill(slot="reason", value="quality"),
                    Refuse(flow="return")]  # fmt: skip
TARGETS = ["faq:fee", "query:stock", "query:price", "sum", "recommend", "flow:return", "flow:parcel"]
REJECTS = st.builds(Reject, targets=st.lists(st.sampled_from(TARGETS), max_size=4).map(tuple))
MESSAGES = st.lists(st.sampled_from([*ASKED, *OTHER]), max_size=4)
SITUATIONS = st.builds(
    Situation,
    question=st.sampled_from([None, OpenQuestion("return", None), OpenQuestion("return", "reason")]),
    rejections=st.integers(0, 3),
)


@given(SITUATIONS, REJECTS, MESSAGES)
@example(Situation(), Reject(targets=("faq:fee",)), [Unclear(candidates=("faq:fee:zh", "faq:post:zh"))])
def test_what_is_rejected_is_neither_told_nor_begun_nor_offered(
    now: Situation, reject: Reject, acts: list[Act]
) -> None:
    for move in plan(now, [reject, *acts]):
        assert not (isinstance(move, Tell) and target_of(move.act) in reject.targets)
        assert not (isinstance(move, Begin) and f"flow:{move.flow}" in reject.targets)
        if isinstance(move, AdmitMiss):
            assert len(move.candidates) <= 2
            assert not any(name.rpartition(":")[0] in reject.targets for name in move.candidates)


@given(SITUATIONS, REJECTS, MESSAGES)
def test_the_third_in_a_row_always_goes_to_a_person(now: Situation, reject: Reject, acts: list[Act]) -> None:
    if now.rejections >= MAX_REJECTIONS:
        assert HandOver("lost") in plan(now, [reject, *acts]) or HandOver("asked") in plan(now, [reject, *acts])


@given(REJECTS, MESSAGES)
def test_the_second_in_a_row_is_answered_or_retracted_or_goes_to_a_person(reject: Reject, acts: list[Act]) -> None:
    moves = plan(Situation(rejections=1), [reject, *acts])
    assert not any(isinstance(move, AdmitMiss) for move in moves)
    assert any(isinstance(m, Tell | Begin | HandOver) or (isinstance(m, Retract) and m.flows) for m in moves)


@given(SITUATIONS, MESSAGES)
def test_without_a_rejection_nothing_is_admitted(now: Situation, acts: list[Act]) -> None:
    assert not any(isinstance(move, AdmitMiss) for move in plan(now, acts))
    assert plan(now, acts) == plan(Situation(question=now.question), acts)


def test_a_flow_that_was_guessed_and_rejected_ends() -> None:
    now, acts = (
        Situation(question=OpenQuestion("return", "order")),
        [Refuse(flow="return"), Reject(targets=("flow:return",))],
    )
    assert plan(now, [*acts, Query(name="stock")]) == [
        Retract(("return",)), Tell(Query(name="stock")),
    ]  # fmt: skip
    assert plan(now, acts) == [Retract(("return",), alone=True)]


def test_an_open_question_that_is_not_rejected_stays() -> None:
    now = Situation(question=OpenQuestion("return", "reason"))
    assert plan(now, [Reject(targets=("query:stock",))]) == [AdmitMiss(), Remind()]


def test_a_session_of_an_older_release_is_read() -> None:
    assert Session.model_validate({"id": "s", "told": "faq:fee"}).told == [Told(name="faq:fee")]
    assert Session.model_validate({"id": "s", "told": ""}).told == []

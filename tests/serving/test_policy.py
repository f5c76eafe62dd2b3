"""The policy's rules as properties, and the cases that customers meet most."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st

from kefu.acts import (
    Act,
    Affirm,
    Ask,
    Cancel,
    Choose,
    Complaint,
    Correct,
    Danger,
    Deny,
    Fill,
    Hesitate,
    OutOfScope,
    Person,
    Query,
    Refuse,
    Resume,
    SmallTalk,
    Start,
    Unclear,
)
from serving.dialogue.policy.moves import (
    AdmitUnsure,
    Apologise,
    AskAgain,
    AskWhatIsWrong,
    AskWhichWish,
    BackToBot,
    Begin,
    Confirm,
    Exclude,
    GoOn,
    HandOver,
    Improvise,
    KeepWaiting,
    Leave,
    Offer,
    PassOn,
    Put,
    Remind,
    Revise,
    SetAside,
    Tell,
    TellLikely,
    Wait,
)
from serving.dialogue.policy.plan import MAX_MISSES, MAX_REMINDERS, OpenQuestion, Situation, plan

CONFIRM, REASON = OpenQuestion("return", None), OpenQuestion("return", "reason")
ACTS: list[Act] = [
    Affirm(), Deny(), Deny(corrects=True), Hesitate(), Cancel(), Resume(), Person(), Complaint(), OutOfScope(),
    Unclear(),
    Ask(entry="faq:a"), Query(name="points"), SmallTalk(kind="thanks"), Start(flow="parcel"), Start(flow="return"),
    Fill(slot="reason", value="quality"), Correct(slot="order", value="[ORDER_2]"),
    Choose(slot="order", candidates=("[ORDER_1]", "[ORDER_2]")), Danger(kind="injury"),
]  # fmt: skip
SITUATIONS = st.builds(
    Situation,
    status=st.sampled_from(["bot", "waiting", "person"]),
    in_danger=st.booleans(),
    question=st.sampled_from([None, CONFIRM, REASON]),
    misses=st.integers(0, MAX_MISSES),
    apologised=st.booleans(),
)
MESSAGES = st.lists(st.sampled_from(ACTS), max_size=5)


@given(SITUATIONS, MESSAGES)
def test_every_message_gets_an_answer(now: Situation, acts: list[Act]) -> None:
    assert plan(now, acts)


@given(SITUATIONS, MESSAGES)
def test_it_is_a_pure_function(now: Situation, acts: list[Act]) -> None:
    given_acts, moves = list(acts), plan(now, acts)
    assert plan(now, acts) == moves and acts == given_acts


@given(SITUATIONS, MESSAGES)
@example(Situation(question=CONFIRM), [Complaint(), Affirm()])
@example(Situation(question=CONFIRM), [Affirm(), Hesitate()])
@example(Situation(question=CONFIRM), [Affirm()])
def test_the_shop_changes_only_on_a_lone_yes_to_an_open_confirmation(now: Situation, acts: list[Act]) -> None:
    confirmed = Confirm(True) in plan(now, acts)
    assert confirmed == (acts == [Affirm()] and now.status == "bot" and now.question == CONFIRM)


@given(MESSAGES)
@example([Affirm(clear=True), Ask(entry="faq:a"), Start(flow="parcel")])
@example([Affirm(clear=True), Hesitate()])
def test_a_clear_yes_counts_beside_questions_and_wishes_and_nothing_else(acts: list[Act]) -> None:
    confirmed = Confirm(True) in plan(Situation(question=CONFIRM), [Affirm(clear=True), *acts])
    beside = Affirm | Ask | Query | SmallTalk | Start | Complaint | Unclear | Person
    assert confirmed == all(isinstance(act, beside) for act in acts)


def test_a_question_beside_a_yes_or_no_that_nothing_answers_is_told_to_be_open() -> None:
    unsure = Unclear(asks=True)
    assert plan(Situation(question=CONFIRM), [Affirm(clear=True), unsure]) == [Confirm(True), AdmitUnsure()]
    assert plan(Situation(question=REASON), [Cancel(), unsure]) == [Leave(), AdmitUnsure()]


def test_a_likely_answer_is_told_as_that_and_leaves_the_question_open_but_not_beside_what_was_asked_for() -> None:
    likely = Unclear(asks=True, candidates=("faq:time:en", "faq:fee:en"))
    now, told = Situation(question=CONFIRM), TellLikely("faq:time:en")
    assert plan(now, [likely]) == [told, Remind()]
    assert plan(now, [Affirm(clear=True), likely]) == [Confirm(True), told]
    assert plan(now, [Hesitate(), likely]) == [told, Remind()]
    assert plan(Situation(question=REASON), [Fill(slot="reason", value="quality"), likely])[0] == told
    assert plan(Situation(), [Ask(entry="faq:a"), likely]) == [Tell(Ask(entry="faq:a"))]
    assert plan(Situation(), [likely]) == [Improvise(likely.candidates, True)]  # alone, both may be offered


@given(MESSAGES)
def test_what_was_confirmed_is_told_before_the_answers_beside_it(acts: list[Act]) -> None:
    moves = plan(Situation(question=CONFIRM), [Affirm(clear=True), *acts])
    assert Confirm(True) not in moves or isinstance(moves[0], Confirm | Apologise)


def test_who_leaves_one_thing_for_another_is_told_that_it_is_left() -> None:
    wish, begun = Start(flow="parcel"), Begin("parcel")
    now = Situation(question=CONFIRM)
    assert plan(now, [Cancel(), wish]) == [Leave(more=True), begun]
    assert plan(now, [Cancel(replaced=True), wish]) == [Leave(replaced=True), begun]
    assert plan(now, [Refuse(flow="return"), wish]) == [Exclude(("return",)), Leave(more=True), begun]


def test_a_no_that_corrects_gives_nothing_up_until_a_person_helps_better() -> None:
    for question in (CONFIRM, REASON):
        now = Situation(question=question)
        assert plan(now, [Deny(corrects=True)]) == [AskWhatIsWrong()]
        assert plan(replace(now, misses=MAX_MISSES - 1), [Deny(corrects=True)]) == [HandOver("lost")]
    assert plan(Situation(question=CONFIRM), [Deny()]) == [Confirm(False)]


def test_of_two_flows_that_may_be_meant_none_begins_unasked() -> None:
    two = Unclear(flows=("return", "exchange"))
    assert plan(Situation(), [two]) == [AskWhichWish(("return", "exchange"))]
    assert not any(isinstance(move, AskWhichWish) for move in plan(Situation(question=REASON), [two]))


@given(SITUATIONS, MESSAGES)
@example(Situation(status="waiting"), [Resume(), Start(flow="return")])
def test_a_refused_flow_never_begins_and_ends_when_it_is_open(now: Situation, acts: list[Act]) -> None:
    moves = plan(now, [*acts, Refuse(flow="return")])
    assert not any(isinstance(move, Begin) and move.flow == "return" for move in moves)
    if Exclude(("return",)) in moves and now.question:
        assert any(isinstance(move, Leave) for move in moves)
        assert Confirm(True) not in moves


def test_what_is_refused_leaves_another_open_question_alone() -> None:
    refused = Refuse(flow="cancel")
    assert plan(Situation(question=REASON), [refused]) == [Exclude(("cancel",)), Remind()]
    assert plan(Situation(), [refused, Start(flow="parcel")]) == [Exclude(("cancel",)), Begin("parcel")]
    assert plan(Situation(question=CONFIRM), [Refuse(flow="return"), Start(flow="exchange")]) == [
        Exclude(("return",)), Leave(more=True), Begin("exchange"),
    ]  # fmt: skip


@given(SITUATIONS, MESSAGES)
def test_danger_goes_to_a_person_before_everything(now: Situation, acts: list[Act]) -> None:
    first = plan(now, [*acts, Danger(kind="injury")])[0]
    assert first == (PassOn("injury") if now.status == "person" else HandOver("danger", "injury"))


@given(SITUATIONS, MESSAGES)
def test_a_person_is_one_message_away(now: Situation, acts: list[Act]) -> None:
    moves = plan(now, [*acts, Person()])
    assert any(isinstance(move, HandOver | KeepWaiting | BackToBot | PassOn) for move in moves)


@given(SITUATIONS, MESSAGES)
def test_nothing_is_done_while_a_person_is_asked_for(now: Situation, acts: list[Act]) -> None:
    taken_back = now.status == "waiting" and not now.in_danger and any(isinstance(act, Resume) for act in acts)
    if now.status != "bot" and not taken_back:
        assert all(isinstance(move, HandOver | KeepWaiting | PassOn) for move in plan(now, acts))


@given(SITUATIONS, MESSAGES)
def test_the_bot_is_silent_while_a_person_has_the_conversation_and_only_then(now: Situation, acts: list[Act]) -> None:
    kinds = {type(move) for move in plan(now, acts)}
    assert (kinds == {PassOn}) == (now.status == "person") == (PassOn in kinds)


def test_who_takes_the_wish_for_a_person_back_gets_an_answer_to_the_rest() -> None:
    waiting = Situation(status="waiting")
    assert plan(waiting, [Resume()]) == [BackToBot()]
    assert plan(waiting, [Resume(), Start(flow="parcel")]) == [BackToBot(asks_more=True), Begin("parcel")]
    assert plan(replace(waiting, in_danger=True), [Resume(), Start(flow="parcel")]) == [KeepWaiting()]


def test_goodbye_ends_an_open_question_and_a_hesitation_keeps_what_was_told() -> None:
    bye, told = SmallTalk(kind="bye"), Fill(slot="reason", value="quality")
    assert plan(Situation(question=REASON), [bye]) == [Tell(bye), Leave(replaced=True)]
    assert plan(Situation(question=REASON), [told, Hesitate()]) == [Wait({"reason": "quality"})]
    assert plan(Situation(question=REASON), [Resume()]) == [GoOn()]


@given(SITUATIONS, MESSAGES)
def test_no_wish_is_dropped(now: Situation, acts: list[Act]) -> None:
    moves = plan(now, acts)
    if not any(isinstance(move, HandOver | KeepWaiting | BackToBot | PassOn) for move in moves):
        begun = [move.flow for move in moves if isinstance(move, Begin)]
        assert begun == [act.flow for act in acts if isinstance(act, Start)]


@given(MESSAGES)
def test_an_open_question_survives_whatever_is_no_answer(acts: list[Act]) -> None:
    digressions = [act for act in acts if isinstance(act, Ask | Query | SmallTalk | OutOfScope | Hesitate | Unclear)]
    moves = plan(Situation(question=CONFIRM), digressions)
    assert not any(isinstance(move, Confirm | Leave | Put | Revise) for move in moves)
    assert any(isinstance(move, Remind | Wait | AskAgain) for move in moves)


def test_reminders_and_misses_have_an_end() -> None:
    often = OpenQuestion("return", "reason", reminders=MAX_REMINDERS)
    assert plan(Situation(question=often), [SmallTalk(kind="hello")])[-1] == SetAside()
    assert plan(Situation(question=REASON, misses=MAX_MISSES - 1), [Unclear()]) == [HandOver("lost")]
    assert plan(Situation(question=REASON), [Unclear()]) == [AskAgain()]


def test_a_correction_goes_before_the_confirmation() -> None:
    assert plan(Situation(question=CONFIRM), [Deny(), Correct(slot="order", value="[ORDER_2]")]) == [
        Revise({"order": "[ORDER_2]"})
    ]


def test_anger_is_met_with_one_apology() -> None:
    assert plan(Situation(), [Complaint()]) == [Apologise(asks=True)]
    assert plan(Situation(apologised=True), [Complaint()]) == [HandOver("asked")]
    assert plan(Situation(), [Complaint(), Person()]) == [Apologise(), HandOver("asked")]
    assert plan(Situation(question=CONFIRM), [Complaint()]) == [Apologise(), Remind()]
    assert plan(Situation(), [Complaint(), Start(flow="return")]) == [Apologise(), Begin("return")]
    assert plan(Situation(apologised=True), [Complaint(), Start(flow="return")]) == [Begin("return")]


def test_questions_come_before_wishes_and_a_greeting_needs_no_answer_beside_them() -> None:
    question, wish = Ask(entry="faq:a"), Start(flow="return")
    assert plan(Situation(), [SmallTalk(kind="hello"), wish, question]) == [Tell(question), Begin("return")]
    assert plan(Situation(), [SmallTalk(kind="hello")]) == [Tell(SmallTalk(kind="hello"))]


def test_several_corrections_are_one_walk() -> None:
    acts = [Correct(slot="order", value="[ORDER_2]"), Correct(slot="reason", value=None), Fill(slot="email", value="e")]
    assert plan(Situation(question=CONFIRM), acts) == [Revise({"email": "e", "order": "[ORDER_2]", "reason": None})]


def test_what_is_told_at_a_confirmation_is_taken_before_it_is_asked_again() -> None:
    assert plan(Situation(question=CONFIRM), [Fill(slot="reason", value="quality")]) == [Revise({"reason": "quality"})]


def test_several_orders_are_offered() -> None:
    choose = Choose(slot="order", candidates=("[ORDER_1]", "[ORDER_2]"))
    assert plan(Situation(question=OpenQuestion("return", "order")), [choose]) == [Offer("order", choose.candidates)]


def test_what_was_left_goes_on() -> None:
    assert plan(Situation(), [Resume()]) == [GoOn()]
    assert plan(Situation(), [Unclear(candidates=("faq:a", "faq:b"))]) == [Improvise(("faq:a", "faq:b"))]
    assert plan(Situation(), [Unclear(), Unclear(asks=True, skus=("A",))]) == [Improvise((), asks=True)]
    assert plan(Situation(), [Unclear(asks=True, skus=("A",))]) == [Improvise((), asks=True, skus=("A",))]


def test_what_needed_a_sign_in_goes_on_with_whatever_is_said_next() -> None:
    now = Situation(signed_in=True)
    assert plan(now, [Unclear()]) == [GoOn()]
    assert plan(now, [Fill(slot="order_number", value="[ORDER_1]")]) == [GoOn({"order_number": "[ORDER_1]"})]
    assert plan(now, [Person()]) == [HandOver("asked")]
    assert plan(now, [Ask(entry="faq:1")]) == [Tell(Ask(entry="faq:1")), GoOn()]
    assert plan(now, [Start(flow="invoice")]) == [Begin("invoice")]
    open_question = replace(now, question=OpenQuestion("return", None))
    assert GoOn() not in plan(open_question, [Unclear()])


def test_what_is_told_beside_a_choice_is_kept() -> None:
    acts = [Fill(slot="quantity", value="1"), Choose(slot="order", candidates=("[ORDER_1]", "[ORDER_2]"))]
    assert plan(Situation(question=OpenQuestion("return", "order")), acts) == [
        Offer("order", ("[ORDER_1]", "[ORDER_2]"), {"quantity": "1"})
    ]

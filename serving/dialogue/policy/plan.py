"""What to do with a message: a pure function of the situation and the message's acts.

It reads nothing but its arguments and changes nothing, so every rule here can be tested by itself
(``tests/serving/test_policy.py`` holds the properties). In this order:

1. What a customer says to a person is passed on, and Kefu is silent. Danger goes to a person at once. While a person
   is asked for, Kefu says so and nothing else.
2. An apology, once, before whatever else an angry message asks for.
3. Flows that the message refuses begin in no way, and the open one ends. What it rejects is not told again: where
   nothing else is read, Kefu admits that it missed; after ``MAX_REJECTIONS`` in a row a person helps better.
4. The open question: left, corrected, answered. A confirmation is answered only by a message that does nothing
   else, or in clear words (确认，什么时候来取？) beside questions and wishes; the rest leaves it open, asked again.
5. Questions in the order of the message, then wishes. A wish that has to wait is queued, never dropped.
6. What a flow's question did not understand is asked again; after ``MAX_MISSES`` a person helps better. Reminders
   end as well: after ``MAX_REMINDERS`` digressions the flow is set aside until the customer comes back to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kefu.acts import (
    ACKNOWLEDGE,
    GOODBYE,
    Act,
    Affirm,
    Ask,
    Cancel,
    Choose,
    Compare,
    Complaint,
    Correct,
    Danger,
    Deny,
    Fill,
    Hesitate,
    OutOfScope,
    Person,
    Query,
    Quote,
    Recommend,
    Refuse,
    Reject,
    Resume,
    SmallTalk,
    Start,
    Unclear,
    entry_target,
    target_of,
)
from serving.dialogue.policy.moves import (
    AdmitMiss,
    AdmitUnsure,
    Apologise,
    AskAgain,
    AskWhatIsWrong,
    AskWhichWish,
    AskWish,
    BackToBot,
    Begin,
    Confirm,
    Exclude,
    GoOn,
    HandOver,
    Improvise,
    KeepWaiting,
    Leave,
    LookUp,
    Move,
    Offer,
    PassOn,
    Put,
    Remind,
    Retract,
    Revise,
    SetAside,
    Tell,
    TellLikely,
    Wait,
)
from serving.sessions.session import Status

MAX_MISSES = 3  # messages not understood since the last answer, whatever stands between
MAX_REJECTIONS = 2  # messages in a row that say that the last answer missed; of these, the last leads to a person
MAX_OFFERED = 2  # other entries that are offered when an answer missed
MAX_REMINDERS = 4  # digressions from one question
TOLD = Ask | Query | Quote | Recommend | Compare | OutOfScope
BESIDE_YES = Affirm | Ask | Query | Quote | Recommend | Compare | Start | SmallTalk | Unclear


@dataclass(frozen=True)
class OpenQuestion:
    """What the flow under way waits for: a slot's value, or a yes or no (slot None)."""

    flow: str
    slot: str | None
    reminders: int = 0


@dataclass(frozen=True)
class Situation:
    """All that the policy may know of a session.

    in_danger: the conversation waits because of words of danger: the customer cannot call the bot back.
    paused, queued: flows that are set aside, and wishes that wait. misses: messages not understood in a row.
    rejections: messages before this one, in a row, that said that the last answer missed.
    signed_in: the customer has signed in, and what needed it still waits.
    no_person: the customer has declined a person: none is called but for who asks for one.
    """

    status: Status = "bot"
    in_danger: bool = False
    question: OpenQuestion | None = None
    paused: tuple[str, ...] = ()
    misses: int = 0
    apologised: bool = False
    signed_in: bool = False
    rejections: int = 0
    no_person: bool = False


def plan(now: Situation, acts: Sequence[Act]) -> list[Move]:
    """The moves that answer a message, in order. Never empty."""
    danger = next((act.kind for act in acts if isinstance(act, Danger)), None)
    if now.status == "person":
        return [PassOn(danger)]
    if danger:
        return [HandOver("danger", danger)]
    if now.status != "bot":
        if now.in_danger or not any(isinstance(act, Resume) for act in acts):
            return [KeepWaiting()]
        more = [act for act in acts if isinstance(act, TOLD | Start | Refuse | Choose | Unclear)]
        return [BackToBot(bool(more)), *(_without_refused(replace(now, status="bot"), more) if more else ())]
    moves: list[Move] = []
    angry = any(isinstance(act, Complaint) for act in acts)
    if angry and not now.apologised:
        moves.append(Apologise())
    if any(isinstance(act, Person) for act in acts):
        others = [act for act in acts if not isinstance(act, Person | Complaint)]
        confirms = now.question is not None and now.question.slot is None
        clear = any(isinstance(act, Affirm) and act.clear for act in others)
        agreed = confirms and clear and _confirmed(others) == [Confirm(True)]
        settled: list[Move] = [Confirm(True)] if agreed else _given_up(now, others)
        return [*moves, *settled, *_told_before(others), HandOver("asked")]
    rest = [act for act in acts if not isinstance(act, Complaint)]
    if angry:  # a yes in anger counts in clear words alone
        rest = [act for act in rest if not isinstance(act, Affirm) or act.clear]
    if not rest and len(acts) > 0:  # anger without a wish: what is wrong? the second time, people help better
        if now.question:
            return [*moves, Remind()] if moves else [HandOver("asked")]
        return [Apologise(asks=True)] if moves else [HandOver("asked")]
    return [*moves, *_without_refused(now, rest)]


def _told_before(acts: Sequence[Act]) -> list[Move]:
    """What a message that asks for a person asks of the shop: that is told, and what has to be done is the person's."""
    told = [act for act in acts if isinstance(act, TOLD | Start)]
    return [LookUp(act.flow, act.slots) if isinstance(act, Start) else Tell(act) for act in told]


def _given_up(now: Situation, acts: Sequence[Act]) -> list[Move]:
    """What a message that asks for a person refuses or gives up: the person gets no part of it to go on with."""
    refused = tuple(dict.fromkeys(act.flow for act in acts if isinstance(act, Refuse)))
    ends = now.question and (now.question.flow in refused or any(isinstance(act, Cancel) for act in acts))
    return [*([Exclude(refused)] if refused else ()), *([Leave(replaced=True)] if ends else ())]


def _without_refused(now: Situation, acts: Sequence[Act]) -> list[Move]:
    """What the acts ask for, without the flows that the message refuses, and what it rejects."""
    if any(isinstance(act, Reject) for act in acts):
        return _without_rejected(now, acts)
    refused = tuple(dict.fromkeys(act.flow for act in acts if isinstance(act, Refuse)))
    if not refused:
        return _served(now, acts)
    rest = [act for act in acts if not isinstance(act, Refuse) and not (isinstance(act, Start) and act.flow in refused)]
    if now.question and now.question.flow in refused:
        if now.question.slot is None and not rest:
            return [Exclude(refused), Leave(refused=True)]
        return [Exclude(refused), *_served(now, [Cancel(), *rest])]
    if rest:
        return [Exclude(refused), *_served(now, rest)]
    return [Exclude(refused), Remind() if now.question else Leave()]


def _without_rejected(now: Situation, acts: Sequence[Act]) -> list[Move]:
    """What else the message asks for, when the last answer missed; else that it did, or a person.

    A person helps better the second time in a row, unless something else is asked; and the third.
    """
    targets = {target for act in acts if isinstance(act, Reject) for target in act.targets}
    rest = [act for act in acts if not isinstance(act, Reject) and target_of(act) not in targets]
    refused = tuple(dict.fromkeys(act.flow for act in rest if isinstance(act, Refuse)))
    rest = [act for act in rest if not isinstance(act, Refuse) and not (isinstance(act, Start) and act.flow in refused)]
    asked = any(isinstance(act, TOLD | Start) for act in rest)
    again = now.rejections + 1
    if again > MAX_REJECTIONS or (again == MAX_REJECTIONS and not (asked or refused)):
        return _lost(now)
    if now.question and now.question.flow in refused:
        now = replace(now, question=None)
    if asked or (now.question and _answers(now.question, rest)):
        return [*([Retract(refused)] if asked or refused else ()), *_served(now, rest)]
    still_open = [Remind()] if now.question else []
    unclear = [act for act in rest if isinstance(act, Unclear)]
    near = dict.fromkeys(name for act in unclear for name in act.candidates)
    offered = tuple(name for name in near if entry_target(name) not in targets)[:MAX_OFFERED]
    if (refused or not offered) and not now.question and any(act.asks for act in unclear):
        return [Retract(refused), *_misunderstood(now, rest)]
    if refused:
        return [Retract(refused, alone=not now.question), *still_open]
    return [AdmitMiss(offered), *still_open]


def _served(now: Situation, acts: Sequence[Act]) -> list[Move]:
    answers = _answers(now.question, acts) if now.question else []
    if answers == [AskWhatIsWrong()] and now.misses + 1 >= MAX_MISSES:
        return _lost(now)
    told: list[Move] = [Tell(act) for act in acts if isinstance(act, TOLD)]
    unsure = [act for act in acts if isinstance(act, Unclear) and act.asks]
    begun = [
        Begin(act.flow, act.slots, act.resumes, guessed=act.probability < 1) for act in acts if isinstance(act, Start)
    ]
    if begun and (several := [act.candidates for act in acts if isinstance(act, Choose)]):
        begun[-1] = replace(begun[-1], candidates=several[-1])
    if not now.question and not begun and (now.signed_in or any(isinstance(act, Resume) for act in acts)):
        answers = [GoOn({act.slot: act.value for act in acts if isinstance(act, Fill)})]
    if not answers and not told and not begun:
        told = [*_small_talk(now, acts)]  # a greeting before a wish needs no answer
        if now.question and any(isinstance(act, SmallTalk) and act.kind == GOODBYE for act in acts):
            return [*told, Leave(replaced=True)]  # who says goodbye wants no more questions
    named = [AskWish(act.slot, _candidates(act)) for act in acts if isinstance(act, Fill | Choose)]
    if not now.question and not told and not begun and not answers and named:
        answers = [named[0]]
    if now.question and not (told or begun):  # beside what was asked for, one guess in four was right (blind rounds)
        told += [TellLikely(act.candidates[0]) for act in unsure if act.candidates]
    if begun and answers == [Leave()]:
        replaced = any(isinstance(act, Cancel) and act.replaced for act in acts)
        answers = [Leave(replaced=replaced, more=not replaced)]
    if answers == [Wait()] and (begun or any(isinstance(move, Tell | TellLikely) for move in told)):
        answers = []  # who asks something first gets that, and is asked again
    confirmed = bool(answers) and isinstance(answers[0], Confirm)
    moves: list[Move] = [*answers, *told, *begun] if confirmed else [*told, *answers, *begun]
    if any(not act.candidates for act in unsure) and answers and isinstance(answers[0], Confirm | Leave | Wait):
        moves.append(AdmitUnsure())
    if not moves and any(isinstance(act, Cancel) for act in acts):
        return [Leave()]
    if not moves:
        return _misunderstood(now, acts)
    open_still = now.question is not None and not answers and not begun
    if open_still:
        assert now.question
        moves.append(SetAside() if now.question.reminders >= MAX_REMINDERS else Remind())
    return moves


def _small_talk(now: Situation, acts: Sequence[Act]) -> list[Tell]:
    """One courtesy is answered, and none before a question that was not understood.

    An "ok" is no small talk while a question is open: it answers nothing.
    """
    if any(isinstance(act, Unclear) and act.asks for act in acts):
        return []
    talk = [Tell(a) for a in acts if isinstance(a, SmallTalk) and not (now.question and a.kind == ACKNOWLEDGE)]
    return talk[-1:]


def _candidates(act: Fill | Choose) -> tuple[str, ...]:
    return (act.value,) if isinstance(act, Fill) else act.candidates


def _answers(question: OpenQuestion, acts: Sequence[Act]) -> list[Move]:
    """What the message says to the open question."""
    if any(isinstance(act, Cancel) for act in acts):
        return [Leave()]
    if len(acts) == 1 and isinstance(acts[0], Deny) and acts[0].corrects:
        return [AskWhatIsWrong()]
    filled = {act.slot: act.value for act in acts if isinstance(act, Fill)}
    corrected = {act.slot: act.value for act in acts if isinstance(act, Correct)}
    if corrected or (question.slot is None and filled):  # one walk for all: the first may end the flow
        return [Revise({**filled, **corrected}, agrees=any(isinstance(a, Affirm) and a.clear for a in acts))]
    if question.slot is None:
        return _confirmed(acts)
    if offers := [Offer(act.slot, act.candidates, filled) for act in acts if isinstance(act, Choose)]:
        return list(offers)
    hesitates = any(isinstance(act, Hesitate) for act in acts)
    if filled and not hesitates:  # of another slot as well: what is told early, or told again, is no mistake
        return [Put(filled)]
    if not hesitates and any(isinstance(act, Resume) for act in acts):
        return [GoOn()]
    return [Wait(filled)] if hesitates else []


def _confirmed(acts: Sequence[Act]) -> list[Move]:
    """A yes counts alone, or in clear words beside what is understood; a no changes nothing, so it may have company."""
    clear = any(isinstance(act, Affirm) and act.clear for act in acts)
    if (len(acts) == 1 or clear and all(isinstance(act, BESIDE_YES) for act in acts)) and any(
        isinstance(act, Affirm) for act in acts
    ):
        return [Confirm(True)]
    if any(isinstance(act, Hesitate) for act in acts):
        return [Wait()]
    if any(isinstance(act, Deny) for act in acts):
        return [Confirm(False)]
    return [GoOn()] if any(isinstance(act, Resume) for act in acts) else []


def _lost(now: Situation) -> list[Move]:
    """What follows too many misses: a person, or for who has declined one the end of the open question."""
    if not now.no_person:
        return [HandOver("lost")]
    return [AdmitMiss(), *([SetAside()] if now.question else ())]


def _misunderstood(now: Situation, acts: Sequence[Act]) -> list[Move]:
    if now.question:
        if now.misses + 1 >= MAX_MISSES:
            return _lost(now)
        asks = any(isinstance(act, Unclear) and act.asks for act in acts)
        return [AskAgain(asks)]
    unclear = [act for act in acts if isinstance(act, Unclear)]
    if flows := next((act.flows for act in unclear if act.flows), ()):
        return [AskWhichWish(flows)]
    first = next((act for act in unclear if act.candidates), unclear[0] if unclear else Unclear())
    return [Improvise(first.candidates, any(act.asks for act in unclear), first.skus)]

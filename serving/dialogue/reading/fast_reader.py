"""Reads a message's acts in milliseconds: the pack's words, the classifiers, the linker and the knowledge index.

A message is read whole first: an answer to the open question, and nothing else, is only that. What remains is cut
into parts, each with its own acts (``parts/``).
It does not understand irony, and no wish that stands in no word ("you know what to do").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile
from operator import attrgetter

from kefu.acts import (
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
    Person,
    Query,
    Quote,
    Recommend,
    Refuse,
    Resume,
    SmallTalk,
    Start,
    Unclear,
    target_of,
)
from kefu.intents.router import Router
from kefu.intents.wishes import WishClassifier
from kefu.shop.pack import Pack
from serving.dialogue.linking.linker import Linker
from serving.dialogue.reading.answers.offered import OfferReader
from serving.dialogue.reading.answers.reader import AnswerReader
from serving.dialogue.reading.answers.yes_no import leaves, yes_or_no
from serving.dialogue.reading.confirmed import ConfirmationReader
from serving.dialogue.reading.danger import danger_in
from serving.dialogue.reading.guesses import WishGuesser
from serving.dialogue.reading.message import Message, Reading
from serving.dialogue.reading.parts.asides import INTERRUPTS, asks
from serving.dialogue.reading.parts.reader import PartReader
from serving.dialogue.reading.parts.second_opinion import SecondOpinion
from serving.dialogue.reading.preparation import TextPreparer
from serving.dialogue.reading.protests.reader import ProtestReader
from serving.dialogue.reading.protests.repeats import RepeatReader
from serving.dialogue.reading.segments import WORD, answer_pieces, asks_behind_also, behind_also
from serving.dialogue.reading.stops import StopReader
from serving.dialogue.reading.wishes.reader import WishReader
from serving.dialogue.reading.word_rules import evidence, plain
from serving.sessions.session import SaidTurn, Session

WISH = Start | Query | Person | Complaint | Refuse
AFFIRM = "affirm"  # a message's act, as the session keeps it
ENDING = ("bye", "thanks")  # kinds that end a conversation
MOST_WAITING = 4  # messages to a person who has not come, of which one may be answered by the bot


class FastReader:
    """Reads messages of one pack.

    Args:
        classifier: None for a release without one: then the router's intents tell what a part may wish for.
        router_confidence: below it, the router's intent tells nothing.
    """

    def __init__(
        self,
        pack: Pack,
        router: Router,
        classifier: WishClassifier | None,
        linker: Linker,
        answers: AnswerReader,
        wishes: WishReader,
        router_confidence: float,
    ) -> None:
        self._pack, self._answers = pack, answers
        self.guesser = WishGuesser(pack, router, classifier, router_confidence)
        self._parts = PartReader(pack, linker, answers, wishes, self.guesser)
        self._confirmations = ConfirmationReader(pack, answers, self._parts, self.guesser)
        self._stops = StopReader(pack, answers, self._parts, self)
        self._protests = ProtestReader(pack, answers, self, self._parts.kinds, self.guesser.guess)
        self._repeats = RepeatReader(pack, self)
        self._offers = OfferReader(pack, self._at_offer, self.asked_in)
        self._prepare = TextPreparer(pack, self._parts)
        self._second = SecondOpinion(pack, self.guesser, wishes, self._parts)

    def read(self, message: Message) -> Reading:
        """All acts of a message, in the order of its words."""
        text = message.text
        message = self._prepare.prepared(message)
        top = self.guesser.top(message)
        if kind := danger_in(message.text, self._pack.danger):
            return Reading([Danger(kind=kind)], top)
        reading = Reading([], top)
        if message.session.status != "bot":
            reading.acts = self._back_to_bot(message, reading)
        else:
            rest, asked = self._protests.still_open(message, reading)
            message = replace(message, text=rest)
            acts = self._offers.read(message, reading) or self.steps(message, reading)
            acts = self._second.instead(message, acts, reading)
            acts = [*self._repeats.instead(message, acts, reading), *asked]
            reading.acts = ([] if message.flow else self._thanks_beside(text, acts)) or acts
        return reading

    def steps(self, message: Message, reading: Reading) -> list[Act]:
        """All acts of a prepared message: of the first step that makes something of it."""
        steps = (
            self._protests.only_a_part,
            self._answer,
            self._confirmed,
            self._address,
            self._stops.left,
            self._protests.refused,
            self._rejected,
            self._stops.waits,
            self._stops.likely,
            self.by_parts,
        )
        acts = next((acts for step in steps if (acts := step(message, reading))), [])
        if self._declines_person(message):
            acts = self._without_offered(message, [act for act in acts if not isinstance(act, Person)])
        acts = _without_guessed_person(acts)
        if any(isinstance(act, Person) for act in acts):
            return self._with_person(message, acts, reading)
        return self._thanks(message, acts) or self._without_person(message, acts) or acts

    def _without_offered(self, message: Message, acts: list[Act]) -> list[Act]:
        """The acts of a message that declines a person, a no first where the open question offers one."""
        rules, step = self._pack.acts, message.step
        pieces = [piece for piece in answer_pieces(message.text, rules.another) if not self._asks(piece)]
        declined = any(evidence(plain(piece), rules.no_person) for piece in pieces)
        offered = declined and message.flow is not None and step is not None and message.flow.calls_person(step.id)
        answered = any(isinstance(act, Affirm | Cancel | Deny | Hesitate | Refuse) for act in acts)
        if answered or not offered:
            return acts
        left = [act for act in acts if not isinstance(act, Fill | Correct)]  # a value would have it offered once more
        return [Deny(evidence=message.text), *left]

    def _with_person(self, message: Message, acts: Sequence[Act], reading: Reading) -> list[Act]:
        """A wish for a person, and what the other parts of the message ask in words of their own."""
        rules, words = self._pack.acts, self._pack.conversation
        parts = answer_pieces(message.text, rules.another)
        calls = [p for p in parts if evidence(plain(p), rules.person) or yes_or_no(p, words, message.step)]
        if calls and any(leaves(part, words) for part in parts[parts.index(calls[-1]) + 1 :]):  # or no wait, forget it
            return [act for act in acts if not isinstance(act, Person)]
        beside = [p for p in parts if p not in calls and asks_behind_also(p, rules.another, rules.question)]
        rest = " ".join(behind_also(piece, rules.another) for piece in beside) if calls else ""
        if not rest or any(isinstance(act, Complaint) for act in acts):
            return list(acts)
        asked = self.asked_in(replace(message, text=rest, flow=None, step=None), reading)
        sure = [act for act in asked if asks(act) and act.probability >= INTERRUPTS and not isinstance(act, Person)]
        known = set(map(target_of, acts))
        return [*acts, *(act for act in sure if target_of(act) not in known)]

    def _rejected(self, message: Message, reading: Reading) -> list[Act]:
        """That the last answer missed, and what the message asks instead; not where that fills the open question."""
        rejects = self._protests.rejects(message) and not self._asks_no_order(message)
        if not rejects or self._fills(message, reading):
            return []
        return self._protests.rejected(message, reading)

    def _at_offer(self, message: Message, reading: Reading) -> list[Act]:
        """The acts of a message, had the last answer asked for a yes."""
        steps = (self._answer, self._confirmed, self._stops.likely, self.by_parts)
        return next((acts for step in steps if (acts := step(message, reading))), [])

    def _thanks(self, message: Message, acts: Sequence[Act]) -> list[Act]:
        """The thanks or goodbye of a remark that asks for nothing, or for what was just told: 行 我手洗吧 谢啦."""
        session, talks, rules = message.session, self._pack.acts.small_talk, self._pack.acts
        told = {one.name for one in session.told}
        if message.flow or evidence(plain(message.text), rules.question) is not None:
            return []
        ends = next((k for k in ENDING if k in talks and evidence(plain(message.text), talks[k]) is not None), None)
        if ends and session.turns and not any(isinstance(act, WISH) and act.probability == 1 for act in acts):
            return [SmallTalk(kind=ends, evidence=message.text)]  # finally. ok i'll do it there. bye
        if not told or not all(target_of(act) in told for act in acts):
            return []
        last = plain(answer_pieces(message.text, rules.another)[-1])
        kind = next((kind for kind in ENDING if kind in talks and evidence(last, talks[kind]) is not None), None)
        return [SmallTalk(kind=kind, evidence=last)] if kind else []

    def _thanks_beside(self, text: str, acts: Sequence[Act]) -> list[Act]:
        """The thanks or goodbye beside a remark that asks for nothing: ok, thank you, sorry I was grumpy."""
        talks = self._pack.acts.small_talk
        if not acts or not all(isinstance(act, Unclear) and not (act.asks or act.candidates) for act in acts):
            return []
        pieces = map(plain, answer_pieces(text, self._pack.acts.another))
        said = ((kind, piece) for piece in pieces for kind in ENDING if kind in talks)
        found = next((one for one in said if evidence(one[1], talks[one[0]]) is not None), None)
        return [SmallTalk(kind=found[0], evidence=found[1])] if found else []

    def _declines_person(self, message: Message) -> bool:
        """Whether a message does not want a person, and does not ask for one in other words: no person, I asked …"""
        words, rules = plain(message.text), self._pack.acts
        said = evidence(words, rules.no_person)
        return said is not None and evidence(words.replace(said, " ", 1), rules.person) is None

    def _without_person(self, message: Message, acts: Sequence[Act]) -> list[Act]:
        """What declines a person and asks for nothing else, where nothing is open: 不用转人工."""
        rules, words = self._pack.acts, plain(message.text)
        said = None if message.flow else evidence(words, rules.no_person)
        if said and (to_bot := evidence(words.replace(said, "", 1), rules.to_bot)):  # continue with bot?
            words = words.replace(to_bot, "", 1).rstrip("?")
        asks = any(not isinstance(act, Unclear) for act in acts) or evidence(words, rules.question) is not None
        return [Cancel(evidence=said)] if said and not asks else []

    def _answer(self, message: Message, reading: Reading) -> list[Act]:
        """An answer to the open question that is a whole message."""
        acts = self._answers.agreement.whole(self._answers.echoes.short(message)) if message.step else []
        return [replace(act, evidence=message.text) for act in acts]

    def goes_on(self, message: Message, rest: str, reading: Reading) -> list[Act]:
        """The acts of words that tell Kefu to go ahead, behind others that only sound like a no: 算了，提交吧."""
        going = replace(message, text=rest)
        if not self._answers.yes.goes_ahead(going):
            return []
        return self._confirmed(going, reading) or self._stops.likely(going, reading) or self.by_parts(going, reading)

    def _address(self, message: Message, reading: Reading) -> list[Act]:
        """An address that the open question asks for, in words of its own or by another order that goes there."""
        if not message.step:
            return []
        return self._answers.same_address.read(message) or self._answers.addresses.read(message)

    def _asks(self, text: str) -> bool:
        return evidence(plain(text), self._pack.acts.question) is not None

    def _confirmed(self, message: Message, reading: Reading) -> list[Act]:
        """A yes with company, and what stands beside it."""
        if not (message.step and message.step.confirm):
            return []
        reader, scores = self._answers.yes, self._answers.agreement.scores
        wish, flows = self._answers.echoes.other_wish(message) if reader.is_look_up(message) else ("", ())
        if flows:
            asked = self.asked_in(replace(message, text=wish, flow=None, step=None), reading)
            if any(isinstance(act, Start) and act.flow in flows for act in asked):
                return [Cancel(replaced=True, evidence=message.text), *asked]
        message = self._answers.echoes.short(message)
        found = reader.before_wish(message, scores) or reader.find(message, scores(message))
        if found is None and (lead := reader.before_also(message)):
            found = reader.find(message, scores(replace(message, text=lead)), whole=False)
        found = found or reader.find_alone(message, scores, scores(message))
        return self._confirmations.read(message, found, reading)

    def by_parts(self, message: Message, reading: Reading) -> list[Act]:
        """The acts of all parts, and what becomes of the flow under way."""
        acts = self._parts.read(message, reading)
        if rest := self._answers.agreement.after_no(message):
            acts = self._stops.denied(message, rest, acts, reading)
        for act in acts:
            if isinstance(act, Start):  # 三天能到吗？我周五要送人: the day stands in another part
                flow = next(flow for flow in self._pack.flows if flow.name == act.flow)
                act.slots.update({**self._answers.items.days(message, message.text, flow), **act.slots})
        acts = self._parts.joiner.without_orders_of_others(message, acts)
        self._parts.joiner.tell_whole(message, acts)
        acts = self._parts.joiner.doubt_number(message, acts)
        acts = self._parts.joiner.with_address(message, acts)
        acts = self._without_asides(message, self._parts.joiner.without_covered(acts))
        if self._asks_no_order(message):
            own = message.flow.name if message.flow else ""
            kept = [act for act in acts if _asks_at_all(act) and not (isinstance(act, Start) and act.flow == own)]
            return [Cancel(evidence=message.text), *kept]
        if self._replaces(message, acts):
            return [Cancel(replaced=True, evidence=message.text), *acts]
        return acts

    def _without_asides(self, message: Message, acts: Sequence[Act]) -> list[Act]:
        """The acts at a look-up's question without what is told beside a no or a wait: 不急，周三前到就行."""
        answered = message.step is not None and any(isinstance(act, Deny | Hesitate) for act in acts)
        if not (answered and message.flow and message.flow.item_among):
            return list(acts)
        orders = self._answers.orders.slots_of(message.flow)
        return [act for act in acts if not (isinstance(act, Fill | Correct) and act.slot not in orders)]

    def _back_to_bot(self, message: Message, reading: Reading) -> list[Act]:
        """A wish for a person taken back, with what the message asks beside it, else what was asked while waiting."""
        rules, parts = self._pack.acts, answer_pieces(message.text, self._pack.acts.another)
        found = {part: evidence(plain(part), rules.to_bot) or evidence(plain(part), rules.no_person) for part in parts}
        if not any(evidence(plain(part), rules.person) for part in parts):
            found |= {
                part: plain(part) for part in parts if leaves(part, self._pack.conversation)
            }  # no wait, never mind
        back = {part: words for part, words in found.items() if words}
        if not back:
            return self._yes_corrected(message, reading)
        left = ("" if p in back and not self._asks(plain(p).replace(back[p], " ", 1)) else p for p in parts)
        here, waiting = "".join(left), map(attrgetter("text"), _waiting_turns(message.session))
        own = self.asked_in(replace(message, text=here), reading) if WORD.search(here) else []
        own = list(self._repeats.instead(replace(message, text=here), own, reading))
        asked = (self._asked_of_bot(replace(message, text=text), reading) for text in waiting)
        more = own or next(filter(None, asked), [])
        return [Resume(evidence=next(iter(back))), *(act for act in more if not isinstance(act, Person))]

    def _yes_corrected(self, message: Message, reading: Reading) -> list[Act]:
        """What a customer meant by the yes that has just called a person: wait, I meant cancel the unpaid one."""
        said = next((turn for turn in reversed(message.session.turns) if turn.role == "customer"), None)
        meant = self._protests.restated(message.text) if said and AFFIRM in said.acts else ""
        acts = self._asked_of_bot(replace(message, text=meant), reading) if meant else []
        sure = [act for act in acts if act.probability == 1 and isinstance(act, Query | Start)]
        return [Resume(evidence=message.text), *sure] if sure else []

    def _asked_of_bot(self, message: Message, reading: Reading) -> list[Act]:
        """What a message to the person who has not come asks of the shop: of a statement, what its words name."""
        under, orders = message.session.handed_over, self._answers.orders
        pieces = [piece.strip() for piece in answer_pieces(message.text, self._pack.acts.another)]
        acts, question = self.asked_in(message, reading), any(map(self._asks, pieces))
        acts = [act for act in acts if question or self._parts.is_worded(act)]
        if under and under.ended and not orders.meant(message, message.text, asked=False):
            return [act for act in acts if self._is_of_the_shop(act)]  # when does the new one come: of what was begun
        return acts

    def _is_of_the_shop(self, act: Act) -> bool:
        """Whether an act asks about goods, prices or the customer's account, and about nothing that a flow does."""
        if isinstance(act, Query):
            return self._pack.queries[act.name].needs != "order"
        if isinstance(act, Ask):
            return not any(intent in flow.intents for flow in self._pack.flows for intent in self._intents(act))
        return isinstance(act, Quote | Recommend | Compare)

    def _intents(self, act: Ask) -> list[str]:
        return [faq.intent for faq in self._pack.faq if f"faq:{faq.id}" == target_of(act)]

    def beside_end(self, message: Message, rest: str, reading: Reading) -> list[Act]:
        """What is asked beside words that end the flow under way; a statement asks only for what it names."""
        assert message.flow
        own, question = message.flow.name, self._asks(rest)
        acts = self.asked_in(replace(_without_flow(message, rest), flow=None), reading)
        wishes = [a for a in acts if question or isinstance(a, Choose | Person | Complaint) or self._parts.is_worded(a)]
        return [act for act in wishes if not (isinstance(act, Start) and act.flow == own)]

    def asked_in(self, message: Message, reading: Reading) -> list[Act]:
        """What a message asks, understood or not."""
        acts = self.by_parts(message, reading)
        asked = [act for act in acts if _asks_at_all(act)]
        return asked if any(map(asks, asked)) or evidence(plain(message.text), self._pack.acts.question) else []

    def _replaces(self, message: Message, acts: Sequence[Act]) -> bool:
        """Whether a wish takes the place of what is under way (要不还是换货吧)."""
        begun = [act for act in acts if isinstance(act, Start) and message.flow and act.flow != message.flow.name]
        if any(isinstance(act, Fill | Correct) and self._pack.slots[act.slot].item for act in acts):
            return False  # exchange the pan, return the toaster: both
        if any(self._parts.takes_place(message, act) for act in begun):
            return True
        return bool(begun) and evidence(plain(message.text), self._pack.acts.instead) is not None

    def _fills(self, message: Message, reading: Reading) -> bool:
        """Whether a message has the value that the open question asks for: 不是我买的那个 is a reason, no protest."""
        slot = message.step.collect if message.step else None
        return bool(slot) and any(isinstance(a, Fill) and a.slot == slot for a in self._parts.read(message, reading))

    def _asks_no_order(self, message: Message) -> bool:
        """Whether the customer asks in general, or says that no order is meant, when one was asked for."""
        asks_order = (
            message.flow and message.step and message.step.collect in self._answers.orders.slots_of(message.flow)
        )
        return bool(asks_order) and evidence(plain(message.text), self._pack.acts.in_general) is not None


def _without_guessed_person(acts: list[Act]) -> list[Act]:
    """The acts without a person who is only guessed, beside a question in plain words: what have you? list pls."""
    plainly = any(asks(act) and act.probability == 1 and not isinstance(act, Person) for act in acts)
    return [act for act in acts if not (plainly and isinstance(act, Person) and act.probability < 1)]


def _waiting_turns(session: Session) -> list[SaidTurn]:
    """What the customer has said since a person was asked for, the last first: nothing of it was read."""
    said = [turn for turn in reversed(session.turns) if turn.role == "customer"]
    return list(takewhile(lambda turn: not turn.acts, said[:MOST_WAITING]))


def _asks_at_all(act: Act) -> bool:
    """Whether an act asks something, understood or not."""
    return asks(act) or (isinstance(act, Unclear) and act.asks)


def _without_flow(message: Message, rest: str) -> Message:
    """The rest of a message that gives up or refuses the flow under way: it asks nothing within it."""
    left = {f"flow:{message.flow.name}"} if message.flow else set()
    return replace(message, text=rest, step=None, rejected=message.rejected | left)

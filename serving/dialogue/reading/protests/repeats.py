"""What a message asks for that the conversation has told already, read in another way.

Who says something new seldom wants to hear the same again (blind rounds: three of four such answers were wrong): what
is left of the message without it goes first, if that is surer than a guess. What a message asks in plain words gives way
only to other plain words, for it may be asked once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kefu.acts import Act, Ask, Query, Resume, SmallTalk, Start, Unclear, target_of
from kefu.shop.pack import Pack
from serving.dialogue.reading.message import Message, Reading
from serving.dialogue.reading.parts.asides import INTERRUPTS, QUESTION, SECOND
from serving.dialogue.reading.protests.whole import Whole
from serving.dialogue.reading.segments import WORD
from serving.dialogue.reading.word_rules import evidence, plain


class RepeatReader:
    """Reads messages of one pack once more, where their answers were told before."""

    def __init__(self, pack: Pack, whole: Whole) -> None:
        self._whole, self._supposes = whole, pack.acts.supposes
        self._restates = pack.acts.reject.restates if pack.acts.reject else None
        self._flow_named = {flow.name: flow for flow in pack.flows}
        self._flow_of_rule = {f"faq:{faq.id}": f"flow:{faq.on_order}" for faq in pack.faq if faq.on_order}

    def instead(self, message: Message, acts: Sequence[Act], reading: Reading) -> Sequence[Act]:
        """The acts of a message, or others in their place where all that it asks was told before."""
        if message.step and all(isinstance(act, Resume | Unclear) for act in acts):
            return self._restated(message, reading) or acts
        asked = [act for act in acts if not isinstance(act, SmallTalk | Unclear)]
        if not asked or not all(self._is_told(message, act) for act in asked):
            return acts
        told = frozenset(filter(None, map(target_of, asked)))
        subject = message.session.subject.model_copy(deep=True)
        products, latest = reading.products, reading.latest
        other = self._whole.by_parts(replace(message, rejected=message.rejected | told), reading)
        supposes = evidence(plain(message.text), self._supposes) is not None  # and if it does not ship in time?
        just_told = told <= {one.name for one in message.session.told}
        certain = not supposes and all(act.probability == 1 for act in asked)
        least = INTERRUPTS if certain and just_told else 1 if certain else 0
        found = [
            act
            for act in other
            if not self._is_told(message, act)
            and (supposes or self._flow_of_rule.get(target_of(act) or "") not in told)  # that was looked up
            and self._is_surer(message, act, least)
        ]
        if not found:  # what was read on the way is forgotten
            message.session.subject, reading.products, reading.latest = subject, products, latest
        return found or acts

    def _restated(self, message: Message, reading: Reading) -> list[Act]:
        """What is asked once more beside an open question, without the words that say so: I just asked when it ships"""
        words = plain(message.text)
        said = evidence(words, self._restates)
        rest = words.partition(said)[2] if said else ""
        other = self._whole.by_parts(replace(message, text=rest), reading) if WORD.search(rest) else []
        own = message.flow.name if message.flow else ""
        sure = [act for act in other if isinstance(act, QUESTION | Start) and act.probability >= INTERRUPTS]
        return [act for act in sure if not (isinstance(act, Start) and act.flow == own)]

    def _is_told(self, message: Message, act: Act) -> bool:
        """Whether an act asks for what an earlier answer told of the same order or product."""
        if not (isinstance(act, Ask | Query) or (isinstance(act, Start) and self._only_told(message, act.flow))):
            return False
        slots, before = getattr(act, "slots", {}), [*message.session.heard, *message.session.told]
        return any(one.name == target_of(act) and slots.items() <= one.slots.items() for one in before)

    def _only_told(self, message: Message, flow: str) -> bool:
        """Whether a flow has ended by telling something, and is not under way."""
        under_way = message.flow is not None and message.flow.name == flow
        past = (one for one in message.session.past if one.flow == flow)
        return not under_way and any(one.outcome == "resolved" and not one.written for one in past)

    def _is_surer(self, message: Message, act: Act, least: float) -> bool:
        """Whether an act is a question or wish that is as probable as what it takes the place of, and no last resort.

        A flow that changes something begins in its own words alone.
        """
        if isinstance(act, Ask):
            return act.probability >= least
        if isinstance(act, Start):
            flow = self._flow_named[act.flow]
            worded = evidence(plain(act.evidence), flow.asked_by) is not None
            return worded or (not least and bool(flow.item_among) and act.probability >= SECOND)
        if least:
            return isinstance(act, Query) and act.probability == 1 and act.evidence != message.text
        return isinstance(act, QUESTION) and act.probability >= SECOND

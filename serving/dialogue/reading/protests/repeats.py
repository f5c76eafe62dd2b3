"""What a message asks for by a guess that the conversation has told already, read in another way.

Who says something new seldom wants to hear the same again: what the message asks in words of its own goes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kefu.acts import Act, Ask, Query, Resume, SmallTalk, Start, Unclear, target_of
from kefu.shop.pack import Pack
from serving.dialogue.reading.message import Message, Reading
from serving.dialogue.reading.parts.asides import INTERRUPTS, QUESTION
from serving.dialogue.reading.segments import WORD
from serving.dialogue.reading.whole import Whole
from serving.dialogue.reading.word_rules import evidence, plain


class RepeatReader:
    """Reads messages of one pack once more, where their answers were told before."""

    def __init__(self, pack: Pack, whole: Whole) -> None:
        self._whole, self._question = whole, pack.acts.question
        self._restates = pack.acts.reject.restates if pack.acts.reject else None
        self._needs = {name: query.needs for name, query in pack.queries.items()}
        self._flow_named = {flow.name: flow for flow in pack.flows}

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
        found = [act for act in other if self._is_worded(message, act) and target_of(act) not in told]
        found = [act for act in found if not self._is_told(message, act)]
        if any(isinstance(act, Query) and self._needs[act.name] == "order" for act in asked):
            # 66块里含运费吗: of the order that is spoken of, what it costs to ship in general is not asked
            found = [act for act in found if not isinstance(act, Query) or self._needs[act.name] == "order"]
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
        """Whether an act is a guess at what an earlier answer told of the same order or product."""
        ended = isinstance(act, Start) and self._only_told(message, act.flow)
        if act.probability == 1 or not (ended or isinstance(act, Ask | Query)):
            return False
        slots, before = getattr(act, "slots", {}), [*message.session.heard, *message.session.told]
        return any(one.name == target_of(act) and slots == one.slots for one in before)

    def _only_told(self, message: Message, flow: str) -> bool:
        """Whether a flow has ended by telling something, and is not under way."""
        under_way = message.flow is not None and message.flow.name == flow
        past = (one for one in message.session.past if one.flow == flow)
        return not under_way and any(one.outcome == "resolved" and not one.written for one in past)

    def _is_worded(self, message: Message, act: Act) -> bool:
        """Whether an act is asked for in words of its own, and is no last resort for a message as a whole.

        A question begins nothing but a look-up: 那取消了我再下一单能用券不.
        """
        if isinstance(act, Start):
            flow, words = self._flow_named[act.flow], plain(message.text)
            wishes = bool(flow.item_among) or evidence(words, self._question) is None
            own = message.session.customer is not None and wishes
            return own and evidence(plain(act.evidence), flow.asked_by) is not None
        return isinstance(act, Ask | Query) and act.probability == 1 and act.evidence != message.text

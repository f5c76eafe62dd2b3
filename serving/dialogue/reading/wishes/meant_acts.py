"""What of the acts that were found for a part is meant: of own orders, of no property that is only told, and without
what the customer rejects or only supposes."""

from __future__ import annotations

from collections.abc import Iterator

from kefu.acts import Act, Start, entry_target, target_of
from kefu.knowledge.index import Hit
from kefu.shop.pack import Pack
from serving.dialogue.reading.segments import clauses
from serving.dialogue.reading.wishes.flows import FlowReader
from serving.dialogue.reading.wishes.own_orders import OwnOrderReader
from serving.dialogue.reading.wishes.part import Part
from serving.dialogue.reading.wishes.product_gate import ProductGate
from serving.dialogue.reading.wishes.topics import TopicReader
from serving.dialogue.reading.word_rules import evidence, plain


class MeantActs:
    """Tells what is meant, by one pack's words."""

    def __init__(self, pack: Pack, flows: FlowReader, topics: TopicReader, own_orders: OwnOrderReader) -> None:
        self._pack, self._flows, self._topics, self._own_orders = pack, flows, topics, own_orders
        self._gate = ProductGate(pack)

    def of(self, part: Part, found: Iterator[Act | Hit]) -> list[Act | Hit]:
        """What was found, as it is meant of own orders, and without what the customer does not mean."""
        rejected, acts = part.message.rejected, list(found)
        wishes = bool(acts) and any(map(self._flows.writes, part.flows()))
        return acts and [
            act
            for act in self._own_orders.meant(part.message, part.text, part.links, acts)
            if (entry_target(act.entry.id) if isinstance(act, Hit) else target_of(act)) not in rejected
            and (isinstance(act, Hit) or self._gate.lets_in(part.text, act, wishes))
            and not (isinstance(act, Start) and self._is_supposed(part, act))
        ]

    def _is_supposed(self, part: Part, act: Start) -> bool:
        """Whether a question about a topic, or right after one, names what a flow does and wishes for no such thing."""
        if part.topic:
            return not self._is_wished(part, act)
        supposes = part.question and evidence(part.words, self._pack.acts.supposed) is not None
        flow = next(flow for flow in self._pack.flows if flow.name == act.flow)
        writes = self._flows.writes(flow) and not flow.item_among  # when will it ship? looks something up
        return supposes and writes and bool(self._topics.told_last(part.message))

    def _is_wished(self, part: Part, act: Start) -> bool:
        """Whether a clause beside a question about a topic wishes for a flow: 帮我取消吧，券退吗."""
        rules = self._pack.acts
        apart = (
            clause
            for clause in map(plain, clauses(part.text))
            if not any(evidence(clause, r) for r in (rules.topics[part.topic], rules.question, rules.supposed))
        )
        return any(flow.name == act.flow for clause in apart for flow in self._flows.named(clause))

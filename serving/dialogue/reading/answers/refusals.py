"""Which flows a message refuses (我没要退款), or takes back once they are done (不退了，留着吧)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kefu.acts import Start
from kefu.shop.act_words import WordRule
from kefu.shop.flows import Flow
from kefu.shop.pack import Pack
from serving.dialogue.reading.answers.orders.reader import OrderReader
from serving.dialogue.reading.answers.yes_no import leaves, yes_or_no
from serving.dialogue.reading.message import Message
from serving.dialogue.reading.segments import answer_pieces, clauses
from serving.dialogue.reading.word_rules import evidence, plain

# Says what was not meant, and undoes nothing: 不是要退，我问今天能不能到.
NOT_MEANT = re.compile(
    r"(?:并)?不是(?:要|想|说|问)|(?:i(?:'m| am| was)? )?not (?:asking|talking|about)\b", re.IGNORECASE
)


class RefusalReader:
    """Reads refusals of one pack's flows."""

    def __init__(self, pack: Pack, orders: OrderReader) -> None:
        self._pack, self._orders = pack, orders
        refuse = pack.acts.refuse
        self._refusals = {flow.name: refuse.of(flow.name) if refuse else None for flow in pack.flows}

    def read(self, message: Message) -> tuple[tuple[str, ...], str]:
        """The flows that a message refuses, and the rest of its clauses.

        A question refuses nothing, nor does a clause that names one item of several, or stands beside a plain wish for
        the same flow (不退枕头，退毯子): that tells what of it is meant. What this conversation has done is undone, not
        refused.
        """
        parts, session = [*map(str.rstrip, answer_pieces(message.text, self._pack.acts.another))], message.session
        stated = [part for part in parts if evidence(plain(part), self._pack.acts.question) is None]
        found, spent = list[str](), set[str]()
        begun = [*(wish.flow for wish in session.wishes), *(state.flow for state in session.paused)]
        known = {*session.denied, *begun, *(past.flow for past in session.past)}
        for flow in self._pack.flows:
            open_now, refusal = message.flow is flow, self._refusals[flow.name]
            saying = [part for part in parts if self._refuses(part, refusal)]
            saying = [part for part in saying if not (message.flow and self._orders.names_item(message, part))]
            saying += [part for part in stated if open_now and self._keeps_all(message, part)]
            if not saying or (not open_now and self._is_of_done(message, flow, saying)):
                continue
            wishes = [part for part in parts if part not in saying and evidence(plain(part), flow.asked_by) is not None]
            others = [other.asked_by for other in self._pack.flows if other is not flow]
            wishes = [p for p in wishes if p in stated and not any(evidence(plain(p), rule) for rule in others)]
            spoken = bool(session.turns) or len(saying) < len(parts)
            spoken = spoken or any(evidence(plain(part), flow.asked_by) is None for part in saying)
            if not wishes and (message.flow is not None or flow.name in known or spoken):
                found.append(flow.name)
                spent |= set(saying)
        left = [part for part in parts if part not in spent and not (found and self._says_again(message, part))]
        return tuple(found), "".join(left)

    def beside_refusal(self, message: Message) -> str:
        """What stands beside the parts of a message that refuse the flow under way; empty when none does."""
        refusal = self._refusals[message.flow.name] if message.flow else None
        parts = answer_pieces(message.text, self._pack.acts.another)
        left = [part for part in parts if not self._refuses(part, refusal)]
        return "".join(left) if refusal and len(left) < len(parts) else ""

    def _is_of_done(self, message: Message, flow: Flow, saying: Sequence[str]) -> bool:
        """Whether parts that refuse a flow speak of what it has done in this conversation, and of no other order."""
        done = [past for past in message.session.past if past.written and past.flow == flow.name]
        meant = {order for part in saying for order in self._orders.meant(message, part, asked=True)}
        return bool(done) and (not meant or any(meant & set(past.slots.values()) for past in done))

    def _keeps_all(self, message: Message, part: str) -> bool:
        """Whether a part keeps the only piece of the order under way: keep the pillow."""
        keeps = evidence(plain(part), self._pack.acts.keep) is not None
        return keeps and self._orders.names_all(message, part)

    def _says_again(self, message: Message, part: str) -> bool:
        """Whether words beside a refusal only give the flow up once more, or keep the goods: 不退了，留着穿."""
        words = plain(part)
        phrases = self._pack.conversation
        if leaves(part, phrases, message.may_cancel) or yes_or_no(part, phrases) is False:
            return True
        asks = [self._pack.acts.question, *(flow.asked_by for flow in self._pack.flows)]
        return evidence(words, self._pack.acts.keep) is not None and not any(evidence(words, rule) for rule in asks)

    def _refuses(self, part: str, refusal: WordRule | None) -> bool:
        """Whether a part refuses, and asks nothing beside that: 谁说要退货了 asks nobody who said it."""
        words = plain(part).lstrip("?! ")  # ？？我没要取消: wonders, and asks nothing
        found = evidence(words, refusal)
        return bool(found) and evidence(words.replace(found or "", "", 1), self._pack.acts.question) is None

    def _takes_back(self, part: str, flow: Flow, keeps: bool) -> bool:
        """Whether a part refuses a flow, or keeps the goods and asks for nothing else: an invoice for what I keep."""
        words, others = plain(part), (other.asked_by for other in self._pack.flows if other is not flow)
        if evidence(words, self._refusals[flow.name]):
            return True
        return keeps and bool(evidence(words, self._pack.acts.keep)) and not any(evidence(words, o) for o in others)

    def undone(self, message: Message) -> Start | None:
        """The flow that this conversation has done and the customer takes back, told to it by its opening slot.

        Only a flow with such a slot (the withdrawal of a return) can answer that; what nothing names is the last one.
        """
        if message.flow is not None:
            return None
        stated = [part for part in clauses(message.text) if evidence(plain(part), self._pack.acts.question) is None]
        for at, past in enumerate(reversed(message.session.past)):
            flow = next((flow for flow in self._pack.flows if flow.name == past.flow and past.written), None)
            opening = [name for name in flow.slots if self._pack.slots[name].opening] if flow else []
            if flow is None or not opening:
                continue
            said = [part for part in stated if self._takes_back(part, flow, keeps=at == 0)]
            said = [p for p in said if not (self._orders.names_item(message, p) or NOT_MEANT.match(plain(p)))]
            if said:
                order = {name: past.slots[name] for name in self._orders.slots_of(flow) if name in past.slots}
                told = {name: next(iter(self._pack.slots[name].choices)) for name in opening}
                return Start(flow=flow.name, slots={**order, **told}, evidence=message.text)
        return None

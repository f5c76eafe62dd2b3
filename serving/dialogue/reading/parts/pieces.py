"""Two wishes for two items or pieces of one order: 漏的那台换，好的那台退; exchange the pan, return the mat.

One part would hold one of them only. A message is cut behind the clause that names the first flow, where a later one
names another; both must be for different things. Two wishes for the same thing (换个新的，没货就退) are no such two.
"""

from __future__ import annotations

from collections.abc import Sequence

from kefu.acts import Act, Choose, Correct, Fill, Start
from kefu.shop.flows import Flow
from kefu.shop.pack import Pack
from serving.dialogue.reading.answers.reader import AnswerReader
from serving.dialogue.reading.message import Message
from serving.dialogue.reading.segments import answer_pieces
from serving.dialogue.reading.wishes.flows import FlowReader
from serving.dialogue.reading.word_rules import plain


class PieceWishes:
    """Finds such wishes for one pack's flows."""

    def __init__(self, pack: Pack, answers: AnswerReader, flows: FlowReader) -> None:
        self._pack, self._answers, self._flows = pack, answers, flows
        self._flow_named = {flow.name: flow for flow in pack.flows}

    def cut(self, text: str) -> tuple[str, ...]:
        """The two parts of a text that name two flows which take an item; empty where it names none or one."""
        pieces = answer_pieces(text, self._pack.acts.another)
        named = [{flow.name for flow in self._flows.named(plain(piece)) if self._takes_items(flow)} for piece in pieces]
        first = next((at for at, names in enumerate(named) if names), len(pieces))
        second = next((at for at in range(first + 1, len(pieces)) if named[at] and not named[at] & named[first]), 0)
        behind = max((at for at in range(second) if named[at]), default=0) + 1
        return ("".join(pieces[:behind]), "".join(pieces[behind:])) if second else ()

    def _takes_items(self, flow: Flow) -> bool:
        return self._flows.writes(flow) and any(self._pack.slots[name].item for name in flow.slots)

    def joined(self, message: Message, read: Sequence[tuple[str, list[Act]]], subject: str | None) -> list[Act]:
        """The acts of both parts; none where they are not for different things, or one of them wants nothing.

        Args:
            read: each part with its acts. subject: the order that was spoken of before them.
        """
        texts, parts = [text for text, _ in read], [acts for _, acts in read]
        begun = [[act for act in acts if isinstance(act, Start)] for acts in parts]
        told = [[act for act in acts if isinstance(act, Fill | Correct)] if message.step else [] for acts in parts]
        items = [self.items(acts) for acts in parts]
        other = any(map(self._answers.orders.words.names_other_piece, texts))
        apart = other or (all(items) and not set.intersection(*items))
        if not (apart and any(begun) and all(some or values for some, values in zip(begun, told, strict=True))):
            return []
        acts, starts = [act for some in parts for act in some], [act for some in begun for act in some]
        if not other:
            self._forget_reason(message, starts)
        orders = self._answers.orders.meant(message, message.text, asked=False)
        if other:  # "the other one" is a piece of what was spoken of, and no other order
            order = self._answers.orders.described(message, message.text) or subject
        else:  # of the orders with one of the items, the one with both
            order = orders[0] if len(orders) == 1 else None
        if order is None:
            return acts
        for act in starts:
            act.slots.update(dict.fromkeys(self._answers.orders.slots_of(self._flow_named[act.flow]), order))
        return [act for act in acts if not isinstance(act, Choose)]

    def _forget_reason(self, message: Message, starts: Sequence[Start]) -> None:
        """Drops from wishes for two items what was told before of neither, or of the other one."""
        before = message.session.past[-1].slots if message.session.past else {}
        known = {value for name, value in before.items() if name in self._pack.slots and self._pack.slots[name].item}
        for act in starts:
            if not self.items([act]) & known:
                for name in [n for n in act.slots if self._pack.slots[n].carried and act.slots[n] == before.get(n)]:
                    del act.slots[name]

    def items(self, acts: Sequence[Act]) -> set[str]:
        """The items of an order that acts tell."""
        slots = [pair for act in acts if isinstance(act, Start) for pair in act.slots.items()]
        slots += [(act.slot, str(act.value)) for act in acts if isinstance(act, Fill | Correct)]
        return {value for name, value in slots if self._pack.slots[name].item}

    def is_other(self, message: Message, act: Start) -> bool:
        """Whether a wish is for an item or a piece of the order that is not under way."""
        items, known = self.items([act]), set(self._answers.items.under_way(message))
        other = bool(items and known) and not items & known
        return other or self._answers.orders.of_other_piece(message, act.evidence) is not None

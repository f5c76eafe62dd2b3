"""What the words of a text say of orders, whoever's they are: how many, all of them, what is left of one, sums."""

from __future__ import annotations

import re

from kefu.shop.pack import Pack
from kefu.text.numbers import read_number
from kefu.text.placeholders import PLACEHOLDER
from serving.dialogue.reading.segments import clauses
from serving.dialogue.reading.word_rules import evidence, plain

ALL_OF = re.compile(
    r"都(?:要|开|退|换|查|取消|可以|行|给|帮|到|是?(?:什么时候|啥时候|几号|哪天)|$)"
    r"|\d\s*(?:和|跟|与|、|,|，|&|and|\s)\s*\d(?!\d)|\bboth\b|\ball (?:of|two|three)\b"
    r"|单(?:和|跟|与|、).{1,16}单|哪[个单件]?(?:会|能|是)?(?:更)?(?:先|早)|\bwhich\b.{0,24}\b(?:first|sooner|earlier)\b"
    r"|\borders? and (?:the |my )?[\w -]{2,24} (?:one|order)\b",
    re.IGNORECASE,
)
COUNTED = re.compile(
    r"(?<!第)([两二俩三四2-4])\s*(?:个|笔|件)?(?:单|订单|笔|包裹|快递)"
    r"|\b(two|three|four|[2-4]) (?:orders|parcels|packages|deliveries)\b"
    r"|\b(?:parcels|packages|orders)\b[^.!?]{0,12}\b(two|three|four|[2-4]) (?:of them|coming|on the way)\b",
    re.IGNORECASE,
)
PLURAL = re.compile(
    r"(?:所有|全部)的?(?:包裹|快递|订单)|(?:包裹|快递)(?:全|都)"
    r"|\b(?:my|all|the|both) (?:other |my |the |of )*(?:parcels|packages|deliveries)\b",
    re.IGNORECASE,
)
OF_ORDERS = re.compile(r"单|單|笔|筆|\borders?\b|买|下的|拍的|\b(?:bought|purchase)", re.IGNORECASE)
AMOUNT = re.compile(r"(?<![\d.\-])\d{2,6}(?:\.\d{1,2})?(?![\d\-])")
OTHER_PIECE = re.compile(
    r"另外?那?一?[个件只条套床台口把盏]|剩下的?|(?:好|没[^，。！？!?\s]{1,2})的?那一?[个件只条套床台口把盏]|那一?[个件只条套床台口把盏]好的"
    r"|\bthe (?:other|good|working|intact|undamaged|unopened) (?:one|piece|item)\b|\bthe rest\b"
    r"|\bthe other(?=\s*(?:$|[,.;!?]|back\b|for\b|and\b))",
    re.IGNORECASE,
)
OTHERS = re.compile(r"另外|另一|其[他它余]|别的|剩下|\bother\b|\brest\b", re.IGNORECASE)
NONE_OF = re.compile(r"都(?:不|没)|\b(?:neither|none)\b", re.IGNORECASE)


class OrderWords:
    """Reads such words of one pack.

    pii: the type of placeholder that an order number has; None: the pack has no orders.
    """

    def __init__(self, pack: Pack) -> None:
        self._pack = pack
        self.pii = pack.entities.order.pii if pack.entities.order else None

    def counts_several(self, text: str) -> bool:
        """Whether a text speaks of several parcels or orders: 我还有两个包裹, my other parcels."""
        words = plain(text)
        return COUNTED.search(words) is not None or PLURAL.search(words) is not None

    def means_all(self, text: str, count: int) -> bool:
        """Whether a text means all of the orders that it may mean: 4和5都要, 那两单, both."""
        words = plain(text)
        if NONE_OF.search(words):
            return False
        numbers = [match for match in PLACEHOLDER.finditer(text) if match[1] == self.pii]
        counted = COUNTED.search(words)
        return (
            len(numbers) > 1
            or ALL_OF.search(words) is not None
            or bool(counted and read_number(next(filter(None, counted.groups()))) == count)
            or PLURAL.search(words) is not None
        )

    def keeps_others(self, text: str) -> bool:
        """Whether a text says of other pieces, not orders, that they are fine: the other three are fine."""
        words = plain(text)
        kept = evidence(words, self._pack.acts.keep) is not None
        return kept and OTHERS.search(words) is not None and OF_ORDERS.search(words) is None

    def names_other_piece(self, text: str) -> bool:
        """Whether a text speaks of what is left of an order beside the piece that was spoken of."""
        return OTHER_PIECE.search(text) is not None and OF_ORDERS.search(plain(text)) is None

    def wishes_for_other_piece(self, text: str) -> bool:
        """Whether a text speaks of such a piece, and not only to say that it stays: 换一个，另一个好的我留着."""
        return any(self.names_other_piece(clause) and not self.keeps_others(clause) for clause in clauses(text))


def amounts(text: str) -> set[float]:
    """The sums that a text tells."""
    return {float(number) for number in AMOUNT.findall(plain(PLACEHOLDER.sub("", text)))}

"""What the knowledge has for a part of a message, and which of it answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from kefu.acts import Act, Query, entry_target
from kefu.knowledge.entries import faq_id
from kefu.knowledge.index import Hit
from kefu.shop.pack import Faq, Pack
from kefu.shop.part import LANGUAGES
from kefu.text.placeholders import PLACEHOLDER
from serving.dialogue.linking.linker import Linker
from serving.dialogue.queries import Queries
from serving.dialogue.reading.message import Message, said_before
from serving.dialogue.reading.segments import answer_pieces
from serving.dialogue.reading.word_rules import WordSet, evidence, plain
from serving.knowledge.static import EXACT, StaticKnowledge
from serving.params import Serving

SHORT_NAME = 12  # characters of a message that names a product and hardly more: 那养生壶呢
LIST = re.compile(r"[，,、；;。]|\b(?:and|or|plus)\b|以及|还有|[和跟]", re.IGNORECASE)
LEAD = re.compile(
    r"^(?:那|哦|嗯)?(?:请问|我?(?:就|还)?想(?:请)?(?:问|咨询|了解|知道)|(?:请教|咨询|问)(?:一?下|个|你们)|麻烦问)"
    r"(?:一?下|个)?[，,：:]?|^\W*(?:(?:hi|hello|hey)\W+)?(?:(?:\w+ )?(?:quick )?questions?:"
    r"|i (?:just |only )?(?:want|wanted|would like|need) to (?:know|ask)(?: about)?:?|(?:can|could) you tell me"
    r"|(?:yes|sure|ok(?:ay)?|alright|fine|good)\W+but(?: then)?,?)\s*"
    r"|^(?:好的?|行|可以|嗯+)[，,]?(?:但是?|不过|可是)[，,]?",
    re.IGNORECASE,
)
KNOWN_INTENT = 0.15  # of an entry, where its intent is known to be meant
LEAST_ITEM, MOST_ITEMS = 2, 8  # characters of an item of a list; items
MOST_ASKED = 2  # FAQs that one part asks for in their words


class EntryReader:
    """Finds entries of one pack's knowledge."""

    def __init__(
        self, pack: Pack, params: Serving, knowledge: StaticKnowledge, linker: Linker, queries: Queries
    ) -> None:
        self._pack, self._params, self._knowledge, self._linker = pack, params, knowledge, linker
        self._queries = queries
        self._faqs = {faq_id(faq, lang): faq for faq in pack.faq for lang in LANGUAGES}
        self._faq_of = {faq.id: faq for faq in pack.faq}
        self._asked = WordSet({faq.id: faq.asked_by.words for faq in pack.faq if faq.asked_by})
        self._titles = {
            **{f"flow:{flow.name}": flow.title for flow in pack.flows},
            **{f"query:{name}": query.title for name, query in pack.queries.items()},
            **{entry_target(faq_id(faq, "zh")): faq.question for faq in pack.faq},
        }

    def find(self, message: Message, text: str) -> list[Hit]:
        """What the knowledge has for a part, without answers about somebody else that would be untrue."""
        said = said_before(message)
        hits = self._knowledge.search(self._bare(text), message.lang, self._context(message), said)
        hits = [hit for hit in hits if entry_target(hit.entry.id) not in message.rejected]
        return [hit for hit in hits if self._is_true(message, hit) and not self._is_excluded(hit, text)]

    def best(self, hits: Sequence[Hit]) -> Hit | None:
        """The first entry, if it is sure enough to answer."""
        return hits[0] if hits and hits[0].probability >= self._params.faq_min_probability else None

    def in_its_words(self, message: Message, text: str, find: Callable[[], list[Hit]], person: bool) -> list[Hit]:
        """The entry that a part asks for in the very words of one, or those in words that the pack keeps for a FAQ; the
        FAQ that was told last, where a yes or no to it is all that is wanted.

        Not where the words are a query about what was spoken of (还有货吗), nor, for a FAQ's rule of words, where
        a person is asked for.
        """
        asked = self._queries.of_product(text) if message.spoken_of and not message.flow else []
        of_subject = any(self._pack.queries[match.name].needs == "product" for match in asked)
        if (last := self._told_last(message)) and evidence(plain(text), self._pack.acts.yes_or_no):
            return [last]
        hits = find() if not of_subject and self._knowledge.is_exact(self._bare(text), message.lang) else []
        if hits and hits[0].probability >= EXACT:
            return hits[:1]
        named = (self._faq_of[name] for name in self._asked.find(plain(text))) if not person else ()
        meant = (faq for faq in named if entry_target(faq_id(faq, message.lang)) not in message.rejected)
        found = ((faq, evidence(plain(text), faq.asked_by)) for faq in meant)
        faqs = _apart(plain(text), [(faq, words) for faq, words in found if words])
        return [self._knowledge.hit(faq_id(faq, message.lang)) for faq in faqs]

    def beside_named(self, text: str) -> str:
        """What stands in pieces of a text beside the words that the pack keeps for a FAQ; empty without such words."""
        named = [rule for name in self._asked.find(plain(text)) if (rule := self._faq_of[name].asked_by)]
        pieces = answer_pieces(text, self._pack.acts.another) if named else []
        return "".join(piece for piece in pieces if not any(evidence(plain(piece), rule) for rule in named))

    def for_guests(self, message: Message, asked: Sequence[Act]) -> Hit | None:
        """The rule that is told in place of queries about what a customer has to who has not signed in."""
        queries = (self._pack.queries[act.name] for act in asked if isinstance(act, Query))
        faq = next((query.for_guests for query in queries if query.for_guests), None)
        return self.of_faq(message, faq) if faq else None

    def of_intents(self, hits: Sequence[Hit], intents: Sequence[str]) -> Hit | None:
        """The best rule about what is known to be asked about."""
        return next((h for h in hits if h.probability >= KNOWN_INTENT and self._intent(h) in intents), None)

    def _intent(self, hit: Hit) -> str:
        faq = self._faqs.get(hit.entry.id)
        return faq.intent if faq else ""

    def of_faq(self, message: Message, name: str) -> Hit:
        """The entry of a FAQ in the language of the conversation."""
        return self._knowledge.hit(faq_id(self._faq_of[name], message.lang))

    def listed(self, message: Message, text: str) -> list[Hit]:
        """Entries that items of a list ask for (运费、发票和退货期限), when the text as a whole finds none."""
        items = [item for item in LIST.split(text) if sum(map(str.isalnum, item)) >= LEAST_ITEM]
        if not 2 <= len(items) <= MOST_ITEMS:
            return []
        found = [self.find(message, item) for item in items]
        sure = [some[0] for some in found if some and some[0].probability >= self._params.faq_min_probability]
        return list({hit.entry.id: hit for hit in sure if hit.entry.kind == "faq"}.values())

    def _told_last(self, message: Message) -> Hit | None:
        """The FAQ that was told last, if nothing is under way."""
        kind, _, name = (message.session.told[-1].name if message.session.told else "").partition(":")
        return self.of_faq(message, name) if kind == "faq" and name in self._faq_of and not message.flow else None

    def _is_true(self, message: Message, hit: Hit) -> bool:
        faq = self._faqs.get(hit.entry.id)
        if faq is None or faq.others is None:
            return True
        own = {order.id for order in message.orders} if message.session.customer else set()
        named = {message.original(match[0]) for match in PLACEHOLDER.finditer(message.text)}
        return not own & named and evidence(plain(message.text), faq.others) is not None

    def _bare(self, text: str) -> str:
        """A question without the words that only lead to it: 等下，发票怎么开？"""
        words = LEAD.sub("", plain(text)) or plain(text)
        for rule in (self._pack.acts.hesitate, self._pack.acts.another):
            lead = evidence(words, rule)
            rest = words.removeprefix(lead).lstrip("，,。.：: ") if lead and words.startswith(lead) else ""
            words = rest if any(character.isalnum() for character in rest) else words
        return words

    def _is_excluded(self, hit: Hit, text: str) -> bool:
        """Whether an entry is a query whose own rules say that the text does not ask it."""
        return hit.entry.kind == "query" and self._queries.excludes(hit.entry.id.split(":")[1], text)

    def _context(self, message: Message) -> tuple[str, ...]:
        """What a question may lean on: what is under way or was told last, and the product that was spoken of."""
        names = self._linker.product_names(message.lang)
        products = [names[sku] for sku in message.session.subject.products[:1] if sku in names]
        return (*filter(None, [self._topic(message)]), *products)

    def _topic(self, message: Message) -> str:
        """The title of what an earlier part asks, of the flow under way, of what was told last, or of the last flow."""
        session = message.session
        if message.topic in self._titles:
            return self._titles[message.topic].in_(message.lang)
        if message.flow:
            return message.flow.title.in_(message.lang)
        past = [f"flow:{session.past[-1].flow}"] if session.past else []
        last = next(reversed([*past, *(told.name for told in session.told)]), "")
        return self._titles[last].in_(message.lang) if last in self._titles else ""


def _apart(words: str, found: Sequence[tuple[Faq, str]]) -> list[Faq]:
    """FAQs whose words stand apart in a text, at most two, in its order; of those that share words, the first."""
    taken: list[tuple[int, int, Faq]] = []
    for faq, said in found:
        start = words.find(said)
        if all(start + len(said) <= one[0] or one[1] <= start for one in taken):
            taken.append((start, start + len(said), faq))
    return [faq for _, _, faq in sorted(taken, key=lambda one: one[0])[:MOST_ASKED]]

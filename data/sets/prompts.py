"""What a model is asked in an exchange: what serving would ask (``kefu/llm/prompt.py``), with the nearest knowledge.

One class for the SFT set and the preference pairs, so that both teach under the same question.
"""

from __future__ import annotations

from collections.abc import Mapping

from data.sets.exchanges import Exchange
from data.sets.nearest import NearestKnowledge
from data.sets.params import Build
from kefu.llm.prompt import answer_messages
from kefu.schema import Message, Split, Turn, TurnKey
from kefu.shop.pack import Pack
from kefu.shop.slots import language
from kefu.split import split_of

UNLABELLED = "unlabelled"


class Prompts:
    """Renders exchanges of one run.

    Args:
        pack: prompts and knowledge.
        intents: (dialogue id, turn) → intent, as far as known.
        params: see ``data.sets.params.Build``.
    """

    def __init__(self, pack: Pack, intents: Mapping[TurnKey, str], params: Build) -> None:
        self._pack, self._intents, self._params = pack, intents, params
        self._nearest = NearestKnowledge(pack)

    def history(self, exchange: Exchange) -> tuple[Turn, ...]:
        """The turns that the model sees, oldest first; the last one is the question."""
        return exchange.dialogue.turns[max(0, exchange.start - self._params.context_turns) : exchange.start]

    def messages(self, exchange: Exchange) -> list[Message]:
        """A system message with knowledge, then the history."""
        history = self.history(exchange)
        question = history[-1].text
        lang = language(question)
        return answer_messages(self._pack, lang, self._nearest.find(question, lang), history)

    def intent(self, exchange: Exchange) -> str:
        """Intent of the question."""
        return self._intents.get(TurnKey(exchange.dialogue.id, exchange.start - 1), UNLABELLED)

    def split(self, exchange: Exchange) -> Split:
        """The side of the customer."""
        return split_of(exchange.dialogue.customer, self._params.eval_share, self._params.seed)

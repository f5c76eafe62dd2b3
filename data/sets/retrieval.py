"""The retrieval set: questions and the knowledge entry that answers them.

Train is what the index is made of: the FAQ's questions and most of their variants. Eval is what it
never sees:

- variants held out by keyed hash. They stay out of the served index for good, because the artefact
  that is evaluated is the one that is served;
- questions with which held-out customers opened a dialogue and which the shop answered with a FAQ's
  answer (later ones lean on what was said: "and to Harbin?"). A question that
  stands in the index word for word is left out: it would measure nothing. Of more than ``max_questions``
  distinct ones a keyed hash draws as many.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from data.sets.params import Build
from kefu.knowledge.entries import faq_id
from kefu.schema import Dialogue, RetrievalExample
from kefu.shop.pack import Pack
from kefu.shop.part import LANGUAGES
from kefu.split import fraction, split_of
from kefu.text.ngrams import normalize


def retrieval_examples(pack: Pack, dialogues: Iterable[Dialogue], params: Build) -> list[RetrievalExample]:
    """FAQ questions of both sides, then the distinct questions of held-out customers."""
    questions = Questions(pack, params)
    questions.add(dialogues)
    return questions.examples()


class Questions:
    """Gathers the questions of dialogues that come a few at a time."""

    def __init__(self, pack: Pack, params: Build) -> None:
        self._params = params
        self._listed = list(_listed(pack, params))
        self._known = {normalize(example.question) for example in self._listed}
        self._answers = {faq.answer.in_(lang).strip(): faq_id(faq, lang) for faq in pack.faq for lang in LANGUAGES}
        self._asked: dict[tuple[str, str], RetrievalExample] = {}

    def add(self, dialogues: Iterable[Dialogue]) -> None:
        """Of questions that say the same the last one stays."""
        for dialogue in dialogues:
            if (found := self._question(dialogue)) and (said := normalize(found.question)) not in self._known:
                self._asked[said, found.entry_id] = found
                if len(self._asked) > 2 * self._params.max_questions:
                    self._draw()

    def examples(self) -> list[RetrievalExample]:
        """Returns the questions of the pack and of customers, in a fixed order."""
        self._draw()
        return [*self._listed, *(self._asked[key] for key in sorted(self._asked))]

    def _draw(self) -> None:
        """Keeps as many as fit. The draw hangs on the question alone, so it does not matter how often it is made."""
        if len(self._asked) > self._params.max_questions:
            seed = self._params.seed
            kept = sorted(self._asked, key=lambda key: fraction("\0".join(key), seed))[: self._params.max_questions]
            self._asked = {key: self._asked[key] for key in kept}

    def _question(self, dialogue: Dialogue) -> RetrievalExample | None:
        if split_of(dialogue.customer, self._params.eval_share, self._params.seed) == "train":
            return None
        opening, reply = dialogue.turns[:1], dialogue.turns[1:2]
        if not (opening and reply and opening[0].role == "customer" and reply[0].role != "customer"):
            return None
        entry = next((entry for answer, entry in self._answers.items() if answer in reply[0].text), None)
        if entry is None:
            return None
        return RetrievalExample(question=opening[0].text, entry_id=entry, split="eval", source="dialogue")


def _listed(pack: Pack, params: Build) -> Iterator[RetrievalExample]:
    for faq in pack.faq:
        for lang in LANGUAGES:
            entry = faq_id(faq, lang)
            yield RetrievalExample(question=faq.question.in_(lang), entry_id=entry, split="train", source="faq")
            for variant in faq.variants.get(lang, ()):
                held_out = fraction(f"{entry}:{variant}", params.seed) < params.eval_share
                split = "eval" if held_out else "train"
                yield RetrievalExample.model_validate(
                    {"question": variant, "entry_id": entry, "split": split, "source": "faq"}
                )

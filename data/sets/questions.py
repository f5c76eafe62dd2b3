"""The retrieval set: questions and the knowledge entry that answers them.

Train is what the index is made of: the FAQ's questions and most of their variants. Eval is what it
never sees:

- variants held out by keyed hash. They stay out of the served index for good, because the artefact
  that is evaluated is the one that is served;
- questions with which held-out customers opened a dialogue and which the shop answered with a FAQ's
  answer (later ones lean on what was said: "and to Harbin?"). A question that
  stands in the index word for word is left out: it would measure nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kefu.knowledge import LANGUAGES, faq_id
from kefu.ngrams import normalize
from kefu.pack import Pack
from kefu.params import Build
from kefu.schema import Dialogue, RetrievalExample
from kefu.split import fraction, split_of


def retrieval_examples(pack: Pack, dialogues: Iterable[Dialogue], params: Build) -> list[RetrievalExample]:
    """FAQ questions of both sides, then the distinct questions of held-out customers."""
    listed = list(_listed(pack, params))
    known = {normalize(example.question) for example in listed}
    asked = {
        (normalize(example.question), example.entry_id): example
        for example in _asked(pack, dialogues, params)
        if normalize(example.question) not in known
    }
    return [*listed, *(asked[key] for key in sorted(asked))]


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


def _asked(pack: Pack, dialogues: Iterable[Dialogue], params: Build) -> Iterator[RetrievalExample]:
    answers = {faq.answer.in_(lang).strip(): faq_id(faq, lang) for faq in pack.faq for lang in LANGUAGES}
    for dialogue in dialogues:
        if split_of(dialogue.customer, params.eval_share, params.seed) == "train":
            continue
        opening, reply = dialogue.turns[:1], dialogue.turns[1:2]
        if opening and reply and opening[0].role == "customer" and reply[0].role != "customer":
            entry = next((entry for answer, entry in answers.items() if answer in reply[0].text), None)
            if entry:
                question = opening[0].text
                yield RetrievalExample(question=question, entry_id=entry, split="eval", source="dialogue")

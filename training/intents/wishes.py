"""Trains and measures the wish classifier, from the pack alone: what customers may write needs no customer.

It learns from the labelled wordings of the learning side, each after what the assistant said before it, from what the
simulator's customers say on that side, and, with less weight, from the examples of queries, knowledge and intents.
Texts are redacted as messages are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import re2

from kefu.intents.context import CustomerTurns, PackExample
from kefu.intents.train import CALIBRATION_TURNS, fit_classifier
from kefu.intents.wishes import ASK, REPLY, WISH_FIELDS, Said, WishClassifier, wish_class, wish_sample
from kefu.metrics.calibration import expected_calibration_error
from kefu.shop.act_words import ActWords, WordRule
from kefu.shop.pack import Pack
from kefu.shop.part import LANGUAGES
from kefu.shop.wordings.examples import load_pack_examples
from kefu.shop.wordings.labelled import load_wordings
from kefu.shop.wordings.scripts import Scripts
from kefu.split import Side, labelled_side
from kefu.text.regexes import re2_options
from training.params.router import Router as RouterParams

# Beside the router's parameters: a few thousand texts need fewer buckets and folds, and train in seconds.
SMALLER = {"features": 1 << 15, "folds": 3, "pack_example_weight": 0.3}
# How the simulator's acts are labelled; what is not here is no message by itself.
SIMULATED = {
    "affirm": REPLY, "affirm_emoji": REPLY, "deny": REPLY, "hesitate": REPLY, "leave": REPLY,
    "hello": "talk:hello", "thanks": "talk:thanks",
}  # fmt: skip

MOST_VARIANTS = 15  # of a FAQ and language: with thirty, questions outweigh wishes ("return it, wrong size")


class LabelledText(NamedTuple):
    """A redacted message with its class; previous: what the assistant said before it, if anything."""

    text: str
    label: str
    previous: str = ""


def wordings_of(pack: Pack, side: Side) -> list[LabelledText]:
    """What the pack's wordings and its simulated customers say on one side, where it asks for one thing at most."""
    redact = redacting(pack)
    said = [
        LabelledText(wording.say, label, wording.after)
        for wording in load_wordings(pack)
        if labelled_side(wording.say) == side and (label := class_of(wording.acts))
    ]
    said += _simulated(pack, side) if (pack.folder / "simulator").is_dir() else []
    return [t._replace(text=redact(t.text), previous=redact(t.previous)) for t in said]


def redacting(pack: Pack) -> Callable[[str], str]:
    """Redacts texts of nobody, each once: many messages follow the same one of the assistant."""
    redactor = pack.redactor()
    return cache(lambda text: redactor.redact(text, {}))


def class_of(acts: Sequence[str]) -> str | None:
    """The class of a message with these labels: what it asks for beside its answer, if it answers; None: several."""
    classes = set(map(wish_class, acts))
    asked = classes - {REPLY} or classes
    return next(iter(asked)) if len(asked) == 1 else None


def _simulated(pack: Pack, side: Side) -> Iterator[LabelledText]:
    scripts = Scripts(pack.folder, side)
    known = {f"talk:{kind}" for kind in pack.acts.small_talk} | {REPLY}
    for lang in LANGUAGES:
        names = pack.product_names(lang)
        for name, goal in scripts.goals.items():
            label = f"flow:{goal.flow}" if goal.flow else f"query:{goal.query}" if goal.query else "person"
            for number, text in enumerate(scripts.openings(name, lang)):
                item = names[number % len(names)] if names else ""
                yield LabelledText(text.replace("{item}", item), label)
        for entry in scripts.entries(lang):
            yield from (LabelledText(text, ASK) for text in scripts.questions(entry, lang))
        for act, label in SIMULATED.items():
            if label in known and scripts.has_act(act):
                yield from (LabelledText(text, label) for text in scripts.act(act, lang))


def _examples(pack: Pack) -> Iterator[PackExample]:
    """What else the pack words: with less weight, as it is written for the index or for coarser classes."""

    def example(text: str, label: str, question: str = "") -> PackExample:
        return PackExample(wish_sample(redactor.redact(text, {}), question), label)

    redactor = pack.redactor()
    for name, query in pack.queries.items():
        yield from (example(text, f"query:{name}") for some in query.examples.values() for text in some)
    for faq in pack.faq:
        yield from (example(text, ASK) for text in (faq.question.zh, faq.question.en))
        yield from (example(text, ASK) for some in faq.variants.values() for text in some[:MOST_VARIANTS])
    words = pack.acts.question.words if pack.acts.question else ()
    asks = re2.compile("|".join(f"(?:{pattern})" for pattern in words), re2_options()) if words else None
    by_route = {"human": "person", "complaint": "complaint"}
    for said in load_pack_examples(pack.folder).utterances:
        flow, route = pack.flow_for(said.intent), pack.taxonomy[said.intent].route
        label = by_route.get(route or "")
        if flow:  # an intent has questions, too: what does an exchange cost?
            label = ASK if asks and asks.search(said.text) else f"flow:{flow.name}"
        if label:
            yield example(said.text, label, said.before)


def word_groups(pack: Pack) -> dict[str, str]:
    """The pack's rules of words as groups: what a rule says counts, and other words may say otherwise."""
    acts, rules = pack.acts, dict[str, Iterable[str]]()
    for name in ActWords.model_fields:
        if isinstance(rule := getattr(acts, name), WordRule):
            rules[f"act {name}"] = rule.words
    rules |= {f"talk {kind}": rule.words for kind, rule in acts.small_talk.items()}
    rules |= {f"danger {kind}": rule.words for kind, rule in pack.danger.items()}
    rules |= {f"flow {flow.name}": flow.asked_by.words for flow in pack.flows if flow.asked_by}
    for name, query in pack.queries.items():
        rules |= {f"query {name}": query.words, f"subject {name}": query.subject_words}
    rules |= {f"aspect {name}": aspect.words for name, aspect in pack.catalogue.aspects.items()}
    rules["product"] = [re2.escape(name) for lang in LANGUAGES for name in pack.product_names(lang)]
    rules["number"] = [r"\d"]
    return {name: "|".join(f"(?:{word})" for word in words) for name, words in rules.items() if words}


def train_wishes(pack: Pack, params: RouterParams, folder: Path) -> bool:
    """Writes the classifier into ``folder``; False, and nothing written, when the pack has too few wordings."""
    texts = wordings_of(pack, "learn")
    if len({text.label for text in texts}) < 2:
        return False
    turns = [CustomerTurns(t.text, [wish_sample(t.text, t.previous)], [t.label]) for t in texts]
    fit_classifier(
        turns,
        fields=WISH_FIELDS,
        context_turns=0,
        ahead=False,
        second_pass=False,
        calibration_turns=CALIBRATION_TURNS,
        words={**load_pack_examples(pack.folder).words, **word_groups(pack)},
        pack_examples=list(_examples(pack)),
        **params.model_dump() | SMALLER,
    ).classifier.save(folder)
    return True


def measure_wishes(classifier: WishClassifier, texts: Sequence[LabelledText]) -> dict[str, float]:
    """Accuracy and calibration error on texts that it did not learn from."""
    best = classifier.predict_many([Said(text.text, text.previous) for text in texts])
    correct = np.array([wish.label == text.label for wish, text in zip(best, texts, strict=True)])
    confidence = np.array([wish.probability for wish in best])
    return {
        "wish_accuracy": float(correct.mean()),
        "wish_ece": expected_calibration_error(confidence, correct),
        "wish_texts": len(texts),
    }

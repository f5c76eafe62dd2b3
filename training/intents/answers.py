"""Trains and measures the answer classifier from the pack alone.

It learns from the labelled wordings that follow a question, whole messages with all their labels, and with less weight
from the simulator's answers, the pack's phrases, and questions and wishes for a person that were written for no
question: each is put behind a question of its language. Behind a clear yes these are put, too: a question makes a yes
with company, what corrects or hesitates stays that. Texts are redacted as messages are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path

import numpy as np
import re2

from kefu.intents.answers import CORRECT, HESITATE, LEAVE, NO, YES, YES_TOO, AnswerClassifier, answer_class
from kefu.intents.context import CustomerTurns, PackExample
from kefu.intents.train import CALIBRATION_TURNS, fit_classifier
from kefu.intents.wishes import WISH_FIELDS, wish_sample
from kefu.metrics.calibration import expected_calibration_error
from kefu.shop.pack import Pack
from kefu.shop.part import LANGUAGES, Lang, Phrases
from kefu.shop.slots import CJK
from kefu.shop.wordings.examples import load_pack_examples
from kefu.shop.wordings.labelled import TO_A_QUESTION, Wording, load_wordings
from kefu.shop.wordings.scripts import Scripts
from kefu.split import Side, labelled_side
from training.intents.wishes import SMALLER, redacting, word_groups
from training.params.router import Router as RouterParams

SIMULATED = {"affirm": YES, "affirm_emoji": YES, "deny": NO, "hesitate": HESITATE, "leave": LEAVE}
JOINTS: dict[Lang, tuple[str, ...]] = {"zh": ("，", " ", "。", "～"), "en": (", ", ". ", " ", ", and ")}
MOST_BESIDE = 1200  # messages of a language that are put behind a yes
LEAST = 40  # wordings behind a question; with fewer, probabilities mean nothing


def answers_of(pack: Pack, side: Side) -> list[Wording]:
    """The pack's wordings of one side that follow a question, redacted."""
    redact = redacting(pack)
    said = (wording for wording in load_wordings(pack) if wording.after and labelled_side(wording.say) == side)
    return [wording.model_copy(update={"say": redact(wording.say), "after": redact(wording.after)}) for wording in said]


def train_answers(pack: Pack, params: RouterParams, folder: Path) -> bool:
    """Writes the classifier into ``folder``; False, and nothing written, when the pack has too few wordings."""
    said = answers_of(pack, "learn")
    if len(said) < LEAST or len({answer_class(wording.acts) for wording in said}) < 2:
        return False
    turns = [CustomerTurns(w.say, [wish_sample(w.say, w.after)], [answer_class(w.acts)]) for w in said]
    fit_classifier(
        turns,
        fields=WISH_FIELDS,
        context_turns=0,
        ahead=False,
        second_pass=False,
        calibration_turns=CALIBRATION_TURNS,
        words={**load_pack_examples(pack.folder).words, **word_groups(pack), **_phrase_groups(pack)},
        pack_examples=list(_examples(pack, said)),
        **params.model_dump() | SMALLER,
    ).classifier.save(folder)
    return True


def measure_answers(classifier: AnswerClassifier, said: Sequence[Wording]) -> dict[str, float]:
    """Accuracy and calibration error on wordings that it did not learn from."""
    scores = classifier.predict_many([(wording.say, wording.after) for wording in said])
    best = [max(row, key=row.__getitem__) for row in scores]
    correct = np.array([name == answer_class(w.acts) for name, w in zip(best, said, strict=True)])
    confidence = np.array([row[name] for row, name in zip(scores, best, strict=True)])
    return {
        "answer_accuracy": float(correct.mean()),
        "answer_ece": expected_calibration_error(confidence, correct),
        "answer_texts": len(said),
    }


def _examples(pack: Pack, said: Sequence[Wording]) -> Iterator[PackExample]:
    """What else the pack words, behind the questions of the wordings in turn."""
    redactor = pack.redactor()
    asked = {lang: [w.after for w in said if _language(w.after) == lang] for lang in LANGUAGES}
    confirms = {lang: [w.after for w in said if YES in w.acts and _language(w.after) == lang] for lang in LANGUAGES}
    any_question = {lang: cycle(texts or [""]) for lang, texts in asked.items()}
    confirmation = {lang: cycle(texts or [""]) for lang, texts in confirms.items()}
    for wording in load_wordings(pack):
        kinds = {act.partition(":")[0] for act in wording.acts}
        if not wording.after and labelled_side(wording.say) == "learn" and not kinds & {"flow", "talk", *TO_A_QUESTION}:
            question = next(any_question[_language(wording.say)])
            yield PackExample(wish_sample(redactor.redact(wording.say, {}), question), answer_class(wording.acts))
    phrases = {YES: (pack.conversation.yes, pack.conversation.go_ahead), NO: (pack.conversation.no,)}
    phrases[LEAVE] = (pack.conversation.leave,)
    texts = [(lang, text, kind) for kind, some in phrases.items() for lang in LANGUAGES for text in _flat(lang, *some)]
    if (pack.folder / "simulator").is_dir():
        scripts = Scripts(pack.folder, "learn")
        acts = [act for act in SIMULATED if scripts.has_act(act)]
        texts += [(lang, text, SIMULATED[act]) for act in acts for lang in LANGUAGES for text in scripts.act(act, lang)]
    for lang, text, kind in [*texts, *_beside_yes(pack, said)]:
        yield PackExample(wish_sample(text, next(confirmation[lang])), kind)


def _beside_yes(pack: Pack, said: Sequence[Wording]) -> Iterator[tuple[Lang, str, str]]:
    """Clear yeses with what makes of them a yes with company, or none: language, text, class."""
    redact = redacting(pack)
    free = [w for w in load_wordings(pack) if not w.after and labelled_side(w.say) == "learn"]
    asking = [(redact(w.say), YES_TOO) for w in free if {a.partition(":")[0] for a in w.acts} <= {"ask", "query"}]
    against = [(w.say, kind) for w in said if (kind := answer_class(w.acts)) in (CORRECT, HESITATE)]
    for lang in LANGUAGES:
        leads, joints = cycle(_flat(lang, pack.conversation.clear_yes)), cycle(JOINTS[lang])
        for pool in (asking, against):
            own = [some for some in pool if _language(some[0]) == lang]
            for text, kind in own[:: len(own) // MOST_BESIDE + 1]:
                yield lang, f"{next(leads)}{next(joints)}{text}", kind


def _language(text: str) -> Lang:
    return "zh" if CJK.search(text) else "en"


def _flat(lang: Lang, *groups: Phrases) -> list[str]:
    return [phrase for group in groups for phrase in group.get(lang, ())]


def _phrase_groups(pack: Pack) -> dict[str, str]:
    """The pack's phrases of answers, and the verbs of its confirmations: anywhere, and at the beginning."""
    words, steps = pack.conversation, [step for flow in pack.flows for step in flow.steps]
    groups = {
        "yes": [p for lang in LANGUAGES for p in _flat(lang, words.yes, words.go_ahead)],
        "clear yes": [p for lang in LANGUAGES for p in _flat(lang, words.clear_yes)],
        "no": [p for lang in LANGUAGES for p in _flat(lang, words.no)],
        "leave": [p for lang in LANGUAGES for p in _flat(lang, words.leave)],
        "step's yes": [p for lang in LANGUAGES for step in steps for p in _flat(lang, step.yes or {})],
        "step's no": [p for lang in LANGUAGES for step in steps for p in _flat(lang, step.no or {})],
    }
    found: dict[str, str] = {}
    for name, phrases in groups.items():
        if phrases:
            one = "|".join(sorted({_pattern(phrase) for phrase in phrases}, key=len, reverse=True))
            found |= {f"answer {name}": one, f"answer begins {name}": rf"^[\pP\s]*(?:{one})"}
            found[f"answer only {name}"] = rf"^[\pP\s]*(?:(?:{one})[\pP\s]*)+$"
    return found


def _pattern(phrase: str) -> str:
    words = phrase.isascii() and phrase[0].isalnum() and phrase[-1].isalnum()
    return rf"\b{re2.escape(phrase)}\b" if words else re2.escape(phrase)

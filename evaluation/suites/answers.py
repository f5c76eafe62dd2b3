"""The language models on held-out conversations: what they say, and how likely they find what was said.

``answers`` is the centre model, ``edge`` the student, which is also compared with its teacher. Both are asked as
serving would ask, with what the release's own retriever finds. Loss is of the last answer alone; the other figures
read the greedy answer. Words are compared, not truth: the worst answers stand in the report for people to read, and
``gain_over_constant`` says what the words are worth beside one sentence that is the same for every question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from evaluation.bootstrap import Sample, paired_bootstrap
from evaluation.candidate import ReleaseUnderTest
from evaluation.items import Items
from evaluation.metrics import TEXT
from evaluation.result import Result
from kefu.metrics.text import token_f1
from kefu.schema import Example, Prediction
from serving.dialogue.claims.evidence import find_claims, sentences


def centre(release: ReleaseUnderTest, items: Items) -> Result:
    """What a model says to held-out customers: its words against theirs, its claims against the sources, its loss."""
    return _run(release, items, "answers", "centre")


def edge(release: ReleaseUnderTest, items: Items) -> Result:
    """The same of the edge model, and its agreement with the centre model."""
    result = _run(release, items, "edge", "edge")
    own, theirs = (release.answers(engine, items.answers, items.max_new_tokens) for engine in ("edge", "centre"))
    customers = [example.customer for example in items.answers]
    agreement = [token_f1(*pair) for pair in zip(own, theirs, strict=True)]
    result.samples["agreement"] = Sample.of(agreement, customers=customers)
    return result


def _run(release: ReleaseUnderTest, items: Items, suite: str, engine: str) -> Result:
    said = release.answers(engine, items.answers, items.max_new_tokens)
    result = score(suite, said, release, items)
    result.samples["loss"] = _loss(release, engine, items.answers)
    pairs = list(zip(items.answers, said, strict=True))
    _add_share(result, items, "withheld", [not release.heard(*pair) for pair in pairs])
    _add_grounded(result, items, release, pairs)
    own, constant = (r.samples["token_f1"] for r in (result, score("constant", items.constant, release, items)))
    result.samples["gain_over_constant"] = replace(own, values=own.values - constant.values)
    result.figures["gain_over_constant_low"] = paired_bootstrap(own, constant, items.seed).low
    _add_seen_and_unseen(result, items)
    return result


def _add_share(result: Result, items: Items, name: str, holds: Sequence[bool]) -> None:
    result.samples[name] = Sample.of(holds, customers=[example.customer for example in items.answers])


def score(suite: str, said: Sequence[str], release: ReleaseUnderTest, items: Items) -> Result:
    """What was said to each of ``items.answers``, by the metrics that need only the words."""
    pairs = [(a, e.messages[-1].content) for a, e in zip(said, items.answers, strict=True)]
    customers = [example.customer for example in items.answers]
    samples = {name: Sample.of([metric(*pair) for pair in pairs], customers=customers) for name, metric in TEXT.items()}
    predictions = [
        Prediction(
            suite=suite,
            id=example.id,
            question=example.messages[-2].content,
            expected=expected,
            predicted=answer,
            score=token_f1(answer, expected),
            model=release.name,
            seen=expected.strip() in items.taught,
        )
        for example, (answer, expected) in zip(items.answers, pairs, strict=True)
    ]
    return Result(samples, predictions)


def _loss(release: ReleaseUnderTest, engine: str, examples: Sequence[Example]) -> Sample:
    """Nats a character, weighted by characters, so that the mean is that of all answers' text.

    A token is another amount of text for each tokenizer: 26 Chinese characters are 20 tokens of Qwen's, 43 of
    SmolLM2's. The end of an answer counts as one character.
    """
    nats = [release.loss(engine, example) for example in examples]
    characters = [len(example.messages[-1].content) + 1 for example in examples]
    values = [one / length for one, length in zip(nats, characters, strict=True)]
    return Sample.of(values, characters, [example.customer for example in examples])


def _add_grounded(
    result: Result, items: Items, release: ReleaseUnderTest, pairs: Sequence[tuple[Example, str]]
) -> None:
    """Share of answers whose typed claims are all supported, as serving judges them before it says them.

    The output guard has not cut anything yet: this is what the model would say. An answer that claims nothing is
    grounded, so the share that claims something, and the rate among these, stand beside it, and the share of the
    answers that people gave: who tells what a tool said has a source that no prompt shows.
    """
    said = [(example, example.messages[-1].content) for example in items.answers]
    result.figures["grounded_expected"] = float(np.mean([not release.unsupported(*pair) for pair in said]))
    claiming = [makes_claim(answer) for _, answer in pairs]
    grounded = [not release.unsupported(*pair) for pair in pairs]
    _add_share(result, items, "claiming", claiming)
    _add_share(result, items, "grounded", grounded)
    if any(claiming):
        result.figures["grounded_of_claiming"] = float(np.mean(np.array(grounded)[claiming]))


def makes_claim(answer: str) -> bool:
    """Whether an answer states a number, name, contact, promise or order state.

    Words of policy (can, is, has) stand in most sentences, so they alone do not make one. Questions state nothing.
    """
    found = (one for sentence, _ in sentences(answer) for one in find_claims(sentence))
    return any(one.claim.kind != "policy" and not one.asked for one in found)


def _add_seen_and_unseen(result: Result, items: Items) -> None:
    """Share of the held-out answers that training has word by word, and figures over these and over the others.

    Canned replies are said to customers on both sides of the split; a model that knows them by heart shows it there.
    """
    seen = np.array([example.messages[-1].content.strip() in items.taught for example in items.answers])
    result.figures["seen"] = float(seen.mean())
    for part, chosen in (("seen", seen), ("unseen", ~seen)):
        for name in ("loss", "token_f1") if chosen.any() else ():
            result.samples[f"{name}_{part}"] = result.samples[name].where(chosen)
